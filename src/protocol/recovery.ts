import { assert } from "../base/assert.js";
import { type Range, RangeSet } from "../base/range-set.js";
import { RisingMap } from "../base/rising-map.js";
import {
  after,
  between,
  type DurationUs,
  durationUs,
  type InstantUs,
  NEVER,
  seconds,
} from "../base/units.js";
import type { CongestionControl } from "./congestion.js";
import { DeliveryRate } from "./delivery-rate.js";
import { findLost, ReorderTolerance } from "./loss.js";
import { PathLoss } from "./path-loss.js";
import { RttEstimator } from "./rtt.js";
import type { SentPacket } from "./sent-packet.js";

/** RFC 9002 section 7.6.1. */
const PERSISTENT_CONGESTION_TIMEOUTS = 3;

/** Datagrams sent when a probe timeout first fires. RFC 9002 section 6.2.4. */
const PROBES = 2;

/**
 * As the wait doubles, so do the probes, up to here: a path that loses in runs swallows single datagrams one after the
 * other, however far apart they leave. It is no more in a second than the first timeout sends, and less than an
 * initial window at once. Ours; RFC 9002 stays at two.
 */
export const PROBES_MAX = 8;

/**
 * Backoff stops doubling here, so that a link that comes back is noticed soon; from then on one datagram
 * leaves at a time. One in three seconds is what RFC 8085 section 3.1.3 grants a sender without feedback.
 */
const PROBE_INTERVAL_MAX_US = seconds(3);

/** A lost packet is remembered this many probe timeouts, to see whether it comes after all. */
const REMEMBER_LOST_TIMEOUTS = 3;

export interface AckOutcome<Content> {
  /** Packets acknowledged now for the first time, those declared lost before among them. */
  readonly acked: readonly SentPacket<Content>[];
  readonly lost: readonly SentPacket<Content>[];
}

/**
 * One side's packets on the way: acknowledgement, loss, probes. RFC 9002.
 *
 * `Content` is what a packet carries, in the words of whoever sends it.
 */
export class Recovery<Content> {
  rtt = new RttEstimator();
  readonly reorder = new ReorderTolerance();
  delivery = new DeliveryRate();
  readonly pathLoss = new PathLoss();
  inFlightBytes = 0;
  sentPackets = 0;
  lostPackets = 0;
  /** Packets declared lost that came after all. */
  spuriousPackets = 0;
  /** Expired probe timeouts since the last acknowledgement. */
  backoff = 0;
  nextPacketNumber = 0;
  private largestAcked = -1;
  /** Neither acknowledged nor lost, oldest first. */
  private readonly outstanding = new RisingMap<SentPacket<Content>>();
  /** Declared lost not long ago, oldest first. */
  private readonly lost = new Map<number, SentPacket<Content>>();
  private readonly acked = new RangeSet();
  private nextLossUs = NEVER;
  private lastSentUs: InstantUs | undefined;
  private firstSampleUs: InstantUs | undefined;
  /** Packets before this went another way, and tell nothing of the present one. */
  private pathFrom = 0;

  constructor(private congestion?: CongestionControl) {}

  /**
   * The connection goes another way from now on: round trip, rate and congestion are learnt anew, and what is on the old
   * way does not count as in flight. RFC 9000 section 9.4.
   */
  movePath(congestion: CongestionControl): void {
    this.congestion = congestion;
    this.rtt = new RttEstimator();
    this.delivery = new DeliveryRate();
    this.firstSampleUs = undefined;
    this.pathFrom = this.nextPacketNumber;
    this.inFlightBytes = 0;
    this.backoff = 0;
  }

  /** A fresh packet number; never given twice. */
  takePacketNumber(): number {
    this.nextPacketNumber += 1;
    return this.nextPacketNumber - 1;
  }

  /** What the path loses of all packets, 0..1; probes of its datagram size apart. */
  get lossShare(): number {
    return this.sentPackets === 0 ? 0 : this.lostForGood / this.sentPackets;
  }

  /** Packets lost and not come after all. */
  get lostForGood(): number {
    return this.lostPackets - this.spuriousPackets;
  }

  get hasOutstanding(): boolean {
    return this.outstanding.size > 0;
  }

