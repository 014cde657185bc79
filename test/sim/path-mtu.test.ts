import { describe, expect, test } from "vitest";
import { instantUs, milliseconds } from "../../src/base/units.js";
import type { LinkOptions } from "../../src/sim/link.js";
import { type Outcome, type Scenario, simulate } from "../../src/sim/scenario.js";
import { calm, calmAt, plan } from "./story.js";

/** From the start on, nothing longer passes. */
const carrying = (bytes: number, link: LinkOptions = calmAt(100)): LinkOptions => ({
  ...link,
  limits: [{ fromUs: instantUs(0), bytes }],
});

const images = [{ pieceCount: 4_000, pieceBytes: 1_150 }];

const run = (changes: Partial<Scenario>): Outcome =>
  simulate(plan({ images, backward: calmAt(100), ...changes }));

describe("the size of datagrams", () => {
  test("is found on an ordinary path by one probe, and costs no time", () => {
    const fixed = run({ forward: carrying(1_472) });
    const found = run({ forward: carrying(1_472), path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_472 });
    expect(found.datagrams - fixed.datagrams).toBeLessThanOrEqual(2);
    expect(found.forward.tooLong).toBe(0);
    expect(found.completeSeconds).toBeLessThan(fixed.completeSeconds * 1.01);
  });

  test("costs a few probes behind a tunnel, and no time", () => {
    const forward = carrying(1_392, { ...calmAt(100), queueBytes: 4_000_000 });
    const fixed = run({ forward });
    const found = run({ forward, path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_392, repaired: 0 });
    expect(found.forward.tooLong).toBeLessThanOrEqual(9);
    expect(found.completeSeconds).toBeLessThan(fixed.completeSeconds * 1.01);
  });

  test("lets several pieces share a datagram on a jumbo link", () => {
    const forward = carrying(8_972, { ...calmAt(1_000), queueBytes: 20_000_000 });
    const found = run({ forward, path: { mostBytes: 8_972 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 8_972 });
    expect(found.datagrams).toBeLessThan(found.pieces / 3);
  });

  test("stays below what a slow link takes 2 ms for", () => {
    const lengths: number[] = [];
    const meddler = {
      loses: ({ datagram }: { datagram: Uint8Array }) => {
        lengths.push(datagram.length);
        return false;
      },
    };
    const found = run({ forward: calmAt(5), path: { mostBytes: 8_972 }, meddler });
    expect(found.exact).toBe(true);
    expect(Math.max(...lengths)).toBe(1_472);
  });

  test("is found where a third of all is lost", () => {
    const lossy = { ...calmAt(100), lossShare: 0.33 };
    const found = run({ forward: carrying(1_472, lossy), path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_472 });
  });
});

describe("a path that becomes narrower in the middle", () => {
  const narrowing = (bytes: number, atMs: number, link = calmAt(1_000)): LinkOptions => ({
    ...link,
    limits: [{ fromUs: instantUs(milliseconds(atMs)), bytes }],
  });

  test.each([1_200, 1_472, 4_324])("to %i bytes costs a few round trips", (bytes) => {
    const many = [{ pieceCount: 30_000, pieceBytes: 1_150 }];
    const path = { mostBytes: 8_972 };
    const wide = run({ images: many, forward: calmAt(1_000), path });
    const found = run({ images: many, forward: narrowing(bytes, 200), path });
    expect(found.exact).toBe(true);
    // The search may still be under way when all has come.
    expect(found.pathDatagramBytes).toBeLessThanOrEqual(bytes);
    expect(found.forward.tooLong).toBeGreaterThan(0);
    expect(found.seconds).toBeLessThan(wide.seconds + 1);
  });

  test("and is found again when only a cut has made it look so", () => {
    const cuts = [{ startUs: instantUs(200_000), endUs: instantUs(500_000) }];
    const forward = { ...carrying(8_972, calmAt(1_000)), cuts };
    const many = [{ pieceCount: 20_000, pieceBytes: 1_150 }];
    const found = run({ images: many, forward, path: { mostBytes: 8_972 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 8_972 });
  });
});

describe("pieces longer than every path carries", () => {
  const long = [{ pieceCount: 3_000, pieceBytes: 1_400 }];

  test("wait until the path is known to carry them", () => {
    const forward = carrying(1_472, { ...calmAt(100), queueBytes: 4_000_000 });
    const found = run({ images: long, forward, path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_472 });
    expect(found.datagrams).toBeLessThan(3_000 * 1.05);
  });

  test.each([0.1, 0.4])("wait as patiently where %d of all is lost", (lossShare) => {
    const lossy = { ...calmAt(100), lossShare };
    const path = { mostBytes: 1_472 };
    const found = run({ images: long, forward: carrying(1_472, lossy), backward: lossy, path });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_472 });
  });

  test("never leave where it carries less: the host is told, soon", () => {
    const found = run({ images: long, forward: carrying(1_420), path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ end: { how: "stopped" }, pathDatagramBytes: 1_392 });
    expect(found.seconds).toBeLessThan(5);
    expect(found.datagrams).toBeLessThan(40);
  });

  test("go on when a path becomes narrower but carries them still", () => {
    const many = [{ pieceCount: 20_000, pieceBytes: 1_400 }];
    const limits = [{ fromUs: instantUs(200_000), bytes: 1_472 }];
    const forward = { ...calmAt(1_000), limits };
    const found = run({ images: many, forward, path: { mostBytes: 8_972 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 1_472 });
  });

  test("end the transfer when it does not", () => {
    const limits = [{ fromUs: instantUs(100_000), bytes: 1_300 }];
    const forward = { ...calmAt(100), limits };
    const found = run({ images: long, forward, path: { mostBytes: 1_472 } });
    expect(found).toMatchObject({ exact: false, end: { how: "stopped" } });
    expect(found.seconds).toBeLessThan(30);
  });

  test("may be as long as a window", () => {
    const jumbo = [{ pieceCount: 200, pieceBytes: 8_900 }];
    const forward = carrying(8_972, calmAt(1));
    const found = run({ images: jumbo, forward, path: { mostBytes: 8_972, firstBytes: 8_950 } });
    expect(found.exact).toBe(true);
  });

  test("wait for no size that would be too long for the pace", () => {
    const jumbo = [{ pieceCount: 200, pieceBytes: 5_000 }];
    const path = { mostBytes: 8_972, firstBytes: 8_900 };
    expect(run({ images: jumbo, forward: carrying(8_972, calmAt(1)), path }).exact).toBe(true);
  });
});

test("without a word about the path datagrams keep to the base size", () => {
  expect(run({ forward: calm }).pathDatagramBytes).toBe(1_200);
});
