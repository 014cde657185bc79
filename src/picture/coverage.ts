import { assert } from "../base/assert.js";
import type { Range } from "../base/range-set.js";
import type { PieceRect } from "./partition.js";

/**
 * Which pixels of a picture are covered, exactly, whatever the areas are that cover them.
 *
 * One bit a pixel in squares that take memory only while they are covered in part: empty and full ones take none.
 */
export class Coverage {
  /** Pixels covered. */
  covered = 0;
  private readonly columns: number;
  /** Of each square: nothing, its bits, or `FULL`. */
  private readonly squares: (Uint32Array | undefined)[];
  /** Pixels of each square that are covered. */
  private readonly counts: Uint32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.columns = Math.ceil(width / SIDE);
    const count = this.columns * Math.ceil(height / SIDE);
    this.squares = new Array<undefined>(count).fill(undefined);
    this.counts = new Uint32Array(count);
  }

  get isComplete(): boolean {
    return this.covered === this.width * this.height;
  }

  /** Covers an area, which must lie in the picture; returns how many of its pixels were not covered before. */
  add(area: PieceRect): number {
    const { x, y, width, height, rowStep } = area;
    assert(x >= 0 && x + width <= this.width, "the area lies in the picture");
    assert(y >= 0 && y + (height - 1) * rowStep < this.height, "the area lies in the picture");
    const before = this.covered;
    for (let row = 0; row < height; row += 1) this.addRow(y + row * rowStep, x, x + width);
    return this.covered - before;
  }

  /** The same, to be covered further by itself. */
  copy(): Coverage {
    const copy = new Coverage(this.width, this.height);
    this.squares.forEach((square, at) => {
      copy.squares[at] = square === FULL ? FULL : square?.slice();
    });
    copy.counts.set(this.counts);
    copy.covered = this.covered;
    return copy;
  }

  has(x: number, y: number): boolean {
    const square = this.squares[this.squareAt(x, y)];
    if (square === undefined || square === FULL) return square === FULL;
    const bit = (y % SIDE) * SIDE + (x % SIDE);
    return (((square[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1;
  }

  /** The stretches of a row that are not covered, left to right; [start, end) in pixels, none touching another. */
  *gapsIn(y: number): IterableIterator<Range> {
    let start: number | undefined;
    for (let left = 0; left < this.width; left += SIDE) {
      const square = this.squares[this.squareAt(left, y)];
      const right = Math.min(this.width, left + SIDE);
      if (square === undefined) start ??= left;
      else if (square === FULL) {
        if (start !== undefined) yield { start, end: left };
        start = undefined;
      } else {
        for (let x = left; x < right; x += 1) {
          if (!this.has(x, y)) start ??= x;
          else if (start !== undefined) {
            yield { start, end: x };
            start = undefined;
          }
        }
      }
    }
    if (start !== undefined) yield { start, end: this.width };
  }

  /** How many pixels of a rectangle are covered. */
  countIn(x: number, y: number, width: number, height: number): number {
    let count = 0;
    for (let top = y; top < y + height; ) {
      const bottom = Math.min(y + height, (Math.floor(top / SIDE) + 1) * SIDE);
      for (let left = x; left < x + width; ) {
        const right = Math.min(x + width, (Math.floor(left / SIDE) + 1) * SIDE);
        count += this.countInSquare(left, right, top, bottom);
        left = right;
      }
      top = bottom;
    }
    return count;
  }

  private countInSquare(left: number, right: number, top: number, bottom: number): number {
    const at = this.squareAt(left, top);
    const square = this.squares[at];
    if (square === undefined) return 0;
    if (square === FULL) return (right - left) * (bottom - top);
    let count = 0;
    for (let y = top; y < bottom; y += 1) {
      const start = (y % SIDE) * SIDE + (left % SIDE);
      const end = start + right - left;
      for (let word = start >>> 5; word << 5 < end; word += 1) {
        count += ones((square[word] as number) & maskOf(word, start, end));
      }
    }
    return count;
  }

  private addRow(y: number, x: number, endX: number): void {
    for (let left = x; left < endX; ) {
      const right = Math.min(endX, (Math.floor(left / SIDE) + 1) * SIDE);
      this.addStretch(y, left, right);
      left = right;
    }
  }

  /** A stretch of one row of one square. */
  private addStretch(y: number, left: number, right: number): void {
    const at = this.squareAt(left, y);
    const known = this.squares[at];
    if (known === FULL) return;
    const square = known ?? new Uint32Array((SIDE * SIDE) / 32);
    this.squares[at] = square;
    const start = (y % SIDE) * SIDE + (left % SIDE);
    const end = start + right - left;
    let fresh = 0;
    for (let word = start >>> 5; word << 5 < end; word += 1) {
      const mask = maskOf(word, start, end);
      const before = square[word] as number;
      fresh += ones(mask & ~before);
      square[word] = before | mask;
    }
    this.covered += fresh;
    this.counts[at] = (this.counts[at] as number) + fresh;
    if (this.counts[at] === this.pixelsOf(at)) this.squares[at] = FULL;
  }

  private squareAt(x: number, y: number): number {
    return Math.floor(y / SIDE) * this.columns + Math.floor(x / SIDE);
  }

  private pixelsOf(square: number): number {
    const x = (square % this.columns) * SIDE;
    const y = Math.floor(square / this.columns) * SIDE;
    return Math.min(SIDE, this.width - x) * Math.min(SIDE, this.height - y);
  }
}

/** The bits of a word that lie in [start, end), counted in bits from the square's first. */
function maskOf(word: number, start: number, end: number): number {
  const from = Math.max(0, start - (word << 5));
  const until = Math.min(32, end - (word << 5));
  const below = until === 32 ? -1 : (1 << until) - 1;
  return below & ~((1 << from) - 1);
}

/** Bits that are 1. Warren, Hacker's Delight, section 5-1. */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  sum = (sum + (sum >>> 4)) & 0x0f0f0f0f;
  return Math.imul(sum, 0x01010101) >>> 24;
}

/** Side of a square, a power of two: 8 kB of bits while it is covered in part. Ours. */
const SIDE = 256;
const FULL = new Uint32Array(0);
