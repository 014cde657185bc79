import { type InstantUs, milliseconds, seconds } from "../base/units.js";
import type { RttEstimator } from "./rtt.js";

/** draft-ietf-ccwg-bbr-05 section 2.8: BBR.MinRTTFilterLen, BBR.ProbeRTTInterval. */
const MIN_RTT_WINDOW_US = seconds(10);
const PROBE_RTT_EVERY_US = seconds(5);
/** RFC 9406 section 4.3: N_RTT_SAMPLE. */
const RTT_SAMPLES = 8;
/** A queue of half a product; on short paths more, for busy machines answer late. Ours; RFC 9406 has an eighth, and 4 ms. */
const QUEUE_THAT_SHOWS = 0.5;
/** A queue of a fifth of a product, at a pace that should leave none. Ours. */
const QUEUE_THAT_STANDS = 0.2;
const QUEUE_SHOWS_MIN_US = milliseconds(8);

/** The path's own round-trip time, and whether there is a queue on top of it. draft-ietf-ccwg-bbr-05 section 5.5.7. */
export class PathRtt {
  /** The least of the last ten seconds; Infinity before the first sample. */
  leastUs = Number.POSITIVE_INFINITY;
  /** True when none as low as the lowest has come for five seconds: the queue must be let run dry to see it. */
  probeDue = false;
  private leastAtUs = 0;
  /** The least since a probe was last due. */
  private freshUs = Number.POSITIVE_INFINITY;
  private freshAtUs = 0;
  private readonly recent: number[] = [];

  update(rtt: RttEstimator, nowUs: InstantUs): void {
    if (!rtt.hasSample) return;
    const latest = rtt.latestUs;
    this.recent.push(latest);
    if (this.recent.length > RTT_SAMPLES) this.recent.shift();
    // What is this old is taken anew, so that a path that has become longer is noticed.
    this.probeDue = nowUs - this.freshAtUs > PROBE_RTT_EVERY_US;
    if (latest <= this.freshUs || this.probeDue) {
      this.freshUs = latest;
      this.freshAtUs = nowUs;
    }
    if (latest <= this.leastUs || nowUs - this.leastAtUs > MIN_RTT_WINDOW_US) {
      this.leastUs = latest;
      this.leastAtUs = nowUs;
    }
  }

  /** The queue has run dry: the least since then is the path's own. */
  onProbed(nowUs: InstantUs): void {
    this.leastUs = this.freshUs;
    this.leastAtUs = nowUs;
    this.freshAtUs = nowUs;
  }

  /** A queue that every one of the last eight samples has seen. RFC 9406 section 4.2. */
  get showsQueue(): boolean {
    return this.queueUs > Math.max(this.leastUs * QUEUE_THAT_SHOWS, QUEUE_SHOWS_MIN_US);
  }

  /** A queue that stays although no more is sent than the path is taken to carry. */
  get standsInQueue(): boolean {
    return this.queueUs > Math.max(this.leastUs * QUEUE_THAT_STANDS, QUEUE_SHOWS_MIN_US);
  }

  private get queueUs(): number {
    if (this.recent.length < RTT_SAMPLES) return 0;
    return Math.min(...this.recent) - this.leastUs;
  }
}
