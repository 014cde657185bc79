import {
  type BytesPerSecond,
  bytesPerSecond,
  type InstantUs,
  milliseconds,
  seconds,
} from "../base/units.js";
import { PACING_GAINS, type Phase, WINDOW_GAINS } from "./bbr-phases.js";
import type { PathModel } from "./careful-resume.js";
import {
  type AckSample,
  bytesOf,
  type CongestionControl,
  type FlightPacket,
  WINDOW_DATAGRAM_BYTES,
} from "./congestion.js";
import type { RateSample } from "./delivery-rate.js";
import { OwnLoss } from "./own-loss.js";
import { PathRtt } from "./path-rtt.js";
import type { RttEstimator } from "./rtt.js";
import { SlowPackets } from "./slow-packets.js";
import { START_WINDOW_BYTES, Startup } from "./startup.js";

export type { PathModel } from "./careful-resume.js";

/** Section 2.7: BBR.MinPipeCwnd. */
const MINIMUM_PIPE_BYTES = 4 * WINDOW_DATAGRAM_BYTES;
/** Section 5.3.1.2. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;
/** Section 2.7: BBR.Beta, BBR.Headroom. */
const BETA = 0.7;
const HEADROOM = 0.85;
/** Section 5.3.3.5.3: two to three seconds between probes for bandwidth; here evenly two and a half. */
const PROBE_BANDWIDTH_EVERY_US = seconds(2.5);
/** Section 5.3.3.5.1: at least as often as Reno would grow by a window, so that both can live. */
const PROBE_BANDWIDTH_ROUNDS = 63;
/** The first probe comes as soon as any may, for startup may have been stopped by a run of losses or a busy machine. Ours. */
const PROBE_ROUNDS_MIN = 8;
/** A probe that raised the bandwidth by so much is repeated at once. Ours; the draft stays in the probe. */
const PROBE_GAINED = 1.1;
/** Section 2.8: BBR.ProbeRTTDuration. */
const PROBE_RTT_US = milliseconds(200);
/** Section 5.6.2: a little below the estimate, so that queues drain. */
const PACING_MARGIN = 0.99;

interface Round {
  /** The round ends when a packet sent after so many bytes were delivered is acknowledged. */
  endDelivered: number;
  lost: number;
  acked: number;
  /** The highest rate at which it was sent. */
  rate: number;
}

/**
 * A congestion control that models the path by its bandwidth and its
 * round-trip time, after BBR version 3 (draft-ietf-ccwg-bbr-05).
 *
 * It differs from the draft in what loss means: `OwnLoss` decides which loss our
 * sending causes, and only that makes it retreat; and in that it sends faster by the link's own loss, which
 * uses up the bottleneck like any other datagram.
 */
export class Bbr implements CongestionControl {
  readonly name = "bbr";
  phase: Phase = "startup";
  readonly ownLoss = new OwnLoss();
  /** The largest rates of this and the last cycle of probing. Section 5.5.5. */
  private bandwidth = [0, 0];
  /** Bounds that loss has set: for this cycle, and until a probe finds more room. Sections 5.5.10 and 5.5.12. */
  private bandwidthLow = Number.POSITIVE_INFINITY;
  private inFlightHigh = Number.POSITIVE_INFINITY;
  private readonly pathRtt = new PathRtt();
  private probeRttEndUs: number | undefined;
  private phaseStartUs = 0;
  private cycleStartUs = 0;
  private roundsInPhase = 0;
  private roundsInCycle = 0;
  private fullBandwidth = 0;
  private fullRounds = 0;
  private filled = false;
  private judgeFromUs = 0;
  private readonly round: Round = { endDelivered: 0, lost: 0, acked: 0, rate: 0 };
  private readonly startup: Startup;
  private window: number;
  private readonly slow = new SlowPackets();
  /** The rate of delivery of the last round that was sent at the full pace. */
  private newestRate = 0;
  /** The bandwidth known when the last probe began; Infinity before the first. */
  private probedFrom = Number.POSITIVE_INFINITY;
  private deliveredBytes = 0;
  private hasSample = false;

  /** @param remembered what an earlier connection found on the way to the same receiver */
  constructor(remembered?: PathModel) {
    this.startup = new Startup(remembered);
    this.window = this.startup.firstWindowBytes;
  }

  /** What is worth remembering of the path; undefined until it has once been full. */
  get path(): PathModel | undefined {
    if (!this.filled) return undefined;
    return { bytesPerSecond: this.maxBandwidth, minRttUs: this.pathRtt.leastUs };
  }

