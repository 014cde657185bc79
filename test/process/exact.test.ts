import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { Plan } from "../../src/node/api-types.js";
import {
  ANY_NUMBER,
  ANY_TEXT,
  BAD_LINK,
  badLink,
  expectSamePixels,
  folder,
  ran,
  receiver,
  sender,
  writePicture,
} from "./lacuna.js";

/** Sends the picture with its odd rows withheld through a link that loses a fifth; all must end exact. */
async function mendOddRows(picture: string, seed: number): Promise<void> {
  const out = folder();
  const { received, ticket } = await receiver(out, "--once");
  const to = await badLink(ticket, ...BAD_LINK, "--seed", String(seed));
  const sent = sender(picture, to, "--drop", "odd-rows");
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  await expectSamePixels(join(out, "cup.png"), picture);
  const [[complete], [offer]] = [sent.all("complete"), sent.all("offer")];
  // Nearly half of the pieces were withheld; some are of the preview.
  expect(complete?.repairedPieces).toBeGreaterThanOrEqual((offer?.pieces ?? 0) / 3);
  expect(received.all("complete")[0]).toMatchObject({
    missingPixels: 0,
    sha256: complete?.sha256,
    receipt: complete?.receipt,
  });
  expect(readdirSync(out)).toEqual(["cup.png"]);
}

test("eight of eight pictures cross a very bad link exactly, their odd rows withheld at first", async () => {
  const picture = join(folder(), "cup.png");
  await writePicture(picture, 272, 170, 4);
  for (let seed = 1; seed <= 8; seed += 2) {
    await Promise.all([mendOddRows(picture, seed), mendOddRows(picture, seed + 1)]);
  }
}, 90_000);

const NO_PLAN = { payloadBytes: 0, previewBytes: 0, fileBytes: 0 };

test("every command's JSON has the fields that scripts rely on", async () => {
  const [from, out] = [folder(), folder()];
  const picture = join(from, "cup.png");
  await writePicture(picture, 120, 80);
  const { received, ticket, address } = await receiver(out, "--once");
  const sent = sender(picture, ticket);
  expect([await sent.exit, await received.exit]).toEqual([0, 0]);

  const facts = { name: "cup.png", mode: "pixels", width: 120, height: 80, channels: 3, bits: 8 };
  const [number, text] = [ANY_NUMBER, ANY_TEXT];
  const told = received.all("offer")[0];
  const { pieces = 0, id = "" } = told ?? {};
  expect(pieces).toBeGreaterThan(8);
  expect(told).toEqual({
    event: "offer",
    t: number,
    id,
    ...facts,
    bytes: number,
    pieces,
    from: text,
    resumedPieces: 0,
    seconds: number,
  });
  expect(received.all("listening")).toEqual([{ event: "listening", t: number, address, ticket }]);
  expect(received.all("progress").at(-1)).toMatchObject({
    id,
    missingPixels: 0,
    missingPieces: 0,
    received: pieces,
    repaired: 0,
    duplicates: 0,
    malformed: 0,
  });
  const digest = await sharp(picture).raw().toBuffer();
  const sha256 = await crypto.subtle.digest("SHA-256", new Uint8Array(digest));
  const hex = Buffer.from(sha256).toString("hex");
  const path = join(out, "cup.png");
  expect(received.all("complete")).toEqual([
    {
      event: "complete",
      t: number,
      id,
      name: "cup.png",
      path,
      sha256: hex,
      seconds: number,
      missingPixels: 0,
      bytes: number,
      receipt: { seconds: number, lossShare: 0 },
    },
  ]);

  expect(sent.all("connected")).toEqual([{ event: "connected", t: number, rttMs: number }]);
  const planned = await ran("plan", picture, "--json");
  expect(planned).toMatchObject({ exit: 0, stderr: "" });
  const [plan] = planned.events as unknown as Plan[];
  const { payloadBytes: bytes, previewBytes, fileBytes } = plan ?? NO_PLAN;
  expect(planned.events).toEqual([
    {
      ...facts,
      pieces,
      payloadBytes: bytes,
      manifestBytes: number,
      previewBytes: number,
      fileBytes: readFileSync(picture).length,
      notes: [],
      why: text,
    },
  ]);
  expect(bytes).toBeLessThan(fileBytes * 1.05);

  expect(sent.all("offer")).toEqual([
    { event: "offer", t: number, id: text, ...facts, bytes, pieces, notes: [], why: text },
  ]);
  expect(sent.all("progress").at(-1)).toMatchObject({
    sentPieces: pieces,
    acknowledgedPieces: pieces,
    rateMbit: number,
    rttMs: number,
    lossShare: 0,
    datagramBytes: number,
  });
  const [complete] = sent.all("complete");
  expect(complete).toMatchObject({
    name: "cup.png",
    payloadBytes: bytes,
    repairedPieces: 0,
    datagramBytes: number,
    sha256: hex,
  });
  expect(complete?.wireBytes).toBeGreaterThan(bytes + previewBytes);
  // Headers, the manifest twice, and the preview's parity.
  expect(complete?.wireBytes).toBeLessThan((bytes + 2 * previewBytes) * 1.1 + 8_000);
  expect(complete?.seconds).toBeGreaterThanOrEqual(complete?.receipt.seconds ?? Infinity);
}, 30_000);

