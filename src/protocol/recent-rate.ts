import { type BytesPerSecond, bytesPerSecond, type InstantUs } from "../base/units.js";

/** A moment at which packets had come, as the newest of them tells. */
interface Mark {
  readonly deliveredBytes: number;
  /** By the peer's clock. */
  readonly arrivedUs: number;
  readonly sentUs: InstantUs;
}

/** A peer's clock may stand nearly still: then nothing is told, and no more than this is kept. Ours; honest ones need a few. */
const TRAIN_MARKS_MAX = 512;

/**
 * The rate at which the last few packets came, over a share of a round trip.
 *
 * The rate of a whole flight is known a round trip after it began, and counts the pauses in it. While a start doubles its
 * flights they are short trains with pauses between, and the spacing in which a train arrives already tells what the
 * path carries (packet dispersion: C. Dovrolis et al., IEEE/ACM Transactions on Networking 12 (6), 2004). It is never taken to be more than
 * the rate at which those packets were sent, so that trains pushed together on their way prove nothing new.
 */
export class RecentRate {
  /** Those of the last span, and one before it; oldest first. */
  private readonly marks: Mark[] = [];

  /**
   * Takes what an acknowledgement tells.
   *
   * @param spanUs the least time to measure over, in microseconds
   * @returns undefined while that much time is not covered
   */
  update(mark: Mark, spanUs: number): BytesPerSecond | undefined {
    const { marks } = this;
    const newest = marks[marks.length - 1];
    if (newest !== undefined && mark.arrivedUs <= newest.arrivedUs) return undefined;
    marks.push(mark);
    const sinceUs = mark.arrivedUs - spanUs;
    while (marks.length > 2 && (marks[1] as Mark).arrivedUs <= sinceUs) marks.shift();
    if (marks.length > TRAIN_MARKS_MAX) marks.splice(0, TRAIN_MARKS_MAX / 2);
    const first = marks[0] as Mark;
    if (first.arrivedUs > sinceUs) return undefined;
    const us = Math.max(mark.arrivedUs - first.arrivedUs, mark.sentUs - first.sentUs);
    return bytesPerSecond(((mark.deliveredBytes - first.deliveredBytes) * 1_000_000) / us);
  }
}
