import { after, type DurationUs, durationUs, type InstantUs, NEVER } from "../base/units.js";
import { GRANULARITY_US, type RttEstimator } from "./rtt.js";
import type { SentPacket } from "./sent-packet.js";

/** A packet this far behind the newest acknowledged one is lost. RFC 9002 section 6.1.1. */
const REORDER_PACKETS_MIN = 3;

/** Ours: beyond this, waiting for the time threshold costs less than remembering. */
const REORDER_PACKETS_MAX = 4_096;

/** The time threshold, as a share of the round-trip time. RFC 9002 section 6.1.2. */
const TIME_THRESHOLD = 9 / 8;

/** Losses without a spurious one among them after which half of what was learnt is forgotten. RFC 8985 section 6.2 (16 recoveries). */
const FORGET_AFTER_LOSSES = 16;

/**
 * How much reordering a path shows, learnt from packets that came after all.
 *
 * RFC 9002 section 6.1 asks for thresholds that rise when a loss proves
 * spurious; by how much follows RACK (RFC 8985 section 6.2): at most one
 * smoothed round trip, forgotten when it is no longer seen.
 */
export class ReorderTolerance {
  packets = REORDER_PACKETS_MIN;
  extraUs = durationUs(0);
  private lossesSinceSpurious = 0;

  /** The age at which a packet is lost, once a newer one is acknowledged. */
  lossDelayUs(rtt: RttEstimator): DurationUs {
    const delay = TIME_THRESHOLD * rtt.conservativeUs + Math.min(this.extraUs, rtt.smoothedUs);
    return durationUs(Math.max(delay, GRANULARITY_US));
  }

  /** A packet that had been declared lost was acknowledged `ageUs` after it was sent, `distance` packets behind. */
  onSpurious(distance: number, ageUs: DurationUs, rtt: RttEstimator): void {
    this.packets = Math.min(Math.max(this.packets, distance + 1), REORDER_PACKETS_MAX);
    const lateUs = ageUs - TIME_THRESHOLD * rtt.conservativeUs;
    const extra = Math.min(Math.max(this.extraUs, lateUs), rtt.smoothedUs);
    this.extraUs = durationUs(Math.max(0, extra));
    this.lossesSinceSpurious = 0;
  }

  onLost(count: number): void {
    this.lossesSinceSpurious += count;
    if (this.lossesSinceSpurious < FORGET_AFTER_LOSSES * this.packets) return;
    this.lossesSinceSpurious = 0;
    this.packets = Math.max(REORDER_PACKETS_MIN, this.packets >>> 1);
    this.extraUs = durationUs(this.extraUs / 2);
  }
}

export interface LossFindings<Content> {
  readonly lost: SentPacket<Content>[];
  /** When the oldest packet still waited for will be lost by time; NEVER if none is older than the newest acknowledged. */
  readonly nextLossUs: InstantUs;
}

/**
 * Decides which packets are lost. RFC 9002 section 6.1.
 *
 * @param outstanding packets neither acknowledged nor lost, oldest first
 */
export function findLost<Content>(
  outstanding: Iterable<SentPacket<Content>>,
  largestAcked: number,
  nowUs: InstantUs,
  lossDelayUs: DurationUs,
  reorderPackets: number,
): LossFindings<Content> {
  const lost: SentPacket<Content>[] = [];
  for (const packet of outstanding) {
    if (packet.packetNumber > largestAcked) break;
    const lostUs = after(packet.sentUs, lossDelayUs);
    const tooOld = lostUs <= nowUs;
    const tooFarBehind = largestAcked - packet.packetNumber >= reorderPackets;
    // Numbers and times rise together, so the first that is neither ends the search.
    if (!tooOld && !tooFarBehind) return { lost, nextLossUs: lostUs };
    lost.push(packet);
  }
  return { lost, nextLossUs: NEVER };
}
