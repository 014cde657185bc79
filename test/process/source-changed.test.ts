import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { expectSamePixels, folder, receiver, sender, writePicture } from "./lacuna.js";

/** Takes about five seconds. */
const SLOW = ["--rate", "1"];

function file(seed = 1): string {
  const path = join(folder(), "cup.bin");
  writeFileSync(path, new Random(seed).bytes(600_000));
  return path;
}

function writeInto(path: string): void {
  const handle = openSync(path, "r+");
  writeSync(handle, Buffer.from("other bytes"), 0, 11, 500_000);
  closeSync(handle);
}

test("a plain file that is changed while it is sent is noticed, and does not keep others from coming", async () => {
  const [path, picture, out] = [file(), join(folder(), "cup.png"), folder()];
  await writePicture(picture, 60, 40);
  const { received, ticket } = await receiver(out);
  const sent = sender([path, picture], ticket, ...SLOW);
  await received.event("progress", (progress) => progress.received > 50);
  writeInto(path);
  expect(await sent.exit, sent.stderr).toBe(1);
  expect(sent.all("error").map(({ code }) => code)).toEqual(["LACUNA_SOURCE_CHANGED"]);
  await expectSamePixels(join(out, "cup.png"), picture);
  expect(readdirSync(out)).not.toContain("cup.bin");
});

test("a plain file that is replaced, or only touched, arrives as it was", async () => {
  const [path, out] = [file(), folder()];
  const bytes = readFileSync(path);
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(path, ticket, ...SLOW);
  await received.event("progress", (progress) => progress.received > 50);
  utimesSync(path, 1, 1);
  await received.event("progress", (progress) => progress.received > 250);
  renameSync(file(2), path);
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([0, 0]);
  expect(sent.all("complete")[0]?.sourceChanged).toBe(true);
  expect(sent.stderr).toContain("has changed here since");
  expect(readFileSync(join(out, "cup.bin")).equals(bytes)).toBe(true);
});
