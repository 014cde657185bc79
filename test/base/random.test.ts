import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";

const MASK = 0xffff_ffffn;

/** sfc32 in big integers, cut to 32 bits at every step, from the published description. */
function* sfc32(seed: number): Generator<number> {
  let state = BigInt(seed) & MASK;
  const split = (): bigint => {
    state = (state + 0x9e3779b9n) & MASK;
    let mixed = state ^ (state >> 16n);
    mixed = (mixed * 0x21f0aaadn) & MASK;
    mixed ^= mixed >> 15n;
    mixed = (mixed * 0x735a2d97n) & MASK;
    return mixed ^ (mixed >> 15n);
  };
  let [a, b, c] = [split(), split(), split()];
  for (let counter = 1n; ; counter += 1n) {
    const sum = (a + b + counter) & MASK;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & MASK;
    c = (((c << 21n) | (c >> 11n)) + sum) & MASK;
    if (counter > 12n) yield Number(sum);
  }
}

test("the numbers are those of sfc32, for any seed and for long", () => {
  for (const seed of [0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const random = new Random(seed);
    const expected = sfc32(seed);
    for (let i = 0; i < 5_000; i += 1) {
      if (random.uint32() !== expected.next().value) throw new Error(`seed ${seed}, number ${i}`);
    }
  }
});

test("the same seed gives the same run, another seed another", () => {
  const first = new Random(42).bytes(64);
  expect(new Random(42).bytes(64)).toEqual(first);
  expect(new Random(43).bytes(64)).not.toEqual(first);
});

test("every number of a span comes, both ends included, and no other", () => {
  const random = new Random(3);
  const seen = new Map<number, number>();
  for (let i = 0; i < 6_000; i += 1) {
    const value = random.between(-2, 3);
    seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
  for (const times of seen.values()) expect(Math.abs(times - 1_000)).toBeLessThan(150);
});

test("a chance comes true as often as it says: never at 0, always at 1", () => {
  const random = new Random(5);
  const share = (probability: number): number => {
    let hits = 0;
    for (let i = 0; i < 20_000; i += 1) if (random.chance(probability)) hits += 1;
    return hits / 20_000;
  };
  expect(share(0)).toBe(0);
  expect(share(1)).toBe(1);
  expect(share(0.3)).toBeCloseTo(0.3, 1);
  expect(Math.abs(share(0.01) - 0.01)).toBeLessThan(0.003);
});

test("units lie in [0, 1)", () => {
  const random = new Random(9);
  const values = Array.from({ length: 10_000 }, () => random.unit());
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1);
});
