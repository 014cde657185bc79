import { createHash } from "node:crypto";
import { PieceSet } from "../../base/piece-set.js";
import { PICTURE_PIECES_MAX } from "../../wire/frames/image.js";
import type { Manifest } from "../../wire/manifest.js";
import { storeKey } from "./piece-lengths.js";

/** What a folder of pieces is known to hold. */
export interface HeldState {
  readonly held: PieceSet;
  /** Undefined while nobody knows how many pieces there are. */
  readonly pieceCount: number | undefined;
}

/**
 * A hash that guards the rest and binds it to this image, the piece count in four bytes (0 for none, little-endian),
 * and the bitmap of held pieces, lowest bit first.
 */
export function heldToBytes({ held, pieceCount }: HeldState, manifest: Manifest): Uint8Array {
  const bytes = new Uint8Array(GUARD_BYTES + COUNT_BYTES + bitmapBytes(held, manifest));
  new DataView(bytes.buffer).setUint32(GUARD_BYTES, pieceCount ?? 0, true);
  const bitmap = bytes.subarray(GUARD_BYTES + COUNT_BYTES);
  for (const { start, end } of held.ranges()) {
    for (let piece = start; piece < end; piece += 1) {
      bitmap[piece >>> 3] = (bitmap[piece >>> 3] as number) | (1 << (piece & 7));
    }
  }
  bytes.set(guardOf(bytes.subarray(GUARD_BYTES), manifest));
  return bytes;
}

/** Undefined when the bytes are not such as `heldToBytes` wrote for this image. */
export function heldFromBytes(bytes: Buffer, manifest: Manifest): HeldState | undefined {
  const guarded = bytes.subarray(GUARD_BYTES);
  if (guarded.length < COUNT_BYTES) return undefined;
  if (!guardOf(guarded, manifest).equals(bytes.subarray(0, GUARD_BYTES))) return undefined;
  const bitmap = guarded.subarray(COUNT_BYTES);
  const count = guarded.readUInt32LE(0);
  const end = manifest.pieceCount ?? PICTURE_PIECES_MAX;
  const held = new PieceSet();
  for (let piece = 0; piece < Math.min(end, bitmap.length * 8); piece += 1) {
    if (((bitmap[piece >>> 3] as number) & (1 << (piece & 7))) !== 0) held.add(piece);
  }
  return { held, pieceCount: manifest.pieceCount ?? (count === 0 ? undefined : count) };
}

/** One past the highest piece that is held. */
export function endOfHeld(held: PieceSet): number {
  let end = 0;
  for (const range of held.ranges()) end = range.end;
  return end;
}

function bitmapBytes(held: PieceSet, { pieceCount }: Manifest): number {
  return Math.ceil((pieceCount ?? endOfHeld(held)) / 8);
}

function guardOf(bytes: Uint8Array, manifest: Manifest): Buffer {
  return createHash("sha256").update(storeKey(manifest)).update(bytes).digest();
}

/** SHA-256. */
const GUARD_BYTES = 32;
const COUNT_BYTES = 4;
