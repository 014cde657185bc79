import {
  after,
  type BytesPerSecond,
  between,
  durationUs,
  type InstantUs,
  milliseconds,
} from "../base/units.js";
import { WINDOW_DATAGRAM_BYTES } from "./congestion.js";

/**
 * What may leave at once after waiting: what the rate brings in this time, for
 * timers are this coarse. RFC 9002 section 7.7 bounds bursts by the initial window;
 * at ordinary rates this is less.
 */
const BURST_US = milliseconds(2);
const BURST_BYTES_MIN = 2 * WINDOW_DATAGRAM_BYTES;

/** Spreads datagrams over time: a token bucket that may run one datagram into debt. */
export class Pacer {
  private creditBytes = BURST_BYTES_MIN;
  private filledUs: InstantUs | undefined;

  /** When the next datagram may leave; not after `nowUs` means at once. */
  nextUs(nowUs: InstantUs, rate: BytesPerSecond): InstantUs {
    this.fill(nowUs, rate);
    if (this.creditBytes > 0) return nowUs;
    return after(nowUs, durationUs(Math.ceil(((1 - this.creditBytes) * 1_000_000) / rate)));
  }

  onSent(bytes: number): void {
    this.creditBytes -= bytes;
  }

  private fill(nowUs: InstantUs, rate: BytesPerSecond): void {
    if (this.filledUs !== undefined) {
      const brought = (rate * between(this.filledUs, nowUs)) / 1_000_000;
      const burst = Math.max(BURST_BYTES_MIN, (rate * BURST_US) / 1_000_000);
      this.creditBytes = Math.min(this.creditBytes + brought, burst);
    }
    this.filledUs = nowUs;
  }
}
