import type {
  ErrorEvent,
  ListeningEvent,
  Mode,
  PartialEvent,
  PictureEvent,
  ReceiveCompleteEvent,
  ReceiveProgressEvent,
} from "../../src/node/events.js";
import type { FeedMessage, HelloMessage, ImageMessage } from "../../src/viewer/feed.js";

/** One image, as far as the page has been told. */
export interface Transfer {
  readonly id: string;
  readonly name: string;
  readonly mode: Mode;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  readonly bytes: number;
  readonly pieces: number;
  /** Absent until the offer has come. */
  readonly from?: string;
  readonly resumedPieces: number;
  /** Absent until the manifest has come. */
  readonly image?: Pick<ImageMessage, "number" | "sha256" | "view" | "viewFailure">;
  readonly progress?: ReceiveProgressEvent;
  /** Absent for what is not looked at. */
  readonly picture?: PictureEvent;
  readonly end?: ReceiveCompleteEvent | PartialEvent | ErrorEvent;
  /** When, on the page's clock, the newest new piece came. */
  readonly lastNewMs: number;
}

export interface State {
  readonly listening?: ListeningEvent;
  /** In the order in which they began. */
  readonly transfers: readonly Transfer[];
  /** Errors that concern no image, newest last. */
  readonly errors: readonly ErrorEvent[];
  /** What `hello` said of images that have not been told yet. */
  readonly quietSeconds: HelloMessage["quietSeconds"];
}

/**
 * `checking`: everything has come, its digest is not confirmed yet.
 * `unknown`: it had not ended when the page was cut off from the receiver.
 */
export type Phase =
  | "arriving"
  | "waiting"
  | "checking"
  | "exact"
  | "partial"
  | "failed"
  | "unknown";

export const NOTHING_YET: State = { transfers: [], errors: [], quietSeconds: {} };

/** The state after a message that came at `nowMs`. */
export function reduce(state: State, message: FeedMessage, nowMs: number): State {
  switch (message.event) {
    case "hello":
      return { ...NOTHING_YET, quietSeconds: message.quietSeconds };
    case "pulse":
    case "refused":
      return state;
    case "listening":
      return { ...state, listening: message };
    case "roster":
      return {
        ...state,
        transfers: state.transfers.filter((transfer) => message.ids.includes(transfer.id)),
      };
    case "image": {
      const { number, sha256, view, viewFailure } = message;
      const image = { number, sha256, ...(view && { view }), ...(viewFailure && { viewFailure }) };
      const known = find(state, message.id);
      const anew = known?.image !== undefined && known.image.number !== number;
      const base = known && !anew ? known : begun(state, message, nowMs);
      const carried = known?.from === undefined ? {} : { from: known.from };
      return put(state, { ...base, ...factsOf(message), ...carried, image });
    }
    case "offer": {
      const { from, resumedPieces } = message;
      const known = find(state, message.id);
      const base = known && !known.end ? known : begun(state, message, nowMs);
      return put(state, { ...base, ...factsOf(message), from, resumedPieces });
    }
    case "progress": {
      const known = find(state, message.id);
      if (known === undefined) return state;
      const before = known.progress;
      const isNews = before !== undefined && message.missingPieces < before.missingPieces;
      const lastNewMs = isNews ? nowMs : known.lastNewMs;
      return put(state, { ...known, progress: message, lastNewMs });
    }
    case "picture": {
      const known = find(state, message.id);
      return known === undefined ? state : put(state, { ...known, picture: message });
    }
    case "complete":
    case "partial":
      return ended(state, message.id, message);
    case "error":
      if (message.id !== undefined && find(state, message.id)) {
        return ended(state, message.id, message);
      }
      return { ...state, errors: [...state.errors, message].slice(-ERRORS_SHOWN_MAX) };
  }
}

/** What the transfer is doing; `nowMs` is undefined while the page itself is cut off. */
export function phaseOf(transfer: Transfer, nowMs: number | undefined): Phase {
  switch (transfer.end?.event) {
    case "complete":
      return "exact";
    case "partial":
      return "partial";
    case "error":
      return "failed";
    case undefined:
      if (nowMs === undefined) return "unknown";
      if (transfer.progress?.missingPieces === 0) return "checking";
      return quietMs(transfer, nowMs) > WAITING_AFTER_MS ? "waiting" : "arriving";
  }
}

export function quietMs(transfer: Transfer, nowMs: number): number {
  return Math.max(0, nowMs - transfer.lastNewMs);
}

/** Pixels of the picture; in file mode, bytes of the file. */
export function unitsOf(transfer: Transfer): number {
  return transfer.mode === "file" ? transfer.bytes : transfer.width * transfer.height;
}

/** How many of them are missing; undefined before anything was told. */
export function missingOf(transfer: Transfer): number | undefined {
  if (transfer.end?.event === "complete") return 0;
  if (transfer.end?.event === "partial") return transfer.end.missingPixels;
  return transfer.progress?.missingPixels;
}

/** Pixels of a picture that is looked at, by what is known of them. */
export interface PixelCounts {
  readonly exact: number;
  readonly approximate: number;
  readonly missing: number;
}

/** Undefined for what is not looked at, and before anything was told. */
export function pixelCounts(transfer: Transfer): PixelCounts | undefined {
  const { image, picture, end, width, height } = transfer;
  const all = width * height;
  if (image?.view === undefined || all === 0) return undefined;
  if (end?.event === "complete") return { exact: all, approximate: 0, missing: 0 };
  if (picture === undefined) return undefined;
  const { exactPixels: exact, approximatePixels: approximate } = picture;
  return { exact, approximate, missing: all - exact - approximate };
}

/** Share that has come, 0..1. It is 1 only when the digest agrees. */
export function confirmedShare(transfer: Transfer): number {
  if (transfer.end?.event === "complete") return 1;
  const units = unitsOf(transfer);
  const missing = missingOf(transfer) ?? units;
  return units === 0 ? 0 : Math.min(1 - missing / units, ALMOST_ALL);
}

/** A transfer from which nothing new has come for so long is said to wait. Ours. */
export const WAITING_AFTER_MS = 3_000;
const ALMOST_ALL = 0.999;
const ERRORS_SHOWN_MAX = 3;

function find(state: State, id: string): Transfer | undefined {
  return state.transfers.find((transfer) => transfer.id === id);
}

type Facts = Omit<
  Transfer,
  "from" | "resumedPieces" | "image" | "progress" | "picture" | "end" | "lastNewMs"
>;

function factsOf(facts: Facts): Facts {
  const { id, name, mode, width, height, channels, bits, bytes, pieces } = facts;
  return { id, name, mode, width, height, channels, bits, bytes, pieces };
}

function begun(state: State, facts: Facts, nowMs: number): Transfer {
  const quiet = state.quietSeconds[facts.id] ?? 0;
  return { ...factsOf(facts), resumedPieces: 0, lastNewMs: nowMs - quiet * 1_000 };
}

function put(state: State, transfer: Transfer): State {
  const known = find(state, transfer.id) !== undefined;
  const transfers = known
    ? state.transfers.map((other) => (other.id === transfer.id ? transfer : other))
    : [...state.transfers, transfer];
  return { ...state, transfers };
}

function ended(state: State, id: string, end: NonNullable<Transfer["end"]>): State {
  const known = find(state, id);
  return known === undefined ? state : put(state, { ...known, end });
}