  /** Notes a packet that asks for an acknowledgement. Others only take a number. */
  onSent(packet: SentPacket<Content>): void {
    assert(packet.packetNumber < this.nextPacketNumber, "a packet bears a number that was given");
    const { packetNumber, sentUs, bytes, contents, triesSize = false } = packet;
    const delivery = this.delivery.onSent(sentUs, bytes, this.inFlightBytes);
    const kept = { packetNumber, sentUs, bytes, contents, triesSize, delivery };
    this.outstanding.set(packetNumber, kept);
    this.inFlightBytes += bytes;
    this.lastSentUs = sentUs;
    this.sentPackets += 1;
  }

  /**
   * Takes an acknowledgement. Undefined when it names a packet never sent: a
   * forgery or a defect at the peer. RFC 9000 section 13.1.
   *
   * @param ranges newest first
   * @param limited whether the congestion window held the sender back
   * @param arrivedUs when the newest packet came, by the peer's clock
   */
  onAck(
    ranges: readonly Range[],
    delayUs: DurationUs,
    nowUs: InstantUs,
    limited: boolean,
    arrivedUs?: number,
  ): AckOutcome<Content> | undefined {
    const newest = ranges[0];
    if (newest === undefined || newest.end > this.nextPacketNumber) return undefined;
    const newestPacket = this.outstanding.get(newest.end - 1);
    const acked = this.takeAcked(ranges, nowUs);
    // A bare acknowledgement of ours that came proves as much of the packets before it as any other.
    if (acked.length === 0 && newest.end - 1 <= this.largestAcked) return { acked, lost: [] };
    // Only the newest packet, acknowledged for the first time, gives a sample. RFC 9002 section 5.1.
    if (newestPacket !== undefined && this.isOfPath(newestPacket)) {
      this.rtt.update(between(newestPacket.sentUs, nowUs), delayUs);
      this.firstSampleUs ??= nowUs;
    }
    // Of an older packet's arrival nothing follows for those acknowledged now.
    const newestArrivedUs = newest.end - 1 > this.largestAcked ? arrivedUs : undefined;
    this.largestAcked = Math.max(this.largestAcked, newest.end - 1);
    this.backoff = 0;
    const ofPath = this.pathFrom === 0 ? acked : acked.filter((packet) => this.isOfPath(packet));
    this.tellCongestion(ofPath, nowUs, limited, newestArrivedUs);
    const lost = this.detectLost(nowUs);
    this.pathLoss.update(this.sentPackets - this.outstanding.size, this.lostForGood);
    return { acked, lost };
  }

  /** When `onDeadline` must be called. */
  get deadlineUs(): InstantUs {
    if (this.nextLossUs !== NEVER) return this.nextLossUs;
    if (this.outstanding.size === 0 || this.lastSentUs === undefined) return NEVER;
    return after(this.lastSentUs, this.probeIntervalUs);
  }

  /** The probe timeout with its backoff. RFC 9002 section 6.2.1. */
  get probeIntervalUs(): DurationUs {
    const timeout = this.rtt.probeTimeoutUs;
    const bound = Math.max(PROBE_INTERVAL_MAX_US, timeout);
    return durationUs(Math.min(timeout * 2 ** Math.min(this.backoff, 30), bound));
  }

  /** The deadline has passed: packets are lost by time, or it is time to probe. */
  onDeadline(nowUs: InstantUs): { lost: readonly SentPacket<Content>[]; probes: number } {
    if (this.nextLossUs <= nowUs) return { lost: this.detectLost(nowUs), probes: 0 };
    this.backoff += 1;
    const isSlowest = this.probeIntervalUs >= PROBE_INTERVAL_MAX_US;
    const probes = Math.min(PROBES * 2 ** Math.min(this.backoff - 1, 30), PROBES_MAX);
    return { lost: [], probes: isSlowest ? 1 : probes };
  }

  private isOfPath(packet: SentPacket<Content>): boolean {
    return packet.packetNumber >= this.pathFrom;
  }

  private tellCongestion(
    acked: readonly SentPacket<Content>[],
    nowUs: InstantUs,
    limited: boolean,
    arrivedUs: number | undefined,
  ): void {
    const { rtt, inFlightBytes } = this;
    const rate = this.delivery.onAcked(acked, nowUs, rtt.minUs, arrivedUs);
    const sample = { nowUs, rtt, inFlightBytes, limited };
    this.congestion?.onAcked(acked, rate === undefined ? sample : { ...sample, rate });
  }

