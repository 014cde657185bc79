import { describe, expect, test } from "vitest";
import { bytesPerSecond, milliseconds } from "../../src/base/units.js";
import { Bbr, type PathModel } from "../../src/protocol/bbr.js";
import { type Outcome, simulate } from "../../src/sim/scenario.js";
import { sealing } from "./story.js";

/** 10 MB over a path with a queue of one bandwidth-delay product. */
function send(mbit: number, rttMs: number, remembered?: PathModel): Outcome {
  const link = {
    delayUs: milliseconds(rttMs / 2),
    rateBytesPerSecond: bytesPerSecond(mbit * 125_000),
    queueBytes: mbit * 125 * rttMs,
  };
  const outcome = simulate({
    seed: 3,
    sealing,
    congestion: () => new Bbr(remembered),
    images: [{ pieceCount: 8_696, pieceBytes: 1_150 }],
    forward: { ...link, seed: 1 },
    backward: { ...link, seed: 2 },
  });
  expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
  return outcome;
}

const pathOf = (mbit: number, rttMs: number): PathModel => ({
  bytesPerSecond: mbit * 125_000,
  minRttUs: rttMs * 1_000,
});

describe("a path that is remembered (draft-ietf-tsvwg-careful-resume)", () => {
  // Trains of packets prove a path so soon that less is left to save than by doubling: half a round trip here.
  test.each([
    [100, 40, 0.5],
    [20, 600, 1.5],
  ])("at %i Mbit/s and %i ms saves at least %f round trips", (mbit, rttMs, trips) => {
    const cold = send(mbit, rttMs).completeSeconds;
    const warm = send(mbit, rttMs, pathOf(mbit, rttMs)).completeSeconds;
    expect(cold - warm).toBeGreaterThan((trips * rttMs) / 1_000);
  });

  test("and has become ten times slower is found out: little is lost, and it is no slower than a cold start", () => {
    const cold = send(10, 40);
    const warm = send(10, 40, pathOf(100, 40));
    expect(warm.completeSeconds).toBeLessThan(cold.completeSeconds * 1.05);
    // Half of the remembered product of 417 datagrams, less what the path and its queue hold.
    expect(warm.forward.queueDropped).toBeLessThan(cold.forward.queueDropped + 300);
  });

  test("and is another path by its round-trip time is not resumed", () => {
    // What left before that was known is all that is gained or lost.
    const cold = send(100, 40).completeSeconds;
    for (const rttMs of [2, 100]) {
      const other = send(100, 40, pathOf(100, rttMs)).completeSeconds;
      expect(Math.abs(other - cold)).toBeLessThan(0.05);
    }
  });
});
