import { type BytesPerSecond, bytesPerSecond, type InstantUs } from "../base/units.js";
import {
  type AckSample,
  type CongestionControl,
  type FlightPacket,
  INITIAL_WINDOW_BYTES,
  WINDOW_DATAGRAM_BYTES,
} from "./congestion.js";
import type { RttEstimator } from "./rtt.js";

/** RFC 9002 section 7.2. */
const MINIMUM_WINDOW_BYTES = 2 * WINDOW_DATAGRAM_BYTES;
/** RFC 9002 section 7.3.2. */
const LOSS_REDUCTION = 0.5;
/** The window leaves a little faster than it is acknowledged, so that pacing does not hold it back. RFC 9002 section 7.7. */
const PACING_GAIN = 1.25;

/**
 * NewReno as RFC 9002 section 7 and appendix B describe it.
 *
 * Slow start until the first loss; then one datagram more a round trip, and
 * half the window at each loss, once a round trip.
 */
export class NewReno implements CongestionControl {
  readonly name = "newreno";
  windowBytes = INITIAL_WINDOW_BYTES;
  private slowStartThreshold = Number.POSITIVE_INFINITY;
  /** Losses of packets sent before this belong to a reduction already made. */
  private recoveryStartUs = Number.NEGATIVE_INFINITY;

  pacingRate(rtt: RttEstimator): BytesPerSecond {
    return bytesPerSecond((PACING_GAIN * this.windowBytes * 1_000_000) / rtt.smoothedUs);
  }

  onAcked(packets: readonly FlightPacket[], { limited }: AckSample): void {
    // A window that was not used says nothing about the path. RFC 9002 section 7.8.
    if (!limited) return;
    for (const packet of packets) {
      if (packet.sentUs <= this.recoveryStartUs) continue;
      this.windowBytes +=
        this.windowBytes < this.slowStartThreshold
          ? packet.bytes
          : (WINDOW_DATAGRAM_BYTES * packet.bytes) / this.windowBytes;
    }
  }

  onLost(packets: readonly FlightPacket[], nowUs: InstantUs, persistent: boolean): void {
    const newest = packets.reduce((latest, p) => Math.max(latest, p.sentUs), 0);
    if (newest > this.recoveryStartUs) {
      this.recoveryStartUs = nowUs;
      this.slowStartThreshold = Math.max(this.windowBytes * LOSS_REDUCTION, MINIMUM_WINDOW_BYTES);
      this.windowBytes = this.slowStartThreshold;
    }
    if (persistent) {
      this.windowBytes = MINIMUM_WINDOW_BYTES;
      this.recoveryStartUs = Number.NEGATIVE_INFINITY;
    }
  }
}
