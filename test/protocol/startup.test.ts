import { describe, expect, test } from "vitest";
import { bytesPerSecond, durationUs, instantUs } from "../../src/base/units.js";
import { RecentRate } from "../../src/protocol/recent-rate.js";
import { RttEstimator } from "../../src/protocol/rtt.js";
import { SlowPackets } from "../../src/protocol/slow-packets.js";
import { Startup } from "../../src/protocol/startup.js";

/** Ten packets of 1,000 bytes, sent and arriving so far apart; the last answer. */
function train(rate: RecentRate, sentEveryUs: number, arrivesEveryUs: number, spanUs: number) {
  let last: number | undefined;
  for (let i = 1; i <= 10; i += 1) {
    const arrivedUs = i * arrivesEveryUs;
    const sentUs = instantUs(i * sentEveryUs);
    last = rate.update({ deliveredBytes: i * 1_000, arrivedUs, sentUs }, spanUs);
  }
  return last;
}

describe("the rate of the last few packets", () => {
  test("is that in which a train arrives, however fast it left", () => {
    expect(train(new RecentRate(), 10, 100, 500)).toBeCloseTo(1e7, 3);
  });

  test("is never more than that in which it left: being pushed together proves nothing", () => {
    expect(train(new RecentRate(), 100, 50, 200)).toBeCloseTo(1e7, 3);
  });

  test("is not known before the span is covered, nor from what did not come later", () => {
    const rate = new RecentRate();
    expect(train(rate, 10, 100, 1_000)).toBeUndefined();
    const late = { deliveredBytes: 20_000, arrivedUs: 900, sentUs: instantUs(200) };
    expect(rate.update(late, 100)).toBeUndefined();
  });

  test("is not told by a clock that stands nearly still, of which no more than a little is kept", () => {
    const rate = new RecentRate();
    let told = 0;
    for (let i = 1; i <= 5_000; i += 1) {
      const mark = { deliveredBytes: i * 1_000, arrivedUs: i, sentUs: instantUs(i * 100) };
      if (rate.update(mark, 1_000_000) !== undefined) told += 1;
    }
    expect(told).toBe(0);
    expect(JSON.stringify(rate).length).toBeLessThan(100_000);
  });

  test("forgets what is older than the span", () => {
    const rate = new RecentRate();
    train(rate, 100, 1_000, 500);
    let last: number | undefined;
    for (let i = 1; i <= 20; i += 1) {
      const arrivedUs = 10_000 + i * 100;
      const sentUs = instantUs(1_000 + i * 10);
      last = rate.update({ deliveredBytes: 10_000 + i * 1_000, arrivedUs, sentUs }, 500);
    }
    expect(last).toBeCloseTo(1e7, 3);
  });
});

function rttOf(us: number): RttEstimator {
  const rtt = new RttEstimator();
  rtt.update(durationUs(us), durationUs(0));
  return rtt;
}

describe("startup", () => {
  const path = { bytesPerSecond: 12.5e6, minRttUs: 40_000 };

  test("begins with 32 datagrams, or a quarter of a product that is remembered, but not more than 256 KiB", () => {
    expect(new Startup().firstWindowBytes).toBe(38_400);
    expect(new Startup(path).firstWindowBytes).toBe(125_000);
    expect(new Startup({ ...path, minRttUs: 600_000 }).firstWindowBytes).toBe(262_144);
    expect(new Startup({ ...path, minRttUs: 1_000 }).firstWindowBytes).toBe(38_400);
  });

  test("paces the first flight of a remembered path over half of its round trip", () => {
    const pace = new Startup(path).paceFloor(2.773, new RttEstimator(), 0);
    expect(pace).toBeCloseTo(125_000 / 0.02, 3);
  });

  test("goes back to 32 datagrams when the round trip shows another path, else to half a product", () => {
    expect(new Startup(path).windowAtFirstSample(rttOf(41_000))).toBe(250_000);
    expect(new Startup(path).windowAtFirstSample(rttOf(15_000))).toBe(38_400);
    expect(new Startup().windowAtFirstSample(rttOf(40_000))).toBe(38_400);
  });

  test("grows by three times what is acknowledged, up to what trains have proven", () => {
    const startup = new Startup();
    expect(startup.grow(40_000, 10_000, 100_000, 3)).toBe(70_000);
    expect(startup.grow(90_000, 10_000, 100_000, 3)).toBe(100_000);
    expect(startup.grow(100_000, 10_000, 100_000, 3)).toBe(100_000);
    // The first round has proven nothing yet but that it came.
    expect(startup.grow(100_000, 10_000, 100_000, 1)).toBe(110_000);
  });

  test("holds on to what a train has proven for two rounds", () => {
    const startup = new Startup();
    const sample = { appLimited: false, priorDelivered: 0, inFlightBytes: 0 };
    const rate = bytesPerSecond(1_000);
    startup.onSample({ ...sample, rate, recentRate: bytesPerSecond(5_000) });
    startup.onRound();
    expect(startup.rate(1_000)).toBe(5_000);
    startup.onRound();
    expect(startup.rate(1_000)).toBe(1_000);
  });
});

test("slow packets are those that left while it lasted, told once", () => {
  const slow = new SlowPackets();
  const sent = (us: number) => ({ bytes: 1_200, sentUs: instantUs(us) });
  slow.onAcked([sent(50)]);
  slow.begin(100);
  slow.onAcked([sent(90), sent(100), sent(150)]);
  slow.end(200);
  slow.end(300);
  slow.onLost([sent(199), sent(200), sent(250)]);
  expect(slow.take()).toEqual({ lost: 1, total: 3 });
  expect(slow.take()).toEqual({ lost: 0, total: 0 });
});
