import { type BytesPerSecond, bytesPerSecond, type InstantUs } from "../base/units.js";
import {
  type AckSample,
  type CongestionControl,
  type FlightPacket,
  INITIAL_WINDOW_BYTES,
  WINDOW_DATAGRAM_BYTES,
} from "../protocol/congestion.js";
import type { RttEstimator } from "../protocol/rtt.js";

/** RFC 9438 section 4.1: C in datagrams per second cubed, and the factor of a decrease. */
const GROWTH = 0.4;
const DECREASE = 0.7;
/** Section 4.3: the Reno-friendly additive increase, in datagrams a round trip. */
const RENO_INCREASE = (3 * (1 - DECREASE)) / (1 + DECREASE);
const MINIMUM_WINDOW_BYTES = 2 * WINDOW_DATAGRAM_BYTES;
/** As Linux paces TCP: twice the window a round trip in slow start, then a fifth more than the window. */
const PACING_GAIN_SLOW_START = 2;
const PACING_GAIN = 1.2;

/**
 * CUBIC (RFC 9438), the neighbour that Lacuna meets on most links: here only to be simulated beside it.
 *
 * Slow start ends at the first loss (no HyStart++); there are no undone decreases.
 */
export class Cubic implements CongestionControl {
  readonly name = "cubic";
  windowBytes = INITIAL_WINDOW_BYTES;
  private slowStartThreshold = Number.POSITIVE_INFINITY;
  /** Losses of packets sent before this belong to a decrease already made. */
  private recoveryStartUs = Number.NEGATIVE_INFINITY;
  private epochStartUs: number | undefined;
  /** In datagrams: the window before the last decrease, and what Reno's would be by now. */
  private windowMax = 0;
  private renoWindow = 0;

  pacingRate(rtt: RttEstimator): BytesPerSecond {
    const gain = this.isSlowStart ? PACING_GAIN_SLOW_START : PACING_GAIN;
    return bytesPerSecond((gain * this.windowBytes * 1_000_000) / rtt.smoothedUs);
  }

  onAcked(packets: readonly FlightPacket[], { limited, nowUs, rtt }: AckSample): void {
    if (!limited) return;
    for (const packet of packets) {
      if (packet.sentUs <= this.recoveryStartUs) continue;
      if (this.isSlowStart) this.windowBytes += packet.bytes;
      else this.grow(packet.bytes, nowUs, rtt);
    }
  }

  onLost(packets: readonly FlightPacket[], nowUs: InstantUs, persistent: boolean): void {
    const newest = packets.reduce((latest, p) => Math.max(latest, p.sentUs), 0);
    if (newest > this.recoveryStartUs) {
      this.recoveryStartUs = nowUs;
      const window = this.windowBytes / WINDOW_DATAGRAM_BYTES;
      // Section 4.7, fast convergence: whoever has less than before makes room for others.
      this.windowMax = window < this.windowMax ? (window * (1 + DECREASE)) / 2 : window;
      this.windowBytes = Math.max(this.windowBytes * DECREASE, MINIMUM_WINDOW_BYTES);
      this.slowStartThreshold = this.windowBytes;
      this.epochStartUs = undefined;
    }
    if (persistent) this.windowBytes = MINIMUM_WINDOW_BYTES;
  }

  private get isSlowStart(): boolean {
    return this.windowBytes < this.slowStartThreshold;
  }

  /** Sections 4.2 to 4.5: towards where the cubic, or Reno, would be one round trip from now. */
  private grow(bytes: number, nowUs: number, rtt: RttEstimator): void {
    const window = this.windowBytes / WINDOW_DATAGRAM_BYTES;
    if (this.epochStartUs === undefined) {
      this.epochStartUs = nowUs;
      this.renoWindow = window;
    }
    this.renoWindow += (RENO_INCREASE * bytes) / this.windowBytes;
    const aheadSeconds = (nowUs - this.epochStartUs + rtt.smoothedUs) / 1_000_000;
    const backSeconds = Math.cbrt(Math.max(0, this.windowMax - this.epochWindow) / GROWTH);
    const cubic = GROWTH * (aheadSeconds - backSeconds) ** 3 + this.windowMax;
    const target = Math.min(Math.max(cubic, window), 1.5 * window);
    const grown = window + ((target - window) * bytes) / this.windowBytes;
    this.windowBytes = Math.max(grown, this.renoWindow) * WINDOW_DATAGRAM_BYTES;
  }

  /** In datagrams: the window right after the last decrease. */
  private get epochWindow(): number {
    return this.slowStartThreshold / WINDOW_DATAGRAM_BYTES;
  }
}
