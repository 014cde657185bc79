import { type Range, RangeSet } from "../base/range-set.js";
import { after, between, durationUs, type InstantUs, instantUs, NEVER } from "../base/units.js";
import { ACK_RANGES_MAX, type AckFrame } from "../wire/frames/ack.js";
import { MAX_ACK_DELAY_US, type RttEstimator } from "./rtt.js";

/**
 * Ranges of packet numbers remembered to know a duplicate by. Ours: at half of
 * all packets lost, some ten thousand packets; memory stays below 100 kB a connection.
 */
const REMEMBERED_RANGES_MAX = 4_096;

/** Which of the peer's packets have come, and what to acknowledge. RFC 9000 section 13.2. */
export class ReceivedPackets {
  /** Packets that came and were new. */
  count = 0;
  /** Packets since the last acknowledgement that ask for one. */
  owed = 0;
  /** When the first of these came. */
  owedSinceUs = instantUs(0);
  largest = -1;
  private largestUs = instantUs(0);
  private firstUs: InstantUs | undefined;
  private readonly seen = new RangeSet();
  /** What the peer may not know yet that we have. */
  private readonly unreported = new RangeSet();

  /** When a sender, which has other things to say, owes an acknowledgement. */
  dueUs(rtt: RttEstimator): InstantUs {
    if (this.owed === 0) return NEVER;
    return after(this.owedSinceUs, durationUs(Math.min(rtt.smoothedUs / 8, MAX_ACK_DELAY_US)));
  }

  /** Whether a packet came before, or is too old to tell. */
  has(packetNumber: number): boolean {
    return this.seen.has(packetNumber);
  }

  /** Notes a packet; false when it came before, or is too old to tell. */
  record(packetNumber: number, eliciting: boolean, nowUs: InstantUs): boolean {
    if (this.seen.has(packetNumber)) return false;
    this.seen.add(packetNumber);
    this.unreported.add(packetNumber);
    this.bound();
    this.count += 1;
    this.firstUs ??= nowUs;
    if (packetNumber > this.largest) {
      this.largest = packetNumber;
      this.largestUs = nowUs;
    }
    if (eliciting) {
      if (this.owed === 0) this.owedSinceUs = nowUs;
      this.owed += 1;
    }
    return true;
  }

  /** An ACK frame of the newest packets; undefined when there is nothing to tell. */
  ackFrame(
    nowUs: InstantUs,
    windowBytes: number,
    rangesMax = ACK_RANGES_MAX,
  ): AckFrame | undefined {
    const ranges: Range[] = [];
    for (let i = this.unreported.rangeCount - 1; i >= 0 && ranges.length < rangesMax; i -= 1) {
      ranges.push(this.unreported.rangeAt(i) as Range);
    }
    if (ranges.length === 0) return undefined;
    const newestIsLargest = (ranges[0] as Range).end - 1 === this.largest;
    const delayUs = newestIsLargest ? between(this.largestUs, nowUs) : 0;
    const arrivedUs = between(this.firstUs ?? nowUs, this.largestUs);
    return { kind: "ack", delayUs, arrivedUs, windowBytes, ranges };
  }

  /** An acknowledgement left. */
  onReported(): void {
    this.owed = 0;
  }

  /** The peer has our acknowledgement of these: no need to repeat it. RFC 9000 section 13.2.4. */
  onReportConfirmed(ranges: readonly Range[]): void {
    for (const range of ranges) {
      // The largest stays, for every ACK frame must name it. RFC 9000 section 13.2.3.
      const end = Math.min(range.end, this.largest);
      if (range.start < end) this.unreported.delete(range.start, end);
    }
  }

  /** At the bound the oldest range goes, and whatever is older counts as seen. */
  private bound(): void {
    if (this.seen.rangeCount > REMEMBERED_RANGES_MAX) {
      const second = this.seen.rangeAt(1) as Range;
      this.seen.add(0, second.end);
    }
    while (this.unreported.rangeCount > REMEMBERED_RANGES_MAX) {
      const oldest = this.unreported.rangeAt(0) as Range;
      this.unreported.delete(oldest.start, oldest.end);
    }
  }
}
