import { type DurationUs, durationUs, type InstantUs, seconds } from "../../base/units.js";
import type { Recovery } from "../../protocol/recovery.js";

/** Tells when a receiver that owes an answer has been silent for so long that the way to it may have changed. */
export class Silence {
  private sinceUs: InstantUs;
  private longUs: DurationUs = LONG_US;
  private replacedUs: number = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly recovery: Pick<Recovery<unknown>, "hasOutstanding" | "backoff">,
    nowUs: InstantUs,
  ) {
    this.sinceUs = nowUs;
  }

  /** The receiver was heard. */
  end(nowUs: InstantUs): void {
    this.sinceUs = nowUs;
    this.longUs = LONG_US;
  }

  /** Asked some times a second. True once for a silence, and again each time that it has lasted twice as long. */
  isLong(nowUs: InstantUs): boolean {
    const { hasOutstanding, backoff } = this.recovery;
    // Who was asked nothing need not answer.
    if (!hasOutstanding) this.sinceUs = nowUs;
    if (nowUs - this.sinceUs < this.longUs || backoff < PROBES_MIN) return false;
    this.longUs = durationUs(2 * this.longUs);
    this.replacedUs = nowUs;
    return true;
  }

  /** Whether a socket that fails may be replaced: not more often than each second. */
  mayReplace(nowUs: InstantUs): boolean {
    if (nowUs - this.replacedUs < REPLACE_EVERY_US) return false;
    this.replacedUs = nowUs;
    return true;
  }
}

/** Ours: a NAT that has forgotten, a network that was changed; longer than a busy receiver is ever deaf. */
const LONG_US = seconds(5);
/** Ours: probe timeouts in a row, whatever the path's round trip. */
const PROBES_MIN = 3;
const REPLACE_EVERY_US = seconds(1);
