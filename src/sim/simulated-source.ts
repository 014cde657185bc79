import type { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import type { ImageSource } from "../protocol/outgoing-image.js";
import type { PieceSupply } from "../protocol/piece-ledger.js";
import type { PieceLengths } from "../protocol/piece-lengths.js";
import type { CodedContent, Manifest, Metadata } from "../wire/manifest.js";
import { encodeManifest } from "../wire/manifest-bytes.js";
import type { SimulatedImage, SimulatedSupply } from "./plan.js";

export interface SimulatedSource extends ImageSource {
  /** Slots of `pieceBytes`, each with a piece at its beginning and zeros behind it. */
  readonly slots: Uint8Array;
  /** How many there are in truth, whether the sender knows it yet or not. */
  readonly pieces: number;
  /** What the receiver knows of lengths before pieces have come. */
  readonly lengths: PieceLengths;
}

/** A source whose every byte is drawn; its digest is made up, for the receiver compares the bytes themselves. */
export function sourceOf(image: SimulatedImage, random: Random): SimulatedSource {
  const {
    pieceCount: pieces,
    pieceBytes,
    supplies,
    hasDrawnLengths = false,
    previewPieces = 0,
  } = image;
  const spare = random.between(0, pieceBytes - 1);
  const ruled = (piece: number): number => pieceBytes - (piece === pieces - 1 ? spare : 0);
  const drawn = hasDrawnLengths
    ? Uint16Array.from({ length: pieces }, () => random.between(1, pieceBytes))
    : undefined;
  const pieceLength = (piece: number): number => drawn?.[piece] ?? ruled(piece);
  const slots = noise(pieces * pieceBytes, random);
  for (let piece = 0; piece < pieces; piece += 1) {
    slots.fill(0, piece * pieceBytes + pieceLength(piece), (piece + 1) * pieceBytes);
  }
  const digest = random.bytes(32);
  const bytes = pieces * pieceBytes - spare;
  const isCoded = hasDrawnLengths || supplies !== undefined || previewPieces > 0;
  return {
    ...{ slots, pieces, digest, pieceBytes, pieceLength },
    lengths: { max: pieceBytes, ...(isCoded ? {} : { lengthOf: ruled }) },
    manifest: isCoded
      ? codedManifest(image, digest, random)
      : ruledManifest(image, digest, bytes, random),
    ...(previewPieces === 0 ? {} : { previewPieces }),
    ...(supplies === undefined
      ? { pieceCount: pieces, withheld: image.withheld ?? [] }
      : { pieceCount: undefined }),
    readPiece(piece, target, offset) {
      const start = piece * pieceBytes;
      target.set(slots.subarray(start, start + pieceLength(piece)), offset);
    },
  };
}

/** What a sender is told when pieces become ready: those to withhold among them, and the count with the last. */
export function supplyOf(image: SimulatedImage, step: number): PieceSupply {
  const { pieceCount, supplies = [], withheld = [] } = image;
  const { available, isLast } = supplies[step] as SimulatedSupply;
  const before = supplies[step - 1]?.available ?? 0;
  const within = (range: Range): Range => ({
    start: Math.max(before, range.start),
    end: Math.min(available, range.end),
  });
  return {
    available,
    withheld: withheld.map(within).filter(({ start, end }) => start < end),
    pieceCount: isLast === true ? pieceCount : undefined,
  };
}

/** A file's manifest; one with a colour profile, which takes several datagrams, when so much is asked for. */
function ruledManifest(
  image: SimulatedImage,
  digest: Uint8Array,
  bytes: number,
  random: Random,
): Uint8Array {
  const { pieceCount, pieceBytes, profileBytes = 0 } = image;
  const head = { name: "simulated", digest, pieceCount, pieceBytes };
  if (profileBytes === 0) {
    return encodeManifest({ ...head, content: { mode: "file", bytes } });
  }
  const content: Manifest["content"] = {
    mode: "pixels",
    width: pieceCount,
    height: pieceBytes,
    tileWidth: 1,
    tileHeight: pieceBytes,
    channels: 1,
    bits: 8,
    colour: "gray",
    fields: 1,
    order: "raster",
    format: "png",
    metadata: profileOf(profileBytes, random),
  };
  return encodeManifest({ ...head, content });
}

/** The manifest of a coded picture with no fewer pixels than pieces. */
function codedManifest(image: SimulatedImage, digest: Uint8Array, random: Random): Uint8Array {
  const { pieceCount, pieceBytes, supplies, profileBytes = 0, previewPieces = 0 } = image;
  const tables = new Uint8Array(0);
  const preview = { pieces: previewPieces, width: 1, height: 1, tables };
  const content: CodedContent = {
    mode: "coded",
    width: 1_024,
    height: Math.ceil(pieceCount / 1_024),
    channels: 1,
    bits: 8,
    colour: "gray",
    fields: 1,
    format: "png",
    metadata: profileBytes === 0 ? [] : profileOf(profileBytes, random),
    tables,
    ...(previewPieces === 0 ? {} : { preview }),
  };
  const head = { name: "simulated", digest, pieceBytes, content };
  if (supplies === undefined) return encodeManifest({ ...head, pieceCount });
  return encodeManifest({ ...head, pieceCount: undefined, pieceEstimate: pieceCount });
}

const profileOf = (bytes: number, random: Random): Metadata[] => [
  { kind: "icc", bytes: noise(bytes, random) },
];

/** Bytes without a pattern, four at a time: a suite of thousands of runs draws gigabytes. */
function noise(length: number, random: Random): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = random.uint32() | 1;
  for (let i = 0; i < words.length; i += 1) {
    // xorshift32, G. Marsaglia, Journal of Statistical Software 8 (14), 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