  get windowBytes(): number {
    return this.window;
  }

  /** The bandwidth that the path is taken to have, in delivered bytes a second. */
  get bandwidthEstimate(): number {
    return Math.min(this.maxBandwidth, this.bandwidthLow);
  }

  pacingRate(rtt: RttEstimator): BytesPerSecond {
    const gain = PACING_GAINS[this.phase];
    const { bandwidthEstimate, phase } = this;
    // On the way down less is sent than is delivered, so that what is lost then is surely the link's own.
    const known =
      phase === "down"
        ? this.downGain * this.deliveredNow
        : gain *
          this.wireRate(this.filled ? bandwidthEstimate : this.startup.rate(bandwidthEstimate));
    if (!this.filled) {
      // Until the pipe is full the rate only rises.
      const floor = this.startup.paceFloor(gain, rtt, this.roundsInPhase);
      return bytesPerSecond(Math.max(known, floor));
    }
    // The least window may always leave in a round trip.
    const least = (MINIMUM_PIPE_BYTES * 1_000_000) / rtt.smoothedUs;
    return bytesPerSecond(Math.max(PACING_MARGIN * known, least));
  }

  onAcked(packets: readonly FlightPacket[], sample: AckSample): void {
    const { nowUs, rate, rtt } = sample;
    this.deliveredBytes += bytesOf(packets);
    this.round.acked += this.judged(packets);
    // In a queue that is not ours, or not yet gone, slow packets are dropped like any other.
    if (!this.pathRtt.standsInQueue) this.slow.onAcked(packets);
    this.pathRtt.update(rtt, nowUs);
    if (!this.hasSample && rtt.hasSample) {
      this.hasSample = true;
      this.window = this.startup.windowAtFirstSample(rtt);
    }
    const roundEnds = rate !== undefined && rate.priorDelivered >= this.round.endDelivered;
    if (rate !== undefined) this.updateBandwidth(rate);
    if (roundEnds) this.endRound(rate, sample);
    this.advance(sample, packets);
    this.checkProbeRtt(sample);
    this.setWindow(packets);
  }

  onLost(packets: readonly FlightPacket[], _nowUs: InstantUs, persistent: boolean): void {
    this.round.lost += this.judged(packets);
    if (!this.pathRtt.standsInQueue) this.slow.onLost(packets);
    if (persistent) this.window = MINIMUM_PIPE_BYTES;
  }

  /** Packets sent since the last change of mind: what came before is answered for already. */
  private judged(packets: readonly FlightPacket[]): number {
    let count = 0;
    for (const packet of packets) if (packet.sentUs >= this.judgeFromUs) count += 1;
    return count;
  }

  private get downGain(): number {
    return this.pathRtt.standsInQueue ? QUEUED_DOWN_GAIN : PACING_GAINS.down;
  }

  /** The rate of delivery of the last round, which a burst let through by a policer does not flatter for long. */
  private get deliveredNow(): number {
    const most = this.bandwidthEstimate;
    return Math.min(most, Math.max(this.newestRate, DELIVERED_MIN * most));
  }

  private get maxBandwidth(): number {
    return Math.max(this.bandwidth[0] as number, this.bandwidth[1] as number);
  }

  /** What must be sent so that so much is delivered. */
  private wireRate(delivered: number): number {
    return delivered / (1 - Math.min(this.ownLoss.share, OWN_LOSS_MADE_GOOD_MAX));
  }

  private productBytes(gain = 1, rate = this.bandwidthEstimate): number {
    if (rate === 0 || this.pathRtt.leastUs === Number.POSITIVE_INFINITY) {
      return START_WINDOW_BYTES;
    }
    return (gain * this.wireRate(rate) * this.pathRtt.leastUs) / 1_000_000;
  }

  private updateBandwidth(sample: RateSample): void {
    this.startup.onSample(sample);
    if (sample.appLimited && sample.rate < this.maxBandwidth) return;
    this.bandwidth[1] = Math.max(this.bandwidth[1] as number, sample.rate);
  }

