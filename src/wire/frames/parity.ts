import { assert } from "../../base/assert.js";
import type { ByteReader, ByteWriter } from "../bytes.js";
import { IMAGES_MAX, PIECES_MAX } from "./image.js";
import { FrameType, frameBytes, varintsBytes, writeFrameHead } from "./type.js";

/**
 * Pieces of one image that parity is computed over: `sources` of them, each `stride` further than the one before.
 * What RFC 5052 calls a source block, told whole in every PARITY.
 */
export interface ParityGroup {
  readonly first: number;
  readonly stride: number;
  readonly sources: number;
}

/** PARITY: one parity symbol over a group of pieces. */
export interface ParityFrame extends ParityGroup {
  readonly kind: "parity";
  readonly image: number;
  /** Which parity symbol of the group. */
  readonly index: number;
  /** A view into the datagram. */
  readonly bytes: Uint8Array;
}

/** Source and parity symbols of a group together: the erasure code has points for no more. */
export const GROUP_SYMBOLS_MAX = 255;

/** The length of the piece, in front of its bytes in a symbol. */
export const SYMBOL_HEAD_BYTES = 2;

/** The last piece of a group. */
export const lastOf = ({ first, stride, sources }: ParityGroup): number =>
  first + stride * (sources - 1);

/** Bytes that a PARITY frame takes in all. */
export function parityFrameBytes(
  image: number,
  group: ParityGroup,
  index: number,
  symbolBytes: number,
): number {
  return frameBytes(headBytes(image, group, index) + symbolBytes);
}

/** Writes a PARITY frame up to its symbol; returns where the `symbolBytes` bytes of that go. */
export function writeParityHead(
  writer: ByteWriter,
  image: number,
  group: ParityGroup,
  index: number,
  symbolBytes: number,
): number {
  assert(group.sources + index < GROUP_SYMBOLS_MAX, "a group has so many symbols at most");
  writeFrameHead(writer, FrameType.parity, headBytes(image, group, index) + symbolBytes);
  writer.varint(image);
  writer.varint(group.first);
  writer.varint(group.stride);
  writer.varint(group.sources);
  writer.varint(index);
  return writer.reserve(symbolBytes);
}

export function readParity(body: ByteReader): ParityFrame | undefined {
  const image = body.varint();
  const first = body.varint();
  const stride = body.varint();
  const sources = body.varint();
  const index = body.varint();
  const bytes = body.view(body.remaining);
  if (body.failed || image >= IMAGES_MAX || bytes.length <= SYMBOL_HEAD_BYTES) return undefined;
  if (stride === 0 || sources === 0 || sources + index >= GROUP_SYMBOLS_MAX) return undefined;
  const group = { first, stride, sources };
  return lastOf(group) < PIECES_MAX ? { kind: "parity", image, ...group, index, bytes } : undefined;
}

function headBytes(image: number, group: ParityGroup, index: number): number {
  return varintsBytes(image, group.first, group.stride, group.sources, index);
}
