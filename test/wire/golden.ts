import { readFileSync } from "node:fs";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { BASE_DATAGRAM_BYTES, OutgoingDatagram, type Role } from "../../src/wire/datagram.js";
import { writeAck } from "../../src/wire/frames/ack.js";
import { writeClose, writeResult } from "../../src/wire/frames/end.js";
import { type Frame, padTo, writePing } from "../../src/wire/frames/frame.js";
import { writeGaps } from "../../src/wire/frames/gaps.js";
import { writeHello, writeWelcome } from "../../src/wire/frames/handshake.js";
import { writeDone, writeManifestFrame, writePieceHead } from "../../src/wire/frames/image.js";
import { writeParityHead } from "../../src/wire/frames/parity.js";
import { writePathChallenge, writePathResponse } from "../../src/wire/frames/path.js";
import type { Manifest } from "../../src/wire/manifest.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { fromHex } from "./crc.js";
import { handshakeOf, noSeal } from "./plain.js";

/** A datagram, not encrypted yet and without its tag, of which docs/protocol.md section 9 tells every byte. */
export interface Golden {
  /** Its comment line in golden.hex. */
  readonly title: string;
  readonly from: Role;
  readonly packetNumber: number;
  readonly frames: readonly Frame[];
  /** Bytes in all, when padding fills it. */
  readonly padded?: number;
  /** With a part of the handshake. */
  readonly opening?: true;
  /** Bytes between header and frames that a later version might write. */
  readonly unknown?: Uint8Array;
}

export const connectionId = fromHex("a1b2c3d4e5f60718");
const digest = Uint8Array.from({ length: 32 }, (_, i) => i);
const resetToken = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
const nothing = new Uint8Array(0);

export const pictureManifest: Manifest = {
  name: "sea.png",
  digest,
  pieceCount: 6,
  pieceBytes: 6,
  content: {
    ...{ mode: "pixels", width: 5, height: 2, channels: 3, bits: 8, colour: "rgb" },
    ...{ tileWidth: 2, tileHeight: 1, fields: 2, order: "dispersed", format: "png" },
    metadata: [{ kind: "icc", bytes: Uint8Array.of(0xca, 0xfe) }],
  },
};
const fileManifest: Manifest = {
  ...{ name: "säge.raw", digest, pieceCount: 87, pieceBytes: 1_150 },
  content: { mode: "file", bytes: 100_000 },
};
/** A picture whose pieces are counted while it is coded; with a preview. */
export const uncountedManifest: Manifest = {
  ...{ name: "sea.png", digest, pieceCount: undefined, pieceEstimate: 20_000, pieceBytes: 1_150 },
  content: {
    ...{ mode: "coded", width: 5_640, height: 3_172, channels: 3, bits: 8, colour: "rgb" },
    ...{ fields: 1, format: "png", tables: Uint8Array.of(0xab, 0xcd), metadata: [] },
    preview: { pieces: 400, width: 1_410, height: 793, tables: Uint8Array.of(0xef) },
  },
};
const jpegManifest: Manifest = {
  ...{ name: "sea.jpg", digest, pieceCount: 95, pieceBytes: 1_150 },
  content: {
    ...{ mode: "jpeg", bytes: 100_000, width: 640, height: 480, channels: 3, bits: 8 },
    tables: Uint8Array.of(1, 2, 3),
    preview: { pieces: 6, width: 80, height: 60, tables: new Uint8Array(0) },
  },
};
const shownFileManifest: Manifest = {
  ...{ name: "sea.heic", digest, pieceCount: 93, pieceBytes: 1_150 },
  content: {
    ...{ mode: "file", bytes: 100_000, picture: { width: 640, height: 480 } },
    preview: { pieces: 6, width: 640, height: 480, tables: Uint8Array.of(9) },
  },
};
export const MANIFESTS_OF_ALL_MODES: readonly Manifest[] = [
  ...[pictureManifest, fileManifest, uncountedManifest, jpegManifest, shownFileManifest],
];
const pictureBytes = encodeManifest(pictureManifest);
const uncountedBytes = encodeManifest(uncountedManifest);
const fileBytes = encodeManifest(fileManifest);

