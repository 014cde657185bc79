import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { ByteReader, ByteWriter } from "../../src/wire/bytes.js";
import { PROTOCOL_VERSION } from "../../src/wire/datagram.js";
import { ACK_RANGES_MAX } from "../../src/wire/frames/ack.js";
import { FRAMES_MAX, type Frame, readFrames } from "../../src/wire/frames/frame.js";
import { GAPS_RANGES_MAX } from "../../src/wire/frames/gaps.js";
import {
  IMAGES_MAX,
  MANIFEST_BYTES_MAX,
  PICTURE_PIECES_MAX,
  PIECES_MAX,
} from "../../src/wire/frames/image.js";
import { GROUP_SYMBOLS_MAX, lastOf } from "../../src/wire/frames/parity.js";
import { type Manifest, previewOf } from "../../src/wire/manifest.js";
import { decodeManifest, encodeManifest } from "../../src/wire/manifest-bytes.js";
import { PREVIEW_PIECES_MAX, SIDE_MAX, TABLES_BYTES_MAX } from "../../src/wire/manifest-content.js";
import { hex } from "./crc.js";
import { MANIFESTS_OF_ALL_MODES, readGolden, writeFrame } from "./golden.js";
import { opened, sealing } from "./plain.js";

const { seal } = sealing;

const SEED = Number(process.env.LACUNA_SEED ?? 7_316) >>> 0;

/** Datagrams, then manifests, that the suite tries. */
const DATAGRAMS = 180_000;
const MANIFESTS = 40_000;

const golden = readGolden().map(({ bytes }) => bytes);
/** The same without HELLO's padding, in which nearly every change would land. */
const short = golden.filter((bytes) => bytes.length < 200);
const manifests = MANIFESTS_OF_ALL_MODES.map(encodeManifest);

/** Runs `check` on `count` inputs; a failure names the seed and the input that repeat it. */
function tryAll(count: number, draw: (random: Random) => Uint8Array, check: Check): Tally {
  const random = new Random(SEED);
  const tally: Tally = new Map();
  for (let i = 0; i < count; i += 1) {
    const input = draw(random);
    try {
      const outcome = check(input);
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`LACUNA_SEED=${SEED}, input ${i}: ${hex(input)}`, { cause });
    }
  }
  return tally;
}

type Check = (input: Uint8Array) => string;
type Tally = Map<string, number>;

function demand(condition: boolean, promise: string): void {
  if (!condition) throw new Error(promise);
}

