import type { RttEstimator } from "./rtt.js";

/** What a path carries, as it is remembered. */
export interface PathModel {
  readonly bytesPerSecond: number;
  readonly minRttUs: number;
}

/** draft-ietf-tsvwg-careful-resume: the share of the remembered capacity; how far the RTT may have changed. */
const JUMP_SHARE = 0.5;
const JUMP_RTT_CHANGE_MIN = 0.5;
const JUMP_RTT_CHANGE_MAX = 10;

/**
 * The first flight on a path that is remembered: half of what it carried, if the
 * round-trip time is about that of then; else nothing.
 */
export function jumpBytes(remembered: PathModel | undefined, rtt: RttEstimator): number {
  if (remembered === undefined || !rtt.hasSample) return 0;
  const change = rtt.minUs / remembered.minRttUs;
  if (change < JUMP_RTT_CHANGE_MIN || change > JUMP_RTT_CHANGE_MAX) return 0;
  return (JUMP_SHARE * remembered.bytesPerSecond * remembered.minRttUs) / 1_000_000;
}
