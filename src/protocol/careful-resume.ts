import type { RttEstimator } from "./rtt.js";

/** What a path carries, as it is remembered. */
export interface PathModel {
  readonly bytesPerSecond: number;
  readonly minRttUs: number;
}

/** draft-ietf-tsvwg-careful-resume: the share of the remembered capacity; how far the RTT may have changed. */
const JUMP_SHARE = 0.5;
/** The share that may leave before the round-trip time is confirmed. The draft has none; ours. */
const FIRST_SHARE = 0.25;
const FIRST_BYTES_MAX = 256 * 1024;
const JUMP_RTT_CHANGE_MIN = 0.5;
const JUMP_RTT_CHANGE_MAX = 10;

/**
 * What may leave on a path that is remembered before anything has come back: a quarter of what it carried in a round trip, paced over one.
 * So much is a fraction of what it bore not long ago, and less than many servers send blindly.
 */
export function firstFlightBytes(remembered: PathModel | undefined): number {
  if (remembered === undefined) return 0;
  const product = (remembered.bytesPerSecond * remembered.minRttUs) / 1_000_000;
  return Math.min(FIRST_SHARE * product, FIRST_BYTES_MAX);
}

/**
 * The flight after the first round trip on a path that is remembered: half of what it carried, if the
 * round-trip time is about that of then; else nothing.
 */
export function jumpBytes(remembered: PathModel | undefined, rtt: RttEstimator): number {
  if (remembered === undefined || !rtt.hasSample) return 0;
  const change = rtt.minUs / remembered.minRttUs;
  if (change < JUMP_RTT_CHANGE_MIN || change > JUMP_RTT_CHANGE_MAX) return 0;
  return (JUMP_SHARE * remembered.bytesPerSecond * remembered.minRttUs) / 1_000_000;
}
