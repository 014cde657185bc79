import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesPerSecond,
  durationUs,
  instantUs,
  milliseconds,
  NEVER,
  seconds,
} from "../../src/base/units.js";
import { Link, type LinkOptions } from "../../src/sim/link.js";

interface Arrival {
  readonly number: number;
  readonly atUs: number;
  readonly datagram: Uint8Array;
}

/** A datagram that carries its number in its first four bytes. */
function numbered(number: number, bytes = 100): Uint8Array {
  const datagram = new Uint8Array(bytes);
  new DataView(datagram.buffer).setUint32(0, number);
  return datagram;
}

function numberOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
}

/** Offers `count` datagrams, one each `everyUs`, and drains at each due instant. */
function run(
  options: LinkOptions,
  count: number,
  everyUs: number,
  bytes = 100,
): { link: Link; arrivals: Arrival[] } {
  const link = new Link(options);
  const arrivals: Arrival[] = [];
  const drain = (untilUs: number): void => {
    for (
      let due = link.nextDelivery();
      due <= untilUs && due !== NEVER;
      due = link.nextDelivery()
    ) {
      const datagram = link.deliver(due);
      if (datagram === undefined) throw new Error("promised a delivery and gave none");
      const number = datagram.length >= 4 ? numberOf(datagram) : -1;
      arrivals.push({ number, atUs: due, datagram });
    }
  };
  for (let i = 0; i < count; i += 1) {
    drain(i * everyUs);
    link.offer(numbered(i, bytes), instantUs(i * everyUs));
  }
  drain(NEVER);
  return { link, arrivals };
}

function lossRuns(arrivals: Arrival[], count: number): { share: number; meanRun: number } {
  const present = new Uint8Array(count);
  for (const arrival of arrivals) present[arrival.number] = 1;
  let lost = 0;
  let runs = 0;
  for (let i = 0; i < count; i += 1) {
    if (present[i] === 1) continue;
    lost += 1;
    if (i === 0 || present[i - 1] === 1) runs += 1;
  }
  return { share: lost / count, meanRun: lost / runs };
}

describe("the limit of length", () => {
  test("swallows what is longer, and nothing else, from its instant on", () => {
    const limits = [
      { fromUs: instantUs(100), bytes: 100 },
      { fromUs: instantUs(200), bytes: 50 },
    ];
    const { link, arrivals } = run({ seed: 1, limits }, 300, 1, 100);
    expect(arrivals.map(({ number }) => number)).toEqual([...Array(200).keys()]);
    expect(link.counters).toMatchObject({ in: 300, out: 200, tooLong: 100, lost: 0 });
    expect(run({ seed: 1, limits }, 300, 1, 101).arrivals).toHaveLength(100);
  });
});

describe("loss", () => {
  test("a well link delivers everything at once, in order", () => {
    const { link, arrivals } = run({ seed: 1 }, 1_000, 10);
    expect(arrivals.map((arrival) => arrival.number)).toEqual([...Array(1_000).keys()]);
    expect(arrivals.every((arrival) => arrival.atUs === arrival.number * 10)).toBe(true);
    expect(link.counters).toMatchObject({ in: 1_000, out: 1_000, lost: 0, bytes: 100_000 });
  });

  test.each([
    { lossShare: 0.05, burstMean: 1, meanRun: 1 / 0.95 },
    { lossShare: 0.5, burstMean: 1, meanRun: 2 },
    { lossShare: 0.1, burstMean: 8, meanRun: 8 },
    { lossShare: 0.5, burstMean: 20, meanRun: 20 },
    { lossShare: 0.9, burstMean: 2, meanRun: 10 },
  ])("a share of $lossShare in bursts of $burstMean is lost in runs of $meanRun", (wanted) => {
    const count = 200_000;
    const { link, arrivals } = run({ seed: 7, ...wanted }, count, 1);
    const seen = lossRuns(arrivals, count);
    expect(link.counters.lost).toBe(count - arrivals.length);
    expect(Math.abs(seen.share / wanted.lossShare - 1)).toBeLessThan(0.05);
    expect(Math.abs(seen.meanRun / wanted.meanRun - 1)).toBeLessThan(0.05);
  });

  test("independent losses do not know of each other", () => {
    const count = 200_000;
    const { arrivals } = run({ seed: 3, lossShare: 0.3 }, count, 1);
    const present = new Uint8Array(count);
    for (const arrival of arrivals) present[arrival.number] = 1;
    let pairs = 0;
    let bothLost = 0;
    for (let i = 1; i < count; i += 1) {
      if (present[i - 1] === 1) continue;
      pairs += 1;
      if (present[i] === 0) bothLost += 1;
    }
    expect(bothLost / pairs).toBeCloseTo(0.3, 2);
  });

  test("a share of one loses everything, and no time is promised", () => {
    const { link, arrivals } = run({ seed: 1, lossShare: 1, burstMean: 5 }, 1_000, 1);
    expect(arrivals).toEqual([]);
    expect(link.nextDelivery()).toBe(NEVER);
    expect(link.deliver(NEVER)).toBeUndefined();
  });

  test("a cut loses what enters during it, its end excluded, and nothing else", () => {
    const cuts = [{ startUs: instantUs(100), endUs: instantUs(200) }];
    const { link, arrivals } = run({ seed: 1, cuts, delayUs: durationUs(150) }, 300, 1);
    const numbers = arrivals.map((arrival) => arrival.number);
    expect(link.counters.cut).toBe(100);
    expect(numbers).toContain(99);
    expect(numbers).toContain(200);
    expect(numbers.some((number) => number >= 100 && number < 200)).toBe(false);
    expect(numbers).toHaveLength(200);
  });
});

