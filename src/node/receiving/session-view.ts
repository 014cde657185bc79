import type { PieceSet } from "../../base/piece-set.js";
import type { Manifest } from "../../wire/manifest.js";
import type { PieceOrigin } from "./observer.js";
import type { PieceStore } from "./piece-store.js";
import type { SessionHost } from "./session-host.js";

/** Shows an image to those who look on while it comes. */
export class SessionView {
  constructor(
    private readonly id: string,
    private readonly manifest: Manifest,
    private readonly host: Pick<SessionHost, "observers" | "live">,
  ) {}

  /**
   * The image begins, or begins once more.
   *
   * @param storeNow gives its store while pieces may be read from it
   */
  begin(storeNow: () => PieceStore | undefined): void {
    const { id, manifest, host } = this;
    host.observers.onImage(id, manifest);
    host.live.open(id, manifest, (piece, target, offset) => {
      const store = storeNow();
      return store?.held.has(piece) === true ? store.readPiece(piece, target, offset) : undefined;
    });
  }

  show(piece: number, bytes: Uint8Array, via: PieceOrigin): void {
    this.host.live.put(this.id, piece, bytes);
    this.host.observers.onPiece(this.id, piece, bytes, via);
  }

  /** Shows observers what is held from an earlier run, a few pieces at a time. Throws LACUNA_DISK_ERROR. */
  async showHeld(store: PieceStore, held: PieceSet): Promise<void> {
    if (!this.host.observers.watchPieces) return;
    const piece = new Uint8Array(this.manifest.pieceBytes);
    let shown = 0;
    for (const { start, end } of held.ranges()) {
      for (let number = start; number < end; number += 1) {
        const bytes = piece.subarray(0, store.readPiece(number, piece, 0));
        this.show(number, bytes, "disk");
        shown += 1;
        if (shown % SHOWN_AT_ONCE === 0) await new Promise(setImmediate);
      }
    }
  }
}

const SHOWN_AT_ONCE = 256;
