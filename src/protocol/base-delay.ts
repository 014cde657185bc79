import { type InstantUs, seconds } from "../base/units.js";

/** RFC 6817 section 2.5: BASE_HISTORY, in minutes. */
const BASE_HISTORY_MINUTES = 10;
const MINUTE_US = seconds(60);

/**
 * The delay of a path without a queue: the least of the last ten minutes, kept minute by minute, so that
 * a path that has become longer is noticed. RFC 6817 section 2.4.2, by round-trip times.
 */
export class BaseDelay {
  /** The least of each minute, oldest first. */
  private readonly minutes: { readonly minute: number; leastUs: number }[] = [];

  update(delayUs: number, nowUs: InstantUs): void {
    const minute = Math.floor(nowUs / MINUTE_US);
    const newest = this.minutes[this.minutes.length - 1];
    if (newest?.minute === minute) newest.leastUs = Math.min(newest.leastUs, delayUs);
    else this.minutes.push({ minute, leastUs: delayUs });
    if (this.minutes.length > BASE_HISTORY_MINUTES) this.minutes.shift();
  }

  /** Infinity before the first sample. */
  get leastUs(): number {
    return this.minutes.reduce((least, { leastUs }) => Math.min(least, leastUs), Infinity);
  }
}
