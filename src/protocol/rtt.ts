import { type DurationUs, durationUs, milliseconds } from "../base/units.js";

/** What is assumed before the first sample. RFC 9002 section 6.2.2. */
export const INITIAL_RTT_US = milliseconds(333);

/** The finest time that timers are set by. RFC 9002 section 6.1.2. */
export const GRANULARITY_US = milliseconds(1);

/** The longest that a peer of ours holds an acknowledgement back. RFC 9000 section 18.2. */
export const MAX_ACK_DELAY_US = milliseconds(25);

/** The round-trip time of a path, estimated from acknowledgements. RFC 9002 section 5. */
export class RttEstimator {
  /** False until the first sample; then `latestUs` and `minUs` mean something. */
  hasSample = false;
  latestUs = durationUs(0);
  minUs = durationUs(0);
  smoothedUs = INITIAL_RTT_US;
  variationUs = durationUs(INITIAL_RTT_US / 2);

  /**
   * Takes the time from sending a packet, the newest just acknowledged, to now. Both in microseconds.
   *
   * An acknowledgement that was lost and is told again is older than any that is held back; what it is older by
   * is known exactly and is no part of the round trip. RFC 9002 section 5.3 has this for the handshake only, for there
   * acknowledgements are not repeated with their age.
   */
  update(measuredUs: DurationUs, ackDelayUs: DurationUs): void {
    const ageUs = Math.max(0, ackDelayUs - MAX_ACK_DELAY_US);
    const rawUs = ageUs < measuredUs ? measuredUs - ageUs : measuredUs;
    // Nothing takes no time; a forged acknowledgement may look so, and rates are divided by it.
    const sampleUs = durationUs(Math.max(1, rawUs));
    this.latestUs = sampleUs;
    if (!this.hasSample) {
      this.hasSample = true;
      this.minUs = sampleUs;
      this.smoothedUs = sampleUs;
      this.variationUs = durationUs(sampleUs / 2);
      return;
    }
    this.minUs = durationUs(Math.min(this.minUs, sampleUs));
    const delay = Math.min(ackDelayUs, MAX_ACK_DELAY_US);
    const adjusted = sampleUs >= this.minUs + delay ? sampleUs - delay : sampleUs;
    const deviation = Math.abs(this.smoothedUs - adjusted);
    this.variationUs = durationUs((3 * this.variationUs + deviation) / 4);
    this.smoothedUs = durationUs((7 * this.smoothedUs + adjusted) / 8);
  }

  /** The probe timeout before any backoff. RFC 9002 section 6.2.1. */
  get probeTimeoutUs(): DurationUs {
    const margin = Math.max(4 * this.variationUs, GRANULARITY_US);
    return durationUs(this.smoothedUs + margin + MAX_ACK_DELAY_US);
  }

  /** The larger of the smoothed and the latest sample, which loss timers start from. RFC 9002 section 6.1.2. */
  get conservativeUs(): DurationUs {
    return durationUs(Math.max(this.smoothedUs, this.latestUs));
  }
}