  /** A round trip's worth is acknowledged: growth, loss and bounds are judged once for it. */
  private endRound(sample: RateSample, { rtt, limited, nowUs }: AckSample): void {
    const { lost, acked, rate } = this.round;
    this.roundsInPhase += 1;
    this.roundsInCycle += 1;
    if (this.phase === "startup" && acked > 0) {
      this.ownLoss.onStart({ lost, total: lost + acked }, rate, this.maxBandwidth);
    }
    const slow = this.slow.take();
    if (slow.total > 0) this.ownLoss.onSlow(slow);
    const rising = this.phase === "startup" || this.phase === "up";
    const steady = this.phase === "cruise";
    const facts = { rate, queue: this.pathRtt.showsQueue, rising, steady };
    const tooMuch = this.ownLoss.judge({ lost, total: lost + acked }, facts);
    if (this.phase === "startup" || this.phase === "up") this.checkFull(sample, limited, tooMuch);
    else if (tooMuch) this.retreat(sample);
    if (tooMuch) this.judgeFromUs = nowUs;
    this.startup.onRound();
    // What left while less was sent than the path carries tells nothing of what it carries.
    const isFull = this.phase === "up" || (this.phase === "cruise" && this.roundsInPhase >= 2);
    if (!sample.appLimited && isFull) this.newestRate = sample.rate;
    this.round.endDelivered = this.deliveredBytes;
    this.round.lost = 0;
    this.round.acked = 0;
    this.round.rate = this.pacingRate(rtt);
  }

  /** Section 5.3.1.2: the pipe is full when three rounds bring no growth; or, section 5.3.1.3, when it overflows. */
  private checkFull(sample: RateSample, limited: boolean, tooMuch: boolean): void {
    // While more sent is more delivered the pipe is not full, whatever is lost.
    if (tooMuch && !this.growsStill) {
      this.inFlightHigh = Math.max(sample.inFlightBytes * BETA, this.productBytes());
      this.fullRounds = FULL_ROUNDS;
      return;
    }
    if (this.growsStill) {
      this.fullBandwidth = this.maxBandwidth;
      this.fullRounds = 0;
    } else if (limited && !sample.appLimited) this.fullRounds += 1;
  }

  /** Section 5.5.10.3: what was delivered is what the path carries, for the rest of the cycle. */
  private retreat(sample: RateSample): void {
    const known = Math.min(this.bandwidthLow, this.maxBandwidth);
    this.bandwidthLow = Math.max(sample.rate, BETA * known);
  }

  private advance(sample: AckSample, packets: readonly FlightPacket[]): void {
    const { nowUs, inFlightBytes } = sample;
    const inPhaseUs = nowUs - this.phaseStartUs;
    switch (this.phase) {
      case "startup":
        if (this.fullRounds >= FULL_ROUNDS || (this.pathRtt.showsQueue && !this.growsStill)) {
          this.filled = true;
          this.newestRate = this.maxBandwidth;
          // What startup poured over the brim is answered for by leaving it.
          this.judgeFromUs = nowUs;
          this.enter("drain", nowUs);
        }
        return;
      case "drain":
        if (inFlightBytes <= this.productBytes() || this.roundsInPhase >= 3) this.beginCycle(nowUs);
        return;
      case "down":
        if (this.isDownLongEnough(inFlightBytes, inPhaseUs)) {
          this.enter("cruise", nowUs);
        }
        return;
      case "cruise":
        if (this.isTimeToProbe(nowUs)) {
          this.bandwidthLow = Number.POSITIVE_INFINITY;
          this.enter("refill", nowUs);
        } else if (this.roundsInPhase >= QUEUE_ROUNDS && this.pathRtt.standsInQueue) {
          this.enter("down", nowUs);
        }
        return;
      case "refill":
        if (this.roundsInPhase >= 1) {
          this.fullBandwidth = this.maxBandwidth;
          this.fullRounds = 0;
          this.probedFrom = this.maxBandwidth;
          this.enter("up", nowUs);
        }
        return;
      case "up":
        this.advanceUp(sample, packets);
        return;
      case "probeRtt":
        return;
    }
  }

  /** Where the link itself loses, it takes a round trip of slow packets to see how much. */
  private isDownLongEnough(inFlightBytes: number, inPhaseUs: number): boolean {
    if (inPhaseUs > this.pathRtt.leastUs) return true;
    return this.ownLoss.share < OWN_LOSS_SMALL && inFlightBytes <= this.productBytes(HEADROOM);
  }

  private get growsStill(): boolean {
    return this.maxBandwidth >= this.fullBandwidth * FULL_GROWTH;
  }

