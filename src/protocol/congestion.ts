import type { BytesPerSecond, InstantUs } from "../base/units.js";
import type { RttEstimator } from "./rtt.js";

export interface AckedPacket {
  readonly bytes: number;
  readonly sentUs: InstantUs;
}

/**
 * How much may be on the way, and how fast it may leave. Every algorithm
 * decides from these calls alone; the caller keeps the count of bytes in flight.
 */
export interface CongestionControl {
  readonly name: string;
  /** Bytes that may be in flight. */
  readonly windowBytes: number;
  pacingRate(rtt: RttEstimator): BytesPerSecond;
  /**
   * @param limited true when the window, not the sender's data, held the sender back
   */
  onAcked(packets: readonly AckedPacket[], nowUs: InstantUs, limited: boolean): void;
  /** @param persistent true when nothing came through for a whole persistent-congestion period */
  onLost(packets: readonly AckedPacket[], nowUs: InstantUs, persistent: boolean): void;
}

/** The datagram size that windows are counted in. */
export const WINDOW_DATAGRAM_BYTES = 1_200;

/** Initial window: ten datagrams, at most 14,720 bytes. RFC 9002 section 7.2. */
export const INITIAL_WINDOW_BYTES = Math.min(
  10 * WINDOW_DATAGRAM_BYTES,
  Math.max(14_720, 2 * WINDOW_DATAGRAM_BYTES),
);
