import { type AdaptiveBits, MET_MAX } from "./adaptive-bits.js";
import { Context } from "./contexts.js";
import type { BitCoder } from "./range-coder.js";

/** The colours of a picture that pieces name by rank, the commonest first. */
export class Palette {
  /** By rank. */
  keys: readonly number[] = [];
  private ranks = new Map<number, number>();

  set(keys: readonly number[]): void {
    this.keys = keys;
    this.ranks = new Map(keys.map((key, rank) => [key, rank]));
  }

  get size(): number {
    return this.keys.length;
  }

  has(key: number): boolean {
    return this.ranks.has(key);
  }

  /** Codes rank + 1: its length in unary, then the bits below the top one, of which three are predicted. Returns the key, if any. */
  code(bits: AdaptiveBits, coder: BitCoder, key: number): number | undefined {
    const given = (this.ranks.get(key) ?? 0) + 1;
    const givenLength = 31 - Math.clz32(given);
    const longest = 31 - Math.clz32(this.keys.length);
    let length = 0;
    while (length < longest) {
      const longer = givenLength > length ? 1 : 0;
      if (bits.code(coder, longer, Context.rankLength + length, MET_MAX) === 0) break;
      length += 1;
    }
    let coded = 1;
    for (let place = length - 1; place >= 0; place -= 1) {
      const bit = (given >>> place) & 1;
      const predicted = length - 1 - place < 3;
      const context = Context.rankTree + length * 8 + coded;
      coded =
        2 * coded + (predicted ? bits.code(coder, bit, context, MET_MAX) : coder.code(bit, HALF));
    }
    return this.keys[coded - 1];
  }
}

/** Palettes have at most so many colours: ranks + 1 of 12 bits. */
export const PALETTE_MAX = 4095;

const HALF = 32768;
