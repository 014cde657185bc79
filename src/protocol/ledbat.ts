import {
  type BytesPerSecond,
  bytesPerSecond,
  type InstantUs,
  milliseconds,
} from "../base/units.js";
import { BaseDelay } from "./base-delay.js";
import {
  type AckSample,
  type CongestionControl,
  type FlightPacket,
  WINDOW_DATAGRAM_BYTES,
} from "./congestion.js";
import { LinkLoss } from "./link-loss.js";
import type { RttEstimator } from "./rtt.js";

/** draft-irtf-iccrg-ledbat-plus-plus-01 section 4.5. */
const TARGET_MAX_US = milliseconds(60);
/**
 * Of the base delay: the target on paths shorter than 240 ms. Ours. A queue of one product never reaches 60 ms where a
 * round trip takes less, and LEDBAT++ would be there one more who waits for loss.
 */
const TARGET_SHARE = 0.25;
/** Busy machines answer late. Ours. */
const TARGET_MIN_US = milliseconds(8);
/** Section 4.2: the window grows 16 times as slowly as Reno's at most. */
const GAIN_DIVISOR_MAX = 16;
/** Section 4.1. */
const SLOW_START_EXIT = 0.75;
/** Of the delay at which loss came: a queue that is full there is shallower than the target. Ours. */
const SHALLOW_SHARE = 0.5;
/** RFC 6817 section 2.5: samples, the least of which is the present delay. */
const CURRENT_FILTER = 4;
/** Section 4.3. */
const DECREASE_CONSTANT = 1;
const DECREASE_MAX = 0.5;
/** Section 4.4: the window of a slowdown, its length and the pause before the first, and the time between two, in lengths of the last. */
const SLOWDOWN_WINDOW_BYTES = 2 * WINDOW_DATAGRAM_BYTES;
const SLOWDOWN_ROUNDS = 2;
const SLOWDOWN_EVERY = 9;
/** RFC 6817 section 2.4.2: loss halves the window, once a round trip at most. */
const LOSS_DECREASE = 0.5;
/** What leaves a little faster than it is acknowledged is not held back by pacing. RFC 9002 section 7.7. */
const GROWING_PACING_GAIN = 2;
const STEADY_PACING_GAIN = 1.25;
/** Of the target: a queue this short is none of ours to speak of. Ours. */
const CALM_SHARE = 0.5;

/** slowStart -> steady -> slowdown -> ramp -> steady ...; back to slowStart when loss proves to be the link's own. */
type Phase = "slowStart" | "steady" | "slowdown" | "ramp";

/**
 * A scavenger: takes what others leave, and gives way when a queue grows.
 * LEDBAT++, draft-irtf-iccrg-ledbat-plus-plus-01, by round-trip times (section 4.5).
 *
 * It differs from the draft in its target, which is shorter on short paths and in short queues, and
 * in that loss which the link is known to have of its own (`LinkLoss`) does not halve the window.
 */
export class Ledbat implements CongestionControl {
  readonly name = "ledbat";
  phase: Phase = "slowStart";
  windowBytes = SLOWDOWN_WINDOW_BYTES;
  readonly linkLoss = new LinkLoss();
  private readonly base = new BaseDelay();
  /** Whether the delay of the last round was within the target. */
  private hasRoom = true;
  private slowdownDueUs = Number.POSITIVE_INFINITY;
  private slowdownStartUs = 0;
  /** Where a ramp ends. */
  private rampBytes = 0;
  /** What became of packets sent before this is answered already. */
  private judgeFromUs = 0;
  /** Whether a queue has ever ended slow start. */
  private sawQueue = false;
  private readonly recentUs: number[] = [];
  private readonly round = {
    startUs: 0,
    leastUs: Number.POSITIVE_INFINITY,
    mostUs: 0,
    lost: 0,
    acked: 0,
  };
  /** The shortest queue that loss was answered at. */
  private queueUs = Number.POSITIVE_INFINITY;
  /** The window when what is now acknowledged was sent, and since then. */
  private sentBytes = SLOWDOWN_WINDOW_BYTES;
  private sendingBytes = SLOWDOWN_WINDOW_BYTES;

