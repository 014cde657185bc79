import { assert } from "../base/assert.js";
import { Combiner } from "./combiner.js";
import { inverse, multiply } from "./gf256.js";

/**
 * Symbols of one group, sources and parity together. Both number points of GF(256), which has 256; one is left free,
 * so that the count fits a byte. PARITY bounds its groups by the same number.
 */
export const GROUP_SYMBOLS_MAX = 255;

/**
 * A systematic erasure code: parity symbol i of a group is the sum over its source symbols j of 1 / (x_i + y_j),
 * with y_j = j and x_i = 255 - i. Every square part of this Cauchy matrix has an inverse, so that any e parity
 * symbols give back any e source symbols. J. Blömer and others, "An XOR-Based Erasure-Resilient Coding Scheme",
 * ICSI TR-95-048, section 3. A parity symbol does not depend on how many there are: they are made one by one, as many as are
 * wanted.
 */
function coefficient(parityIndex: number, position: number): number {
  return inverse((GROUP_SYMBOLS_MAX - parityIndex) ^ position);
}

/** Makes some parity symbols of one group in one pass over its source symbols. */
export class ParityMaker {
  private readonly combiner: Combiner;
  private readonly column: Uint8Array;
  private position = 0;

  /**
   * @param sources source symbols of the group
   * @param firstIndex index of the first parity symbol to make
   * @param count how many to make, one after another
   * @param symbolBytes length of the longest source symbol
   */
  constructor(
    private readonly sources: number,
    private readonly firstIndex: number,
    count: number,
    symbolBytes: number,
  ) {
    assert(sources > 0 && count > 0, "parity is of something");
    assert(
      sources + firstIndex + count <= GROUP_SYMBOLS_MAX,
      "a group has so many symbols at most",
    );
    this.combiner = new Combiner(count, symbolBytes);
    this.column = new Uint8Array(count);
  }

  /** Takes the next source symbol, from the first on. */
  add(symbol: Uint8Array): void {
    assert(this.position < this.sources, "a group has no more than its symbols");
    for (let i = 0; i < this.column.length; i += 1) {
      this.column[i] = coefficient(this.firstIndex + i, this.position);
    }
    this.combiner.add(symbol, this.column);
    this.position += 1;
  }

  /** Writes the i-th of the parity symbols made, i from 0, into `target`. */
  take(i: number, target: Uint8Array): void {
    assert(this.position === this.sources, "parity is of all symbols of a group");
    this.combiner.take(i, target);
  }
}

/** A parity symbol that came. */
export interface ParitySymbol {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * Gives back the missing source symbols of a group.
 *
 * @param sources source symbols of the group
 * @param missing positions of those missing, each once
 * @param parity at least as many parity symbols as are missing, all of one length and of different indices; more are not looked at
 * @param read gives the source symbol at a position that is not missing, not longer than the parity symbols; undefined ends
 *   the attempt
 * @returns the missing symbols in the order of `missing`; undefined when `read` gave none, or there is too little parity
 */
export function recover(
  sources: number,
  missing: readonly number[],
  parity: readonly ParitySymbol[],
  read: (position: number) => Uint8Array | undefined,
): Uint8Array[] | undefined {
  const used = parity.slice(0, missing.length);
  const symbolBytes = used[0]?.bytes.length;
  if (symbolBytes === undefined || used.length < missing.length) return undefined;
  // Each parity symbol less what is known of it is a sum of the missing ones alone.
  const known = new Combiner(used.length, symbolBytes);
  const column = new Uint8Array(used.length);
  const isMissing = new Set(missing);
  for (let position = 0; position < sources; position += 1) {
    if (isMissing.has(position)) continue;
    const symbol = read(position);
    if (symbol === undefined) return undefined;
    used.forEach(({ index }, i) => {
      column[i] = coefficient(index, position);
    });
    known.add(symbol, column);
  }
  const solved = new Combiner(missing.length, symbolBytes);
  const rest = new Uint8Array(symbolBytes);
  const columns = invertedColumns(
    used.map(({ index }) => GROUP_SYMBOLS_MAX - index),
    missing,
  );
  used.forEach(({ bytes }, i) => {
    known.take(i, rest);
    for (let at = 0; at < symbolBytes; at += 1) {
      rest[at] = (rest[at] as number) ^ (bytes[at] as number);
    }
    solved.add(rest, columns[i] as Uint8Array);
  });
  return missing.map((_, i) => {
    const symbol = new Uint8Array(symbolBytes);
    solved.take(i, symbol);
    return symbol;
  });
}

/**
 * The columns of the inverse of the Cauchy matrix 1 / (x_i + y_j), which has a closed form (D. E. Knuth, The Art of
 * Computer Programming, volume 1, section 1.2.3, exercise 41): with a_i the product of x_i + y_k over all k divided by that of
 * x_i + x_k over k other than i, and b_j the same with x and y exchanged, the inverse is a_i b_j / (x_i + y_j) in
 * row j, column i.
 */
function invertedColumns(xs: readonly number[], ys: readonly number[]): Uint8Array[] {
  const weights = (own: readonly number[], others: readonly number[]): number[] =>
    own.map((value, i) => {
      const above = others.reduce((product, other) => multiply(product, value ^ other), 1);
      const below = own.reduce(
        (product, other, k) => (k === i ? product : multiply(product, value ^ other)),
        1,
      );
      return multiply(above, inverse(below));
    });
  const rowWeights = weights(ys, xs);
  return weights(xs, ys).map((columnWeight, i) =>
    Uint8Array.from(ys, (y, j) => {
      const entry = inverse((xs[i] as number) ^ y);
      return multiply(multiply(columnWeight, rowWeights[j] as number), entry);
    }),
  );
}
