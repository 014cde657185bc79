import type { ReceiveEvent } from "../node/events.js";
import type { LivePicture } from "../node/live/picture.js";
import { BlockGrid } from "../picture/blocks.js";
import { type Manifest, toldPieces } from "../wire/manifest.js";
import type { FeedMessage, ImageMessage } from "./feed.js";

/** One image as the viewers may see it. */
export interface BoardImage {
  readonly id: string;
  readonly number: number;
  picture?: LivePicture;
  /** Of the picture's view: what has changed since the audience was last told. */
  blocks?: BlockGrid;
}

/**
 * The present state of the receiver, as messages.
 *
 * Of each kind and image only the newest message is kept, stamped with a
 * rising number. What a viewer has been told is one such stamp; what it lacks
 * is every message with a higher one. So a viewer costs the same however far
 * it is behind, and joining is being infinitely far behind.
 *
 * The images kept, the views among them and the errors are bounded; at the
 * bound the oldest goes, those that have ended first.
 */
export class Board {
  private readonly images = new Map<string, Entry>();
  private readonly errors: Posted[] = [];
  private listening: Posted | undefined;
  private roster: Posted | undefined;
  private stamp = 0;
  private lastNumber = 0;

  /** The stamp of the newest message. */
  get newest(): number {
    return this.stamp;
  }

  event(event: ReceiveEvent): void {
    // Whom the receiver has turned away concerns its user, and no viewer.
    if (event.event === "refused") return;
    if (event.event === "listening") {
      this.listening = this.post(event);
      return;
    }
    const entry = event.id === undefined ? undefined : this.entryFor(event.id, event);
    if (entry === undefined) {
      if (event.event !== "error") return;
      this.errors.push(this.post(event));
      if (this.errors.length > ERRORS_MAX) this.errors.shift();
      return;
    }
    if (ENDINGS.has(event.event)) entry.ended = true;
    entry.posted.set(event.event, this.post(event));
  }

  image(id: string, manifest: Manifest, nowMs: number): void {
    let entry = this.images.get(id);
    if (entry?.posted.has("image")) {
      const offer = entry.ended ? undefined : entry.posted.get("offer");
      entry = this.begin(id);
      if (offer) entry.posted.set("offer", this.post(offer.message));
    }
    entry ??= this.begin(id);
    entry.lastPieceMs = nowMs;
    entry.facts = factsOf(entry, manifest);
    this.postImage(entry);
  }

  /** The image can be looked at. `onNews` is called whenever its view has changed. */
  picture(id: string, picture: LivePicture, onNews: () => void): void {
    const entry = this.images.get(id);
    if (entry === undefined) return;
    const blocks = new BlockGrid(picture.view.width, picture.view.height);
    entry.picture = picture;
    entry.blocks = blocks;
    picture.onChange((changed) => {
      for (const block of changed) blocks.mark(block);
      if (picture.failure !== undefined) this.postImage(entry);
      onNews();
    });
    this.limitPictures();
    this.postImage(entry);
  }

  piece(id: string, nowMs: number): void {
    const entry = this.images.get(id);
    if (entry !== undefined) entry.lastPieceMs = nowMs;
  }

  /** Messages newer than `stamp`, in the order in which they were posted. */
  messagesAfter(stamp: number): FeedMessage[] {
    if (stamp >= this.stamp) return [];
    const newer: Posted[] = [];
    const consider = (posted: Posted | undefined): void => {
      if (posted !== undefined && posted.stamp > stamp) newer.push(posted);
    };
    consider(this.listening);
    consider(this.roster);
    this.errors.forEach(consider);
    for (const entry of this.images.values()) entry.posted.forEach(consider);
    newer.sort((a, b) => a.stamp - b.stamp);
    return newer.map((posted) => posted.message);
  }

