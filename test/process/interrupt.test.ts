import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectSamePixels, folder, receiver, sender, writePicture } from "./lacuna.js";

/** The picture takes about 600 kB, or five seconds. */
const SLOW = ["--rate", "1"];
const PARTIAL_FILES = [".lacuna", "cup.missing.png", "cup.partial.png", "cup.report.json"];

async function cup(): Promise<string> {
  const picture = join(folder(), "cup.png");
  await writePicture(picture, 700, 600);
  return picture;
}

/** The same commands once more: only what is missing is sent, and all ends exact. */
async function resume(picture: string, out: string, heldAtLeast: number): Promise<void> {
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, "--rate", "2");
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  const [offer] = received.all("offer");
  const { pieces = 0, resumedPieces = 0 } = offer ?? {};
  expect(resumedPieces).toBeGreaterThanOrEqual(heldAtLeast);
  const arrived = received.all("progress").at(-1);
  expect(arrived?.received).toBe(pieces - resumedPieces);
  // The sender begins before it has heard what is there already: some come twice, far from all.
  expect(arrived?.duplicates).toBeLessThan(resumedPieces / 2);
  await expectSamePixels(join(out, "cup.png"), picture);
  // The partial result and the resume folder are gone.
  expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual(["cup.png"]);
}

test("Ctrl-C at the receiver keeps the part on disk, tells the sender, and resumes", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, ...SLOW);
  const seen = await received.event("progress", (progress) => progress.received > 120);
  received.signal("SIGINT");
  expect(await received.exit, received.stderr).toBe(130);
  expect(await sent.exit, sent.stderr).toBe(3);
  expect(received.all("partial")[0]?.reason).toBe("interrupted");
  expect(sent.all("partial")[0]?.missingPieces).toBe(received.all("partial")[0]?.missingPieces);
  expect(readdirSync(out).sort()).toEqual(PARTIAL_FILES);
  await resume(picture, out, seen.received);
});

test("Ctrl-C at the sender leaves the part at the receiver, which reports it, and resumes", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, ...SLOW);
  const seen = await received.event("progress", (progress) => progress.received > 120);
  sent.signal("SIGINT");
  expect(await sent.exit, sent.stderr).toBe(130);
  expect(await received.exit, received.stderr).toBe(3);
  expect(received.all("partial")[0]?.reason).toBe("sender-stopped");
  expect(readdirSync(out).sort()).toEqual(PARTIAL_FILES);
  await resume(picture, out, seen.received);
});

test("a terminated receiver ends as by Ctrl-C", async () => {
  const { received } = await receiver(folder());
  received.signal("SIGTERM");
  expect(await received.exit).toBe(130);
});
