import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { expectSamePixels, folder, receiver, sender, writePicture } from "./lacuna.js";

/** Megabits a second at which so many bytes take ten seconds. */
const paceOf = (bytes: number): string => String((bytes * 8) / 10_000_000);

/** A moment on a busy machine, of writes on their way and of a sender that has not heard yet; the picture is small. */
const MOMENT_PIECES = 20;

interface PiecesAgain {
  readonly pieces: number;
  readonly resumedPieces: number;
  readonly again: number;
}

/** Kills both half way. Gives how many pieces the receiver had told of last. */
async function killHalfWay(
  picture: string,
  out: string,
  flags: readonly string[],
): Promise<number> {
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, ...flags);
  const { pieces } = await received.event("offer");
  await received.event("progress", (progress) => progress.received >= pieces / 2);
  received.signal("SIGKILL");
  sent.signal("SIGKILL");
  await Promise.all([received.exit, sent.exit]);
  // Nothing has a final name, nor that of a partial result.
  expect(readdirSync(out)).toEqual([".lacuna"]);
  return received.all("progress").at(-1)?.received ?? 0;
}

/** Sends again what a killed receiver has a part of, and tells how many pieces crossed that it had. */
async function goOn(picture: string, out: string, flags: readonly string[]): Promise<PiecesAgain> {
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, ...flags);
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  const [offer] = received.all("offer");
  const { pieces = 0, resumedPieces = 0 } = offer ?? {};
  const last = received.all("progress").at(-1);
  const arrived = (last?.received ?? 0) + (last?.duplicates ?? 0);
  expect(readdirSync(out)).toEqual([basename(picture)]);
  await expectSamePixels(join(out, basename(picture)), picture);
  return { pieces, resumedPieces, again: arrived - (pieces - resumedPieces) };
}

test.each([
  ["pixels", "cup.png", 700],
  ["file", "cup.png", 700],
  ["auto", "cup.jpg", 2400],
] as const)(
  "killed half way through the %s of %s, a receiver has nearly all that came, and ends exact",
  async (mode, name, width) => {
    const [picture, out] = [join(folder(), name), folder()];
    await writePicture(picture, width, width);
    const flags = ["--mode", mode, "--rate", paceOf(statSync(picture).size)];
    const seen = await killHalfWay(picture, out, flags);
    const { pieces, resumedPieces, again } = await goOn(picture, out, flags);
    expect(resumedPieces).toBeGreaterThanOrEqual(seen - pieces / 50 - MOMENT_PIECES);
    expect(again).toBeLessThanOrEqual(pieces / 50 + MOMENT_PIECES);
  },
  60_000,
);

test.each(["pixels", "file"])(
  "of the %s that the disk has damaged, the damaged part alone crosses again",
  async (mode) => {
    const [picture, out] = [join(folder(), "cup.png"), folder()];
    await writePicture(picture, 700, 600);
    const flags = ["--mode", mode, "--rate", "2"];
    await killHalfWay(picture, out, flags);
    const [key = ""] = readdirSync(join(out, ".lacuna"));
    const path = join(out, ".lacuna", key, "pieces");
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 30_000, 30_100);
    writeFileSync(path, bytes);
    const { pieces, resumedPieces, again } = await goOn(picture, out, flags);
    expect(resumedPieces).toBeGreaterThan(pieces / 3);
    expect(again).toBeLessThan(pieces / 4);
  },
  60_000,
);
