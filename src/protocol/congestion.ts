import type { BytesPerSecond, InstantUs } from "../base/units.js";
import type { RateSample } from "./delivery-rate.js";
import type { RttEstimator } from "./rtt.js";

/** A packet that counts as in flight. */
export interface FlightPacket {
  readonly bytes: number;
  readonly sentUs: InstantUs;
}

/** What an acknowledgement tells of the path. */
export interface AckSample {
  readonly nowUs: InstantUs;
  readonly rtt: RttEstimator;
  /** After the packets acknowledged are taken out. */
  readonly inFlightBytes: number;
  /** True when the window, not the sender's data, held the sender back. */
  readonly limited: boolean;
  /** The rate of delivery; absent when this acknowledgement gives no measure of it. */
  readonly rate?: RateSample;
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
  onAcked(packets: readonly FlightPacket[], sample: AckSample): void;
  /** @param persistent true when nothing came through for a whole persistent-congestion period */
  onLost(packets: readonly FlightPacket[], nowUs: InstantUs, persistent: boolean): void;
}

export const bytesOf = (packets: readonly FlightPacket[]): number =>
  packets.reduce((sum, packet) => sum + packet.bytes, 0);

/** The datagram size that windows are counted in. */
export const WINDOW_DATAGRAM_BYTES = 1_200;

/** Initial window: ten datagrams, at most 14,720 bytes. RFC 9002 section 7.2. */
export const INITIAL_WINDOW_BYTES = Math.min(
  10 * WINDOW_DATAGRAM_BYTES,
  Math.max(14_720, 2 * WINDOW_DATAGRAM_BYTES),
);
