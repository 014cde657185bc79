import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { Family } from "./tables.js";
import type { PieceArea } from "./types.js";
import type { Unit, UnitGrid } from "./units.js";

/** One rectangle of a piece, and where in the piece the bytes lie that hold its pixels. */
export interface PiecePart {
  readonly family: Family;
  readonly area: PieceArea;
  readonly start: number;
  readonly end: number;
}

/** What a part's head says. `rect` is in pixels of the unit, `y` in its rows. */
export interface PartHead {
  readonly family: Family;
  readonly unit: number;
  readonly rect: Rect;
  /** Bytes of the payload, where another part follows. */
  readonly payloadBytes?: number;
}

/**
 * Reads and writes the heads of one picture's pieces. A piece is one part or several of one unit, each a head and a payload; the head tells
 * family, unit, and the rectangle inside the unit. Each takes as many bits as the picture needs, so that all heads of a picture
 * have one length (5 bytes for most, never more than 8), and 2 bytes more where another part follows.
 */
export class PieceHeads {
  /** Bytes of a head whose part is the last. */
  readonly bytes: number;
  private readonly unitBits: number;
  private readonly acrossBits: number;
  private readonly downBits: number;

  constructor(private readonly grid: UnitGrid) {
    this.unitBits = bitsFor(grid.count);
    this.acrossBits = bitsFor(halved(grid.widthMax));
    this.downBits = bitsFor(halved(grid.heightMax));
    const bits = FAMILY_BITS + 1 + this.unitBits + 2 * (this.acrossBits + this.downBits);
    this.bytes = Math.ceil(bits / 8);
  }

  /** Writes a head at `offset`. The rectangle begins at even places and has even sides, but where it ends with the unit. */
  write(piece: Uint8Array, offset: number, { family, unit, rect, payloadBytes }: PartHead): void {
    assert(rect.x % 2 === 0 && rect.y % 2 === 0, "a piece begins at even places");
    const bits = new BitWriter(piece, offset);
    bits.put(family, FAMILY_BITS);
    bits.put(payloadBytes === undefined ? 0 : 1, 1);
    bits.put(unit, this.unitBits);
    bits.put(rect.x / 2, this.acrossBits);
    bits.put(rect.y / 2, this.downBits);
    bits.put(halved(rect.width) - 1, this.acrossBits);
    bits.put(halved(rect.height) - 1, this.downBits);
    bits.end(this.bytes);
    if (payloadBytes === undefined) return;
    piece[offset + this.bytes] = payloadBytes >>> 8;
    piece[offset + this.bytes + 1] = payloadBytes & 0xff;
  }

  /**
   * The parts of a piece, at least one; undefined when it is none of this picture's. They are of one unit, and hold no more pixels than it:
   * what a receiver does for one piece has a bound.
   */
  read(piece: Uint8Array): PiecePart[] | undefined {
    const parts: PiecePart[] = [];
    let unit: Unit | undefined;
    let pixels = 0;
    for (let at = 0; ; ) {
      const head = this.readHead(piece, at);
      unit ??= head && this.grid.unit(head.unit);
      const rect = head && unit?.index === head.unit ? rectIn(unit, head.rect) : undefined;
      if (head === undefined || unit === undefined || rect === undefined) return undefined;
      const follows = head.payloadBytes !== undefined;
      const start = at + this.bytes + (follows ? PAYLOAD_LENGTH_BYTES : 0);
      const end = follows ? start + (head.payloadBytes as number) : piece.length;
      pixels += rect.width * rect.height;
      if (end > piece.length || pixels > unit.width * unit.height) return undefined;
      const { rowStep } = unit;
      const area = { ...rect, x: unit.x + rect.x, y: unit.y + rect.y * rowStep, rowStep };
      parts.push({ family: head.family, area, start, end });
      if (!follows) return parts;
      at = end;
    }
  }

  /** What a head says, sides rounded up; undefined where there is none. */
  private readHead(piece: Uint8Array, offset: number): PartHead | undefined {
    const end = offset + this.bytes;
    if (end > piece.length) return undefined;
    const bits = new BitReader(piece, offset);
    const family = bits.take(FAMILY_BITS) as Family;
    const follows = bits.take(1) === 1;
    const unit = bits.take(this.unitBits);
    const x = 2 * bits.take(this.acrossBits);
    const y = 2 * bits.take(this.downBits);
    const width = 2 * (bits.take(this.acrossBits) + 1);
    const height = 2 * (bits.take(this.downBits) + 1);
    if (bits.take(8 * end - bits.position) !== 0 || unit >= this.grid.count) return undefined;
    const head = { family, unit, rect: { x, y, width, height } };
    if (!follows) return head;
    if (end + PAYLOAD_LENGTH_BYTES > piece.length) return undefined;
    return { ...head, payloadBytes: ((piece[end] as number) << 8) | (piece[end + 1] as number) };
  }
}

/** A rectangle as told, its sides rounded up to even ones, brought to where the unit ends; undefined if it leaves the unit. */
function rectIn(unit: Unit, { x, y, width, height }: Rect): Rect | undefined {
  if (x + width > unit.width + (unit.width & 1)) return undefined;
  if (y + height > unit.height + (unit.height & 1)) return undefined;
  return {
    x,
    y,
    width: Math.min(width, unit.width - x),
    height: Math.min(height, unit.height - y),
  };
}

/** The most significant bit first, as RFC 9000 section 1.3 draws fields. */
class BitWriter {
  private position: number;

  constructor(
    private readonly target: Uint8Array,
    private readonly offset: number,
  ) {
    this.position = 8 * offset;
  }

  put(value: number, bits: number): void {
    assert(value >= 0 && value < 2 ** bits, "the field has room for the value");
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      const at = this.position >>> 3;
      if ((this.position & 7) === 0) this.target[at] = 0;
      this.target[at] =
        (this.target[at] as number) | (((value >>> bit) & 1) << (7 - (this.position & 7)));
      this.position += 1;
    }
  }

  /** Fills the last byte with zeros. */
  end(bytes: number): void {
    assert(Math.ceil(this.position / 8) === this.offset + bytes, "a head fills its bytes");
  }
}

class BitReader {
  position: number;

  constructor(
    private readonly source: Uint8Array,
    offset: number,
  ) {
    this.position = 8 * offset;
  }

  /** At most 16 bits. */
  take(bits: number): number {
    if (bits === 0) return 0;
    const at = this.position >>> 3;
    const { source } = this;
    const three =
      ((source[at] as number) << 16) | ((source[at + 1] ?? 0) << 8) | (source[at + 2] ?? 0);
    const value = (three >>> (24 - bits - (this.position & 7))) & ((1 << bits) - 1);
    this.position += bits;
    return value;
  }
}

/** Bits that tell numbers from 0 to `count` - 1 apart. */
const bitsFor = (count: number): number => 32 - Math.clz32(count - 1);

const halved = (side: number): number => Math.ceil(side / 2);

const FAMILY_BITS = 2;

/** Of the length of a payload behind which another part stands. */
export const PAYLOAD_LENGTH_BYTES = 2;
