import type { Manifest } from "../wire/manifest.js";
import type { ReceiveEvent } from "./events.js";

/** Someone who watches a receiver closely: the live page, the terminal's hole map. */
export interface ReceiveObserver {
  /** Once per image, before its first `onPiece`. Pieces held from an earlier run follow as `onPiece`. */
  onImage?(id: string, manifest: Manifest): void;
  /** A new piece; `bytes` belong to the caller and are only good during the call. */
  onPiece?(id: string, piece: number, bytes: Uint8Array): void;
  onEvent?(event: ReceiveEvent): void;
}
