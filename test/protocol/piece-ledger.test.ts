import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../../src/base/range-set.js";
import { PieceLedger } from "../../src/protocol/piece-ledger.js";

type Standing = "unsent" | "withheld" | "onTheWay" | "due" | "held" | "lost";

/** One word a piece, and one packet number: too simple to be wrong. */
class NaiveLedger {
  readonly standing: Standing[];
  readonly packet: number[];
  /** The first pass is over up to here. */
  next = 0;

  constructor(count: number, withheld: readonly number[]) {
    this.standing = Array.from({ length: count }, (_, i) =>
      withheld.includes(i) ? "withheld" : "unsent",
    );
    this.packet = Array.from({ length: count }, () => -1);
    this.skip();
  }

  pick(): number | undefined {
    const due = this.standing.indexOf("due");
    if (due >= 0) return due;
    return this.next < this.standing.length ? this.next : undefined;
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
  | { readonly kind: "acked" | "lost"; readonly which: number }
  | { readonly kind: "gaps"; readonly a: number; readonly b: number; readonly missing: boolean[] };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "send" } as const) },
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

function apply(step: Operation, ledger: PieceLedger, model: NaiveLedger, sent: number[]): void {
  const count = model.standing.length;
  switch (step.kind) {
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
  test("agrees with one word a piece after any sequence of sending, loss and feedback", () => {
    const plans = fc.record({
      count: fc.integer({ min: 1, max: 24 }),
      withheld: fc.uniqueArray(fc.nat(23), { maxLength: 12 }),
      steps: fc.array(operation, { maxLength: 80 }),
    });
    fc.assert(
      fc.property(plans, ({ count, withheld, steps }) => {
        const left = withheld.filter((piece) => piece < count).sort((a, b) => a - b);
        const ledger = new PieceLedger(count, toRanges(left));
        const model = new NaiveLedger(count, left);
        const sent: number[] = [];
        for (const step of steps) {
          apply(step, ledger, model, sent);
          expect(ledger.pick()).toBe(model.pick());
          expect(ledger.onTheWay).toBe(standings(model, "onTheWay"));
          expect(ledger.held.size).toBe(standings(model, "held"));
          expect(ledger.firstPassOver).toBe(model.next >= count);
          expect(ledger.allHeld).toBe(standings(model, "held") === count);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("never repeats a piece that is on the way, however often it is asked for", () => {
    const ledger = new PieceLedger(3);
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
    const ledger = new PieceLedger(2);
    ledger.onSent(0, 0);
    ledger.onSent(1, 1);
    ledger.onLost(0, 0, false);
    expect(ledger.pick()).toBeUndefined();
    expect(ledger.onTheWay).toBe(1);
  });

  test("a probe repeats what has been on the way longest, and not what the same round sent", () => {
    const ledger = new PieceLedger(2);
    ledger.onSent(0, 0);
    ledger.onSent(1, 1);
    expect(ledger.pickOldestOnTheWay(2)).toBe(0);
    ledger.onSent(0, 2);
    expect(ledger.pickOldestOnTheWay(2)).toBe(1);
    ledger.onSent(1, 3);
    expect(ledger.pickOldestOnTheWay(2)).toBeUndefined();
    expect(ledger.pickOldestOnTheWay()).toBe(0);
  });

  test("counts withheld pieces as sent once and as repaired when they are asked for", () => {
    const ledger = new PieceLedger(4, [{ start: 1, end: 3 }]);
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
