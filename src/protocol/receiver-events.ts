import type { Reason } from "../wire/frames/end.js";
import type { Manifest } from "../wire/manifest.js";

/** How a piece came. */
export type PieceWay = "datagram" | "parity";

export type ReceiverEvent =
  /** A manifest is whole: accept the image or refuse it. */
  | { readonly kind: "offer"; readonly image: number; readonly manifest: Manifest }
  /** How many pieces an offered image has, whose manifest does not tell. Those held from before that lie beyond are not of it. */
  | { readonly kind: "counted"; readonly image: number; readonly pieceCount: number }
  /** A new piece. `bytes` is a view; say `pieceWritten` when they are safe. */
  | {
      readonly kind: "piece";
      readonly image: number;
      readonly piece: number;
      readonly bytes: Uint8Array;
      /** Whether it came in a datagram or was computed from parity. */
      readonly via: PieceWay;
    }
  /** All pieces have come: check the digest. */
  | { readonly kind: "complete"; readonly image: number }
  /** Without repair only: the first pass is over and pieces are missing. */
  | { readonly kind: "passOver"; readonly image: number }
  | {
      readonly kind: "closed";
      readonly how: "closedByPeer" | "stopped" | "idle";
      readonly reason: Reason;
    };
