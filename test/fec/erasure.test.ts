import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  GROUP_SYMBOLS_MAX,
  ParityMaker,
  type ParitySymbol,
  recover,
} from "../../src/fec/erasure.js";
import { inverse, multiply } from "../../src/fec/gf256.js";

/** Symbols of drawn lengths up to `bytes`, the first of them that long. */
function drawSources(count: number, bytes: number, random: Random): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    random.bytes(i === 0 ? bytes : random.between(1, bytes)),
  );
}

function parityOf(
  sources: readonly Uint8Array[],
  count: number,
  bytes: number,
  firstIndex = 0,
): ParitySymbol[] {
  const maker = new ParityMaker(sources.length, firstIndex, count, bytes);
  for (const symbol of sources) maker.add(symbol);
  return Array.from({ length: count }, (_, i) => {
    const symbol = new Uint8Array(bytes);
    maker.take(i, symbol);
    return { index: firstIndex + i, bytes: symbol };
  });
}

const padded = (symbol: Uint8Array, bytes: number): Uint8Array => {
  const whole = new Uint8Array(bytes);
  whole.set(symbol);
  return whole;
};

function expectRecovered(
  sources: readonly Uint8Array[],
  missing: readonly number[],
  parity: readonly ParitySymbol[],
  bytes: number,
): void {
  const found = recover(sources.length, missing, parity, (position) => {
    if (missing.includes(position)) throw new Error("a missing symbol is not read");
    return sources[position];
  });
  expect(found).toEqual(missing.map((position) => padded(sources[position] as Uint8Array, bytes)));
}

/** All ways to choose some of `count`. */
function subsets(count: number): number[][] {
  return Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (__, i) => i).filter((i) => ((bits >> i) & 1) === 1),
  );
}

describe("the field of 256 elements", () => {
  /** Shift and reduce, bit by bit: too simple to be wrong. */
  function slowly(one: number, other: number): number {
    let product = 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      product <<= 1;
      if (product & 0x100) product ^= 0x11d;
      if ((other >> bit) & 1) product ^= one;
    }
    return product;
  }

  test("multiplies as polynomials do, all pairs", () => {
    for (let one = 0; one < 256; one += 1) {
      for (let other = 0; other < 256; other += 1) {
        if (multiply(one, other) !== slowly(one, other)) throw new Error(`${one} x ${other}`);
      }
    }
  });

  test("inverts every element but zero", () => {
    for (let value = 1; value < 256; value += 1) expect(multiply(value, inverse(value))).toBe(1);
    expect(() => inverse(0)).toThrow("broken promise");
  });
});

describe("parity", () => {
  test("is these bytes, so that a peer's code can be compared", () => {
    const sources = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), Uint8Array.of(0xff, 0, 0x80)];
    const hex = parityOf(sources, 2, 3).map(({ bytes }) => Buffer.from(bytes).toString("hex"));
    expect(hex).toEqual(GOLDEN_PARITY);
  });

  test("brings back every loss that it is enough for, whatever of both is lost", () => {
    const random = new Random(1);
    const sources = drawSources(6, 9, random);
    const parity = parityOf(sources, 4, 9);
    for (const missing of subsets(sources.length)) {
      for (const lost of subsets(parity.length)) {
        const came = parity.filter(({ index }) => !lost.includes(index));
        if (missing.length === 0) continue;
        if (came.length >= missing.length) expectRecovered(sources, missing, came, 9);
        else expect(recover(6, missing, came, (position) => sources[position])).toBeUndefined();
      }
    }
  });

  test("does so in groups of any size, up to the largest", () => {
    const shape = fc
      .integer({ min: 1, max: GROUP_SYMBOLS_MAX - 1 })
      .chain((count) =>
        fc.tuple(
          fc.constant(count),
          fc.integer({ min: 1, max: Math.min(count, GROUP_SYMBOLS_MAX - count) }),
        ),
      );
    fc.assert(
      fc.property(
        shape,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        ([count, lost], bytes, seed) => {
          const random = new Random(seed);
          const sources = drawSources(count, bytes, random);
          const places = sources.map((_, i) => ({ i, luck: random.uint32() }));
          const missing = places
            .sort((a, b) => a.luck - b.luck)
            .slice(0, lost)
            .map(({ i }) => i);
          const last = GROUP_SYMBOLS_MAX - count - lost;
          const parity = parityOf(sources, lost, bytes, random.between(0, last));
          expectRecovered(sources, missing, parity, bytes);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("is the same, however many are made at once", () => {
    const sources = drawSources(20, 30, new Random(3));
    const together = parityOf(sources, 11, 30);
    for (const one of together) {
      expect(parityOf(sources, 1, 30, one.index)).toEqual([one]);
    }
  });

  test("that is damaged gives something else, and is not found out here", () => {
    const sources = drawSources(5, 8, new Random(4));
    const [first] = parityOf(sources, 1, 8) as [ParitySymbol];
    first.bytes[3] = (first.bytes[3] as number) ^ 1;
    const [found] = recover(5, [2], [first], (position) => sources[position]) ?? [];
    expect(found).not.toEqual(padded(sources[2] as Uint8Array, 8));
  });

  test("is not tried when a symbol cannot be read", () => {
    const sources = drawSources(5, 8, new Random(5));
    const parity = parityOf(sources, 2, 8);
    const read = (position: number) => (position === 4 ? undefined : sources[position]);
    expect(recover(5, [1], parity, read)).toBeUndefined();
  });

  test("of too many symbols is our own mistake", () => {
    expect(() => new ParityMaker(200, 0, 56, 10)).toThrow("broken promise");
    expect(() => new ParityMaker(0, 0, 1, 10)).toThrow("broken promise");
  });
});

/** From a few lines of Python: (1 / 255) 1 + (1 / 254) 4 + (1 / 253) 255, and so on. */
const GOLDEN_PARITY: readonly string[] = ["fa7c78", "2dd2f3"];