test("a JPEG sent as a file arrives byte by byte, and a text says why it goes as a file", async () => {
  const [from, out] = [folder(), folder()];
  const jpeg = join(from, "cup.jpg");
  await writePicture(jpeg, 300, 200);
  const { received, ticket } = await receiver(out);
  const sent = sender(jpeg, ticket, "--mode", "file", "--drop", "0.3");
  expect(await sent.exit, sent.stderr).toBe(0);
  expect(readFileSync(join(out, "cup.jpg")).equals(readFileSync(jpeg))).toBe(true);
  expect(received.all("offer")[0]).toMatchObject({
    mode: "file",
    width: 0,
    bytes: readFileSync(jpeg).length,
  });
  const text = sender(new URL("./lacuna.ts", import.meta.url).pathname, ticket);
  expect(await text.exit, text.stderr).toBe(0);
  expect(text.all("offer")[0]?.notes[0]).toContain("sent as a plain file");
  expect(text.stderr).toContain("sent as a plain file");
}, 30_000);

test.runIf(process.platform === "linux")(
  "pieces of any length arrive where the path carries them, and where it does not it is said",
  async () => {
    const [from, out] = [folder(), folder()];
    const picture = join(from, "cup.png");
    await writePicture(picture, 272, 170);
    for (const flags of [["1400"], ["8900", "--max-datagram", "9000"]]) {
      const { received, ticket } = await receiver(out, "--once", "--on-existing", "overwrite");
      const sent = sender(picture, ticket, "--piece-bytes", ...flags);
      expect([await sent.exit, await received.exit], sent.stderr).toEqual([0, 0]);
      await expectSamePixels(join(out, "cup.png"), picture);
    }
    const { received, ticket } = await receiver(folder(), "--once");
    const sent = sender(picture, ticket, "--piece-bytes", "8900");
    expect([await sent.exit, await received.exit]).toEqual([1, 3]);
    expect(sent.all("error")[0]).toMatchObject({ code: "LACUNA_PATH_TOO_NARROW" });
  },
  60_000,
);

test("several files go one after another over one connection, and a bad name does not stop the rest", async () => {
  const [from, out] = [folder(), folder()];
  const names = ["one.png", "two.tiff", "three.webp", "four.png"];
  for (const [index, name] of names.entries()) {
    await writePicture(join(from, name), 90 + index, 70, index === 1 ? 1 : 3);
  }
  const { received, ticket } = await receiver(out, "--once");
  const paths = names.map((name) => join(from, name));
  const sent = sender([...paths.slice(0, 2), join(from, "none.png"), ...paths.slice(2)], ticket);
  // One could not be sent: the exit code says so.
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([1, 0]);
  expect(sent.all("error").map(({ code }) => code)).toEqual(["LACUNA_NO_SUCH_FILE"]);
  expect(new Set(received.all("offer").map((offer) => offer.from)).size).toBe(1);
  // Two files may be under way at once, so the second may be whole before the first.
  const completed = (events: readonly { name: string }[]) => events.map(({ name }) => name).sort();
  expect(completed(received.all("complete"))).toEqual([...names].sort());
  expect(completed(sent.all("complete"))).toEqual([...names].sort());
  await expectSamePixels(join(out, "one.png"), paths[0] as string);
  await expectSamePixels(join(out, "two.tiff"), paths[1] as string);
  await expectSamePixels(join(out, "three.webp"), paths[2] as string);
  await expectSamePixels(join(out, "four.png"), paths[3] as string);
}, 30_000);

test("four senders at once end exact, none disturbing another, pictures of one name included", async () => {
  const out = folder();
  const { received, ticket } = await receiver(out);
  const to = await badLink(ticket, "--loss", "0.05", "--delay", "5", "--reorder", "0.05");
  const sizes = [200, 201, 202, 203];
  const paths = sizes.map((width) => join(folder(), width < 202 ? "same.png" : `${width}.png`));
  await Promise.all(paths.map((path, i) => writePicture(path, sizes[i] as number, 150)));
  const sent = paths.map((path) => sender(path, to));
  expect(await Promise.all(sent.map((one) => one.exit))).toEqual([0, 0, 0, 0]);
  for (const [index, one] of sent.entries()) {
    const sha256 = one.all("complete")[0]?.sha256;
    const saved = await received.event("complete", (complete) => complete.sha256 === sha256);
    await expectSamePixels(saved.path, paths[index] as string);
  }
  expect(readdirSync(out).sort()).toEqual(["202.png", "203.png", "same (2).png", "same.png"]);
  received.signal("SIGINT");
  expect(await received.exit).toBe(130);
}, 40_000);
