import { describe, expect, test } from "vitest";
import { readFrames } from "../../src/wire/frames/frame.js";
import { FrameType } from "../../src/wire/frames/type.js";
import { decodeManifest } from "../../src/wire/manifest-bytes.js";
import { hex } from "./crc.js";
import {
  connectionId,
  encodeGolden,
  GOLDEN,
  pictureManifest,
  readGolden,
  uncountedManifest,
} from "./golden.js";
import { noSeal, opened } from "./plain.js";

const stored = readGolden();

test("the file holds these datagrams and no others", () => {
  expect(stored.map(({ title }) => title)).toEqual(GOLDEN.map(({ title }) => title));
});

describe.each(GOLDEN.map((golden, i) => ({ ...golden, i })))("$title", (golden) => {
  const bytes = stored[golden.i]?.bytes ?? new Uint8Array(0);

  test("is written so, byte by byte", () => {
    expect(hex(encodeGolden(golden))).toBe(hex(bytes));
    if (golden.padded !== undefined) expect(bytes).toHaveLength(golden.padded);
  });

  test("is read so", () => {
    const datagram = opened(bytes, noSeal);
    if (typeof datagram === "string") throw new Error(datagram);
    const { reader, ...name } = datagram;
    const { from, packetNumber } = golden;
    const kind = golden.opening ? "opening" : "sealed";
    expect(name).toEqual({ kind, from, connectionId, packetNumber });
    expect(readFrames(reader, bytes)).toEqual(golden.frames);
  });
});

test("every type of frame is among them", () => {
  const kinds = new Set(GOLDEN.flatMap(({ frames }) => frames.map((frame) => frame.kind)));
  const known = Object.keys(FrameType).filter((kind) => kind !== "padding");
  expect([...kinds].sort()).toEqual(known.sort());
});

test("the pictures' manifests in them are manifests", () => {
  const whole = GOLDEN.flatMap(({ frames }) => frames).flatMap((frame) =>
    frame.kind === "manifest" && frame.offset === 0 ? [decodeManifest(frame.bytes)] : [],
  );
  expect(whole).toEqual([pictureManifest, uncountedManifest]);
});
