import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { OwnLoss, type RoundFacts } from "../../src/protocol/own-loss.js";

const fast = (rate = 1_000_000): RoundFacts => ({
  rate,
  queue: false,
  rising: false,
  steady: false,
});
const queued = { ...fast(), queue: true };

/** Rounds of 150 packets; true for those after which it is time to retreat. */
function rounds(own: OwnLoss, count: number, lost: () => number, facts: RoundFacts): boolean[] {
  return Array.from({ length: count }, () => own.judge({ lost: lost(), total: 150 }, facts));
}

/** How many of 150 a link loses at random. */
const drawn = (share: number, seed = 1): (() => number) => {
  const random = new Random(seed);
  return () => Array.from({ length: 150 }).filter(() => random.chance(share)).length;
};

describe("whose loss it is", () => {
  test("is nobody's as long as nothing was sent", () => {
    const own = new OwnLoss();
    expect(own.judge({ lost: 0, total: 0 }, queued)).toBe(false);
    expect(own.share).toBe(0);
  });

  test("is not learnt from a round of startup until the path has delivered as much as it was sent at", () => {
    const own = new OwnLoss();
    own.onStart({ lost: 50, total: 100 }, 1e6, 0.9e6);
    expect(own.share).toBe(0);
    own.onStart({ lost: 300, total: 400 }, 4e6, 1e6);
    expect(own.share).toBe(0.5);
    own.onStart({ lost: 0, total: 400 }, 8e6, 4e6);
    expect(own.share).toBe(0.7);
  });

  test("takes more than a few packets to learn", () => {
    const own = new OwnLoss();
    own.onSlow({ lost: 10, total: 19 });
    expect(own.share).toBe(0);
    own.onSlow({ lost: 0, total: 1 });
    expect(own.share).toBe(0.5);
  });

  test("is the link's when it is 5 % at random: it is learnt, and never retreated from", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const own = new OwnLoss();
      const lost = drawn(0.05, seed);
      for (let i = 0; i < 8; i += 1) own.onSlow({ lost: lost(), total: 150 });
      expect(own.share).toBeGreaterThan(0.025);
      expect(own.share).toBeLessThan(0.075);
      expect(rounds(own, 300, lost, fast())).not.toContain(true);
    }
  });

  test("is learnt from packets sent slowly, the newest counting most", () => {
    const own = new OwnLoss();
    const lost = drawn(0.05);
    for (let i = 0; i < 100; i += 1) own.onSlow({ lost: lost(), total: 150 });
    expect(own.share).toBeCloseTo(0.05, 1);
    expect(own.share).toBeGreaterThan(0.03);
    for (let i = 0; i < 30; i += 1) own.onSlow({ lost: 0, total: 150 });
    expect(own.share).toBeLessThan(0.02);
  });

  test("is the link's when it stays although the rate was taken back", () => {
    const own = new OwnLoss();
    expect(rounds(own, 3, () => 36, fast(1_000_000))).toEqual([false, false, true]);
    expect(rounds(own, 3, () => 36, fast(700_000))).toEqual([false, false, false]);
    expect(own.share).toBeCloseTo(0.24, 9);
    expect(rounds(own, 30, () => 36, fast(1_000_000))).not.toContain(true);
  });

  test("is a policer's when it goes as the rate is taken back, each time", () => {
    const own = new OwnLoss();
    for (let i = 0; i < 5; i += 1) {
      expect(rounds(own, 3, () => 36, fast(1_000_000))).toContain(true);
      expect(rounds(own, 3, () => 0, fast(700_000))).not.toContain(true);
      expect(own.share).toBe(0);
    }
  });

  test("is ours at once when a queue shows, and by more than 2 % and chance", () => {
    expect(rounds(new OwnLoss(), 1, () => 18, queued)).toEqual([true]);
    expect(rounds(new OwnLoss(), 1, () => 18, fast())).toEqual([false]);
    expect(rounds(new OwnLoss(), 30, () => 3, queued)).not.toContain(true);
  });

  test("is ours when it is gross twice in a row, queue or none", () => {
    const twice = (total: number): boolean[] => {
      const own = new OwnLoss();
      return [own.judge({ lost: 20, total }, fast()), own.judge({ lost: 20, total }, fast())];
    };
    expect(twice(50)).toEqual([false, true]);
    expect(twice(49)).toEqual([false, false]);
  });

  test("is less again when the link becomes better, in fast rounds too", () => {
    const own = new OwnLoss();
    own.onSlow({ lost: 40, total: 200 });
    expect(own.share).toBe(0.2);
    rounds(own, 30, () => 0, fast());
    expect(own.share).toBeLessThan(0.05);
    // And not more by fast rounds: these cannot tell.
    const before = own.share;
    rounds(own, 30, () => 12, fast());
    expect(own.share).toBe(before);
  });
});
