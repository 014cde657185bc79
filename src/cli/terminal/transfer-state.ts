import type { OfferEvent, ReceiveEvent, SendEvent } from "../../node/events.js";

/** What is known of an image that is under way. */
export interface ImageState {
  readonly id: string;
  readonly name: string;
  /** Absent at the sender, who tells less. */
  readonly facts?: Pick<OfferEvent, "mode" | "width" | "height" | "bytes" | "from">;
  readonly pieces: number;
  /** Pieces that the receiver has. */
  readonly confirmedPieces: number;
  /** Pixels, or bytes in file mode; only the receiver knows. */
  readonly missing?: number;
  readonly rateMbit: number;
  readonly rttMs?: number;
  readonly lossShare: number;
  readonly secondsLeft?: number;
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
      return withImage(state, {
        id: event.id,
        name: event.name,
        facts: event,
        pieces: event.pieces,
        confirmedPieces: event.resumedPieces,
        rateMbit: 0,
        lossShare: 0,
        signsOfLife: 0,
        aliveAt: now,
      });
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
        ...lifeOf(known, received + duplicates + malformed, now),
      });
    }
    default:
      return afterEnd(state, event);
  }
}

/** The state after a sender's event. */
export function afterSend(state: TransferState, event: SendEvent, now: number): TransferState {
  if (event.event === "connected") return { ...state, connected: true };
  if (event.event !== "progress") return afterEnd(state, event);
  const known = state.images.find((image) => image.id === event.id);
  return withImage(state, {
    ...pick(event, ["id", "name", "pieces", "rateMbit", "rttMs", "lossShare", "secondsLeft"]),
    confirmedPieces: event.acknowledgedPieces,
    ...lifeOf(known, event.acknowledgedPieces, now),
  });
}

function afterEnd(
  state: TransferState,
  event: Exclude<ReceiveEvent | SendEvent, { event: "progress" | "offer" }>,
): TransferState {
  if (!("id" in event) || event.id === undefined) return state;
  const { id } = event;
  return { ...state, images: state.images.filter((image) => image.id !== id) };
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
  return { ...state, connected: true, images };
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