  private takeAcked(ranges: readonly Range[], nowUs: InstantUs): SentPacket<Content>[] {
    const taken: SentPacket<Content>[] = [];
    for (const range of ranges) {
      const fresh = [...this.acked.gaps(range.start, range.end)];
      for (const gap of fresh) {
        for (let number = gap.start; number < gap.end; number += 1) {
          const packet = this.takeOne(number, nowUs);
          if (packet !== undefined) taken.push(packet);
        }
        this.acked.add(gap.start, gap.end);
      }
    }
    return taken;
  }

  private takeOne(number: number, nowUs: InstantUs): SentPacket<Content> | undefined {
    const packet = this.outstanding.delete(number);
    if (packet !== undefined) {
      if (this.isOfPath(packet)) this.inFlightBytes -= packet.bytes;
      return packet;
    }
    const late = this.lost.get(number);
    if (late === undefined) return undefined;
    this.lost.delete(number);
    if (!late.triesSize) this.spuriousPackets += 1;
    const age = between(late.sentUs, nowUs);
    this.reorder.onSpurious(this.largestAcked - number, age, this.rtt);
    return late;
  }

  private detectLost(nowUs: InstantUs): SentPacket<Content>[] {
    const { lost, nextLossUs } = findLost(
      this.outstanding.values(),
      this.largestAcked,
      nowUs,
      this.reorder.lossDelayUs(this.rtt),
      this.reorder.packets,
    );
    this.nextLossUs = nextLossUs;
    this.forgetLost(nowUs);
    if (lost.length === 0) return lost;
    for (const packet of lost) {
      this.outstanding.delete(packet.packetNumber);
      this.lost.set(packet.packetNumber, packet);
      if (this.isOfPath(packet)) this.inFlightBytes -= packet.bytes;
    }
    const ordinary = lost.filter((packet) => !packet.triesSize && this.isOfPath(packet));
    if (ordinary.length === 0) return lost;
    this.lostPackets += ordinary.length;
    this.reorder.onLost(ordinary.length);
    this.pathLoss.onLost(ordinary.map(({ packetNumber }) => packetNumber));
    this.congestion?.onLost(ordinary, nowUs, this.isPersistent(ordinary));
    return lost;
  }

  /** RFC 9002 section 7.6.2: two lost packets far apart in time with nothing acknowledged between them. */
  private isPersistent(lost: readonly SentPacket<Content>[]): boolean {
    const period = PERSISTENT_CONGESTION_TIMEOUTS * this.rtt.probeTimeoutUs;
    let first: SentPacket<Content> | undefined;
    let previous: SentPacket<Content> | undefined;
    for (const packet of lost) {
      if (this.firstSampleUs === undefined || packet.sentUs < this.firstSampleUs) continue;
      const broken =
        previous !== undefined &&
        previous.packetNumber + 1 < packet.packetNumber &&
        this.acked.countIn(previous.packetNumber + 1, packet.packetNumber) > 0;
      if (first === undefined || broken) first = packet;
      if (between(first.sentUs, packet.sentUs) > period) return true;
      previous = packet;
    }
    return false;
  }

  /** Lost packets of long ago and the record of acknowledged ones below them are dropped. */
  private forgetLost(nowUs: InstantUs): void {
    const keepUs = durationUs(REMEMBER_LOST_TIMEOUTS * this.rtt.probeTimeoutUs);
    for (const packet of this.lost.values()) {
      if (after(packet.sentUs, keepUs) > nowUs) break;
      this.lost.delete(packet.packetNumber);
    }
    const oldest = Math.min(
      this.outstanding.first ?? Number.POSITIVE_INFINITY,
      oldestNumber(this.lost),
    );
    const floor = this.acked.first;
    // Everything below the oldest packet still remembered counts as acknowledged for good.
    const end = Math.min(oldest, this.largestAcked + 1);
    if (floor !== undefined && end > 0) this.acked.add(0, end);
  }
}

function oldestNumber(packets: Map<number, unknown>): number {
  for (const number of packets.keys()) return number;
  return Number.POSITIVE_INFINITY;
}