  /** Seconds since the last new piece, of images that have not ended. */
  quietSeconds(nowMs: number): Record<string, number> {
    const waiting = [...this.images.values()].filter((entry) => !entry.ended);
    return Object.fromEntries(
      waiting.map((entry) => [entry.id, Math.max(0, nowMs - entry.lastPieceMs) / 1_000]),
    );
  }

  withPicture(): BoardImage[] {
    return [...this.images.values()].filter((entry) => entry.picture !== undefined);
  }

  byNumber(number: number): BoardImage | undefined {
    for (const entry of this.images.values()) if (entry.number === number) return entry;
    return undefined;
  }

  /** The image that an event belongs to. An offer may come before its manifest, or after an ended transfer. */
  private entryFor(id: string, event: ReceiveEvent): Entry | undefined {
    const entry = this.images.get(id);
    if (event.event !== "offer") return entry;
    return entry === undefined || entry.ended ? this.begin(id) : entry;
  }

  private begin(id: string): Entry {
    this.images.delete(id);
    this.lastNumber += 1;
    const number = this.lastNumber;
    const entry: Entry = { id, number, posted: new Map(), ended: false, lastPieceMs: 0 };
    this.images.set(id, entry);
    if (this.images.size > IMAGES_MAX) {
      const dropped = oldest([...this.images.values()].slice(0, -1));
      if (dropped) this.images.delete(dropped.id);
      this.roster = this.post({ event: "roster", ids: [...this.images.keys()] });
    }
    return entry;
  }

  private limitPictures(): void {
    const held = [...this.images.values()].filter((entry) => entry.picture !== undefined);
    if (held.length <= PICTURES_MAX) return;
    const loser = oldest(held);
    if (loser === undefined) return;
    delete loser.picture;
    delete loser.blocks;
    this.postImage(loser);
  }

  private postImage(entry: Entry): void {
    if (entry.facts === undefined) return;
    const { picture, facts } = entry;
    const message: ImageMessage = {
      ...facts,
      ...(picture && { view: sizeOf(picture) }),
      ...(picture?.failure !== undefined && { viewFailure: picture.failure }),
    };
    entry.posted.set("image", this.post(message));
  }

  private post(message: FeedMessage): Posted {
    this.stamp += 1;
    return { stamp: this.stamp, message };
  }
}

/** Images told about at once. Ours: a day's work of one sender, yet a small page. */
export const IMAGES_MAX = 64;
/** Views of pictures held at once, up to 8 MB each. Ours. */
export const PICTURES_MAX = 8;
/** Errors kept that belong to no image. Ours. */
export const ERRORS_MAX = 16;

interface Posted {
  readonly stamp: number;
  readonly message: FeedMessage;
}

interface Entry extends BoardImage {
  /** The newest message of each kind. */
  readonly posted: Map<string, Posted>;
  facts?: Omit<ImageMessage, "view">;
  ended: boolean;
  lastPieceMs: number;
}

const ENDINGS: ReadonlySet<string> = new Set(["complete", "partial", "error"]);

/** Entries are in the order in which they began. */
function oldest(entries: readonly Entry[]): Entry | undefined {
  return entries.find((entry) => entry.ended) ?? entries[0];
}

function sizeOf({ view }: LivePicture): { width: number; height: number } {
  return { width: view.width, height: view.height };
}

function factsOf(entry: Entry, manifest: Manifest): Omit<ImageMessage, "view"> {
  const { content, name, digest } = manifest;
  const { id, number } = entry;
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const pieces = toldPieces(manifest);
  const common = { event: "image", id, number, name, pieces, sha256 } as const;
  if (content.mode === "file") {
    const { mode, bytes, picture } = content;
    const { width, height } = picture ?? { width: 0, height: 0 };
    return { ...common, mode, width, height, channels: 0, bits: 0, bytes };
  }
  const { width, height, channels, bits } = content;
  const size = { width, height, channels, bits };
  if (content.mode === "jpeg") return { ...common, ...size, mode: "jpeg", bytes: content.bytes };
  return { ...common, ...size, mode: "pixels", bytes: (width * height * channels * bits) / 8 };
}
