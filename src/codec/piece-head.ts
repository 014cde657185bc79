import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { Family } from "./tables.js";
import type { PieceArea } from "./types.js";
import type { UnitGrid } from "./units.js";

/** What the first bytes of a piece say. */
export interface PieceHead {
  readonly family: Family;
  readonly area: PieceArea;
}

/**
 * Reads and writes the heads of one picture's pieces: family, unit, and the rectangle inside the
 * unit. Each takes as many bits as the picture needs, so that all heads of a picture have one length
 * (5 bytes for most, never more than 8).
 */
export class PieceHeads {
  /** Bytes of a head. */
  readonly bytes: number;
  private readonly unitBits: number;
  private readonly acrossBits: number;
  private readonly downBits: number;

  constructor(private readonly grid: UnitGrid) {
    this.unitBits = bitsFor(grid.count);
    this.acrossBits = bitsFor(halved(grid.widthMax));
    this.downBits = bitsFor(halved(grid.heightMax));
    const bits = FAMILY_BITS + this.unitBits + 2 * (this.acrossBits + this.downBits);
    this.bytes = Math.ceil(bits / 8);
  }

  /**
   * Writes a head at the front of `piece`. `rect` is in pixels of the unit, `y` in its rows; it begins
   * at even places and has even sides, but where it ends with the unit.
   */
  write(piece: Uint8Array, family: Family, unit: number, rect: Rect): void {
    assert(rect.x % 2 === 0 && rect.y % 2 === 0, "a piece begins at even places");
    const bits = new BitWriter(piece);
    bits.put(family, FAMILY_BITS);
    bits.put(unit, this.unitBits);
    bits.put(rect.x / 2, this.acrossBits);
    bits.put(rect.y / 2, this.downBits);
    bits.put(halved(rect.width) - 1, this.acrossBits);
    bits.put(halved(rect.height) - 1, this.downBits);
    bits.end(this.bytes);
  }

  /** Reads the head of a piece; undefined when it is none of this picture's. */
  read(piece: Uint8Array): PieceHead | undefined {
    if (piece.length < this.bytes) return undefined;
    const bits = new BitReader(piece);
    const family = bits.take(FAMILY_BITS) as Family;
    const index = bits.take(this.unitBits);
    const x = 2 * bits.take(this.acrossBits);
    const y = 2 * bits.take(this.downBits);
    const wide = 2 * (bits.take(this.acrossBits) + 1);
    const tall = 2 * (bits.take(this.downBits) + 1);
    if (bits.take(8 * this.bytes - bits.position) !== 0 || index >= this.grid.count)
      return undefined;
    const unit = this.grid.unit(index);
    // A side that is odd where the unit ends is told rounded up.
    if (x + wide > unit.width + (unit.width & 1)) return undefined;
    if (y + tall > unit.height + (unit.height & 1)) return undefined;
    const width = Math.min(wide, unit.width - x);
    const height = Math.min(tall, unit.height - y);
    const { rowStep } = unit;
    return {
      family,
      area: { x: unit.x + x, y: unit.y + y * rowStep, width, height, rowStep },
    };
  }
}

/** The most significant bit first, as RFC 9000 section 1.3 draws fields. */
class BitWriter {
  private position = 0;

  constructor(private readonly target: Uint8Array) {}

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
    assert(Math.ceil(this.position / 8) === bytes, "a head fills its bytes");
  }
}

class BitReader {
  position = 0;

  constructor(private readonly source: Uint8Array) {}

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
