import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { instantUs } from "../../src/base/units.js";
import { Bbr } from "../../src/protocol/bbr.js";
import { RttEstimator } from "../../src/protocol/rtt.js";
import { Flow, pathOf } from "./path.js";

/** What a flow was like in each phase. */
function watched(mbit: number, seconds: number) {
  const bbr = new Bbr();
  const phases: string[] = [];
  const last = new Map<string, { pace: number; windowBytes: number; product: number }>();
  const path = pathOf(mbit);
  const flow: Flow = new Flow(bbr, path, () => {
    const { phase, windowBytes, bandwidthEstimate } = bbr;
    if (phases[phases.length - 1] !== phase) phases.push(phase);
    const pace = bbr.pacingRate(flow.recovery.rtt) / bandwidthEstimate;
    last.set(phase, { pace, windowBytes, product: bandwidthEstimate * 0.04 });
  });
  flow.run(1);
  // A little longer from here on, so that the least round trip is not seen again.
  path.rttUs += 200;
  flow.run(seconds);
  return { bbr, phases, last };
}

describe("the model of the path", () => {
  test("begins with 32 datagrams, paced", () => {
    const bbr = new Bbr();
    expect(bbr.windowBytes).toBe(38_400);
    // 2.773 windows in 50 ms, which is taken for a round trip until one is seen.
    expect(bbr.pacingRate(new RttEstimator())).toBeCloseTo(2.773 * 768_000, 0);
  });

  test("finds the rate and the round-trip time of the path", () => {
    const { bbr } = watched(20, 3);
    expect(bbr.bandwidthEstimate / 2.5e6).toBeGreaterThan(0.99);
    expect(bbr.bandwidthEstimate / 2.5e6).toBeLessThan(1.02);
    expect(bbr.ownLoss.share).toBe(0);
  });

  test("goes through its phases in order, and looks for the round-trip time after five seconds", () => {
    const { phases } = watched(20, 7);
    expect(phases.slice(0, 6)).toEqual(["startup", "drain", "down", "cruise", "refill", "up"]);
    expect(phases).toContain("probeRtt");
    const after = phases[phases.indexOf("probeRtt") + 1];
    expect(after).toBe("down");
    const next = new Map([
      ["down", ["cruise", "probeRtt"]],
      ["cruise", ["refill", "probeRtt"]],
      ["refill", ["up", "probeRtt"]],
      ["up", ["down", "probeRtt"]],
      ["probeRtt", ["down"]],
    ]);
    for (let i = 2; i + 1 < phases.length; i += 1) {
      expect(next.get(phases[i] as string)).toContain(phases[i + 1]);
    }
  });

  test.each([
    ["drain", 0.5, 2],
    ["down", 0.9, 2],
    ["cruise", 1, 2],
    ["refill", 1, 2],
    ["up", 1.25, 2.25],
    ["probeRtt", 1, 0.5],
  ])("in %s paces at %f times what it knows, within %f products", (phase, pace, products) => {
    const seen = watched(50, 7).last.get(phase);
    // On the way down it goes by the newest round, which may be a little below the largest.
    expect(seen?.pace).toBeLessThanOrEqual(0.99 * pace + 1e-6);
    expect(seen?.pace).toBeGreaterThan(0.99 * pace * (phase === "down" ? 0.97 : 1 - 1e-6));
    // Beside the product, what the last acknowledgement brought; and the least round trip has the wire's own time in it.
    const windows = (seen?.windowBytes ?? 0) / (seen?.product ?? 1);
    expect(windows).toBeGreaterThan(products);
    expect(windows).toBeLessThan(products * 1.02 + 0.01);
  });

  test.each([
    [40_000, 40_000, true],
    [40_000, 90_000, false],
    [40_000, 3_900, false],
  ])(
    "starts with half of what a path remembered carried, if it is the same: %i us, once %i us",
    (rttUs, minRttUs, jumps) => {
      const bbr = new Bbr({ bytesPerSecond: 12.5e6, minRttUs });
      const flow = new Flow(bbr, pathOf(100, { rttUs }));
      flow.run(0.041);
      const jumpBytes = 0.5 * 12.5 * minRttUs;
      if (jumps) expect(bbr.windowBytes).toBeGreaterThanOrEqual(jumpBytes);
      else expect(bbr.windowBytes).toBeLessThan(2 * 38_400);
      expect(bbr.phase).toBe("startup");
    },
  );

  test("keeps four datagrams on the way when nothing comes through for long, until something does", () => {
    const bbr = new Bbr();
    bbr.onLost([{ bytes: 1_200, sentUs: instantUs(0) }], instantUs(1), true);
    expect(bbr.windowBytes).toBe(4_800);
  });

  test("is not slowed by random loss of 5 or 15 %, and sends what makes it good", () => {
    for (const share of [0.05, 0.15]) {
      const random = new Random(3);
      const bbr = new Bbr();
      const flow = new Flow(bbr, pathOf(20, { loses: () => random.chance(share) }));
      flow.run(2);
      expect(flow.run(12)).toBeGreaterThan(0.9 * (1 - share));
    }
  });

  test("finds its way out of a bound that a run of losses set at the start", () => {
    const bbr = new Bbr();
    const loses = (nowUs: number): boolean => nowUs > 130_000 && nowUs < 200_000;
    const flow = new Flow(bbr, pathOf(100, { loses }));
    // The start ended far below the path.
    flow.run(1);
    expect(bbr.phase).not.toBe("startup");
    expect(flow.run(2)).toBeGreaterThan(0.5);
    expect(flow.run(4)).toBeGreaterThan(0.9);
  });

  test.each([
    [20_000, 100_000],
    [20_000, 300_000],
    [100_000, 20_000],
  ])("follows a path whose round trip changes from %i us to %i us", (before, after) => {
    const path = pathOf(20, { rttUs: before });
    const flow = new Flow(new Bbr(), path);
    flow.run(6);
    path.rttUs = after;
    flow.run(22);
    expect(flow.run(26)).toBeGreaterThan(0.85);
  });

  test.each([
    [40, 10],
    [10, 40],
  ])("follows a path whose rate changes from %i to %i Mbit/s", (before, after) => {
    const path = pathOf(before);
    const flow = new Flow(new Bbr(), path);
    flow.run(6);
    Object.assign(path, pathOf(after));
    flow.run(22);
    expect(flow.run(26)).toBeGreaterThan(0.85);
  });
});
