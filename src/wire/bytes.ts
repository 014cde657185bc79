import { assert } from "../base/assert.js";

/** The largest number that a variable-length integer may carry here: what a double holds exactly. */
export const VARINT_MAX = Number.MAX_SAFE_INTEGER;

const TWO_POW_32 = 0x1_0000_0000;

/** Bytes that `value` takes as a variable-length integer. RFC 9000 section 16. */
export function varintBytes(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/** A view of some of the bytes; twice as fast as `subarray`, which looks for a class to make first. */
export const viewOf = (bytes: Uint8Array, start: number, length: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);

/** Whether two runs of bytes are the same. Not for secrets: it takes longer the more agrees. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}

/** The same for secrets: it takes as long, whatever agrees. */
export function sameSecret(one: Uint8Array, other: Uint8Array): boolean {
  let differences = one.length ^ other.length;
  for (let i = 0; i < one.length; i += 1) differences |= (one[i] as number) ^ (other[i] ?? 0);
  return differences === 0;
}

/**
 * Reads big-endian fields from bytes that came from a peer.
 *
 * Never throws: a read past the end, or a number too large, sets `failed`, which
 * the caller checks once, at the end; until then what was read means nothing.
 */
export class ByteReader {
  failed = false;
  private position: number;

  constructor(
    private readonly source: Uint8Array,
    start = 0,
    private readonly end: number = source.length,
  ) {
    this.position = start;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  get offset(): number {
    return this.position;
  }

  u8(): number {
    if (this.position >= this.end) return this.fail();
    return this.source[this.position++] as number;
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** A variable-length integer. RFC 9000 section 16. */
  varint(): number {
    const { source, position, end } = this;
    if (position >= end) return this.fail();
    const first = source[position] as number;
    const bytes = 1 << (first >>> 6);
    if (position + bytes > end) return this.fail();
    this.position = position + bytes;
    let value = first & 0x3f;
    for (let at = position + 1; at < position + bytes; at += 1) {
      value = value * 0x100 + (source[at] as number);
    }
    return value > VARINT_MAX ? this.fail() : value;
  }

  /** A view of the next `length` bytes; copy it to keep it. */
  view(length: number): Uint8Array {
    const start = this.position;
    this.skip(length);
    return this.failed ? new Uint8Array(0) : viewOf(this.source, start, length);
  }

  /** Steps over the next `length` bytes. */
  skip(length: number): void {
    if (length > this.remaining) this.fail();
    else this.position += length;
  }

  private fail(): 0 {
    this.failed = true;
    this.position = this.end;
    return 0;
  }
}

/** Writes big-endian fields into a buffer of ours; running over its end is our mistake and stops the program. */
export class ByteWriter {
  private position: number;

  constructor(
    readonly target: Uint8Array,
    start = 0,
    private end: number = target.length,
  ) {
    this.position = start;
  }

  get offset(): number {
    return this.position;
  }

  get room(): number {
    return this.end - this.position;
  }

  /** Keeps so many of the last bytes free until they are given back by a negative number. */
  keepFree(bytes: number): void {
    this.end -= bytes;
  }

  u8(value: number): void {
    this.target[this.reserve(1)] = value;
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.target[at] = value >>> 8;
    this.target[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.target[at] = value >>> 24;
    this.target[at + 1] = value >>> 16;
    this.target[at + 2] = value >>> 8;
    this.target[at + 3] = value;
  }

  varint(value: number): void {
    assert(value >= 0 && value <= VARINT_MAX, "a varint is a whole number that a double holds");
    const bytes = varintBytes(value);
    if (bytes === 1) this.u8(value);
    else if (bytes === 2) this.u16(value | 0x4000);
    else if (bytes === 4) this.u32((value | 0x8000_0000) >>> 0);
    else {
      this.u32((Math.floor(value / TWO_POW_32) | 0xc000_0000) >>> 0);
      this.u32((value % TWO_POW_32) >>> 0);
    }
  }

  bytes(source: Uint8Array): void {
    this.target.set(source, this.reserve(source.length));
  }

  /** Makes room for `length` bytes that somebody else fills in; returns where they begin. */
  reserve(length: number): number {
    const start = this.position;
    assert(start + length <= this.end, "a datagram is not written past its end");
    this.position = start + length;
    return start;
  }
}
