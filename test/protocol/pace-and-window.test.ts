import { describe, expect, test } from "vitest";
import { bytesPerSecond, durationUs, instantUs, milliseconds } from "../../src/base/units.js";
import { NewReno } from "../../src/protocol/new-reno.js";
import { Pacer } from "../../src/protocol/pacer.js";
import { RttEstimator } from "../../src/protocol/rtt.js";

describe("the pacer", () => {
  test.each([10_000, 125_000, 1_250_000, 12_500_000, 125_000_000])(
    "keeps a rate of %i bytes a second within one per cent",
    (value) => {
      const pacer = new Pacer();
      const rate = bytesPerSecond(value);
      const datagram = 1_200;
      const lengthUs = (2_000 * datagram * 1e6) / value;
      let nowUs = instantUs(0);
      let sent = 0;
      while (nowUs < lengthUs) {
        const next = pacer.nextUs(nowUs, rate);
        if (next <= nowUs) {
          pacer.onSent(datagram);
          sent += datagram;
        } else nowUs = next;
      }
      expect(sent / ((value * lengthUs) / 1e6)).toBeGreaterThan(0.99);
      expect(sent / ((value * lengthUs) / 1e6)).toBeLessThan(1.01);
    },
  );

  test("lets out at most two datagrams, or two milliseconds' worth, after a long pause", () => {
    for (const value of [125_000, 12_500_000]) {
      const pacer = new Pacer();
      const rate = bytesPerSecond(value);
      pacer.nextUs(instantUs(0), rate);
      const nowUs = instantUs(60e6);
      let burst = 0;
      for (; pacer.nextUs(nowUs, rate) <= nowUs; burst += 1_200) pacer.onSent(1_200);
      const most = Math.max(2 * 1_200, value * 0.002);
      expect(burst).toBeGreaterThanOrEqual(2_400);
      // It may run one datagram into debt.
      expect(burst).toBeLessThan(most + 1_200);
    }
  });

  test("names an instant at which a datagram may then leave", () => {
    const pacer = new Pacer();
    for (const value of [1, 333, 7_777, 123_456_789]) {
      const rate = bytesPerSecond(value);
      let nowUs = instantUs(5);
      for (let i = 0; i < 50; i += 1) {
        const next = pacer.nextUs(nowUs, rate);
        expect(pacer.nextUs(next, rate)).toBe(next);
        pacer.onSent(1_200);
        nowUs = next;
      }
    }
  });
});

describe("NewReno", () => {
  const packet = (sentMs: number) => ({ bytes: 1_200, sentUs: instantUs(sentMs * 1_000) });
  const at = (ms: number) => instantUs(ms * 1_000);
  const acked = (ms: number, limited: boolean) => {
    return { nowUs: at(ms), rtt: new RttEstimator(), inFlightBytes: 0, limited };
  };

  test("begins with ten datagrams: RFC 9002 section 7.2", () => {
    expect(new NewReno().windowBytes).toBe(12_000);
  });

  test("doubles each round trip until the first loss", () => {
    const reno = new NewReno();
    reno.onAcked(
      Array.from({ length: 10 }, () => packet(0)),
      acked(100, true),
    );
    expect(reno.windowBytes).toBe(24_000);
  });

  test("does not grow when it did not hold the sender back", () => {
    const reno = new NewReno();
    reno.onAcked([packet(0)], acked(100, false));
    expect(reno.windowBytes).toBe(12_000);
  });

  test("halves once for all losses of one round trip", () => {
    const reno = new NewReno();
    reno.onLost([packet(0), packet(1)], at(100), false);
    reno.onLost([packet(50)], at(120), false);
    expect(reno.windowBytes).toBe(6_000);
    reno.onLost([packet(110)], at(220), false);
    expect(reno.windowBytes).toBe(3_000);
  });

  test("then grows by one datagram a round trip", () => {
    const reno = new NewReno();
    reno.onLost([packet(0)], at(100), false);
    for (let i = 0; i < 5; i += 1) reno.onAcked([packet(101 + i)], acked(200, true));
    expect(reno.windowBytes).toBeGreaterThan(6_000 + 1_000);
    expect(reno.windowBytes).toBeLessThanOrEqual(6_000 + 1_200);
  });

  test("ignores acknowledgements of what was sent before the loss", () => {
    const reno = new NewReno();
    reno.onLost([packet(0)], at(100), false);
    reno.onAcked([packet(99), packet(100)], acked(150, true));
    expect(reno.windowBytes).toBe(6_000);
  });

  test("never falls below two datagrams, where persistent congestion puts it", () => {
    const reno = new NewReno();
    reno.onLost([packet(0)], at(100), true);
    expect(reno.windowBytes).toBe(2_400);
    for (let i = 0; i < 10; i += 1) reno.onLost([packet(200 + i * 100)], at(250 + i * 100), false);
    expect(reno.windowBytes).toBe(2_400);
  });

  test("paces five quarters of its window a round trip: RFC 9002 section 7.7", () => {
    const rtt = new RttEstimator();
    rtt.update(milliseconds(100), durationUs(0));
    expect(new NewReno().pacingRate(rtt)).toBe(150_000);
  });
});
