import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../../src/base/range-set.js";
import { PieceLedger } from "../../src/protocol/piece-ledger.js";

type Standing = "unsent" | "withheld" | "onTheWay" | "due" | "held" | "lost";

/** One word a piece, and one packet number: too simple to be wrong. */
class NaiveLedger {
  readonly standing: Standing[];
  readonly packet: number[];
  /** Pieces below this can be sent. */
  available = 0;
  /** The first pass is over up to here. */
  next = 0;

  constructor(
    count: number,
    private readonly withheld: readonly number[],
  ) {
    this.standing = Array.from({ length: count }, () => "unsent");
    this.packet = Array.from({ length: count }, () => -1);
  }

  supply(available: number): void {
    for (let piece = this.available; piece < available; piece += 1) {
      if (this.withheld.includes(piece) && this.standing[piece] === "unsent") {
        this.standing[piece] = "withheld";
      }
    }
    this.available = available;
    this.skip();
  }

  pick(): number | undefined {
    const due = this.standing.indexOf("due");
    if (due >= 0 && due < this.available) return due;
    return this.next < this.available ? this.next : undefined;
  }

  onSent(piece: number, packet: number): void {
    this.standing[piece] = "onTheWay";
    this.packet[piece] = packet;
    if (piece === this.next) this.next += 1;
    this.skip();
  }

  onAcked(piece: number): void {
    this.standing[piece] = "held";
    this.skip();
  }

  onLost(piece: number, packet: number): void {
    if (this.standing[piece] === "onTheWay" && this.packet[piece] === packet) {
      this.standing[piece] = "due";
    }
  }

  onGaps(from: number, to: number, missing: readonly number[]): void {
    for (let piece = from; piece < to; piece += 1) {
      const standing = this.standing[piece];
      if (!missing.includes(piece)) this.standing[piece] = "held";
      else if (piece < this.next && standing !== "onTheWay") this.standing[piece] = "due";
    }
    this.skip();
  }

  /** Moves on over what the first pass leaves out. */
  private skip(): void {
    while (["withheld", "held"].includes(this.standing[this.next] ?? "")) this.next += 1;
  }
}

type Operation =
  | { readonly kind: "send" }
  | { readonly kind: "supply"; readonly more: number; readonly isCounted: boolean }
  | { readonly kind: "acked" | "lost"; readonly which: number }
  | { readonly kind: "gaps"; readonly a: number; readonly b: number; readonly missing: boolean[] };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "send" } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("supply" as const),
      more: fc.nat(9),
      isCounted: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("acked", "lost"), which: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("gaps" as const),
      a: fc.nat(),
      b: fc.nat(),
      missing: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    }),
  },
);

const toRanges = (pieces: readonly number[]): Range[] => {
  const ranges: { start: number; end: number }[] = [];
  for (const piece of pieces) {
    const last = ranges.at(-1);
    if (last?.end === piece) last.end += 1;
    else ranges.push({ start: piece, end: piece + 1 });
  }
  return ranges;
};

const standings = (model: NaiveLedger, ...kinds: Standing[]): number =>
  model.standing.filter((standing) => kinds.includes(standing)).length;

function apply(
  step: Operation,
  ledger: PieceLedger,
  model: NaiveLedger,
  sent: number[],
  withheld: readonly number[],
): void {
  const count = model.standing.length;
  switch (step.kind) {
    case "supply": {
      const { available } = model;
      const more = Math.min(count, available + step.more);
      const isCounted = ledger.pieceCount !== undefined || step.isCounted;
      ledger.supply({
        available: more,
        pieceCount: isCounted ? count : undefined,
        withheld: toRanges(withheld.filter((piece) => piece >= available && piece < more)),
      });
      model.supply(more);
      return;
    }
    case "send": {
      const piece = ledger.pick();
      expect(piece).toBe(model.pick());
      if (piece === undefined) return;
      ledger.onSent(piece, sent.length);
      model.onSent(piece, sent.length);
      sent.push(piece);
      return;
    }
    case "acked":
    case "lost": {
      if (sent.length === 0) return;
      const packet = step.which % sent.length;
      const piece = sent[packet] as number;
      if (step.kind === "acked") {
        ledger.onAcked(piece);
        model.onAcked(piece);
      } else {
        ledger.onLost(piece, packet, true);
        model.onLost(piece, packet);
      }
      return;
    }
    case "gaps": {
      const [from, to] = [step.a % (count + 1), step.b % (count + 1)].sort((a, b) => a - b);
      const missing: number[] = [];
      for (let piece = from as number; piece < (to as number); piece += 1) {
        if (step.missing[piece] === true) missing.push(piece);
      }
      ledger.onGaps(from as number, to as number, toRanges(missing));
      model.onGaps(from as number, to as number, missing);
    }
  }
}

