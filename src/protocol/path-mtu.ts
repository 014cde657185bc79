import { assert } from "../base/assert.js";
import {
  after,
  type BytesPerSecond,
  type InstantUs,
  milliseconds,
  NEVER,
  seconds,
} from "../base/units.js";
import { BASE_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES } from "../wire/datagram.js";

/** Where the search for the path's datagram size begins, and where it ends. UDP payload bytes. */
export interface PathMtuOptions {
  /** The longest datagram that our own host sends whole, not as IP fragments. */
  readonly mostBytes: number;
  /** What is tried first: what the path carried before, or what is wanted. */
  readonly firstBytes?: number;
}

/** A packet whose fate tells of the path's datagram size. */
export interface SizedPacket {
  readonly packetNumber: number;
  /** UDP payload. */
  readonly bytes: number;
  /** True when it left to try its size. */
  readonly triesSize?: boolean;
}

/**
 * Finds how long a datagram the path carries, by trying: datagram packetization
 * layer path MTU discovery, RFC 8899 and RFC 9000 section 14.3.
 *
 * searching -> complete when no size is left to try; complete -> searching when the raise timer is over;
 * from both to searching, at the base size, when long datagrams vanish while short ones come (a black
 * hole, RFC 8899 section 4.3).
 *
 * RFC 8899's states Base and Error are not here: HELLO fills the base size, so an open connection has
 * confirmed it, and a path that carries it no more ends as one that carries nothing.
 */
export class PathMtu {
  /** The longest datagram that the path is known to carry. */
  confirmedBytes = BASE_DATAGRAM_BYTES;
  private mostBytes: number;
  private firstBytes: number;
  /** The longest that is not known to be too long. */
  private ceilingBytes: number;
  /** Sizes left to try, rising. */
  private sizes: readonly number[] = [];
  /** The probe on the way. */
  private probedBytes: number | undefined;
  /** Probes lost of the size that is tried now. */
  private failures = 0;
  private raiseUs: InstantUs = NEVER;
  /** Long packets lost since one was acknowledged, and the first of them. */
  private vanished = 0;
  private firstVanished = Number.POSITIVE_INFINITY;
  private newestLongAcked = -1;
  private newestShortAcked = -1;

  constructor({ mostBytes, firstBytes = ETHERNET_DATAGRAM_BYTES }: PathMtuOptions) {
    assert(mostBytes >= BASE_DATAGRAM_BYTES, "every host sends the base size");
    this.mostBytes = Math.min(mostBytes, MAX_DATAGRAM_BYTES);
    this.ceilingBytes = this.mostBytes;
    this.firstBytes = Math.min(firstBytes, this.mostBytes);
    this.listSizes();
  }

  get state(): "searching" | "complete" {
    return this.sizes.length > 0 ? "searching" : "complete";
  }

  /** The peer takes no more than this. */
  limit(bytes: number): void {
    this.mostBytes = Math.min(this.mostBytes, Math.max(bytes, BASE_DATAGRAM_BYTES));
    this.confirmedBytes = Math.min(this.confirmedBytes, this.mostBytes);
    this.firstBytes = Math.min(this.firstBytes, this.mostBytes);
    this.ceilingBytes = Math.min(this.ceilingBytes, this.mostBytes);
    this.listSizes();
  }

  /** The size to try now; undefined when none is due. */
  probeBytes(nowUs: InstantUs): number | undefined {
    if (this.raiseUs <= nowUs) {
      this.raiseUs = NEVER;
      this.ceilingBytes = this.mostBytes;
      this.listSizes();
    }
    if (this.probedBytes !== undefined || this.state === "complete") return undefined;
    return this.choose();
  }

  onProbeSent(bytes: number): void {
    this.probedBytes = bytes;
  }

  onAcked({ packetNumber, bytes, triesSize }: SizedPacket): void {
    if (triesSize) this.onProbeAcked(bytes);
    if (this.isLong(bytes)) {
      this.newestLongAcked = Math.max(this.newestLongAcked, packetNumber);
      this.forgetVanished();
    } else this.newestShortAcked = Math.max(this.newestShortAcked, packetNumber);
  }

  /** @param lossShare what the path loses of all packets, 0..1 */
  onLost(packet: SizedPacket, lossShare: number, nowUs: InstantUs): void {
    const { packetNumber, bytes, triesSize } = packet;
    if (triesSize) return this.onProbeLost(bytes, lossShare, nowUs);
    if (!this.isLong(bytes) || packetNumber < this.newestLongAcked) return;
    this.vanished += 1;
    this.firstVanished = Math.min(this.firstVanished, packetNumber);
  }

  /**
   * Call when an acknowledgement and the losses that it shows are taken in. True when the path was found
   * to swallow long datagrams: the base size counts again, and what was confirmed is tried anew.
   */
  noticeBlackHole(lossShare: number): boolean {
    if (this.newestShortAcked < this.firstVanished) return false;
    if (this.vanished < probesFor(lossShare)) return false;
    this.firstBytes = this.confirmedBytes;
    this.fallBack();
    this.ceilingBytes = this.mostBytes;
    this.listSizes();
    return true;
  }

  /** The host has learnt that a datagram was too long for the path: the probe on the way, or else what was confirmed. */
  onTooLong(nowUs: InstantUs): void {
    const tooLong = this.probedBytes ?? this.confirmedBytes;
    if (this.probedBytes === undefined) this.fallBack();
    this.giveUp(tooLong, nowUs);
  }

