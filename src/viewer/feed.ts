/**
 * What the receiver tells the live page over its WebSocket, and how.
 *
 * Text messages are one JSON object each: the receiver's own events, and the
 * few below. Binary messages are blocks of the reduced view of the one picture that
 * the page watches. Everything is a statement of what is so now, therefore a
 * page that has just joined, or that was too slow, is told the newest of each
 * kind and lacks nothing. This file is compiled into the page too.
 */
import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { ImageFacts, ReceiveEvent } from "../node/events.js";
import type { ViewPlanes } from "../picture/reduced-view.js";

/** First on every connection: forget what an earlier one said. */
export interface HelloMessage {
  readonly event: "hello";
  readonly version: typeof FEED_VERSION;
  /** Seconds since the last new piece, by image id; for images that have not ended. */
  readonly quietSeconds: Readonly<Record<string, number>>;
}

/** An image is known. Again, with another number, when its transfer began anew. */
export interface ImageMessage extends ImageFacts {
  readonly event: "image";
  readonly id: string;
  /** Names the image in blocks and in `watch`; never used twice while the receiver runs. */
  readonly number: number;
  /** Hex digest that the content must have. */
  readonly sha256: string;
  /** Size of the reduced view whose blocks can be watched. Absent: there is none, or none any more. */
  readonly view?: { readonly width: number; readonly height: number };
  /** Why the view changes no more although pieces may still come. */
  readonly viewFailure?: string;
}

/** The only images still told about; sent when one was dropped to make room. */
export interface RosterMessage {
  readonly event: "roster";
  readonly ids: readonly string[];
}

/** Nothing new, but alive. At least every `PULSE_MS`. */
export interface PulseMessage {
  readonly event: "pulse";
}

export type FeedMessage = HelloMessage | ImageMessage | RosterMessage | PulseMessage | ReceiveEvent;

/** The only thing that a page says: the image number whose blocks it wants, from the first on. */
export interface WatchMessage {
  readonly watch: number | null;
}

/** A block of a view, as in picture/reduced-view.ts. */
export interface BlockMessage extends Rect {
  /** The number of its image. */
  readonly image: number;
  /** `width * height * 4` bytes, not premultiplied. */
  readonly rgba: Uint8Array;
  /** `width * height` bytes: 0 is missing, 1 is exact, 2 is approximate. */
  readonly state: Uint8Array;
}

/**
 * Cuts a block out of a view and writes it as a message. All numbers little-endian:
 *
 * | offset | size  | field                                     |
 * |--------|-------|-------------------------------------------|
 * | 0      | 1     | kind, 1                                   |
 * | 1      | 3     | zero                                      |
 * | 4      | 4     | image number                              |
 * | 8      | 2 × 4 | x, y, width, height, in view pixels       |
 * | 16     | 4wh   | red, green, blue, alpha, rows in order    |
 * | 16+4wh | wh    | state, rows in order                      |
 */
export function encodeBlock(
  image: number,
  rect: Rect,
  planes: Omit<ViewPlanes, "height">,
): Uint8Array {
  const { x, y, width, height } = rect;
  assert(x + width <= planes.width, "the block lies in the view");
  const message = new Uint8Array(BLOCK_HEADER_BYTES + width * height * 5);
  const header = new DataView(message.buffer);
  header.setUint8(0, BLOCK_KIND);
  header.setUint32(4, image, true);
  [x, y, width, height].forEach((value, i) => {
    header.setUint16(8 + 2 * i, value, true);
  });
  const stateStart = BLOCK_HEADER_BYTES + width * height * 4;
  for (let row = 0; row < height; row += 1) {
    const from = (y + row) * planes.width + x;
    // A decoder may be writing: it writes states last, so that one read first claims nothing that is not there.
    message.set(planes.state.subarray(from, from + width), stateStart + row * width);
    const rgba = planes.rgba.subarray(from * 4, (from + width) * 4);
    message.set(rgba, BLOCK_HEADER_BYTES + row * width * 4);
  }
  return message;
}

/** Reads what `encodeBlock` wrote, without copying; undefined when it is anything else. */
export function decodeBlock(message: Uint8Array): BlockMessage | undefined {
  if (message.length < BLOCK_HEADER_BYTES || message[0] !== BLOCK_KIND) return undefined;
  const header = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const at = (field: number): number => header.getUint16(8 + 2 * field, true);
  const [x, y, width, height] = [at(0), at(1), at(2), at(3)];
  const pixels = width * height;
  if (message.length !== BLOCK_HEADER_BYTES + pixels * 5) return undefined;
  const stateStart = BLOCK_HEADER_BYTES + pixels * 4;
  return {
    image: header.getUint32(4, true),
    x,
    y,
    width,
    height,
    rgba: message.subarray(BLOCK_HEADER_BYTES, stateStart),
    state: message.subarray(stateStart),
  };
}

export const FEED_VERSION = 2;
/** A page that hears nothing for three of these may call the connection lost. Ours. */
export const PULSE_MS = 5_000;
/** Close code when 32 others watch already. RFC 6455's registry: 1013, try again later. */
export const CLOSE_FULL = 1013;
/** Close code when the receiver ends in good order. RFC 6455 section 7.4.1: going away. */
export const CLOSE_ENDED = 1001;

const BLOCK_KIND = 1;
const BLOCK_HEADER_BYTES = 16;
