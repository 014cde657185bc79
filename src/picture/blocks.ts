import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";

/** A square of a view, `BLOCK_SIDE` wide or less at the right and bottom edge. */
export interface Block extends Rect {
  /** Counted left to right, top to bottom. */
  readonly block: number;
}

/** A view cut into squares, and which of them have changed. */
export class BlockGrid {
  readonly columns: number;
  readonly count: number;
  /** Of each block: EMPTY, CHANGED or TAKEN. */
  private readonly marks: Uint8Array;
  private changedCount = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.columns = Math.ceil(width / BLOCK_SIDE);
    this.count = this.columns * Math.ceil(height / BLOCK_SIDE);
    this.marks = new Uint8Array(this.count);
  }

  at(block: number): Block {
    assert(block >= 0 && block < this.count, "the block is in the view");
    const x = (block % this.columns) * BLOCK_SIDE;
    const y = Math.floor(block / this.columns) * BLOCK_SIDE;
    const width = Math.min(BLOCK_SIDE, this.width - x);
    return { block, x, y, width, height: Math.min(BLOCK_SIDE, this.height - y) };
  }

  /** Pixels of a rectangle have changed. */
  touch(x: number, y: number, width: number, height: number): void {
    const right = Math.floor((x + width - 1) / BLOCK_SIDE);
    const bottom = Math.floor((y + height - 1) / BLOCK_SIDE);
    for (let row = Math.floor(y / BLOCK_SIDE); row <= bottom; row += 1) {
      for (let column = Math.floor(x / BLOCK_SIDE); column <= right; column += 1) {
        this.mark(row * this.columns + column);
      }
    }
  }

  mark(block: number): void {
    if (this.marks[block] === CHANGED) return;
    this.marks[block] = CHANGED;
    this.changedCount += 1;
  }

  /** The blocks that changed since the last call, in rising order. */
  takeChanged(): number[] {
    const changed: number[] = [];
    for (let block = 0; changed.length < this.changedCount; block += 1) {
      if (this.marks[block] !== CHANGED) continue;
      changed.push(block);
      this.marks[block] = TAKEN;
    }
    this.changedCount = 0;
    return changed;
  }

  /** Whether anything of the block has ever changed: all others are as empty as at first. */
  hasContent(block: number): boolean {
    return this.marks[block] !== EMPTY;
  }
}

/** Side of a block: 20 kB of pixels and states, small beside a frame and large beside its header. Ours. */
export const BLOCK_SIDE = 64;

const EMPTY = 0;
const CHANGED = 1;
const TAKEN = 2;
