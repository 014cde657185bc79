import type { ImageFacts, ReceiveEvent, SendEvent, WaitingEvent } from "../../node/events.js";

/** What is known of an image that is under way. */
export interface ImageState {
  readonly id: string;
  readonly name: string;
  readonly facts: Pick<ImageFacts, "mode" | "width" | "height" | "bytes">;
  /** HOST:PORT of the other side. */
  readonly peer: string;
  readonly pieces: number;
  /** Pieces that the receiver has. */
  readonly confirmedPieces: number;
  /** Pixels, or bytes in file mode; only the receiver knows. */
  readonly missing?: number;
  readonly rateMbit: number;
  readonly rttMs?: number;
  readonly lossShare: number;
  readonly secondsLeft?: number;
  /** Nothing of it has been sent yet, and nothing is there. */
  readonly waits: boolean;
  /** Sum of all that only grows while datagrams come. */
  readonly signsOfLife: number;
  /** When that last grew, in seconds since the transfer began. */
  readonly aliveAt: number;
}

export interface TransferState {
  readonly role: "receive" | "send";
  /** Whom the sender sends to, as it was given. */
  readonly peer: string;
  /** At the sender: whether the receiver has answered. */
  readonly connected: boolean;
  /** At the sender: its user lets it wait. */
  readonly isPaused?: true;
  /** At the sender: that there is no connection, and when the next is tried, in seconds since the transfer began. */
  readonly waiting?: { readonly reason: WaitingEvent["reason"]; readonly until: number };
  readonly images: readonly ImageState[];
}

export function startOf(role: TransferState["role"], peer = ""): TransferState {
  return { role, peer, connected: false, images: [] };
}

/** The state after a receiver's event that came `now` seconds after the beginning. */
export function afterReceive(
  state: TransferState,
  event: ReceiveEvent,
  now: number,
): TransferState {
  switch (event.event) {
    case "offer":
      return withImage(state, offeredImage(event, event.from, event.resumedPieces, now));
    case "progress": {
      const known = state.images.find((image) => image.id === event.id);
      if (known === undefined) return state;
      const { missingPixels, missingPieces, received, duplicates, malformed } = event;
      const measured = pick(event, ["rateMbit", "rttMs", "lossShare", "secondsLeft"]);
      return withImage(state, {
        ...without(known, ["rttMs", "secondsLeft"]),
        ...measured,
        confirmedPieces: known.pieces - missingPieces,
        missing: missingPixels,
        waits: false,
        ...lifeOf(known, received + duplicates + malformed, now),
      });
    }
    default:
      return afterEnd(state, event);
  }
}

/** The state after a sender's event. */
export function afterSend(state: TransferState, event: SendEvent, now: number): TransferState {
  switch (event.event) {
    case "connected":
      return { ...without(state, ["waiting"]), connected: true, images: revived(state, now) };
    case "paused":
      return { ...state, isPaused: true };
    case "resumed":
      return { ...without(state, ["isPaused"]), images: revived(state, now) };
    case "waiting": {
      const { reason, retryInSeconds } = event;
      return { ...state, waiting: { reason, until: now + retryInSeconds } };
    }
    case "offer":
      return withImage(state, offeredImage(event, state.peer, 0, now));
    case "progress": {
      const known = state.images.find((image) => image.id === event.id);
      if (known === undefined) return state;
      const confirmedPieces = event.acknowledgedPieces;
      const waits = event.sentPieces + confirmedPieces === 0;
      // An image that waits for its turn is not stalled.
      const life = waits ? { aliveAt: now } : lifeOf(known, confirmedPieces, now);
      const measured = pick(event, ["rateMbit", "rttMs", "lossShare", "secondsLeft"]);
      const base = without(known, ["rttMs", "secondsLeft"]);
      return withImage(state, { ...base, ...measured, confirmedPieces, waits, ...life });
    }
    default:
      return afterEnd(state, event);
  }
}

function offeredImage(
  offer: ImageFacts & { readonly id: string },
  peer: string,
  confirmedPieces: number,
  now: number,
): ImageState {
  const { id, name, pieces } = offer;
  const facts = pick(offer, ["mode", "width", "height", "bytes"]);
  const measures = { rateMbit: 0, lossShare: 0, waits: true, signsOfLife: 0, aliveAt: now };
  return { id, name, facts, peer, pieces, confirmedPieces, ...measures };
}

function afterEnd(
  state: TransferState,
  event: Exclude<ReceiveEvent | SendEvent, { event: "progress" | "offer" }>,
): TransferState {
  if (!("id" in event) || event.id === undefined) return state;
  const { id } = event;
  return { ...state, images: state.images.filter((image) => image.id !== id) };
}

/** Of a new connection the silence before it is not held against any image. */
function revived({ images }: TransferState, now: number): readonly ImageState[] {
  return images.map((image) => ({ ...image, aliveAt: now }));
}

function lifeOf(
  known: ImageState | undefined,
  signsOfLife: number,
  now: number,
): Pick<ImageState, "signsOfLife" | "aliveAt"> {
  const grew = known === undefined || signsOfLife > known.signsOfLife;
  return { signsOfLife, aliveAt: grew ? now : known.aliveAt };
}

function withImage(state: TransferState, image: ImageState): TransferState {
  const known = state.images.some((other) => other.id === image.id);
  const images = known
    ? state.images.map((other) => (other.id === image.id ? image : other))
    : [...state.images, image];
  return { ...state, images };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const out: Partial<Pick<T, K>> = {};
  for (const key of keys) if (key in from) out[key] = from[key];
  return out as Pick<T, K>;
}

function without<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Omit<T, K> {
  const out = { ...from };
  for (const key of keys) delete out[key];
  return out;
}
