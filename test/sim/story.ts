import { bytesPerSecond, instantUs, milliseconds } from "../../src/base/units.js";
import type { LinkOptions } from "../../src/sim/link.js";
import type { Injection, Meddler, Scenario } from "../../src/sim/scenario.js";
import type { Seen } from "../../src/sim/trace.js";
import type { Frame } from "../../src/wire/frames/frame.js";
import { sealing } from "../wire/plain.js";

export { sealing };

/** 20 ms each way, nothing wrong: a round trip of 40 ms. */
export const calm: LinkOptions = { seed: 1, delayUs: milliseconds(20) };

/** The same at a rate, in megabits a second. */
export const calmAt = (mbit: number): LinkOptions => ({
  ...calm,
  rateBytesPerSecond: bytesPerSecond((mbit * 1_000_000) / 8),
});

/** A hundred full pieces over calm links, unless told otherwise. */
export function plan(changes: Partial<Scenario> = {}): Scenario {
  const images = [{ pieceCount: 100, pieceBytes: 1_150 }];
  return { seed: 7, sealing, images, forward: calm, backward: calm, ...changes };
}

/** Nothing passes, either way, from one second to another. */
export function cutBoth(
  fromSeconds: number,
  toSeconds: number,
  link: LinkOptions = calm,
): Pick<Scenario, "forward" | "backward"> {
  const cuts = [{ startUs: instantUs(fromSeconds * 1e6), endUs: instantUs(toSeconds * 1e6) }];
  return { forward: { ...link, cuts }, backward: { ...link, seed: 2, cuts } };
}

export type FrameTest = (frame: Frame) => boolean;

export const isKind =
  (kind: Frame["kind"]): FrameTest =>
  (frame) =>
    frame.kind === kind;

/** Loses the first `times` datagrams that carry such a frame. */
export function losingFirst(test: FrameTest, times = 1): Meddler {
  let left = times;
  return {
    loses(seen) {
      if (left === 0 || !seen.frames.some(test)) return false;
      left -= 1;
      return true;
    },
  };
}

/** Loses whatever the test names. */
export const losing = (loses: (seen: Seen) => boolean): Meddler => ({ loses });

export const injecting = (injects: (seen: Seen) => readonly Injection[]): Meddler => ({ injects });