/** One to four changes: a byte, a bit, a cut, a copy, an insertion, or a number at its edge. */
function mutate(source: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = source.slice();
  for (let changes = random.between(1, 4); changes > 0; changes -= 1) {
    const at = random.between(0, Math.max(0, bytes.length - 1));
    const value = bytes[at] ?? 0;
    switch (random.between(0, 6)) {
      case 0:
        bytes[at] = random.between(0, 255);
        break;
      case 1:
        bytes[at] = value ^ (1 << random.between(0, 7));
        break;
      case 2:
        bytes[at] = value + random.between(-1, 1);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = joined(
          bytes.subarray(0, at),
          random.bytes(random.between(1, 9)),
          bytes.subarray(at),
        );
        break;
      case 5:
        bytes = joined(bytes, bytes.subarray(at));
        break;
      default: {
        const edges = ["3f", "4040", "7fff", "bfffffff", "c01fffffffffffff", "ffffffffffffffff"];
        const edge = Buffer.from(edges[random.between(0, 5)] as string, "hex");
        bytes = joined(bytes.subarray(0, at), edge, bytes.subarray(at + 1));
      }
    }
  }
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Puts the right checksum behind bytes, so that what they say is looked at. */
function sealed(bytes: Uint8Array): Uint8Array {
  const datagram = joined(bytes, new Uint8Array(seal.tagBytes));
  seal.seal(datagram, 0, bytes.length, 0);
  return datagram;
}

function drawDatagram(random: Random): Uint8Array {
  const pick = random.between(0, 9);
  if (pick === 0) {
    const bytes = random.bytes(random.between(0, 60));
    // Half with a right first byte, so that the checksum is looked at.
    if (bytes.length > 0 && random.chance(0.5)) bytes[0] = PROTOCOL_VERSION;
    return bytes;
  }
  if (pick === 1) {
    // A right header, then anything.
    const head = (short[0] as Uint8Array).subarray(0, 10);
    return sealed(joined(head, random.bytes(random.between(0, 120))));
  }
  if (pick === 2) {
    // A right header and frame type, then a body of any numbers.
    const head = (short[0] as Uint8Array).subarray(0, 10);
    const body = random.bytes(random.between(0, 40));
    return sealed(joined(head, Uint8Array.of(random.between(0, 13), body.length), body));
  }
  const from = random.chance(0.05) ? golden : short;
  const bytes = from[random.between(0, from.length - 1)] as Uint8Array;
  return sealed(mutate(bytes, random));
}

function checkDatagram(datagram: Uint8Array): string {
  const header = opened(datagram);
  if (typeof header === "string") return header;
  demand(header.connectionId.length === 8, "an id has 8 bytes");
  demand(Number.isSafeInteger(header.packetNumber), "a packet number is exact");
  const frames = readFrames(header.reader, datagram);
  if (frames === undefined) return "badFrame";
  demand(frames.length <= FRAMES_MAX, "the number of frames is bounded");
  for (const frame of frames) checkFrame(frame, datagram);
  checkRoundTrip(frames);
  return "read";
}

/** Whatever a frame says lies within its limits, and what it holds is no larger than what came. */
function checkFrame(frame: Frame, datagram: Uint8Array): void {
  const end = datagram.length;
  if ("image" in frame && frame.kind !== "gaps") {
    demand(frame.image < IMAGES_MAX, "the number of an image is bounded");
  }
  if ("bytes" in frame) {
    demand(frame.bytes.buffer === datagram.buffer, "bytes are a view");
    demand(
      frame.bytes.byteOffset + frame.bytes.length <= end - seal.tagBytes,
      "a view ends before the tag",
    );
  }
  switch (frame.kind) {
    case "ack": {
      demand(2 * frame.ranges.length + 3 <= end, "ranges come from bytes");
      demand(frame.ranges.length <= ACK_RANGES_MAX, "ranges are bounded");
      let below = Number.POSITIVE_INFINITY;
      for (const { start, end: behind } of frame.ranges) {
        demand(0 <= start && start < behind && behind < below, "ranges fall, apart");
        below = start;
      }
      return;
    }
    case "gaps": {
      demand(2 * frame.missing.length + 4 <= end, "ranges come from bytes");
      demand(frame.missing.length <= GAPS_RANGES_MAX, "ranges are bounded");
      let above = frame.from - 1;
      for (const { start, end: behind } of frame.missing) {
        demand(above < start && start < behind && behind <= frame.to, "ranges rise, apart");
        above = behind;
      }
      return;
    }
    case "piece":
      demand(frame.piece < (frame.pieceCount ?? PICTURE_PIECES_MAX), "a piece exists");
      demand((frame.pieceCount ?? 0) <= PIECES_MAX, "a count is bounded");
      return;
    case "parity":
      demand(frame.sources >= 1 && frame.stride >= 1, "a group has pieces");
      demand(frame.sources + frame.index < GROUP_SYMBOLS_MAX, "a group is bounded");
      demand(lastOf(frame) < PIECES_MAX, "its last piece may exist");
      return;
    case "manifest":
      demand(frame.offset + frame.bytes.length <= frame.totalBytes, "a part lies in the whole");
      demand(frame.totalBytes <= MANIFEST_BYTES_MAX, "a manifest is bounded");
      return;
    case "result":
      demand(frame.digest.length === (frame.outcome === "verified" ? 32 : 0), "a digest fits");
      return;
    default:
  }
}

const scratch = new Uint8Array(8_192);

/** What was read is written and read again: nothing changes. */
function checkRoundTrip(frames: readonly Frame[]): void {
  const writer = new ByteWriter(scratch);
  for (const frame of frames) writeFrame(writer, frame);
  const end = writer.offset;
  const again = readFrames(new ByteReader(scratch, 0, end), scratch) ?? [];
  const second = new ByteWriter(new Uint8Array(end));
  for (const frame of again) writeFrame(second, frame);
  demand(again.length === frames.length, "as many frames are read again");
  demand(Buffer.compare(scratch.subarray(0, end), second.target) === 0, "they say the same");
}

function drawManifest(random: Random): Uint8Array {
  if (random.chance(0.1)) return random.bytes(random.between(0, 80));
  return mutate(manifests[random.between(0, manifests.length - 1)] as Uint8Array, random);
}

function checkManifest(bytes: Uint8Array): string {
  const manifest = decodeManifest(bytes);
  if (manifest === undefined) return "none";
  checkLimits(manifest);
  const again = decodeManifest(encodeManifest(manifest));
  demand(JSON.stringify(again) === JSON.stringify(manifest), "it says the same again");
  return manifest.content.mode;
}

function checkLimits({ pieceBytes, name, digest, content, ...counts }: Manifest): void {
  const pieceCount = counts.pieceCount ?? counts.pieceEstimate ?? 0;
  demand(pieceCount >= 1 && pieceCount <= PIECES_MAX, "pieces are bounded");
  demand(pieceBytes >= 1 && pieceBytes <= 65_535, "a piece is bounded");
  demand(digest.length === 32, "a digest has 32 bytes");
  demand(name.length >= 1 && Buffer.byteLength(name) <= 255, "a name is bounded");
  const picture = content.mode === "file" ? content.picture : content;
  const preview = previewOf(content);
  for (const { width, height } of [picture, preview].filter((one) => one !== undefined)) {
    demand(
      Math.min(width, height) >= 1 && Math.max(width, height) <= SIDE_MAX,
      "sides are bounded",
    );
  }
  if (content.mode === "file") {
    const exact = Math.ceil(content.bytes / pieceBytes);
    demand(pieceCount === exact + (preview?.pieces ?? 0), "the pieces are the file");
  } else demand(pieceCount <= PICTURE_PIECES_MAX, "pieces of pictures are bounded");
  if ("tables" in content) demand(content.tables.length <= TABLES_BYTES_MAX, "tables are bounded");
  if (preview === undefined) return;
  demand(preview.pieces >= 1 && preview.pieces <= PREVIEW_PIECES_MAX, "a preview is bounded");
  demand(preview.tables.length <= TABLES_BYTES_MAX, "its tables are bounded");
  const { width = 0, height = 0 } = picture ?? {};
  demand(preview.width <= width && preview.height <= height, "a preview is no larger");
}

describe(`any bytes (LACUNA_SEED=${SEED})`, () => {
  test("as a datagram are read within bounds or refused, and never throw", () => {
    const tally = tryAll(DATAGRAMS, drawDatagram, checkDatagram);
    // The inputs are worth their time only when each way is taken often.
    for (const outcome of ["tooShort", "damaged", "unknownVersion", "reservedBits", "badFrame"]) {
      expect([outcome, (tally.get(outcome) ?? 0) > 100]).toEqual([outcome, true]);
    }
    expect(tally.get("badHeader")).toBeGreaterThan(10);
    expect(tally.get("read")).toBeGreaterThan(DATAGRAMS / 10);
  });

  test("as a manifest are read within bounds or refused, and never throw", () => {
    const tally = tryAll(MANIFESTS, drawManifest, checkManifest);
    expect(tally.get("none")).toBeGreaterThan(1_000);
    for (const mode of ["pixels", "coded", "jpeg", "file"]) {
      expect([mode, (tally.get(mode) ?? 0) > 500]).toEqual([mode, true]);
    }
  });
});
