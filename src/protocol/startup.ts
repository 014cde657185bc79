import { type BytesPerSecond, bytesPerSecond, milliseconds } from "../base/units.js";
import { firstFlightBytes, jumpBytes, type PathModel } from "./careful-resume.js";
import { WINDOW_DATAGRAM_BYTES } from "./congestion.js";
import type { RateSample } from "./delivery-rate.js";
import type { RttEstimator } from "./rtt.js";

/** As many datagrams as Chromium's QUIC, paced. RFC 6928 has ten without pacing. */
export const START_WINDOW_BYTES = 32 * WINDOW_DATAGRAM_BYTES;

/** Taken for the round-trip time before there is a sample. Ours; the window bounds the harm. */
const FIRST_RTT_US = milliseconds(50);

/** On a path that is remembered the first flight is paced over half a round trip: its trains prove half of the old rate. Ours. */
const FIRST_PACE_GAIN = 2;

/** Rounds in which the jump decides the pace: that of the opening and the first flight. Ours. */
const JUMP_ROUNDS = 2;

/**
 * What the window grows by for each byte acknowledged, as far as the path has been seen to carry it. With 1 it
 * doubles each round trip, as in slow start. Ours.
 */
const PROVEN_GROWTH = 3;

/**
 * How a connection finds its rate. After draft-ietf-ccwg-bbr-05 section 5.3.1, and faster in two ways: a path that is
 * remembered is resumed (careful-resume.ts); and the rate at which the last few packets came, a train of
 * an eighth of a round trip, counts as soon as it is seen. By that the window may grow fourfold in a
 * round trip, up to the window gain times what the path has been seen to carry, which bounds the queue at the
 * end of startup as the draft's doubling does.
 */
export class Startup {
  readonly firstWindowBytes: number;
  /** The largest rates of trains, in this and the last round: what the path has been seen to carry. */
  private proven: [number, number] = [0, 0];

  /** @param remembered what an earlier connection found on the way to the same receiver */
  constructor(private readonly remembered?: PathModel) {
    this.firstWindowBytes = Math.max(START_WINDOW_BYTES, firstFlightBytes(remembered));
  }

  onSample({ recentRate }: RateSample): void {
    this.proven[1] = Math.max(this.proven[1], recentRate ?? 0);
  }

  onRound(): void {
    this.proven = [this.proven[1], 0];
  }

  /** The larger of a bandwidth and of what trains have proven. */
  rate(bandwidth: number): number {
    return Math.max(bandwidth, ...this.proven);
  }

  /** The window once the round-trip time is known: the path is the one remembered, or begins anew. */
  windowAtFirstSample(rtt: RttEstimator): number {
    return Math.max(START_WINDOW_BYTES, jumpBytes(this.remembered, rtt));
  }

  /** What the pace is at least: the first samples are of a few small packets. */
  paceFloor(gain: number, rtt: RttEstimator, rounds: number): BytesPerSecond {
    if (!rtt.hasSample && this.remembered !== undefined) {
      return bytesPerSecond(
        (FIRST_PACE_GAIN * this.firstWindowBytes * 1_000_000) / this.remembered.minRttUs,
      );
    }
    const startUs = rtt.hasSample ? rtt.smoothedUs : FIRST_RTT_US;
    const jump = rounds <= JUMP_ROUNDS ? jumpBytes(this.remembered, rtt) : 0;
    return bytesPerSecond((Math.max(gain * START_WINDOW_BYTES, jump) * 1_000_000) / startUs);
  }

  /**
   * The window after an acknowledgement.
   *
   * @param mostBytes up to where it may grow, by what the path has been seen to carry
   */
  grow(windowBytes: number, ackedBytes: number, mostBytes: number, rounds: number): number {
    if (windowBytes < mostBytes) {
      return Math.min(windowBytes + PROVEN_GROWTH * ackedBytes, mostBytes);
    }
    // The first flight proves itself by having come.
    return rounds <= 1 ? windowBytes + ackedBytes : windowBytes;
  }
}
