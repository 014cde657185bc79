import { describe, expect, test } from "vitest";
import { bytesPerSecond, milliseconds } from "../../src/base/units.js";
import type { LinkOptions } from "../../src/sim/link.js";
import { type Outcome, simulate } from "../../src/sim/scenario.js";
import { sealing } from "./story.js";

/** 5,000 pieces at 25 Mbit/s: long enough that the first and the last round trip do not count. */
function send(forward: Partial<LinkOptions>, delayMs: number): Outcome {
  const link = {
    delayUs: milliseconds(delayMs),
    rateBytesPerSecond: bytesPerSecond(25e6 / 8),
    queueBytes: 100_000,
  };
  const reorderShare = forward.reorderShare ?? 0;
  const outcome = simulate({
    seed: 7,
    sealing,
    images: [{ pieceCount: 5_000, pieceBytes: 1_150 }],
    forward: { ...link, seed: 1, ...forward },
    backward: { ...link, seed: 2, reorderShare },
  });
  expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
  return outcome;
}

const share = ({ needless, pieces }: Outcome): number => needless / pieces;

describe("repairs that nobody needed, in a long transfer", () => {
  // What is lost is sent once more, and what is lost of that. At 100 ms the queue is a sixth of the
  // bandwidth-delay product, and the start pours a good product over its brim before it can know.
  test.each([
    [1, 0.065],
    [5, 0.07],
    [20, 0.07],
    [100, 0.36],
  ])("are none at 5 %% loss and %i ms each way", (delayMs, repairedMost) => {
    const outcome = send({ lossShare: 0.05 }, delayMs);
    expect(outcome.needless).toBe(0);
    expect(outcome.repaired / outcome.pieces).toBeLessThan(repairedMost);
  });

  test("are none where losses come in runs of ten", () => {
    expect(send({ lossShare: 0.1, burstMean: 10 }, 20).needless).toBe(0);
  });

  test("are none where datagrams come twice", () => {
    expect(send({ lossShare: 0.05, duplicateShare: 0.2 }, 20).needless).toBe(0);
  });

  // What is held back comes up to 10 ms and one way later: at 1 ms, up to six round trips.
  test.each([
    [1, 0.03],
    [5, 0.01],
    [20, 0.004],
  ])("stay low at 5 %% reordering and %i ms each way", (delayMs, most) => {
    expect(share(send({ reorderShare: 0.05 }, delayMs))).toBeLessThan(most);
    expect(share(send({ reorderShare: 0.05, lossShare: 0.05 }, delayMs))).toBeLessThan(most);
  });

  test.each([
    [5, 0.03],
    // Of these a half are no repairs: parity had brought back what was only late.
    [20, 0.007],
  ])("stay low at 30 %% reordering, for that is learnt, at %i ms each way", (delayMs, most) => {
    expect(share(send({ reorderShare: 0.3 }, delayMs))).toBeLessThan(most);
  });
});
