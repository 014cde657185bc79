import {
  type BytesPerSecond,
  between,
  bytesPerSecond,
  type InstantUs,
  milliseconds,
} from "../base/units.js";
import { RecentRate } from "./recent-rate.js";

/** What a packet remembers of the moment it was sent. draft-ietf-ccwg-bbr-05 section 4.1.2. */
export interface DeliveryStamp {
  /** Bytes delivered until then, and when the last of them was. */
  readonly deliveredBytes: number;
  readonly deliveredUs: InstantUs;
  /** The same by the peer's clock, in microseconds; undefined when it is not known. */
  readonly arrivedUs: number | undefined;
  /** When the first packet of the flight that was then measured had been sent. */
  readonly firstSentUs: InstantUs;
  /** Bytes in flight with this packet. */
  readonly inFlightBytes: number;
  /** True when the sender had nothing more to send. */
  readonly appLimited: boolean;
}

/** The rate at which a flight was delivered. */
export interface RateSample {
  readonly rate: BytesPerSecond;
  readonly appLimited: boolean;
  /** Bytes delivered when the packet that gives the sample was sent: it dates the round. */
  readonly priorDelivered: number;
  readonly inFlightBytes: number;
  /** That of the last few packets alone; undefined where they tell none. */
  readonly recentRate: BytesPerSecond | undefined;
}

/** The share of a round trip that the rate of the last few packets is taken over, and the least time. Ours. */
const RECENT_SHARE = 1 / 8;
const RECENT_MIN_US = milliseconds(1);

interface Stamped {
  readonly bytes: number;
  readonly sentUs: InstantUs;
  readonly delivery?: DeliveryStamp;
}

/**
 * Measures the rate of delivery: what came in the time from one packet's
 * sending to its acknowledgement, over the longer of the times that it took to send and to
 * arrive. draft-ietf-ccwg-bbr-05 section 4.1; that knows only the times of acknowledgements, which bunch on their
 * way back and make the largest of many samples too large. They serve here where the peer's clock does not.
 */
export class DeliveryRate {
  deliveredBytes = 0;
  private deliveredUs: InstantUs | undefined;
  private arrivedUs: number | undefined;
  private firstSentUs: InstantUs | undefined;
  /** Until so much is delivered, samples are of a sender that had nothing to send. */
  private appLimitedUntil = 0;
  private readonly recent = new RecentRate();

  /** Call for each packet, with the bytes in flight before it. */
  onSent(nowUs: InstantUs, bytes: number, inFlightBefore: number): DeliveryStamp {
    if (inFlightBefore === 0 || this.deliveredUs === undefined || this.firstSentUs === undefined) {
      // After a pause the clock starts anew.
      this.deliveredUs = nowUs;
      this.firstSentUs = nowUs;
      this.arrivedUs = undefined;
    }
    return {
      deliveredBytes: this.deliveredBytes,
      deliveredUs: this.deliveredUs,
      arrivedUs: this.arrivedUs,
      firstSentUs: this.firstSentUs,
      inFlightBytes: inFlightBefore + bytes,
      appLimited: this.appLimitedUntil > 0,
    };
  }

  /** There is nothing to send although there would be room. */
  onAppLimited(inFlightBytes: number): void {
    this.appLimitedUntil = Math.max(1, this.deliveredBytes + inFlightBytes);
  }

  /**
   * Takes the packets that one acknowledgement names.
   *
   * @param arrivedUs when the newest packet acknowledged came, by the peer's clock; undefined when that is no news
   * @param minRttUs an interval shorter than this measures only how acknowledgements bunch
   */
  onAcked(
    packets: readonly Stamped[],
    nowUs: InstantUs,
    minRttUs: number,
    arrivedUs?: number,
  ): RateSample | undefined {
    let newest: (Stamped & { readonly delivery: DeliveryStamp }) | undefined;
    for (const packet of packets) {
      this.deliveredBytes += packet.bytes;
      const { delivery } = packet;
      if (delivery === undefined) continue;
      if (newest === undefined || packet.sentUs > newest.sentUs) newest = { ...packet, delivery };
    }
    if (packets.length > 0) {
      this.deliveredUs = nowUs;
      this.arrivedUs = arrivedUs ?? this.arrivedUs;
    }
    if (this.appLimitedUntil > 0 && this.deliveredBytes > this.appLimitedUntil) {
      this.appLimitedUntil = 0;
    }
    if (newest === undefined) return undefined;
    const { delivery, sentUs } = newest;
    this.firstSentUs = sentUs;
    const sendElapsed = between(delivery.firstSentUs, sentUs);
    const arrivalElapsed =
      arrivedUs === undefined || delivery.arrivedUs === undefined
        ? between(delivery.deliveredUs, nowUs)
        : arrivedUs - delivery.arrivedUs;
    const interval = Math.max(sendElapsed, arrivalElapsed);
    if (interval <= 0 || interval < minRttUs) return undefined;
    const delivered = this.deliveredBytes - delivery.deliveredBytes;
    const spanUs = Math.max(minRttUs * RECENT_SHARE, RECENT_MIN_US);
    const { deliveredBytes } = this;
    const recentRate =
      arrivedUs === undefined
        ? undefined
        : this.recent.update({ deliveredBytes, arrivedUs, sentUs }, spanUs);
    return {
      rate: bytesPerSecond((delivered * 1_000_000) / interval),
      appLimited: delivery.appLimited,
      priorDelivered: delivery.deliveredBytes,
      inFlightBytes: delivery.inFlightBytes,
      recentRate,
    };
  }
}