describe("time", () => {
  test("delay and jitter bound every arrival, and jitter fills its range evenly", () => {
    const options = { seed: 5, delayUs: milliseconds(20), jitterUs: milliseconds(10) };
    const { arrivals } = run(options, 20_000, 1_000);
    const ways = arrivals.map((arrival) => arrival.atUs - arrival.number * 1_000);
    expect(Math.min(...ways)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...ways)).toBeLessThanOrEqual(30_000);
    const mean = ways.reduce((sum, way) => sum + way, 0) / ways.length;
    expect(Math.abs(mean - 25_000)).toBeLessThan(100);
  });

  test("arrivals come in the order of their instants, even when jitter reorders them", () => {
    const { arrivals } = run({ seed: 5, jitterUs: milliseconds(50) }, 5_000, 100);
    const times = arrivals.map((arrival) => arrival.atUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const inOrder = arrivals.every(
      (arrival, i) => i === 0 || arrival.number > (arrivals[i - 1] as Arrival).number,
    );
    expect(inOrder).toBe(false);
  });

  test("nothing is delivered a microsecond early", () => {
    const link = new Link({ seed: 1, delayUs: milliseconds(20) });
    link.offer(numbered(1), instantUs(5));
    expect(link.nextDelivery()).toBe(20_005);
    expect(link.deliver(instantUs(20_004))).toBeUndefined();
    expect(link.deliver(instantUs(20_005))).toEqual(numbered(1));
    expect(link.deliver(instantUs(20_005))).toBeUndefined();
  });

  test("a reordered datagram is held back by 1 ms to 10 ms plus the delay, and others pass it", () => {
    const options = { seed: 5, delayUs: milliseconds(20), reorderShare: 0.1 };
    const { link, arrivals } = run(options, 20_000, 500);
    const held = arrivals.filter((arrival) => arrival.atUs > arrival.number * 500 + 20_000);
    const extra = held.map((arrival) => arrival.atUs - arrival.number * 500 - 20_000);
    expect(link.counters.reordered).toBe(held.length);
    expect(Math.abs(held.length / 20_000 - 0.1)).toBeLessThan(0.01);
    expect(Math.min(...extra)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...extra)).toBeLessThanOrEqual(30_000);
  });
});

