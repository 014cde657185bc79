import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationUs, instantUs, milliseconds, NEVER } from "../../src/base/units.js";
import { findLost, ReorderTolerance } from "../../src/protocol/loss.js";
import { RttEstimator } from "../../src/protocol/rtt.js";
import type { SentPacket } from "../../src/protocol/sent-packet.js";

const packet = (packetNumber: number, sentMs: number): SentPacket<number> => ({
  packetNumber,
  sentUs: instantUs(sentMs * 1_000),
  bytes: 1_200,
  contents: [packetNumber],
});

const numbers = (packets: readonly SentPacket<number>[]): number[] =>
  packets.map(({ packetNumber }) => packetNumber);

describe("which packets are lost", () => {
  // Ten packets, one each 10 ms; the loss delay is 45 ms, the packet threshold 3.
  const outstanding = Array.from({ length: 10 }, (_, i) => packet(i, i * 10));
  const find = (largestAcked: number, nowMs: number) =>
    findLost(
      outstanding.filter(({ packetNumber }) => packetNumber !== largestAcked),
      largestAcked,
      instantUs(nowMs * 1_000),
      milliseconds(45),
      3,
    );

  test("none before anything newer is acknowledged, however old", () => {
    expect(find(-1, 10_000)).toEqual({ lost: [], nextLossUs: NEVER });
  });

  test("those three or more behind the newest acknowledged", () => {
    const { lost, nextLossUs } = find(5, 50);
    expect(numbers(lost)).toEqual([0, 1, 2]);
    // Packet 3 is two behind: it has until 30 + 45 ms.
    expect(nextLossUs).toBe(75_000);
  });

  test("those older than the loss delay, to the microsecond", () => {
    expect(numbers(find(2, 44.999).lost)).toEqual([]);
    expect(numbers(find(2, 45).lost)).toEqual([0]);
    expect(numbers(find(2, 55).lost)).toEqual([0, 1]);
  });

  test("agrees with the rule said of each packet alone", () => {
    const inputs = fc.record({
      times: fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }),
      largestAcked: fc.integer({ min: -1, max: 20 }),
      nowMs: fc.nat(600),
      delayMs: fc.integer({ min: 1, max: 100 }),
      reorder: fc.integer({ min: 3, max: 8 }),
    });
    fc.assert(
      fc.property(inputs, ({ times, largestAcked, nowMs, delayMs, reorder }) => {
        let atMs = 0;
        const sent = times.map((step, number) => {
          atMs += step;
          return packet(number, atMs);
        });
        const now = instantUs(Math.max(nowMs, atMs) * 1_000);
        const found = findLost(sent, largestAcked, now, milliseconds(delayMs), reorder);
        const waiting = sent.filter(({ packetNumber }) => packetNumber <= largestAcked);
        const isLost = ({ packetNumber, sentUs }: SentPacket<number>): boolean =>
          largestAcked - packetNumber >= reorder || sentUs + delayMs * 1_000 <= now;
        expect(found.lost).toEqual(waiting.filter(isLost));
        const next = waiting.find((one) => !isLost(one));
        expect(found.nextLossUs).toBe(next === undefined ? NEVER : next.sentUs + delayMs * 1_000);
      }),
    );
  });
});

describe("tolerance of reordering", () => {
  const rtt = new RttEstimator();
  rtt.update(milliseconds(100), durationUs(0));

  test("begins with the thresholds of RFC 9002", () => {
    const tolerance = new ReorderTolerance();
    expect(tolerance.packets).toBe(3);
    expect(tolerance.lossDelayUs(rtt)).toBe(112_500);
  });

  test("grows to what a spurious loss showed, by one round trip at most", () => {
    const tolerance = new ReorderTolerance();
    tolerance.onSpurious(9, milliseconds(150), rtt);
    expect(tolerance.packets).toBe(10);
    expect(tolerance.lossDelayUs(rtt)).toBe(150_000);
    tolerance.onSpurious(9, milliseconds(10_000), rtt);
    expect(tolerance.lossDelayUs(rtt)).toBe(212_500);
  });

  test("is forgotten by halves when losses prove real, down to where it began", () => {
    const tolerance = new ReorderTolerance();
    tolerance.onSpurious(9, milliseconds(150), rtt);
    tolerance.onLost(16 * 10 - 1);
    expect(tolerance.packets).toBe(10);
    tolerance.onLost(1);
    expect(tolerance.packets).toBe(5);
    expect(tolerance.lossDelayUs(rtt)).toBe(112_500 + 18_750);
    tolerance.onLost(1_000);
    expect(tolerance.packets).toBe(3);
  });

  test("never exceeds 4,096 packets", () => {
    const tolerance = new ReorderTolerance();
    tolerance.onSpurious(1_000_000, milliseconds(150), rtt);
    expect(tolerance.packets).toBe(4_096);
  });
});
