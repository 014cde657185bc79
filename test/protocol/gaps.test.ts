import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GapTracker } from "../../src/protocol/gaps.js";

const flags = (count: number): boolean[] => Array.from({ length: count }, () => false);

function toPieces(ranges: Iterable<{ start: number; end: number }>): number[] {
  const pieces: number[] = [];
  for (const { start, end } of ranges) for (let i = start; i < end; i += 1) pieces.push(i);
  return pieces;
}

/** A boolean a piece. */
class NaiveTracker {
  readonly held: boolean[];
  readonly asked: boolean[];
  frontier = 0;
  duplicates = 0;
  received = 0;
  repaired = 0;

  constructor(count: number) {
    this.held = flags(count);
    this.asked = flags(count);
  }

  add(piece: number): boolean {
    if (this.held[piece] === true) {
      this.duplicates += 1;
      return false;
    }
    this.held[piece] = true;
    this.received += 1;
    if (this.asked[piece] === true) this.repaired += 1;
    this.frontier = Math.max(this.frontier, piece + 1);
    return true;
  }

  missingBelow(end: number): number[] {
    return this.held.flatMap((held, piece) => (!held && piece < end ? [piece] : []));
  }
}

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("add" as const), piece: fc.nat(59) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restore" as const), a: fc.nat(59), b: fc.nat(59) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("report" as const), room: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("expectAll", "discardAll") }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function apply(step: Operation, tracker: GapTracker, model: NaiveTracker): void {
  const count = model.held.length;
  switch (step.kind) {
    case "add": {
      const piece = step.piece % count;
      expect(tracker.wasRequested(piece)).toBe(model.asked[piece]);
      expect(tracker.add(piece)).toBe(model.add(piece));
      return;
    }
    case "restore": {
      const [start, last] = [step.a % count, step.b % count].sort((a, b) => a - b) as [
        number,
        number,
      ];
      tracker.restore([{ start, end: last + 1 }]);
      model.held.fill(true, start, last + 1);
      model.frontier = Math.max(model.frontier, last + 1);
      return;
    }
    case "expectAll":
      if (tracker.pieceCount === undefined) return;
      tracker.expectAll();
      model.frontier = count;
      return;
    case "discardAll":
      if (tracker.pieceCount === undefined) return;
      tracker.discardAll();
      model.held.fill(false);
      model.frontier = count;
      return;
    case "report": {
      const frame = tracker.report(3, step.room);
      if (frame === undefined) return;
      // It says the truth of its scope, and asks for nothing that may not have been sent.
      expect(frame.to).toBeLessThanOrEqual(model.frontier);
      const missing = model.missingBelow(frame.to).filter((piece) => piece >= frame.from);
      expect(toPieces(frame.missing)).toEqual(missing);
      for (const piece of missing) model.asked[piece] = true;
    }
  }
}

describe("what a receiver holds and lacks", () => {
  test("agrees with a boolean a piece after any sequence of arrivals, damage and reports", () => {
    const plans = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      countedAfter: fc.nat(100),
      steps: fc.array(operation, { maxLength: 100 }),
    });
    fc.assert(
      fc.property(plans, ({ count, countedAfter, steps }) => {
        const tracker = new GapTracker();
        const model = new NaiveTracker(count);
        for (const [i, step] of steps.entries()) {
          if (i === countedAfter) expect(tracker.learnCount(count)).toBe(true);
          apply(step, tracker, model);
          const isCounted = tracker.pieceCount !== undefined;
          const missing = model.missingBelow(isCounted ? count : model.frontier);
          expect(toPieces(tracker.missing())).toEqual(missing);
          expect(tracker.missingCount).toBe(missing.length);
          expect(tracker.holes).toBe(model.missingBelow(model.frontier).length);
          expect(tracker.isComplete).toBe(isCounted && missing.length === 0);
          const { duplicates, received, repaired } = model;
          expect(tracker).toMatchObject({ duplicates, received, repaired });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("takes a count that can be, once, and lets go of what is held from before beyond it", () => {
    const tracker = new GapTracker();
    tracker.restore([
      { start: 2, end: 4 },
      { start: 9, end: 2 ** 22 },
    ]);
    expect(tracker.held.size).toBe(2 + 2 ** 21 - 9);
    expect(tracker.add(5)).toBe(true);
    expect(tracker.isComplete).toBe(false);
    expect(tracker.learnCount(5)).toBe(false);
    expect(tracker.learnCount(7)).toBe(true);
    expect(tracker.learnCount(7)).toBe(true);
    expect(tracker.learnCount(8)).toBe(false);
    expect(toPieces(tracker.missing())).toEqual([0, 1, 4, 6]);
    expect(tracker.holes).toBe(4);
    for (const piece of [0, 1, 4, 6]) tracker.add(piece);
    expect(tracker.isComplete).toBe(true);
  });

  test("reports that do not fit go round: together they name every hole", () => {
    const tracker = new GapTracker(1_000);
    for (let piece = 1; piece < 1_000; piece += 2) tracker.add(piece);
    const named = new Set<number>();
    let reports = 0;
    do {
      const frame = tracker.report(0, 100);
      for (const piece of toPieces(frame?.missing ?? [])) named.add(piece);
      reports += 1;
    } while (tracker.reportGoesOn);
    expect(named.size).toBe(500);
    expect(reports).toBeLessThan(30);
  });

  test("a report that named every hole is over, though more pieces come", () => {
    const tracker = new GapTracker(100);
    tracker.add(0);
    tracker.add(5);
    tracker.report(0, 1_000);
    for (let piece = 6; piece < 20; piece += 1) tracker.add(piece);
    expect(tracker.reportGoesOn).toBe(false);
    // The next begins at the first hole again, not where the last one ended.
    expect(tracker.report(0, 1_000)).toMatchObject({ from: 0, to: 20 });
  });
});