  pacingRate(rtt: RttEstimator): BytesPerSecond {
    const growing = this.phase === "slowStart" || this.phase === "ramp";
    const gain = growing ? GROWING_PACING_GAIN : STEADY_PACING_GAIN;
    return bytesPerSecond((gain * this.windowBytes * 1_000_000) / rtt.smoothedUs);
  }

  onAcked(packets: readonly FlightPacket[], sample: AckSample): void {
    const { rtt, nowUs, limited } = sample;
    if (!rtt.hasSample) return;
    const { round } = this;
    this.base.update(rtt.latestUs, nowUs);
    round.leastUs = Math.min(round.leastUs, rtt.latestUs);
    round.mostUs = Math.max(round.mostUs, rtt.latestUs);
    round.acked += this.judged(packets);
    if (limited) this.grow(packets);
    if (this.phase === "slowStart") this.checkQueue(sample);
    if (packets.some(({ sentUs }) => sentUs >= round.startUs)) this.endRound(sample);
  }

  onLost(packets: readonly FlightPacket[], nowUs: InstantUs, persistent: boolean): void {
    this.round.lost += this.judged(packets);
    if (!persistent) return;
    this.beginSlowdown(nowUs, Math.max(this.windowBytes * LOSS_DECREASE, SLOWDOWN_WINDOW_BYTES));
    this.phase = "ramp";
    this.judgeFromUs = nowUs;
    this.round.lost = 0;
  }

  private judged(packets: readonly FlightPacket[]): number {
    let count = 0;
    for (const { sentUs } of packets) if (sentUs >= this.judgeFromUs) count += 1;
    return count;
  }

  /** Section 4.2. */
  private get gain(): number {
    const divisor = Math.ceil((2 * TARGET_MAX_US) / this.base.leastUs);
    return 1 / Math.min(GAIN_DIVISOR_MAX, Math.max(1, divisor));
  }

  /** Above the base delay: what the path's length allows, and what a short queue does. */
  private get targetUs(): number {
    return Math.min(this.pathTargetUs, this.queueUs * SHALLOW_SHARE);
  }

  private get pathTargetUs(): number {
    return Math.min(TARGET_MAX_US, Math.max(this.base.leastUs * TARGET_SHARE, TARGET_MIN_US));
  }

  /** Sections 4.1 and 4.3. */
  private grow(packets: readonly FlightPacket[]): void {
    const bytes = packets.reduce((sum, packet) => sum + packet.bytes, 0);
    switch (this.phase) {
      case "slowStart":
        this.windowBytes += this.gain * bytes;
        return;
      case "ramp":
        this.windowBytes = Math.min(this.windowBytes + this.gain * bytes, this.rampBytes);
        return;
      case "steady":
        if (this.hasRoom) {
          this.windowBytes += (this.gain * WINDOW_DATAGRAM_BYTES * bytes) / this.windowBytes;
        }
        return;
      case "slowdown":
        return;
    }
  }

  /** Section 4.1: slow start ends when each of the last few samples has seen a queue. RFC 6817 section 2.4.2: CURRENT_FILTER. */
  private checkQueue({ rtt, nowUs }: AckSample): void {
    this.recentUs.push(rtt.latestUs);
    if (this.recentUs.length > CURRENT_FILTER) this.recentUs.shift();
    const delayUs = Math.min(...this.recentUs) - this.base.leastUs;
    if (delayUs <= SLOW_START_EXIT * this.targetUs) return;
    this.sawQueue = true;
    // The queue is that of a round trip ago; what has been added since is too much.
    this.windowBytes = Math.max(this.windowBytes / (1 + this.gain), SLOWDOWN_WINDOW_BYTES);
    this.judgeFromUs = nowUs;
    this.endSlowStart(nowUs, rtt.smoothedUs);
  }

  private endSlowStart(nowUs: InstantUs, roundUs: number): void {
    this.phase = "steady";
    this.slowdownDueUs = nowUs + SLOWDOWN_ROUNDS * roundUs;
  }

