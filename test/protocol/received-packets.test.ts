import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { ReceivedPackets } from "../../src/protocol/received-packets.js";

const at = (ms: number) => instantUs(ms * 1_000);

describe("received packets", () => {
  test("are told apart from their copies, and acknowledged, as by a set", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(80), { minLength: 1, maxLength: 120 }), (numbers) => {
        const received = new ReceivedPackets();
        const seen = new Set<number>();
        for (const number of numbers) {
          expect(received.record(number, true, at(1))).toBe(!seen.has(number));
          seen.add(number);
        }
        const ranges = received.ackFrame(at(1), 0)?.ranges ?? [];
        const acked = ranges.flatMap(({ start, end }) =>
          Array.from({ length: end - start }, (_, i) => start + i),
        );
        expect(acked.sort((a, b) => a - b)).toEqual([...seen].sort((a, b) => a - b));
        const ends = ranges.map(({ end }) => end);
        expect(ends).toEqual([...ends].sort((a, b) => b - a));
        expect(received).toMatchObject({ count: seen.size, largest: Math.max(...seen) });
      }),
    );
  });

  test("are acknowledged again until that is confirmed, the largest always", () => {
    const received = new ReceivedPackets();
    for (const number of [0, 1, 2, 5]) received.record(number, true, at(1));
    const { ranges } = received.ackFrame(at(2), 0) ?? { ranges: [] };
    expect(ranges).toEqual([
      { start: 5, end: 6 },
      { start: 0, end: 3 },
    ]);
    received.onReportConfirmed(ranges);
    expect(received.ackFrame(at(3), 0)?.ranges).toEqual([{ start: 5, end: 6 }]);
    received.record(6, true, at(4));
    expect(received.ackFrame(at(4), 0)?.ranges).toEqual([{ start: 5, end: 7 }]);
  });

  test("owe an acknowledgement from the first that asks for one", () => {
    const received = new ReceivedPackets();
    received.record(0, false, at(1));
    expect(received.owed).toBe(0);
    received.record(1, true, at(2));
    received.record(2, true, at(3));
    expect(received).toMatchObject({ owed: 2, owedSinceUs: at(2) });
    received.onReported();
    expect(received.owed).toBe(0);
  });

  test("tell the time since the largest came", () => {
    const received = new ReceivedPackets();
    received.record(7, true, at(10));
    received.record(3, true, at(15));
    expect(received.ackFrame(at(22), 0)?.delayUs).toBe(12_000);
  });

  test("beyond a bound forget the oldest, which then count as copies", () => {
    const received = new ReceivedPackets();
    for (let number = 1; number < 20_000; number += 2) received.record(number, true, at(1));
    expect(received.record(0, true, at(2))).toBe(false);
    expect(received.record(19_998, true, at(2))).toBe(true);
    expect(received.ackFrame(at(3), 0)?.ranges.length).toBeLessThanOrEqual(256);
  });
});