describe("rate and queue", () => {
  test("a full wire delivers exactly at its rate", () => {
    const options = {
      seed: 1,
      rateBytesPerSecond: bytesPerSecond(1_000_000),
      queueBytes: 10_000_000,
    };
    const { arrivals } = run(options, 1_000, 1, 1_000);
    expect(arrivals).toHaveLength(1_000);
    expect(arrivals.map((arrival) => arrival.atUs)).toEqual(
      arrivals.map((_, index) => (index + 1) * 1_000),
    );
  });

  test("a full queue drops its tail, so no datagram waits longer than the queue is deep", () => {
    const options = {
      seed: 1,
      rateBytesPerSecond: bytesPerSecond(1_000_000),
      queueBytes: 50_000,
    };
    // Twice the rate enters, so half must go.
    const { link, arrivals } = run(options, 10_000, 500, 1_000);
    const waits = arrivals.map((arrival) => arrival.atUs - arrival.number * 500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(50_000);
    expect(Math.max(...waits)).toBeGreaterThan(49_000);
    expect(Math.abs(link.counters.queueDropped / 10_000 - 0.5)).toBeLessThan(0.01);
    expect(link.counters.out + link.counters.queueDropped).toBe(10_000);
  });

  test("an empty queue takes a datagram longer than itself", () => {
    const options = { seed: 1, rateBytesPerSecond: bytesPerSecond(1_000), queueBytes: 10 };
    const { arrivals } = run(options, 2, 2_000_000, 1_000);
    expect(arrivals.map((arrival) => arrival.atUs)).toEqual([1_000_000, 3_000_000]);
  });

  test("lost datagrams have used up the wire", () => {
    const options = {
      seed: 2,
      lossShare: 0.5,
      rateBytesPerSecond: bytesPerSecond(1_000_000),
      queueBytes: 10_000_000,
    };
    const { arrivals } = run(options, 1_000, 1, 1_000);
    for (const arrival of arrivals) expect(arrival.atUs).toBe((arrival.number + 1) * 1_000);
  });
});

describe("copies", () => {
  test("a share of datagrams arrives twice", () => {
    const { link, arrivals } = run({ seed: 4, duplicateShare: 0.2 }, 50_000, 1);
    expect(arrivals).toHaveLength(50_000 + link.counters.duplicated);
    expect(Math.abs(link.counters.duplicated / 50_000 - 0.2)).toBeLessThan(0.01);
  });

  test("a share of copies is damaged in a few bits, shortened or lengthened; originals stay", () => {
    const link = new Link({ seed: 9, corruptShare: 0.5 });
    const sent = Array.from({ length: 10_000 }, (_, i) => numbered(i));
    const seen = { flipped: 0, shorter: 0, longer: 0, whole: 0 };
    for (const [i, datagram] of sent.entries()) {
      link.offer(datagram, instantUs(i));
      const got = link.deliver(instantUs(i)) as Uint8Array;
      const bits = bitsThatDiffer(got, numbered(i));
      if (got.length < 100) seen.shorter += 1;
      else if (got.length > 100) seen.longer += 1;
      else if (bits > 0) seen.flipped += 1;
      else seen.whole += 1;
      if (got.length === 100) expect(bits).toBeLessThanOrEqual(8);
    }
    expect(sent.every((datagram, i) => bitsThatDiffer(datagram, numbered(i)) === 0)).toBe(true);
    expect(seen.whole).toBe(10_000 - link.counters.corrupted);
    expect(Math.abs(seen.whole / 10_000 - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(seen.shorter / link.counters.corrupted - 0.1)).toBeLessThan(0.02);
    expect(Math.abs(seen.longer / link.counters.corrupted - 0.1)).toBeLessThan(0.02);
  });

  test("even datagrams of no or one byte are damaged without harm", () => {
    const link = new Link({ seed: 1, corruptShare: 1 });
    for (let i = 0; i < 1_000; i += 1) {
      const datagram = new Uint8Array(i % 2);
      link.offer(datagram, instantUs(i));
      expect(link.deliver(instantUs(i))).not.toEqual(datagram);
    }
  });
});

test("the same seed gives the same deliveries, another seed gives others", () => {
  const options = {
    lossShare: 0.2,
    burstMean: 3,
    jitterUs: milliseconds(5),
    reorderShare: 0.1,
    duplicateShare: 0.1,
    corruptShare: 0.1,
  };
  const first = run({ seed: 11, ...options }, 2_000, 50).arrivals;
  expect(run({ seed: 11, ...options }, 2_000, 50).arrivals).toEqual(first);
  expect(run({ seed: 12, ...options }, 2_000, 50).arrivals).not.toEqual(first);
});

test("changing one share leaves the luck of the others as it was", () => {
  const lost = (options: Partial<LinkOptions>): Set<number> => {
    const { arrivals } = run({ seed: 11, lossShare: 0.2, ...options }, 2_000, 50);
    return new Set(arrivals.map((arrival) => arrival.number));
  };
  expect(lost({ duplicateShare: 0.5, reorderShare: 0.5 })).toEqual(lost({}));
});

test("whatever is wrong with a link, every datagram has one fate", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const options = fc.record({
    seed: fc.nat(),
    lossShare: share,
    burstMean: fc.double({ min: 1, max: 50, noNaN: true }),
    delayUs: fc.nat(1_000_000).map(durationUs),
    jitterUs: fc.nat(1_000_000).map(durationUs),
    rateBytesPerSecond: fc.nat(1_000_000).map(bytesPerSecond),
    queueBytes: fc.nat(100_000),
    reorderShare: share,
    duplicateShare: share,
    corruptShare: share,
    cuts: fc.constant([{ startUs: instantUs(10_000), endUs: instantUs(seconds(0.05)) }]),
    limits: fc.constant([{ fromUs: instantUs(seconds(0.08)), bytes: 99 }]),
  });
  fc.assert(
    fc.property(options, (drawn) => {
      const { link, arrivals } = run(drawn, 200, 500);
      const { counters } = link;
      expect(link.inFlight).toBe(0);
      expect(counters.out).toBe(arrivals.length);
      expect(counters.in + counters.duplicated).toBe(
        counters.out + counters.lost + counters.queueDropped + counters.cut + counters.tooLong,
      );
    }),
    { numRuns: 100 },
  );
});

function bitsThatDiffer(one: Uint8Array, other: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < Math.min(one.length, other.length); i += 1) {
    let difference = (one[i] as number) ^ (other[i] as number);
    for (; difference > 0; difference &= difference - 1) bits += 1;
  }
  return bits;
}
