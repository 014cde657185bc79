import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerSecond, milliseconds } from "../../src/base/units.js";
import {
  groupsOver,
  type ParityTerms,
  paritySymbolsWorth,
  previewTerms,
} from "../../src/protocol/parity-policy.js";
import { BurstLoss } from "../../src/sim/burst-loss.js";
import { lastOf } from "../../src/wire/frames/parity.js";

const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => start + i);

describe("groups", () => {
  test("hold each piece once, all of them, and end with pieces that are on the way", () => {
    const pieces = fc.uniqueArray(fc.nat(3_000), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(pieces, fc.nat(500), (scattered, flight) => {
        const all = [...new Set([...scattered, ...range(2_000, flight)])].sort((a, b) => a - b);
        const groups = groupsOver(all);
        const dealt = groups.flatMap((group) => group.pieces);
        expect(dealt.sort((a, b) => a - b)).toEqual(all);
        for (const group of groups) {
          expect(group.sources).toBeLessThanOrEqual(127);
          expect(group.pieces[0]).toBe(group.first);
          expect(group.pieces.at(-1)).toBe(lastOf(group));
          for (const piece of group.pieces) expect((piece - group.first) % group.stride).toBe(0);
        }
      }),
    );
  });

  test("over one flight take turns, so that a run of losses spreads", () => {
    const groups = groupsOver(range(1_000, 500));
    expect(groups.map(({ first, stride, sources }) => ({ first, stride, sources }))).toEqual([
      { first: 1_000, stride: 4, sources: 125 },
      { first: 1_001, stride: 4, sources: 125 },
      { first: 1_002, stride: 4, sources: 125 },
      { first: 1_003, stride: 4, sources: 125 },
    ]);
  });

  test("do not mix the newest flight with the few repairs before it", () => {
    const repairs = range(0, 10).map((i) => 19 * i);
    const groups = groupsOver([...repairs, ...range(250, 100)]);
    expect(groups.map(({ pieces }) => pieces.length).sort((a, b) => a - b)).toEqual([5, 5, 100]);
  });

  test("of one piece that lies far from the others are that piece", () => {
    expect(groupsOver([7, 5_000])).toEqual([
      { first: 7, stride: 1, sources: 1, pieces: [7] },
      { first: 5_000, stride: 1, sources: 1, pieces: [5_000] },
    ]);
  });
});

describe("the number of parity symbols", () => {
  const terms = (share: number, rttMs: number, mbit: number, run = 1): ParityTerms => ({
    loss: { share, run, packets: 1_000 },
    rttUs: milliseconds(rttMs),
    pacingRate: bytesPerSecond(mbit * 125_000),
    datagramBytes: 1_200,
  });
  const shape = { stride: 1, symbolBytes: 1_152, meanBytes: 1_152 };
  const worth = (sources: number, conditions: ParityTerms, stride = 1): number =>
    paritySymbolsWorth({ ...shape, stride }, sources, 255 - sources, conditions);

  test("is none on a path that loses nothing, and none on a short one", () => {
    expect(worth(100, terms(0, 600, 20))).toBe(0);
    expect(worth(100, terms(0.05, 2, 1_000))).toBe(0);
  });

  test("is none when sending one costs more than a round trip", () => {
    expect(worth(100, terms(0.05, 40, 0.1))).toBe(0);
  });

  test("grows with the loss, with the round trip, and with runs of losses", () => {
    const shares = [0.001, 0.01, 0.05, 0.1, 0.2].map((share) => worth(100, terms(share, 200, 50)));
    expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
    expect(worth(100, terms(0.05, 600, 20))).toBeGreaterThan(worth(100, terms(0.05, 20, 20)));
    expect(worth(100, terms(0.05, 40, 100, 8))).toBeGreaterThan(worth(100, terms(0.05, 40, 100)));
    expect(worth(100, terms(0.05, 40, 100, 8), 8)).toBeLessThan(
      worth(100, terms(0.05, 40, 100, 8), 1),
    );
  });

  test("grows when several pieces share a datagram, and are lost together", () => {
    const jumbo = { ...terms(0.05, 200, 100), datagramBytes: 8_972 };
    expect(worth(100, jumbo)).toBeGreaterThan(worth(100, terms(0.05, 200, 100)));
  });

  test("grows when pieces are so short that several share one", () => {
    const conditions = terms(0.05, 200, 100);
    const short = paritySymbolsWorth({ ...shape, meanBytes: 300 }, 100, 155, conditions);
    expect(short).toBeGreaterThan(worth(100, conditions));
  });

  test("of a preview is that of one in ten lost, until it is known better, and more than of others", () => {
    const of = (packets: number, share = 0): ParityTerms =>
      previewTerms({ ...terms(share, 40, 20), loss: { share, run: 1, packets } });
    expect(of(0).loss.share).toBe(0.1);
    expect(of(90).loss.share).toBe(0.01);
    expect(of(1_000, 0.05).loss.share).toBeCloseTo(0.05, 2);
    expect(worth(50, of(1_000, 0.05))).toBeGreaterThan(worth(50, terms(0.05, 40, 20)));
    expect(worth(50, previewTerms(terms(0.05, 2, 1_000)))).toBe(0);
  });

  test("of a single piece is a copy or two", () => {
    expect(worth(1, terms(0.05, 600, 20))).toBe(2);
    expect(worth(1, terms(0.05, 40, 20))).toBe(1);
  });

  test("has room for no more than it is given", () => {
    expect(paritySymbolsWorth(shape, 100, 5, terms(0.1, 600, 20))).toBe(5);
  });

  // 20 Mbit/s and 600 ms: a symbol is worth it while it makes failure less likely by 0.0008.
  test.each([
    [0.01, 1],
    [0.05, 1],
    [0.1, 1],
    [0.05, 8],
  ])("leaves little to chance at a loss of %f in runs of %i", (share, run) => {
    const groups = 8;
    const symbols = worth(100, terms(share, 600, 20, run), groups);
    const random = new Random(1);
    const loss = new BurstLoss(share, run, random);
    let failures = 0;
    for (let round = 0; round < 2_000; round += 1) {
      // Symbols of eight groups take turns on the wire.
      const lost = new Array<number>(groups).fill(0);
      for (let i = 0; i < groups * (100 + symbols); i += 1) {
        if (loss.next()) lost[i % groups] = (lost[i % groups] as number) + 1;
      }
      failures += lost.filter((count) => count > symbols).length;
    }
    expect(failures / (2_000 * groups)).toBeLessThan(0.005);
    expect(symbols).toBeLessThan(100 * share * 5 + 6);
  });
});
