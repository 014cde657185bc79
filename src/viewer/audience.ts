import type { Board, BoardImage } from "./board.js";
import { encodeBlock, FEED_VERSION, type FeedMessage, type HelloMessage } from "./feed.js";

/** The part of a WebSocket that an audience needs. */
export interface Pipe {
  /** Bytes accepted by `send` that have not left the process. */
  readonly bufferedAmount: number;
  send(message: string | Uint8Array): void;
}

/**
 * Tells each viewer what it does not know yet, in frames.
 *
 * A viewer whose pipe is full is passed over: nothing is queued for it. What
 * it lacks is one stamp and one flag per block of the picture that it watches,
 * so it gets the newest state once its pipe has emptied.
 */
export class Audience {
  private readonly viewers = new Map<Pipe, Viewer>();

  constructor(private readonly board: Board) {}

  get size(): number {
    return this.viewers.size;
  }

  join(pipe: Pipe, nowMs: number): void {
    const quietSeconds = this.board.quietSeconds(nowMs);
    const hello: HelloMessage = { event: "hello", version: FEED_VERSION, quietSeconds };
    this.viewers.set(pipe, { pipe, told: 0, cursor: 0 });
    pipe.send(JSON.stringify(hello));
  }

  leave(pipe: Pipe): void {
    this.viewers.delete(pipe);
  }

  /** The viewer wants to see this picture, all that is there of it first; null for none. */
  watch(pipe: Pipe, number: number | null): void {
    const viewer = this.viewers.get(pipe);
    if (viewer === undefined) return;
    delete viewer.watched;
    viewer.cursor = 0;
    const image = number === null ? undefined : this.board.byNumber(number);
    const blocks = image?.blocks;
    if (image === undefined || blocks === undefined) return;
    const lacking = new Set<number>();
    for (let block = 0; block < blocks.count; block += 1) {
      if (blocks.hasContent(block)) lacking.add(block);
    }
    viewer.watched = { image, lacking };
  }

  /** Sends one frame to all. True when someone could not be told everything: call again later. */
  tell(): boolean {
    this.spreadChanges();
    const texts = new Map<FeedMessage, string>();
    const blocks = new Map<string, Uint8Array>();
    let behind = false;
    for (const viewer of this.viewers.values()) {
      if (viewer.pipe.bufferedAmount < PIPE_BYTES_MAX) {
        for (const message of this.board.messagesAfter(viewer.told)) {
          const text = texts.get(message) ?? JSON.stringify(message);
          texts.set(message, text);
          viewer.pipe.send(text);
        }
        viewer.told = this.board.newest;
        tellBlocks(viewer, blocks);
      }
      if (viewer.told < this.board.newest || (viewer.watched?.lacking.size ?? 0) > 0) behind = true;
    }
    return behind;
  }

  pulse(): void {
    const text = JSON.stringify({ event: "pulse" } satisfies FeedMessage);
    for (const { pipe } of this.viewers.values()) {
      if (pipe.bufferedAmount < PIPE_BYTES_MAX) pipe.send(text);
    }
  }

  private spreadChanges(): void {
    for (const image of this.board.withPicture()) {
      const changed = image.blocks?.takeChanged() ?? [];
      if (changed.length === 0) continue;
      for (const { watched } of this.viewers.values()) {
        if (watched?.image !== image) continue;
        for (const block of changed) watched.lacking.add(block);
      }
    }
  }
}

/** A viewer with this much under way gets no more until it has drained. Ours: 200 blocks, a good half of a full view. */
export const PIPE_BYTES_MAX = 4 << 20;

interface Viewer {
  readonly pipe: Pipe;
  /** The stamp of the newest message that it was told. */
  told: number;
  watched?: { readonly image: BoardImage; readonly lacking: Set<number> };
  /** Where in the picture the next frame goes on, so that a slow viewer sees all of it in turn. */
  cursor: number;
}

/** Blocks are encoded once a frame, for all viewers; `encoded` keeps them by image and block. */
function tellBlocks(viewer: Viewer, encoded: Map<string, Uint8Array>): void {
  const { watched, pipe } = viewer;
  const { picture, blocks } = watched?.image ?? {};
  if (watched === undefined || picture === undefined || blocks === undefined) {
    delete viewer.watched;
    return;
  }
  const { lacking, image } = watched;
  const rising = [...lacking].sort((a, b) => a - b);
  const turn = rising.findIndex((block) => block >= viewer.cursor);
  const inTurn = turn > 0 ? [...rising.slice(turn), ...rising.slice(0, turn)] : rising;
  for (const block of inTurn) {
    if (pipe.bufferedAmount >= PIPE_BYTES_MAX) return;
    const key = `${image.number}/${block}`;
    const message = encoded.get(key) ?? encodeBlock(image.number, blocks.at(block), picture.view);
    encoded.set(key, message);
    pipe.send(message);
    lacking.delete(block);
    viewer.cursor = block + 1;
  }
}
