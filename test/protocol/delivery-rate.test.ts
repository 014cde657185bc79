import { describe, expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { DeliveryRate, type DeliveryStamp } from "../../src/protocol/delivery-rate.js";

interface Packet {
  readonly bytes: number;
  readonly sentUs: ReturnType<typeof instantUs>;
  readonly delivery: DeliveryStamp;
}

/** Sends `count` packets of 1,000 bytes, one each `everyUs`, into a flight of `before` bytes. */
function send(rate: DeliveryRate, fromUs: number, count: number, everyUs: number, before = 0) {
  return Array.from({ length: count }, (_, i): Packet => {
    const sentUs = instantUs(fromUs + i * everyUs);
    const delivery = rate.onSent(sentUs, 1_000, before + i * 1_000);
    return { bytes: 1_000, sentUs, delivery };
  });
}

describe("the rate of delivery", () => {
  test("is that of acknowledgements when these come more slowly than packets left", () => {
    const rate = new DeliveryRate();
    const packets = send(rate, 0, 100, 100);
    // 1,000 bytes a millisecond come through: a megabyte a second, seen once the first round trip is over.
    const samples = packets.map((p, i) => rate.onAcked([p], instantUs(50_000 + i * 1_000), 0));
    const later = send(rate, 150_000, 50, 100, 0);
    expect(samples[99]?.rate).toBeCloseTo((100_000 * 1e6) / 149_000, 3);
    const second = later.map((p, i) => rate.onAcked([p], instantUs(200_000 + i * 1_000), 0));
    expect(second[49]?.rate).toBeCloseTo((50_000 * 1e6) / 99_000, 3);
  });

  test("of a steady flight is exact", () => {
    const rate = new DeliveryRate();
    const flight: Packet[] = [];
    let last = 0;
    for (let ms = 0; ms < 500; ms += 1) {
      const due = ms >= 50 ? flight[ms - 50] : undefined;
      if (due !== undefined) last = rate.onAcked([due], instantUs(ms * 1_000), 0)?.rate ?? 0;
      const before = Math.min(ms, 49) * 1_000;
      const sentUs = instantUs(ms * 1_000);
      flight.push({ bytes: 1_000, sentUs, delivery: rate.onSent(sentUs, 1_000, before) });
    }
    expect(last).toBeCloseTo(1e6, 3);
  });

  test("is not above that of sending when acknowledgements come all at once", () => {
    const rate = new DeliveryRate();
    const packets = send(rate, 0, 100, 1_000);
    const sample = rate.onAcked(packets, instantUs(99_001), 0);
    expect(sample?.rate).toBeLessThanOrEqual((100_000 * 1e6) / 99_000);
    expect(sample?.inFlightBytes).toBe(100_000);
  });

  test("is that of arrival, by the peer's clock, when acknowledgements bunch on their way back", () => {
    const rate = new DeliveryRate();
    // A packet each 100 us arrives each 200 us; acknowledgements come in tens, some of them late.
    const first = send(rate, 0, 1, 0);
    rate.onAcked(first, instantUs(10_000), 0, 0);
    const flight = send(rate, 10_000, 100, 100, 1_000);
    const rates: number[] = [];
    for (let ten = 0; ten < 10; ten += 1) {
      const lateUs = ten % 3 === 0 ? 1_500 : 0;
      const arrivedUs = 10_000 + (ten * 10 + 9) * 200;
      const acked = flight.slice(ten * 10, ten * 10 + 10);
      const sample = rate.onAcked(acked, instantUs(arrivedUs + 5_000 + lateUs), 0, arrivedUs);
      if (sample !== undefined) rates.push(sample.rate);
    }
    expect(rates.length).toBeGreaterThan(5);
    expect(Math.max(...rates)).toBeLessThanOrEqual((1e6 / 200) * 1_000);
  });

  test("is not told from less than the least round trip", () => {
    const rate = new DeliveryRate();
    const [packet] = send(rate, 0, 1, 0);
    expect(rate.onAcked([packet as Packet], instantUs(19_999), 20_000)).toBeUndefined();
    // What came is counted all the same.
    expect(rate.deliveredBytes).toBe(1_000);
  });

  test("does not count a pause with nothing on the way", () => {
    const rate = new DeliveryRate();
    rate.onAcked(send(rate, 0, 1, 0), instantUs(20_000), 0);
    const packets = send(rate, 10e6, 20, 1_000);
    const sample = rate.onAcked(packets, instantUs(10e6 + 40_000), 0);
    expect(sample?.rate).toBe((20_000 * 1e6) / 40_000);
  });

  test("dates a sample by what was delivered when its packet left", () => {
    const rate = new DeliveryRate();
    const first = send(rate, 0, 2, 1_000);
    expect(rate.onAcked(first, instantUs(20_000), 0)?.priorDelivered).toBe(0);
    const [next] = send(rate, 21_000, 1, 0);
    expect(rate.onAcked([next as Packet], instantUs(41_000), 0)?.priorDelivered).toBe(2_000);
  });

  test("is marked while the sender had nothing to send, until all of that is delivered", () => {
    const rate = new DeliveryRate();
    const early = send(rate, 0, 2, 1_000);
    rate.onAppLimited(2_000);
    const marked = send(rate, 5_000, 2, 1_000, 2_000);
    expect(rate.onAcked(early, instantUs(20_000), 0)?.appLimited).toBe(false);
    expect(rate.onAcked(marked, instantUs(25_000), 0)?.appLimited).toBe(true);
    const after = send(rate, 26_000, 1, 0);
    expect(rate.onAcked(after, instantUs(46_000), 0)?.appLimited).toBe(false);
  });
});