  /** Section 5.3.3.4: up, until the queue shows or the pipe overflows. */
  private advanceUp(sample: AckSample, packets: readonly FlightPacket[]): void {
    const { nowUs, inFlightBytes, limited } = sample;
    if (this.fullRounds >= FULL_ROUNDS) return this.beginCycle(nowUs);
    // A bound that holds the window down gives way as in slow start, or no probe could find more room.
    const isBound = limited && this.window >= this.inFlightHigh;
    if (isBound) this.inFlightHigh += bytesOf(packets);
    const longEnough = this.roundsInPhase >= 1 && nowUs - this.phaseStartUs > this.pathRtt.leastUs;
    if (longEnough && inFlightBytes >= this.productBytes(PACING_GAINS.up)) this.beginCycle(nowUs);
  }

  private beginCycle(nowUs: InstantUs): void {
    // A cycle in which nothing was measured takes nothing of what is known.
    const newest = this.bandwidth[1] as number;
    if (newest > 0) this.bandwidth = [newest, 0];
    this.cycleStartUs = nowUs;
    this.roundsInCycle = 0;
    this.enter("down", nowUs);
  }

  private isTimeToProbe(nowUs: InstantUs): boolean {
    // A probe that found more is followed by the next: a start that ended too early is made up for in round trips.
    if (this.bandwidthEstimate >= this.probedFrom * PROBE_GAINED) return true;
    const product = this.productBytes() / WINDOW_DATAGRAM_BYTES;
    const isFirst = this.probedFrom === Number.POSITIVE_INFINITY;
    const most = isFirst ? PROBE_ROUNDS_MIN : PROBE_BANDWIDTH_ROUNDS;
    const rounds = Math.max(Math.min(product, most), PROBE_ROUNDS_MIN);
    return nowUs - this.cycleStartUs > PROBE_BANDWIDTH_EVERY_US || this.roundsInCycle >= rounds;
  }

  private enter(phase: Phase, nowUs: InstantUs): void {
    if (phase === "down") this.slow.begin(nowUs);
    else this.slow.end(nowUs);
    this.phase = phase;
    this.phaseStartUs = nowUs;
    this.roundsInPhase = 0;
  }

  /** Section 5.3.4: now and then the queue is let run dry, to see the path's own round-trip time. */
  private checkProbeRtt({ nowUs, inFlightBytes, limited }: AckSample): void {
    if (this.phase !== "probeRtt") {
      if (!this.pathRtt.probeDue || !this.filled || !limited) return;
      this.enter("probeRtt", nowUs);
      this.probeRttEndUs = undefined;
      return;
    }
    if (this.probeRttEndUs === undefined) {
      const low = Math.max(this.productBytes(WINDOW_GAINS.probeRtt), MINIMUM_PIPE_BYTES);
      if (inFlightBytes <= low) this.probeRttEndUs = nowUs + PROBE_RTT_US;
    } else if (nowUs >= this.probeRttEndUs && this.roundsInPhase >= 1) {
      this.pathRtt.onProbed(nowUs);
      this.enter("down", nowUs);
      this.cycleStartUs = nowUs;
      this.roundsInCycle = 0;
    }
  }

  /** Section 5.6.4. */
  private setWindow(packets: readonly FlightPacket[]): void {
    let target = Math.max(this.productBytes(WINDOW_GAINS[this.phase]), MINIMUM_PIPE_BYTES);
    // Room for acknowledgements that come bunched: what the last one brought. Section 5.5.9 measures it at length.
    target += bytesOf(packets);
    if (this.filled) {
      // Section 5.5.10.2: room for others is left under the bound, but for probing.
      const isSteady = this.phase === "down" || this.phase === "cruise";
      const high = this.inFlightHigh * (isSteady ? HEADROOM : 1);
      this.window = Math.min(target, Math.max(high, MINIMUM_PIPE_BYTES));
      return;
    }
    const rate = this.startup.rate(this.bandwidthEstimate);
    const most = Math.max(target, this.productBytes(WINDOW_GAINS.startup, rate));
    this.window = this.startup.grow(this.window, bytesOf(packets), most, this.roundsInPhase);
  }
}

/** A round that was held back tells little: this share of the known rate is delivered in any case. Ours. */
const DELIVERED_MIN = 0.6;
/** The pace of `down` while a queue stands, be it ours or a neighbour's: that of the first BBR. Ours. */
const QUEUED_DOWN_GAIN = 0.75;
/** Rounds of `cruise` after which a queue that stands is sent down. Ours. */
const QUEUE_ROUNDS = 2;
/** Own loss below this need not be measured anew in each cycle. Ours. */
const OWN_LOSS_SMALL = 0.01;
/** However much is lost, what is sent rises by a quarter at most: a policer may have been taken for the link. Ours. */
const OWN_LOSS_MADE_GOOD_MAX = 0.2;
