import { describe, expect, test } from "vitest";
import { type DurationUs, milliseconds } from "../../src/base/units.js";
import { RttEstimator } from "../../src/protocol/rtt.js";

const ms = (value: DurationUs): number => value / 1_000;

describe("the round-trip time", () => {
  test("is 333 ms, half of that as variation, before any sample: RFC 9002 section 6.2.2", () => {
    const rtt = new RttEstimator();
    expect(ms(rtt.smoothedUs)).toBe(333);
    expect(ms(rtt.variationUs)).toBe(166.5);
    // 333 + 4 * 166.5 + 25.
    expect(ms(rtt.probeTimeoutUs)).toBe(1_024);
  });

  test("takes its first sample whole: RFC 9002 section 5.3", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(100), milliseconds(10));
    expect([rtt.smoothedUs, rtt.variationUs, rtt.minUs].map(ms)).toEqual([100, 50, 100]);
    expect(ms(rtt.probeTimeoutUs)).toBe(100 + 4 * 50 + 25);
  });

  test("is never nothing: rates are divided by it, and an acknowledgement may be forged in no time", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(0), milliseconds(0));
    expect(rtt.smoothedUs).toBe(1);
  });

  test("moves an eighth and a quarter of the way with each further one, less the delay", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(100), milliseconds(0));
    rtt.update(milliseconds(150), milliseconds(10));
    // Adjusted 140: variation 3/4 * 50 + 1/4 * 40, smoothed 7/8 * 100 + 1/8 * 140.
    expect([rtt.variationUs, rtt.smoothedUs].map(ms)).toEqual([47.5, 105]);
  });

  test("does not subtract a delay that would undercut the least ever seen", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(100), milliseconds(0));
    rtt.update(milliseconds(105), milliseconds(10));
    expect(ms(rtt.smoothedUs)).toBe(87.5 + 105 / 8);
    expect(ms(rtt.minUs)).toBe(100);
  });

  test("leaves out by what an acknowledgement told again is older than any held back", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(10_050), milliseconds(10_000));
    expect(ms(rtt.smoothedUs)).toBe(75);
    rtt.update(milliseconds(10_050), milliseconds(10_000));
    expect(ms(rtt.latestUs)).toBe(75);
  });

  test("believes no delay that is longer than the sample", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(40), milliseconds(90_000));
    expect(ms(rtt.smoothedUs)).toBe(40);
  });

  test("is never waited for less than a millisecond beyond, however steady", () => {
    const rtt = new RttEstimator();
    for (let i = 0; i < 200; i += 1) rtt.update(milliseconds(10), milliseconds(0));
    expect(ms(rtt.probeTimeoutUs)).toBeCloseTo(10 + 1 + 25, 6);
  });
});
