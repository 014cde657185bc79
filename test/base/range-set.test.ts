import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Range, RangeSet } from "../../src/base/range-set.js";

const DOMAIN = 9;

/** Too simple to be wrong: one truth value for each number. */
class Flags {
  readonly held: boolean[];
  constructor(readonly length: number) {
    this.held = Array.from({ length }, () => false);
  }

  /** How many values change. */
  put(start: number, end: number, value: boolean): number {
    let changed = 0;
    for (let i = start; i < end; i += 1) {
      if (this.held[i] !== value) changed += 1;
      this.held[i] = value;
    }
    return changed;
  }

  runs(value: boolean, start: number, end: number): Range[] {
    const runs: Range[] = [];
    for (let i = start; i < end; i += 1) {
      if (this.held[i] !== value) continue;
      const last = runs[runs.length - 1];
      if (last?.end === i) runs[runs.length - 1] = { start: last.start, end: i + 1 };
      else runs.push({ start: i, end: i + 1 });
    }
    return runs;
  }
}

/** Every question, over every pair of ends. */
function agree(set: RangeSet, flags: Flags): void {
  const members = flags.held.flatMap((held, i) => (held ? [i] : []));
  const ranges = flags.runs(true, 0, flags.length);
  expect([...set.ranges()]).toEqual(ranges);
  expect(set.size).toBe(members.length);
  expect(set.rangeCount).toBe(ranges.length);
  expect(set.first).toBe(members[0]);
  expect(set.last).toBe(members[members.length - 1]);
  for (let i = -1; i <= ranges.length; i += 1) expect(set.rangeAt(i)).toEqual(ranges[i]);
  for (let i = 0; i < flags.length; i += 1) {
    expect(set.has(i)).toBe(flags.held[i]);
    expect(set.endOfRangeAt(i)).toBe(ranges.find(({ start, end }) => start <= i && i < end)?.end);
  }
}

function agreeWithin(set: RangeSet, flags: Flags, start: number, end: number): void {
  const inside = flags.runs(true, start, end);
  const missing = flags.runs(false, start, end);
  const held = inside.reduce((sum, run) => sum + run.end - run.start, 0);
  expect([...set.within(start, end)]).toEqual(inside);
  expect([...set.gaps(start, end)]).toEqual(missing);
  expect(set.countIn(start, end)).toBe(held);
}

function build(mask: number): { set: RangeSet; flags: Flags } {
  const set = new RangeSet();
  const flags = new Flags(DOMAIN);
  for (let i = 0; i < DOMAIN; i += 1) {
    if ((mask >>> i) % 2 === 0) continue;
    set.add(i);
    flags.put(i, i + 1, true);
  }
  return { set, flags };
}

describe("every set of nine numbers, with every start and end,", () => {
  const masks = Array.from({ length: 2 ** DOMAIN }, (_, mask) => mask);

  test("answers as a row of flags does", () => {
    for (const mask of masks) {
      const { set, flags } = build(mask);
      agree(set, flags);
      if (mask % 8 !== 5) continue;
      for (let start = 0; start <= DOMAIN; start += 1) {
        for (let end = 0; end <= DOMAIN; end += 1) agreeWithin(set, flags, start, end);
      }
    }
  });

  for (const value of [true, false]) {
    test(`${value ? "takes in" : "gives up"} a range as a row of flags does`, () => {
      for (let start = 0; start < DOMAIN; start += 1) {
        for (let end = start + 1; end <= DOMAIN; end += 1) {
          for (const mask of masks) change(mask, value, start, end);
        }
      }
    });
  }
});

/** Adds or deletes a range; compared by hand, for 46,000 expectations cost seconds. */
function change(mask: number, value: boolean, start: number, end: number): void {
  const { set, flags } = build(mask);
  const told = value ? set.add(start, end) : set.delete(start, end);
  const changed = flags.put(start, end, value);
  const ranges = JSON.stringify([...set.ranges()]);
  const same = told === changed && set.size === flags.held.filter(Boolean).length;
  if (same && ranges === JSON.stringify(flags.runs(true, 0, DOMAIN))) return;
  throw new Error(`${value ? "add" : "delete"} [${start}, ${end}) to ${mask}: ${ranges}`);
}

test("any row of additions and removals leaves what a row of flags holds", () => {
  const length = 200;
  const operation = fc.record({
    value: fc.boolean(),
    start: fc.nat(length - 1),
    size: fc.integer({ min: 1, max: 40 }),
  });
  const question = fc.tuple(fc.nat(length), fc.nat(length));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), question, (operations, [start, end]) => {
      const set = new RangeSet();
      const flags = new Flags(length);
      for (const { value, start: from, size } of operations) {
        const to = Math.min(from + size, length);
        const told = value ? set.add(from, to) : set.delete(from, to);
        expect(told).toBe(flags.put(from, to, value));
      }
      agree(set, flags);
      agreeWithin(set, flags, start, end);
    }),
    { numRuns: 300 },
  );
});

test("a set is made of ranges in any order, and cleared", () => {
  const set = RangeSet.of({ start: 7, end: 9 }, { start: 0, end: 2 }, { start: 2, end: 7 });
  expect([...set.ranges()]).toEqual([{ start: 0, end: 9 }]);
  set.clear();
  expect([set.size, set.rangeCount, set.first, set.last]).toEqual([0, 0, undefined, undefined]);
});

test("numbers as large as a double holds exactly are held exactly", () => {
  const top = Number.MAX_SAFE_INTEGER - 1;
  const set = RangeSet.of({ start: top, end: top + 1 }, { start: 2 ** 40, end: 2 ** 40 + 3 });
  expect(set.size).toBe(4);
  expect([set.has(top), set.has(top - 1), set.last]).toEqual([true, false, top]);
});

test("an empty or backward range is a mistake of ours and stops the program", () => {
  const set = new RangeSet();
  expect(() => set.add(3, 3)).toThrow("broken promise");
  expect(() => set.delete(4, 3)).toThrow("broken promise");
});
