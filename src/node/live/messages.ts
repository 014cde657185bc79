/** What the receiver's thread and the decoding thread say to each other. */
import type { Content } from "../../wire/manifest.js";

/** An image whose pieces will follow. */
export interface OpenMessage {
  readonly kind: "open";
  /** Names the image from now on; never used twice. */
  readonly image: number;
  readonly content: Content;
  /** Takes the exact pixels; absent when they are not wanted, or too many for memory. */
  readonly raster?: SharedArrayBuffer;
  /** Takes the planes of the view, `viewBytes` long; absent when nobody looks. */
  readonly view?: SharedArrayBuffer;
  /** The most that a side of the view may have, `VIEW_SIDE_MAX` unless told. */
  readonly viewSide?: number;
  /** What the decoder may use for itself, in bytes. */
  readonly memoryBytes: number;
}

/** Pieces that have come. The memory comes back with `taken`. */
export interface PiecesMessage {
  readonly kind: "pieces";
  readonly image: number;
  /** Two numbers for each piece: its number, and where it ends in `bytes`. */
  readonly pieces: readonly number[];
  /** The pieces, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Nothing more of this image is wanted. */
export interface CloseMessage {
  readonly kind: "close";
  readonly image: number;
}

export type ToDecoder = OpenMessage | PiecesMessage | CloseMessage;

/** What has become of the pieces of one message. */
export interface TakenMessage {
  readonly kind: "taken";
  readonly image: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly change: LiveChange;
}

export type FromDecoder = TakenMessage;

/** An image's state after some pieces. */
export interface LiveChange {
  /** Blocks of the view that look different. */
  readonly blocks: readonly number[];
  /** Pixels of the whole picture whose values are known. */
  readonly exactPixels: number;
  /** Pixels of the rest that a preview stands for. */
  readonly approximatePixels: number;
  /** Whether the raster holds every pixel. */
  readonly isComplete: boolean;
  /** Pieces that came before what they build on, and are to be sent again now. */
  readonly ready: readonly number[];
  /** Pieces so far that are not what the image's decoder reads. */
  readonly refused: number;
}
