import type { Range } from "../base/range-set.js";
import type { BytesPerSecond, DurationUs, InstantUs } from "../base/units.js";
import type { CongestionControl } from "../protocol/congestion.js";
import type { PathMtuOptions } from "../protocol/path-mtu.js";
import type { SenderEnd } from "../protocol/sender-events.js";
import type { ChecksumSealing } from "./checksum-sealing.js";
import type { LinkCounters, LinkOptions } from "./link.js";
import type { Seen } from "./trace.js";

/** What is to happen in a run of the simulator. */
export interface Scenario {
  /** Draws the connection id and the pieces' bytes. */
  readonly seed: number;
  readonly sealing: ChecksumSealing;
  readonly images: readonly SimulatedImage[];
  readonly forward: LinkOptions;
  readonly backward: LinkOptions;
  readonly repair?: boolean;
  readonly rateCap?: BytesPerSecond;
  readonly congestion?: () => CongestionControl;
  /** How long datagrams may become; the base size when absent. */
  readonly path?: PathMtuOptions;
  /** Virtual time after which the run is given up. */
  readonly limitUs?: number;
  readonly connectTimeoutUs?: number;
  readonly host?: HostOptions;
  /** The widest window of a connection of the receiver, in bytes. */
  readonly windowBytes?: number;
  readonly meddler?: Meddler;
  /** Somebody stops one side, as with Ctrl-C. */
  readonly interrupt?: Interrupt;
  /** The sender's address changes on the way, as behind a NAT that forgets, or in another network. Soonest first. */
  readonly moves?: readonly Move[];
  /** Timers fire up to this much late, evenly drawn, as on a busy machine. */
  readonly timersLateUs?: DurationUs;
  /** Told each datagram, event and timer, in order. */
  readonly trace?: (line: string) => void;
}

export interface SimulatedImage {
  readonly pieceCount: number;
  /** Of the longest piece. */
  readonly pieceBytes: number;
  /** The first pieces, of a preview. */
  readonly previewPieces?: number;
  /** Pieces are of drawn lengths, as a coder makes them; otherwise all but the last are the longest. */
  readonly hasDrawnLengths?: boolean;
  /** The image is coded while it is sent: when pieces become ready, in rising order, the last of them telling the count. */
  readonly supplies?: readonly SimulatedSupply[];
  readonly withheld?: readonly Range[];
  /** Pieces that the receiver holds from an earlier time. */
  readonly resumed?: readonly Range[];
  /** Bytes of a colour profile, for a manifest that takes several datagrams. */
  readonly profileBytes?: number;
  /** Times that the digest differs although every piece came. */
  readonly damagedTimes?: number;
}

/** At an instant, how many pieces of an image that is coded while it is sent are ready. */
export interface SimulatedSupply {
  readonly atUs: InstantUs;
  /** Pieces below this. */
  readonly available: number;
  /** That these are all becomes known now. */
  readonly isLast?: boolean;
}

/** How long a receiving program takes for what it does. */
export interface HostOptions {
  /** From an offer to its acceptance. */
  readonly acceptUs?: DurationUs;
  /** To write one piece; pieces are written one after another. */
  readonly writeUs?: DurationUs;
  /** From the last piece to the verdict on the digest. */
  readonly verifyUs?: DurationUs;
}

/** What is sent to the old address from then on is lost. */
export interface Move {
  readonly atUs: InstantUs;
  /** What of the address is another. */
  readonly changes: "port" | "host";
}

export interface Interrupt {
  readonly who: "sender" | "receiver";
  readonly atUs: InstantUs;
}

/** Somebody on the path, who sees every datagram before it enters its link. */
export interface Meddler {
  /** True: the datagram is lost. */
  loses?(seen: Seen): boolean;
  /** Datagrams that arrive at once beside it. */
  injects?(seen: Seen): readonly Injection[];
}

export interface Injection {
  readonly to: "sender" | "receiver";
  readonly datagram: Uint8Array;
  /** Where it claims to be from; the sender's own address unless told otherwise. */
  readonly from?: string;
}

export interface Outcome {
  /** Every image arrived, byte by byte what was sent, and both ends say so. */
  readonly exact: boolean;
  readonly end: SenderEnd | "timeLimit";
  /** Virtual seconds from the first datagram to the sender's end. */
  readonly seconds: number;
  /** Virtual seconds from the first datagram to the receiver's word on the last image. */
  readonly completeSeconds: number;
  readonly pieces: number;
  /** Pieces sent again, or late because withheld. */
  readonly repaired: number;
  /** Parity datagrams sent. */
  readonly parity: number;
  /** Pieces that the receiver computed from parity. */
  readonly recovered: number;
  /** Virtual seconds from the first datagram until the receiver had the previews of all images; NaN when some never came. */
  readonly previewSeconds: number;
  /** Pieces that came although they were held: repairs that nobody needed. */
  readonly needless: number;
  readonly datagrams: number;
  /** What the sender knows the path to carry. */
  readonly pathDatagramBytes: number;
  /** Of the sender and of the receiver. */
  readonly malformed: number;
  /** Datagrams, at both ends, with a packet number that had come before. */
  readonly repeated: number;
  readonly forward: LinkCounters;
  readonly backward: LinkCounters;
  /** Missing pieces of each image at the end. */
  readonly missing: readonly (readonly Range[])[];
  /** How the receiver's connections with this sender ended; the last stays open at a time limit. */
  readonly receiverEnds: readonly string[];
  /** Virtual seconds until the receiver had forgotten the connection. */
  readonly lingerSeconds: number;
}