export const GOLDEN: readonly Golden[] = [
  {
    title: "HELLO: a sender opens a connection; filled up to 1,200 bytes",
    ...{ from: "sender", packetNumber: 0, padded: BASE_DATAGRAM_BYTES - 16, opening: true },
    frames: [{ kind: "hello", maxDatagramBytes: 65_507 }],
  },
  {
    title: "ACK and WELCOME: the receiver takes the connection and will ask for repairs",
    ...{ from: "receiver", packetNumber: 0, opening: true },
    frames: [
      {
        kind: "ack",
        delayUs: 150,
        arrivedUs: 0,
        windowBytes: 8_388_608,
        ranges: [{ start: 0, end: 1 }],
      },
      {
        kind: "welcome",
        maxDatagramBytes: 65_507,
        repair: true,
        windowBytes: 8_388_608,
        resetToken,
      },
    ],
  },
  {
    title: "WELCOME of a receiver that asks for nothing, in a packet with a number of four bytes",
    ...{ from: "receiver", packetNumber: 70_000 },
    frames: [
      { kind: "welcome", maxDatagramBytes: 1_200, repair: false, windowBytes: 65_536, resetToken },
    ],
  },
  {
    title: "MANIFEST, whole, of a picture of 5 x 2 pixels in two fields",
    ...{ from: "sender", packetNumber: 1 },
    frames: [
      {
        ...{ kind: "manifest", image: 0, totalBytes: pictureBytes.length },
        offset: 0,
        bytes: pictureBytes,
      },
    ],
  },
  {
    title: "MANIFEST, whole, of a coded picture whose pieces are not counted yet",
    ...{ from: "sender", packetNumber: 1 },
    frames: [
      {
        ...{ kind: "manifest", image: 0, totalBytes: uncountedBytes.length },
        offset: 0,
        bytes: uncountedBytes,
      },
    ],
  },
  {
    title: "MANIFEST, from byte 40 to the end, of a file of 100,000 bytes",
    ...{ from: "sender", packetNumber: 64 },
    frames: [
      {
        ...{ kind: "manifest", image: 1, totalBytes: fileBytes.length, offset: 40 },
        bytes: fileBytes.subarray(40),
      },
    ],
  },
  {
    title: "PIECE 4 of 6, then PIECE 5, then DONE: the first pass is over",
    ...{ from: "sender", packetNumber: 2 },
    frames: [
      { kind: "piece", image: 0, piece: 4, pieceCount: 6, bytes: fromHex("778899") },
      { kind: "piece", image: 0, piece: 5, pieceCount: 6, bytes: fromHex("10203040506f") },
      { kind: "done", image: 0, pieceCount: 6 },
    ],
  },
  {
    title: "PIECE 450, of an image that is not counted yet",
    ...{ from: "sender", packetNumber: 200 },
    frames: [
      { kind: "piece", image: 0, piece: 450, pieceCount: undefined, bytes: fromHex("abcd") },
    ],
  },
  {
    title:
      "ACK of packets 0 to 2, 5, and 8 to 109, and GAPS: of pieces 0 to 299, 3 to 5 and 20 are missing",
    ...{ from: "receiver", packetNumber: 1 },
    frames: [
      {
        ...{ kind: "ack", delayUs: 20_000, arrivedUs: 250_000, windowBytes: 1_000_000 },
        ranges: [
          { start: 8, end: 110 },
          { start: 5, end: 6 },
          { start: 0, end: 3 },
        ],
      },
      {
        ...{ kind: "gaps", image: 0, from: 0, to: 300 },
        missing: [
          { start: 3, end: 6 },
          { start: 20, end: 21 },
        ],
      },
    ],
  },
  {
    title: "RESULT: the picture is verified",
    ...{ from: "receiver", packetNumber: 9 },
    frames: [
      {
        ...{ kind: "result", image: 0, outcome: "verified", reason: "none" },
        ...{ missingPieces: 0, missingPixels: 0, elapsedUs: 1_234_567, lossPpm: 98_765, digest },
      },
    ],
  },
  {
    title: "RESULT: image 1 is refused, for the disk is full",
    ...{ from: "receiver", packetNumber: 10 },
    frames: [
      {
        ...{ kind: "result", image: 1, outcome: "refused", reason: "diskFull" },
        ...{ missingPieces: 87, missingPixels: 100_000, elapsedUs: 500, lossPpm: 0 },
        digest: nothing,
      },
    ],
  },
  {
    title: "CLOSE by the sender: all is done",
    ...{ from: "sender", packetNumber: 20_000 },
    frames: [{ kind: "close", reason: "none" }],
  },
  {
    title: "CLOSE by the receiver: it is full",
    ...{ from: "receiver", packetNumber: 0, opening: true },
    frames: [{ kind: "close", reason: "tooManyConnections" }],
  },
  {
    title:
      "PATH_CHALLENGE: the receiver sees the sender at another port, and asks whether it is there",
    ...{ from: "receiver", packetNumber: 300 },
    frames: [{ kind: "pathChallenge", data: fromHex("0011223344556677"), sameHost: true }],
  },
  {
    title: "PATH_RESPONSE: it is",
    ...{ from: "sender", packetNumber: 9_000 },
    frames: [{ kind: "pathResponse", data: fromHex("0011223344556677") }],
  },
  {
    title: "PARITY: symbol 1 over the pieces 1, 3 and 5 of image 0",
    ...{ from: "sender", packetNumber: 3 },
    frames: [
      {
        ...{ kind: "parity", image: 0, first: 1, stride: 2, sources: 3, index: 1 },
        bytes: fromHex("00324b96dd317a18"),
      },
    ],
  },
  {
    title: "PING, behind a frame of the unknown type 0x4a4b that is stepped over",
    ...{ from: "sender", packetNumber: 0x1_0000_0000 },
    unknown: fromHex("80004a4b03ffffff"),
    frames: [{ kind: "ping" }],
  },
];

