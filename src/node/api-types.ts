/** The shapes of the library: what `import { send, receive } from "lacuna"` takes and gives. */
import type { Mode, Receipt, ReceiveEvent, SendEvent } from "./events.js";
import type { ReceiveObserver } from "./receiving/observer.js";

/**
 * A transfer that runs. Iterate it for its events, await it for its result, do both, or neither.
 * A failure rejects the promise and ends the iteration with a LacunaError.
 */
export interface Transfer<Event, Result> extends AsyncIterable<Event>, PromiseLike<Result> {
  /** Ends it as Ctrl-C does: what arrived is kept, and the result says `interrupted`. */
  stop(): void;
  /**
   * The picture as it stands now; without an id, the newest. Undefined while there is none. It takes the memory that all
   * its pixels take, whatever `memoryMb` says.
   */
  snapshot(id?: string): Promise<Snapshot | undefined>;
}

/** A transfer that can be made to wait. Its connection is kept; the receiver is sent no pieces meanwhile. */
export interface SendTransfer extends Transfer<SendEvent, SendResult> {
  pause(): void;
  resume(): void;
}

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Samples per pixel. */
  readonly channels: number;
  /** Bits per sample: 8 or 16 (little-endian). */
  readonly bits: number;
  /** Raster order, samples interleaved; missing pixels are 0. */
  readonly pixels: Uint8Array;
  /** One byte a pixel: 255 where it is present, 0 where it is missing. */
  readonly mask: Uint8Array;
}