  private onProbeAcked(bytes: number): void {
    if (bytes === this.probedBytes) this.probedBytes = undefined;
    if (bytes <= this.confirmedBytes || bytes > this.mostBytes) return;
    this.confirmedBytes = bytes;
    // It may have been taken for lost, and its size for too long.
    this.ceilingBytes = Math.max(this.ceilingBytes, bytes);
    this.failures = 0;
    this.listSizes();
  }

  private onProbeLost(bytes: number, lossShare: number, nowUs: InstantUs): void {
    if (bytes !== this.probedBytes) return;
    this.probedBytes = undefined;
    this.failures += 1;
    if (this.failures >= probesFor(lossShare)) this.giveUp(bytes, nowUs);
  }

  private giveUp(bytes: number, nowUs: InstantUs): void {
    this.probedBytes = undefined;
    this.failures = 0;
    this.ceilingBytes = Math.max(bytes - 1, this.confirmedBytes);
    this.listSizes();
    if (this.state === "complete") this.raiseUs = after(nowUs, PATH_RAISE_US);
  }

  private fallBack(): void {
    this.confirmedBytes = BASE_DATAGRAM_BYTES;
    this.probedBytes = undefined;
    this.failures = 0;
    this.raiseUs = NEVER;
    this.forgetVanished();
  }

  private forgetVanished(): void {
    this.vanished = 0;
    this.firstVanished = Number.POSITIVE_INFINITY;
  }

  /** A path that has become narrow lets what is well below the confirmed size through. */
  private isLong(bytes: number): boolean {
    return bytes > Math.max(BASE_DATAGRAM_BYTES, this.confirmedBytes / 2);
  }

  /** First what is hoped for, then the longest, then halfway through the common sizes between. RFC 8899 section 5.3.2. */
  private choose(): number | undefined {
    const { sizes, firstBytes, ceilingBytes, confirmedBytes } = this;
    if (firstBytes > confirmedBytes && firstBytes <= ceilingBytes) return firstBytes;
    return ceilingBytes === this.mostBytes ? sizes.at(-1) : sizes[sizes.length >>> 1];
  }

  private listSizes(): void {
    const known = new Set([...COMMON_DATAGRAM_BYTES, this.firstBytes, this.mostBytes]);
    const isLeft = (size: number) => size > this.confirmedBytes && size <= this.ceilingBytes;
    this.sizes = [...known].filter(isLeft).sort((a, b) => a - b);
  }
}

/**
 * How many packets in a row must be lost until it is their size that is blamed: three (RFC 8899 section
 * 5.1.2, MAX_PROBES), and where the path loses much, so many that chance does so once in a thousand times.
 */
function probesFor(lossShare: number): number {
  if (lossShare <= 0) return PATH_PROBES_MIN;
  const wanted = Math.ceil(Math.log(PATH_CHANCE) / Math.log(Math.min(lossShare, 0.99)));
  return Math.min(Math.max(wanted, PATH_PROBES_MIN), PATH_PROBES_MAX);
}

/**
 * The longest datagram that is worth sending: several pieces are lost with it, it holds the wire for as long as it
 * takes, and windows must have room for a few. So it is at most an eighth of the windows and what the pace brings in
 * 2 ms (Linux sizes TCP's bursts likewise, by 1 ms), but never less than Ethernet's.
 */
export function usefulDatagramBytes(windowBytes: number, rate: BytesPerSecond): number {
  const brought = (rate * USEFUL_US) / 1_000_000;
  return Math.floor(Math.max(ETHERNET_DATAGRAM_BYTES, Math.min(windowBytes / 8, brought)));
}

/** The datagram that a piece of so many bytes needs. */
export function datagramBytesFor(pieceBytes: number): number {
  return Math.max(BASE_DATAGRAM_BYTES, pieceBytes + BESIDE_PIECE_BYTES);
}

/** Ours: header, frame and tag, and some for what may come to stand beside a piece. */
export const BESIDE_PIECE_BYTES = 50;

/** As `BURST_US` of the pacer: what leaves at once in any case. */
const USEFUL_US = milliseconds(2);

/** What fits an Ethernet frame of 1,500 bytes behind the headers of IPv4 (20 bytes) and UDP (8 bytes). */
export const ETHERNET_DATAGRAM_BYTES = 1_472;

/**
 * Links that there are, less the headers of IPv4 and UDP where no other is named: IPv6's least (1,280) over IPv6,
 * tunnels (1,400), WireGuard (1,420), Ethernet over IPv6 (1,500), PPPoE (1,492), Ethernet, FDDI (4,352), jumbo
 * frames (9,000) over IPv6 and over IPv4.
 */
const COMMON_DATAGRAM_BYTES: readonly number[] = [
  1_232,
  1_372,
  1_392,
  1_452,
  1_464,
  ETHERNET_DATAGRAM_BYTES,
  4_324,
  8_952,
  8_972,
];

/** RFC 8899 section 5.1.2: MAX_PROBES. */
const PATH_PROBES_MIN = 3;
/** Ours: at half of all lost, chance takes ten in a row once in a thousand times. */
const PATH_PROBES_MAX = 10;
const PATH_CHANCE = 0.001;
/** RFC 8899 section 5.1.1: PMTU_RAISE_TIMER. */
const PATH_RAISE_US = seconds(600);