describe("the ledger of pieces", () => {
  test("agrees with one word a piece after any sequence of supply, sending, loss and feedback", () => {
    const plans = fc.record({
      count: fc.integer({ min: 1, max: 24 }),
      withheld: fc.uniqueArray(fc.nat(23), { maxLength: 12 }),
      isOpen: fc.boolean(),
      steps: fc.array(operation, { maxLength: 80 }),
    });
    fc.assert(
      fc.property(plans, ({ count, withheld, isOpen, steps }) => {
        const left = withheld.filter((piece) => piece < count).sort((a, b) => a - b);
        const ledger = new PieceLedger(
          isOpen ? { pieceCount: undefined } : { pieceCount: count, withheld: toRanges(left) },
        );
        const model = new NaiveLedger(count, left);
        if (!isOpen) model.supply(count);
        const sent: number[] = [];
        for (const step of steps) {
          apply(step, ledger, model, sent, left);
          const isCounted = ledger.pieceCount !== undefined;
          expect(ledger.pick()).toBe(model.pick());
          expect(ledger.onTheWay).toBe(standings(model, "onTheWay"));
          expect(ledger.held.size).toBe(standings(model, "held"));
          expect(ledger.firstPassOver).toBe(isCounted && model.next >= count);
          expect(ledger.allHeld).toBe(isCounted && standings(model, "held") === count);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("never repeats a piece that is on the way, however often it is asked for", () => {
    const ledger = new PieceLedger({ pieceCount: 3 });
    for (let piece = 0; piece < 3; piece += 1) ledger.onSent(piece, piece);
    for (let i = 0; i < 5; i += 1) ledger.onGaps(0, 3, [{ start: 0, end: 3 }]);
    expect(ledger.pick()).toBeUndefined();
    ledger.onLost(1, 1, true);
    expect(ledger.pick()).toBe(1);
    ledger.onSent(1, 3);
    // The loss of an older copy says nothing of the newest.
    ledger.onLost(1, 1, true);
    expect(ledger.pick()).toBeUndefined();
    expect(ledger.repaired).toBe(1);
  });

  test("without repair a lost piece stays lost", () => {
    const ledger = new PieceLedger({ pieceCount: 2 });
    ledger.onSent(0, 0);
    ledger.onSent(1, 1);
    ledger.onLost(0, 0, false);
    expect(ledger.pick()).toBeUndefined();
    expect(ledger.onTheWay).toBe(1);
  });

  test("a probe repeats what has been on the way longest, and not what the same round sent", () => {
    const ledger = new PieceLedger({ pieceCount: 2 });
    ledger.onSent(0, 0);
    ledger.onSent(1, 1);
    expect(ledger.pickOldestOnTheWay(2)).toBe(0);
    ledger.onSent(0, 2);
    expect(ledger.pickOldestOnTheWay(2)).toBe(1);
    ledger.onSent(1, 3);
    expect(ledger.pickOldestOnTheWay(2)).toBeUndefined();
    expect(ledger.pickOldestOnTheWay()).toBe(0);
  });

  test("skips what a receiver holds from before when it becomes ready, and waits for the rest of it", () => {
    const ledger = new PieceLedger({ pieceCount: undefined });
    ledger.onGaps(0, 900, [
      { start: 0, end: 2 },
      { start: 5, end: 6 },
    ]);
    expect(ledger.pick()).toBeUndefined();
    ledger.supply({ pieceCount: undefined, available: 4 });
    expect(ledger.pick()).toBe(0);
    ledger.onSent(0, 0);
    ledger.onSent(1, 1);
    expect(ledger.pick()).toBeUndefined();
    ledger.supply({ pieceCount: undefined, available: 6 });
    expect(ledger.pick()).toBe(5);
    // It was damaged in store: it is asked for before it can be sent.
    ledger.onSent(5, 2);
    ledger.onGaps(0, 900, [{ start: 800, end: 801 }]);
    expect(ledger.pick()).toBeUndefined();
    ledger.supply({ pieceCount: 880, available: 880 });
    expect(ledger.pick()).toBe(800);
    expect(ledger.firstPassOver).toBe(true);
    ledger.onSent(800, 3);
    ledger.onAcked(800);
    // What it says to hold beyond the last piece counts for nothing.
    expect(ledger.allHeld).toBe(true);
  });

  test("counts withheld pieces as sent once and as repaired when they are asked for", () => {
    const ledger = new PieceLedger({ pieceCount: 4, withheld: [{ start: 1, end: 3 }] });
    ledger.onSent(0, 0);
    ledger.onSent(3, 1);
    expect(ledger.firstPassOver).toBe(true);
    ledger.onGaps(0, 4, [{ start: 1, end: 3 }]);
    expect(ledger.pick()).toBe(1);
    ledger.onSent(1, 2);
    ledger.onSent(2, 3);
    expect(ledger).toMatchObject({ sentOnce: 4, repaired: 2 });
  });
});
