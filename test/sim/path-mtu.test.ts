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
    expect(found.forward.tooLong).toBe(9);
    expect(found.completeSeconds).toBeLessThan(fixed.completeSeconds * 1.01);
  });

  test("lets several pieces share a datagram on a jumbo link", () => {
    const forward = carrying(8_972, calmAt(1_000));
    const found = run({ forward, path: { mostBytes: 8_972 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 8_972, repaired: 0 });
    expect(found.datagrams).toBeLessThan(found.pieces / 4);
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
    const many = [{ pieceCount: 40_000, pieceBytes: 1_150 }];
    const path = { mostBytes: 8_972 };
    const wide = run({ images: many, forward: calmAt(1_000), path });
    const found = run({ images: many, forward: narrowing(bytes, 200), path });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: bytes });
    expect(found.seconds).toBeLessThan(wide.seconds + 1);
  });

  test("and is found again when only a cut has made it look so", () => {
    const cuts = [{ startUs: instantUs(200_000), endUs: instantUs(500_000) }];
    const forward = { ...carrying(8_972, calmAt(1_000)), cuts };
    const many = [{ pieceCount: 40_000, pieceBytes: 1_150 }];
    const found = run({ images: many, forward, path: { mostBytes: 8_972 } });
    expect(found).toMatchObject({ exact: true, pathDatagramBytes: 8_972 });
  });
});

test("without a word about the path datagrams keep to the base size", () => {
  expect(run({ forward: calm }).pathDatagramBytes).toBe(1_200);
});
