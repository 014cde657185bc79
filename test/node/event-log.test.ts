import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EventLog, type LogLine } from "../../src/node/receiving/event-log.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { complete, noisePicture } from "../viewer/scene.js";
import { testFolder } from "./pictures.js";

const linesIn = (path: string): LogLine[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LogLine);

test("a log has all that came, in order, with its time and its bytes", async () => {
  const path = join(testFolder(), "log.jsonl");
  const { manifest, pieceOf } = noisePicture(32, 32);
  let t = 0;
  const log = new EventLog(path, () => t);
  t = 0.25;
  log.onImage("a", manifest);
  log.onPiece("a", 3, pieceOf(3), "datagram");
  t = 0.5;
  log.onPiece("a", 1, pieceOf(1), "parity");
  log.onEvent(complete("a", 0.75));
  await log.close();
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const [begun, ...lines] = linesIn(path);
  expect(begun).toMatchObject({ event: "log", t: 0, version: 1 });
  expect(lines).toEqual([
    { event: "manifest", t: 0.25, id: "a", manifest: base64(encodeManifest(manifest)) },
    { event: "piece", t: 0.25, id: "a", piece: 3, via: "datagram", bytes: base64(pieceOf(3)) },
    { event: "piece", t: 0.5, id: "a", piece: 1, via: "parity", bytes: base64(pieceOf(1)) },
    complete("a", 0.75),
  ]);
});

test("what a slow disk has no room for is counted, not held", async () => {
  const path = join(testFolder(), "log.jsonl");
  const log = new EventLog(path, () => 1);
  const large = new Uint8Array(2 ** 20);
  // All in one turn: nothing reaches the disk meanwhile.
  for (let piece = 0; piece < 60; piece += 1) log.onPiece("a", piece, large, "datagram");
  log.onEvent(complete("a"));
  await log.close();
  const lines = linesIn(path);
  const pieces = lines.filter((line) => line.event === "piece").length;
  const skipped = lines.find((line) => line.event === "skipped");
  expect(skipped?.pieces).toBeGreaterThan(0);
  expect(pieces + (skipped?.pieces ?? 0)).toBe(60);
  expect(lines.at(-1)).toMatchObject({ event: "complete" });
});

test("a log that cannot be written is told at the end, with a code", async () => {
  const log = new EventLog(join(testFolder(), "no", "such", "folder"), () => 0);
  log.onEvent(complete("a"));
  await expect(log.close()).rejects.toMatchObject({ code: "LACUNA_DISK_ERROR" });
});