export interface SendOptions {
  /**
   * What the receiver printed: its ticket. Or the name that one was saved under; or HOST:PORT alone for a receiver that
   * uses the same state folder.
   */
  readonly to: string;
  /** HOST:PORT that datagrams are sent to, if it is another than the ticket's: through a forwarded port, or a test's link. */
  readonly via?: string;
  readonly mode?: "auto" | Mode;
  /** At most this many megabits a second. */
  readonly rateMbit?: number;
  /** Gives way to everything else on the link, and neither uses nor keeps what is known of the path. Default false. */
  readonly polite?: boolean;
  /** What to withhold from the first pass: the odd rows, or a share (0..1) of the pieces at random. */
  readonly drop?: "odd-rows" | number;
  /** Where this user's keys and saved tickets are, and what is known of paths. Default: the user's state folder. */
  readonly stateFolder?: string;
  /** Use and keep what was found of the path to each receiver. Default true. */
  readonly pathMemory?: boolean;
  /** About how many megabytes this process may use; larger pictures are worked on from the disk. Default 250. */
  readonly memoryMb?: number;
  /** Where large pictures are unpacked while they are sent. Default: the user's cache folder. */
  readonly cacheFolder?: string;
  /**
   * The longest datagram that may be sent, in bytes of UDP payload, 1,200 to 65,507. Default: what fits the interface;
   * whether the path carries it is found out.
   */
  readonly maxDatagramBytes?: number;
  /**
   * The most bytes of a piece, 16 to 65,000. Default 1,150, which every path carries. Longer ones cost less, wait
   * until the path is known to carry them, and fail where it does not. An interrupted transfer goes on only with the same.
   */
  readonly pieceBytes?: number;
  /** How long to wait for the first answer. Default 15. */
  readonly timeoutSeconds?: number;
  /**
   * How long to wait for a receiver that was there once and is away, trying now and then. Default a day. When given, it holds
   * for the first answer too, unless `timeoutSeconds` says otherwise.
   */
  readonly giveUpAfterSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface SentFile {
  readonly receipt: Receipt;
  readonly id: string;
  readonly name: string;
  readonly outcome: "complete" | "partial";
  /** Hex. */
  readonly sha256: string;
  readonly seconds: number;
  readonly wireBytes: number;
  readonly payloadBytes: number;
  readonly repairedPieces: number;
  readonly parityPieces: number;
  readonly parityBytes: number;
  /** The longest datagram that the path was found to carry, in bytes of UDP payload. */
  readonly datagramBytes: number;
  readonly missingPixels: number;
  readonly missingPieces: number;
  readonly bytes: number;
}

export interface SendResult {
  readonly files: readonly SentFile[];
  readonly interrupted: boolean;
}

export interface ReceiveOptions {
  /** HOST:PORT. Default 0.0.0.0:7316. */
  readonly listen?: string;
  /** Folder for what arrives. Default the current one. */
  readonly out?: string;
  /** End after the first sender has finished. */
  readonly once?: boolean;
  /**
   * How long an image is kept open whose sender is gone, so that it goes on at once when that comes back. After that what has come
   * is kept on the disk. Default a day; with `once`, a minute.
   */
  readonly giveUpAfterSeconds?: number;
  /** Default true. False: detect and report, ask for nothing. */
  readonly repair?: boolean;
  /** After that, stop and keep the partial picture with its report. */
  readonly deadlineSeconds?: number;
  /** Default rename. */
  readonly onExisting?: "rename" | "skip" | "overwrite";
  /** About how many megabytes this process may use; larger pictures are worked on from the disk. Default 250. */
  readonly memoryMb?: number;
  /** Where this user's keys and tickets are. Default: the user's state folder. */
  readonly stateFolder?: string;
  /** Of one file: its bytes, or those of a picture's pixels before they are coded. Default: no bound but the disk. */
  readonly maxBytes?: number;
  /** Of one picture. Default 1,400,000,000. */
  readonly maxPixels?: number;
  /** How long one file may take, from its offer on. Default a week. */
  readonly maxSeconds?: number;
  /** Senders at once, 1 to 256. Default 256. */
  readonly maxSenders?: number;
  /** Bytes of the disk that are left free, whatever is sent. Default 5 % of it, but at most 1,000,000,000. */
  readonly keepFreeBytes?: number;
  /** The ticket is written here once the socket is ready to be used. */
  readonly ticketFile?: string;
  /** All that is seen is written there, a JSON object a line: events, and pieces with their bytes and times. */
  readonly eventLog?: string;
  readonly signal?: AbortSignal;
  readonly observers?: readonly ReceiveObserver[];
  /** Address of the live page, to be told in the `listening` event. */
  readonly view?: string;
}

export interface ReceivedFile {
  readonly receipt: Receipt;
  readonly id: string;
  readonly name: string;
  readonly outcome: "complete" | "partial";
  /** Of the file when complete, of its report when partial. */
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  readonly seconds: number;
  readonly missingPixels: number;
  readonly missingPieces: number;
  readonly bytes: number;
}

export interface ReceiveResult {
  readonly files: readonly ReceivedFile[];
  readonly interrupted: boolean;
}

/** What would be sent. */
export interface Plan {
  readonly name: string;
  readonly mode: Mode;
  /** 0 in file mode; so are height, channels and bits. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  readonly pieces: number;
  /** Bytes of the exact pieces, their heads included. */
  readonly payloadBytes: number;
  readonly manifestBytes: number;
  /** Bytes of the pieces of the preview, which come first; 0 where there is none. */
  readonly previewBytes: number;
  /** Length of the file as it lies on the disk. */
  readonly fileBytes: number;
  /** What a person should know, for example why a picture goes as a plain file. */
  readonly notes: readonly string[];
  /** Why it would go as it does. */
  readonly why: string;
}

/** What is missing in a partial result or a resume folder. */
export interface Inspection {
  readonly name: string;
  readonly mode: Mode;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  readonly pixels: number;
  /** Exact; bytes in file mode. */
  readonly missingPixels: number;
  /** Those of the missing pixels that a preview stands for. */
  readonly approximatePixels: number;
  readonly missingPieces: number;
  readonly pieces: number;
  readonly regions: readonly MissingRegion[];
}

/** An upright rectangle of missing pixels; in file mode, x and width are bytes and y and height 0 and 1. */
export interface MissingRegion {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly cause: string;
}

export interface PlanOptions {
  readonly mode?: "auto" | Mode;
  /** About how many megabytes this process may use; larger pictures are worked on from the disk. Default 250. */
  readonly memoryMb?: number;
  /** Where a large picture is unpacked for a moment. Default: the user's cache folder. */
  readonly cacheFolder?: string;
  /** Told the share, 0..1, of a large picture that has been coded so far. */
  onProgress?(share: number): void;
}

/** The library's functions, as `src/node/index.ts` exports them. */
export interface Lacuna {
  send(paths: string | readonly string[], options: SendOptions): SendTransfer;
  receive(options?: ReceiveOptions): Transfer<ReceiveEvent, ReceiveResult>;
  plan(path: string, options?: PlanOptions): Promise<Plan>;
  inspect(path: string): Promise<Inspection>;
}
