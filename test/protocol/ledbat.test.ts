import { describe, expect, test } from "vitest";
import { durationUs, instantUs } from "../../src/base/units.js";
import { Ledbat } from "../../src/protocol/ledbat.js";
import { RttEstimator } from "../../src/protocol/rtt.js";

const DATAGRAM = 1_200;

/** Rounds of a path with a delay of its own and a queue, each with as many packets as the window allows. */
class Rounds {
  readonly ledbat = new Ledbat();
  readonly rtt = new RttEstimator();
  nowUs = 0;

  constructor(private readonly baseUs: number) {
    this.pass();
  }

  /** One round trip in which so much was waited for and so many packets were lost; the window after it. */
  pass({ queueUs = 0, lost = 0, limited = true } = {}): number {
    const { ledbat, rtt } = this;
    const sentUs = instantUs(this.nowUs);
    const count = Math.max(1, Math.floor(ledbat.windowBytes / DATAGRAM));
    this.nowUs += this.baseUs + queueUs;
    const nowUs = instantUs(this.nowUs);
    rtt.update(durationUs(this.baseUs + queueUs), durationUs(0));
    const packets = Array.from({ length: count }, () => ({ bytes: DATAGRAM, sentUs }));
    if (lost > 0) ledbat.onLost(packets.slice(0, lost), nowUs, false);
    // One by one, as acknowledgements come.
    for (const packet of packets.slice(lost)) {
      ledbat.onAcked([packet], { nowUs, rtt, inFlightBytes: 0, limited });
    }
    return this.window;
  }

  /** Until slow start has ended on a queue of that, and the slowdown after it is over. */
  settle(queueUs: number): void {
    while (this.phase === "slowStart") this.pass({ queueUs: this.window > 30 ? queueUs : 0 });
    while (this.phase === "steady") this.pass();
    this.pass();
    while (this.phase !== "steady") this.pass();
  }

  get phase(): string {
    return this.ledbat.phase;
  }

  /** In datagrams. */
  get window(): number {
    return this.ledbat.windowBytes / DATAGRAM;
  }
}