  /** Delay and loss are judged once a round trip. */
  private endRound({ nowUs, rtt }: AckSample): void {
    const { round } = this;
    const delayUs = round.leastUs - this.base.leastUs;
    this.hasRoom = delayUs <= this.targetUs;
    // Nothing of what was sent since the last decrease has come back.
    const isStale = round.startUs <= this.judgeFromUs;
    if (!this.answersLoss(delayUs, nowUs, rtt.smoothedUs))
      this.advance(delayUs, isStale, nowUs, rtt.smoothedUs);
    this.sentBytes = this.sendingBytes;
    this.sendingBytes = this.windowBytes;
    round.startUs = nowUs;
    round.leastUs = Number.POSITIVE_INFINITY;
    round.mostUs = 0;
    round.lost = 0;
    round.acked = 0;
  }

  private advance(delayUs: number, isStale: boolean, nowUs: InstantUs, roundUs: number): void {
    switch (this.phase) {
      case "slowStart":
        return;
      case "steady":
        if (nowUs >= this.slowdownDueUs) this.beginSlowdown(nowUs, this.windowBytes);
        else if (!this.hasRoom && !isStale) this.giveWay(delayUs, nowUs);
        return;
      case "slowdown":
        if (nowUs - this.slowdownStartUs >= SLOWDOWN_ROUNDS * roundUs) this.phase = "ramp";
        return;
      case "ramp":
        if (this.windowBytes < this.rampBytes) return;
        this.phase = "steady";
        this.slowdownDueUs = nowUs + SLOWDOWN_EVERY * (nowUs - this.slowdownStartUs);
        return;
    }
  }

  /** Section 4.4: the queue of ours runs dry, so that the base delay can be seen, and others see the room. */
  private beginSlowdown(nowUs: InstantUs, rampBytes: number): void {
    this.phase = "slowdown";
    this.slowdownStartUs = nowUs;
    this.rampBytes = rampBytes;
    this.windowBytes = SLOWDOWN_WINDOW_BYTES;
  }

  /** Section 4.3. */
  private giveWay(delayUs: number, nowUs: InstantUs): void {
    const over = delayUs / this.targetUs - 1;
    const decrease = Math.min(DECREASE_CONSTANT * over, DECREASE_MAX) * this.windowBytes;
    const increase = this.gain * WINDOW_DATAGRAM_BYTES;
    this.windowBytes = Math.max(this.windowBytes + increase - decrease, SLOWDOWN_WINDOW_BYTES);
    this.judgeFromUs = nowUs;
  }

  /** True when loss of this round was a reason to give way. */
  private answersLoss(delayUs: number, nowUs: InstantUs, roundUs: number): boolean {
    const { lost, acked } = this.round;
    const { windowBytes } = this;
    const calm = delayUs <= CALM_SHARE * this.targetUs;
    const round = { lost, total: lost + acked, windowBytes: this.sentBytes, calm };
    const again = this.linkLoss.measure(round);
    if (again !== undefined) {
      this.tryAgain(again, nowUs);
      return true;
    }
    if (!this.linkLoss.isTooMuch(round)) return false;
    this.linkLoss.onAnswered(windowBytes);
    this.judgeFromUs = nowUs;
    const queueUs = this.round.mostUs - this.base.leastUs;
    if (queueUs > CALM_SHARE * this.pathTargetUs) this.queueUs = Math.min(this.queueUs, queueUs);
    // A window that is mostly lost is no measure: then what came through is.
    const passed = Math.min(windowBytes * LOSS_DECREASE, acked * WINDOW_DATAGRAM_BYTES);
    const halved = Math.max(passed, SLOWDOWN_WINDOW_BYTES);
    if (this.phase === "slowdown")
      this.rampBytes = Math.max(this.rampBytes * LOSS_DECREASE, halved);
    else this.windowBytes = halved;
    if (this.phase === "slowStart") this.endSlowStart(nowUs, roundUs);
    if (this.phase === "ramp") this.rampBytes = halved;
    return this.phase === "steady";
  }

  /** What was given up for the link's own loss was given up for nobody. */
  private tryAgain(windowBytes: number, nowUs: InstantUs): void {
    if (!this.sawQueue) {
      this.phase = "slowStart";
    } else if (this.phase === "steady") {
      this.phase = "ramp";
      this.rampBytes = Math.max(windowBytes, this.windowBytes);
      this.slowdownStartUs = nowUs;
    } else this.rampBytes = Math.max(windowBytes, this.rampBytes);
  }
}
