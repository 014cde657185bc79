import fc from "fast-check";
import { expect, test } from "vitest";
import { PieceSet } from "../../src/base/piece-set.js";
import { RangeSet } from "../../src/base/range-set.js";

/** Edges of words and of chunks, and what lies beside them. */
const numbers = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 32_700, max: 32_840 }),
  fc.integer({ min: 65_500, max: 65_570 }),
  fc.integer({ min: 0, max: 140_000 }),
);
const stretches = fc.tuple(numbers, numbers).map(([a, b]) => {
  return { start: Math.min(a, b), end: Math.max(a, b) + 1 };
});
const steps = fc.array(
  fc.record({ what: fc.constantFrom("add", "delete", "put one"), at: stretches }),
  { maxLength: 12 },
);

test("whatever is added and deleted, it answers as a set of ranges does", () => {
  fc.assert(
    fc.property(steps, fc.array(stretches, { minLength: 3, maxLength: 6 }), (script, questions) => {
      const set = new PieceSet();
      const model = new RangeSet();
      for (const { what, at } of script) {
        if (what === "delete") {
          expect(set.delete(at.start, at.end)).toBe(model.delete(at.start, at.end));
        } else {
          const end = what === "add" ? at.end : at.start + 1;
          expect(set.add(at.start, end)).toBe(model.add(at.start, end));
        }
        expect(set.size).toBe(model.size);
        expect(set.first).toBe(model.first);
      }
      const copy = set.copy();
      if (set.size > 0) set.delete(0, 200_000);
      expect(set.size).toBe(0);
      expect(set.first).toBeUndefined();
      expect([...copy.ranges()]).toEqual([...model.ranges()]);
      expect([...PieceSet.of(model.ranges()).ranges()]).toEqual([...model.ranges()]);
      for (const { start, end } of questions) {
        expect([...copy.within(start, end)]).toEqual([...model.within(start, end)]);
        expect(copy.countIn(start, end)).toBe(model.countIn(start, end));
        expect([...copy.gaps(start, end)]).toEqual([...model.gaps(start, end)]);
        for (const value of [start, end - 1, end]) {
          expect(copy.has(value)).toBe(model.has(value));
          expect(copy.endOfRangeAt(value)).toBe(model.endOfRangeAt(value));
        }
      }
      copy.clear();
      expect([copy.size, copy.first, [...copy.ranges()]]).toEqual([0, undefined, []]);
    }),
  );
});

test("each of the first numbers, added alone in a drawn order and deleted in another, is there in between", () => {
  const count = 70_000;
  const set = new PieceSet();
  const step = 30_011;
  let wrong = 0;
  for (let i = 0; i < count; i += 1) {
    const value = (i * step) % count;
    if (set.has(value) || set.add(value) !== 1 || set.add(value) !== 0) wrong += 1;
  }
  expect([...set.ranges()]).toEqual([{ start: 0, end: count }]);
  for (let i = 0; i < count; i += 1) {
    const value = (i * step * 3) % count;
    if (set.delete(value) !== 1 || set.delete(value) !== 0 || set.has(value)) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect([...set.gaps(0, count)]).toEqual([{ start: 0, end: count }]);
});
