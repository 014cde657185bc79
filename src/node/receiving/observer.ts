import type { PieceWay } from "../../protocol/receiver-connection.js";
import type { Manifest } from "../../wire/manifest.js";
import type { ReceiveEvent } from "../events.js";
import type { LivePicture } from "../live/picture.js";

/** Where a piece is from: a datagram, parity, or the disk, where an earlier run had put it. */
export type PieceOrigin = PieceWay | "disk";

/** Someone who watches a receiver closely: the live page, the terminal's hole map. */
export interface ReceiveObserver {
  /** Once per image, before its first `onPiece`; again when it begins anew. Pieces held from an earlier run follow as `onPiece`. */
  onImage?(id: string, manifest: Manifest): void;
  /** A new piece; `bytes` belong to the caller and are only good during the call. */
  onPiece?(id: string, piece: number, bytes: Uint8Array, via: PieceOrigin): void;
  /**
   * After `onImage`, and again when the image begins anew: a picture that can be looked at while it comes. Not for
   * every picture, and only if some observer has this.
   */
  onPicture?(id: string, picture: LivePicture): void;
  onEvent?(event: ReceiveEvent): void;
}

/** Several observers as one. Who throws is asked no more: a transfer does not fail for a spectator. */
export class Observers implements Required<ReceiveObserver> {
  private readonly watching: Set<ReceiveObserver>;

  /** @param onFailure told what an observer threw */
  constructor(
    observers: readonly ReceiveObserver[],
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.watching = new Set(observers);
  }

  /** True when anyone wants to see pieces. */
  get watchPieces(): boolean {
    return [...this.watching].some((observer) => observer.onPiece !== undefined);
  }

  /** True when anyone wants to look at pictures. */
  get watchPictures(): boolean {
    return [...this.watching].some((observer) => observer.onPicture !== undefined);
  }

  onImage(id: string, manifest: Manifest): void {
    this.each((observer) => observer.onImage?.(id, manifest));
  }

  onPiece(id: string, piece: number, bytes: Uint8Array, via: PieceOrigin): void {
    this.each((observer) => observer.onPiece?.(id, piece, bytes, via));
  }

  onPicture(id: string, picture: LivePicture): void {
    this.each((observer) => observer.onPicture?.(id, picture));
  }

  onEvent(event: ReceiveEvent): void {
    this.each((observer) => observer.onEvent?.(event));
  }

  private each(tell: (observer: ReceiveObserver) => void): void {
    for (const observer of this.watching) {
      try {
        tell(observer);
      } catch (error) {
        this.watching.delete(observer);
        this.onFailure(error);
      }
    }
  }
}
