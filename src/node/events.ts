/**
 * What a transfer tells while it runs. The same objects are the lines of
 * `--json`, what `for await` yields from the library, and the feed of the page.
 */

/** Seconds since the transfer began, on every event. */
interface Timed {
  readonly t: number;
}

export type Mode = "pixels" | "jpeg" | "file";

/** What both ends print the same at the end, by the receiver's clock and count. */
export interface Receipt {
  readonly seconds: number;
  /** Share of the connection's datagrams that did not come, 0..1. */
  readonly lossShare: number;
}

/** Facts of an image that an offer and a plan share. */
export interface ImageFacts {
  readonly name: string;
  readonly mode: Mode;
  /** 0 for a file that is not sent as a picture; so are height, channels and bits. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  /** Bytes of all pieces together. */
  readonly bytes: number;
  readonly pieces: number;
}

export interface ListeningEvent extends Timed {
  readonly event: "listening";
  /** HOST:PORT that the socket is bound to. */
  readonly address: string;
  /** What a sender gives to `--to`. */
  readonly ticket: string;
  /** Address of the live page, when there is one. */
  readonly view?: string;
}

export interface OfferEvent extends Timed, ImageFacts {
  readonly event: "offer";
  readonly id: string;
  /** HOST:PORT of the sender. */
  readonly from: string;
  /** Pieces already held from an earlier, interrupted transfer. */
  readonly resumedPieces: number;
  /** Since the first that was heard of it: of a connection's first image, since the sender's first datagram. */
  readonly seconds: number;
}

export interface ReceiveProgressEvent extends Timed {
  readonly event: "progress";
  readonly id: string;
  /** Exact. In file mode there are no pixels: bytes missing. */
  readonly missingPixels: number;
  readonly missingPieces: number;
  /** Pieces that arrived and were new. */
  readonly received: number;
  /** Of these, pieces that came after they had been asked for. */
  readonly repaired: number;
  /** Pieces that did not arrive, but were computed from parity. */
  readonly recovered: number;
  /** Pieces that were held already when they came. */
  readonly duplicates: number;
  /** Datagrams at this socket that were not Lacuna's, or damaged. */
  readonly malformed: number;
  readonly rateMbit: number;
  /** Absent until measured. */
  readonly rttMs?: number;
  /** Share of datagrams lost lately, 0..1, by gaps in packet numbers. */
  readonly lossShare: number;
  /** Absent while it cannot be told. */
  readonly secondsLeft?: number;
}

/** How much of a picture can be looked at; told while it is decoded, some times a second at most. */
export interface PictureEvent extends Timed {
  readonly event: "picture";
  readonly id: string;
  /** Pixels whose values are known. */
  readonly exactPixels: number;
  /** Pixels that are not, but that a preview stands for. */
  readonly approximatePixels: number;
}

export interface ReceiveCompleteEvent extends Timed {
  readonly event: "complete";
  readonly id: string;
  readonly name: string;
  /** Where the file lies now. */
  readonly path: string;
  /** Hex digest of the pixels in raster order, or of the file's bytes in file mode. */
  readonly sha256: string;
  readonly seconds: number;
  readonly missingPixels: 0;
  readonly bytes: number;
  readonly receipt: Receipt;
}

export interface PartialEvent extends Timed {
  readonly event: "partial";
  readonly id: string;
  readonly name: string;
  /** Path of NAME.report.json. */
  readonly report: string;
  readonly missingPixels: number;
  readonly missingPieces: number;
  /** Why it stopped. */
  readonly reason: "no-repair" | "deadline" | "interrupted" | "sender-gone" | "sender-stopped";
}

export interface ErrorEvent extends Timed {
  readonly event: "error";
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** The image that it concerns, if one. */
  readonly id?: string;
}

export interface ConnectedEvent extends Timed {
  readonly event: "connected";
  readonly rttMs: number;
}

/** The receiver, or the way to it, is away; what it has is kept there, and the next connection goes on with it. */
export interface WaitingEvent extends Timed {
  readonly event: "waiting";
  /** Nothing is heard; it was started anew; it has no room now; the system knows no way to it. */
  readonly reason: "silent" | "restarted" | "busy" | "no-way";
  /** When the next connection is tried. */
  readonly retryInSeconds: number;
}

/** Its user lets it wait; the connection is kept. */
export interface PausedEvent extends Timed {
  readonly event: "paused";
}

export interface ResumedEvent extends Timed {
  readonly event: "resumed";
}

export interface SendOfferEvent extends Timed, ImageFacts {
  readonly event: "offer";
  readonly id: string;
  /** What a person should know, for example why a picture goes as a plain file. */
  readonly notes: readonly string[];
  /** Why it goes as it does. */
  readonly why: string;
}

export interface SendProgressEvent extends Timed {
  readonly event: "progress";
  readonly id: string;
  readonly name: string;
  readonly pieces: number;
  /** Pieces put on the wire at least once. */
  readonly sentPieces: number;
  /** Pieces that the receiver has confirmed. */
  readonly acknowledgedPieces: number;
  /** Parity symbols sent, each as long as the longest piece that it is of. */
  readonly parityPieces: number;
  readonly rateMbit: number;
  readonly rttMs: number;
  readonly lossShare: number;
  /** The longest datagram that the path is known to carry, in bytes of UDP payload. */
  readonly datagramBytes: number;
  readonly secondsLeft?: number;
}

export interface SendCompleteEvent extends Timed {
  readonly event: "complete";
  readonly id: string;
  readonly name: string;
  /** From the first datagram sent to the receiver's word that the file is verified. */
  readonly seconds: number;
  /** UDP payload bytes sent for this image, headers and repeats included. */
  readonly wireBytes: number;
  /** Bytes of its pieces. */
  readonly payloadBytes: number;
  /** Pieces sent again, or sent late because they were withheld at first. */
  readonly repairedPieces: number;
  /** Parity sent beside the pieces, so that what is lost last need not be asked for; and its bytes. */
  readonly parityPieces: number;
  readonly parityBytes: number;
  /** The longest datagram that the path was found to carry, in bytes of UDP payload. */
  readonly datagramBytes: number;
  /** The file is not any more what was read of it when its sending began, and what the receiver has. */
  readonly sourceChanged?: true;
  readonly sha256: string;
  readonly bytes: number;
  readonly receipt: Receipt;
}

export interface SendPartialEvent extends Timed {
  readonly event: "partial";
  readonly id: string;
  readonly name: string;
  readonly missingPixels: number;
  readonly missingPieces: number;
}

/** A sender has a ticket, but was not let in by it; told at most once a minute of each. */
export interface RefusedEvent extends Timed {
  readonly event: "refused";
  /** The ticket's name. */
  readonly ticket: string;
  /** The sender's public key, base64url. */
  readonly sender: string;
  readonly reason: "ticketRevoked" | "ticketExpired" | "ticketUsedUp" | "senderNotAdmitted";
}

export type ReceiveEvent =
  | RefusedEvent
  | ListeningEvent
  | OfferEvent
  | ReceiveProgressEvent
  | PictureEvent
  | ReceiveCompleteEvent
  | PartialEvent
  | ErrorEvent;

export type SendEvent =
  | ConnectedEvent
  | WaitingEvent
  | PausedEvent
  | ResumedEvent
  | SendOfferEvent
  | SendProgressEvent
  | SendCompleteEvent
  | SendPartialEvent
  | ErrorEvent;