export function encodeGolden(golden: Golden): Uint8Array {
  const { from, packetNumber } = golden;
  const name = { from, connectionId, packetNumber } as const;
  const part = golden.opening ? handshakeOf(name) : undefined;
  const outgoing = new OutgoingDatagram(new Uint8Array(BASE_DATAGRAM_BYTES), name, noSeal, part);
  const { writer } = outgoing;
  if (golden.unknown !== undefined) writer.bytes(golden.unknown);
  for (const frame of golden.frames) writeFrame(writer, frame);
  if (golden.padded !== undefined) padTo(writer, golden.padded);
  return outgoing.finish();
}

export function writeFrame(writer: ByteWriter, frame: Frame): void {
  switch (frame.kind) {
    case "ping":
      return writePing(writer);
    case "ack":
      return writeAck(writer, frame);
    case "hello":
      return writeHello(writer, frame);
    case "welcome":
      return writeWelcome(writer, frame);
    case "manifest":
      return writeManifestFrame(writer, frame);
    case "done":
      return writeDone(writer, frame);
    case "gaps":
      return writeGaps(writer, frame);
    case "result":
      return writeResult(writer, frame);
    case "close":
      return writeClose(writer, frame);
    case "pathChallenge":
      return writePathChallenge(writer, frame);
    case "pathResponse":
      return writePathResponse(writer, frame);
    case "parity": {
      const at = writeParityHead(writer, frame.image, frame, frame.index, frame.bytes.length);
      return writer.target.set(frame.bytes, at);
    }
    case "piece": {
      const { image, piece, pieceCount, bytes } = frame;
      const at = writePieceHead(writer, image, piece, pieceCount, bytes.length);
      return writer.target.set(bytes, at);
    }
  }
}

export interface HexDatagram {
  readonly title: string;
  readonly bytes: Uint8Array;
}

/** The datagrams of golden.hex: a comment line, then one or more lines of hex. */
export function readGolden(): HexDatagram[] {
  const text = readFileSync(new URL("golden.hex", import.meta.url), "utf8");
  return text
    .split(/^# /m)
    .slice(1)
    .map((block) => {
      const [title, ...lines] = block.split("\n");
      return { title: title as string, bytes: fromHex(lines.join("")) };
    });
}