describe("LEDBAT++", () => {
  test("begins with two datagrams: section 4.1", () => {
    expect(new Ledbat().windowBytes).toBe(2 * DATAGRAM);
  });

  // GAIN is 1 / min(16, ceil(2 * 60 ms / base)).
  test.each([
    [5_000, 1 / 16],
    [10_000, 1 / 12],
    [40_000, 1 / 3],
    [119_000, 1 / 2],
    [120_000, 1],
    [600_000, 1],
  ])("grows in slow start by its gain: with %i us by %f, section 4.2", (baseUs, gain) => {
    const rounds = new Rounds(baseUs);
    const before = rounds.window;
    const packets = Math.floor(before);
    expect(rounds.pass()).toBeCloseTo(before + gain * packets, 6);
  });

  test("does not grow when it did not hold the sender back", () => {
    const rounds = new Rounds(40_000);
    const before = rounds.window;
    expect(rounds.pass({ limited: false })).toBe(before);
  });

  // Three quarters of the target: of 60 ms on long paths, of a quarter of the path's own delay on short ones.
  test.each([
    [600_000, 44_000, 46_000],
    [40_000, 7_000, 8_000],
    [4_000, 5_900, 6_100],
  ])(
    "leaves slow start for a queue, with a base of %i us after %i at %i us",
    (baseUs, short, long) => {
      const rounds = new Rounds(baseUs);
      for (let i = 0; i < 8; i += 1) rounds.pass();
      rounds.pass({ queueUs: short });
      expect(rounds.phase).toBe("slowStart");
      rounds.pass({ queueUs: long });
      // With few packets a round trip, four samples take a second one.
      rounds.pass({ queueUs: long });
      expect(rounds.phase).toBe("steady");
    },
  );

  test("slows down two round trips later, for two, and grows back to where it was: section 4.4", () => {
    const rounds = new Rounds(40_000);
    while (rounds.phase === "slowStart") rounds.pass({ queueUs: rounds.window > 30 ? 9_000 : 0 });
    const before = rounds.window;
    while (rounds.phase === "steady") rounds.pass();
    const startUs = rounds.nowUs;
    expect(rounds.phase).toBe("slowdown");
    expect(rounds.window).toBe(2);
    while (rounds.phase === "slowdown") rounds.pass();
    expect((rounds.nowUs - startUs) / 40_000).toBeGreaterThanOrEqual(2);
    expect((rounds.nowUs - startUs) / 40_000).toBeLessThanOrEqual(3);
    while (rounds.phase === "ramp") expect(rounds.window).toBeLessThanOrEqual(rounds.pass());
    expect(rounds.window).toBeGreaterThanOrEqual(before);
    // The next comes after nine times as long.
    const tookUs = rounds.nowUs - startUs;
    const overUs = rounds.nowUs;
    while (rounds.phase === "steady") rounds.pass();
    expect((rounds.nowUs - overUs) / tookUs).toBeGreaterThanOrEqual(9);
    expect((rounds.nowUs - overUs) / tookUs).toBeLessThan(9.2);
  });

  test("adds its gain each round trip while the queue is within the target: section 4.3", () => {
    const rounds = new Rounds(40_000);
    rounds.settle(9_000);
    const before = rounds.window;
    expect(rounds.pass({ queueUs: 9_900 }) - before).toBeCloseTo(1 / 3, 1);
  });

  test("beyond the target falls by what it is beyond, and by half at most: section 4.3", () => {
    for (const [queueUs, share] of [
      [11_000, 0.9],
      [13_000, 0.7],
      [15_000, 0.5],
      [60_000, 0.5],
    ] as const) {
      const rounds = new Rounds(40_000);
      rounds.settle(9_000);
      const before = rounds.window;
      // The first acknowledgement of a round ends the one before; the rest of it still grows.
      rounds.pass({ queueUs });
      const after = rounds.pass({ queueUs });
      expect(after / before, `${queueUs}`).toBeGreaterThan(share - 0.03);
      expect(after / before, `${queueUs}`).toBeLessThan(share + 0.05);
    }
  });

  test("falls once for one queue: not again before what it sent since has come back", () => {
    const rounds = new Rounds(40_000);
    rounds.settle(9_000);
    rounds.pass({ queueUs: 15_000 });
    const after = rounds.pass({ queueUs: 15_000 });
    expect(rounds.pass()).toBeGreaterThanOrEqual(after);
  });

  test("halves its window once for the losses of a round trip: RFC 6817 section 2.4.2", () => {
    const rounds = new Rounds(40_000);
    rounds.settle(9_000);
    const before = rounds.window;
    rounds.pass({ lost: 3 });
    expect(rounds.pass() / before).toBeCloseTo(0.5, 1);
    expect(rounds.pass() / before).toBeCloseTo(0.5, 1);
  });

  test("aims at half the queue in which it met loss", () => {
    const rounds = new Rounds(200_000);
    rounds.settle(46_000);
    rounds.pass({ queueUs: 40_000 });
    rounds.pass({ queueUs: 40_000, lost: 3 });
    for (let i = 0; i < 3; i += 1) rounds.pass();
    const before = rounds.window;
    rounds.pass({ queueUs: 19_000 });
    expect(rounds.pass({ queueUs: 19_000 })).toBeGreaterThan(before);
    rounds.pass({ queueUs: 30_000 });
    expect(rounds.pass({ queueUs: 30_000 })).toBeLessThan(before);
  });

  test("never has less than two datagrams, and grows back after nothing came through for long", () => {
    const rounds = new Rounds(40_000);
    rounds.settle(9_000);
    const before = rounds.window;
    const sentUs = instantUs(rounds.nowUs);
    rounds.nowUs += 1e6;
    rounds.ledbat.onLost([{ bytes: DATAGRAM, sentUs }], instantUs(rounds.nowUs), true);
    expect(rounds.window).toBe(2);
    for (let i = 0; i < 20; i += 1) rounds.pass();
    expect(rounds.window).toBeGreaterThan(before * 0.45);
    for (let i = 0; i < 30; i += 1) rounds.pass({ queueUs: 100_000 });
    expect(rounds.window).toBe(2);
  });

  test("paces twice its window a round trip while it grows, and then five quarters", () => {
    const rounds = new Rounds(40_000);
    const pace = () => (rounds.ledbat.pacingRate(rounds.rtt) * rounds.rtt.smoothedUs) / 1e6;
    expect(pace() / rounds.ledbat.windowBytes).toBeCloseTo(2, 6);
    rounds.settle(9_000);
    expect(pace() / rounds.ledbat.windowBytes).toBeCloseTo(1.25, 6);
  });
});
