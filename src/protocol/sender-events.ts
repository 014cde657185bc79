import type { BytesPerSecond, InstantUs } from "../base/units.js";
import type { Reason, ResultFrame } from "../wire/frames/end.js";
import type { SenderSecurity } from "../wire/security.js";
import type { CongestionControl } from "./congestion.js";
import type { Transmit, WaitUntil } from "./output.js";
import type { PathMtuOptions } from "./path-mtu.js";

export interface SenderOptions {
  /** 8 random bytes. */
  readonly connectionId: Uint8Array;
  readonly security: SenderSecurity;
  readonly congestion: CongestionControl;
  /** Another, that knows nothing, for a path that the connection moves to; without it the old one stays. */
  readonly freshCongestion?: () => CongestionControl;
  readonly nowUs: InstantUs;
  /** How long datagrams may become; the base size when absent. */
  readonly path?: PathMtuOptions;
  /**
   * Gives memory to write the next datagram into, of exactly that many bytes, whatever is in them. It is not touched
   * any more once the datagram has been given out. Fresh memory when absent.
   */
  readonly takeMemory?: (bytes: number) => Uint8Array;
  readonly rateCap?: BytesPerSecond;
  /** While it says so no pieces leave, new ones or repairs; the connection is kept. */
  readonly isPaused?: () => boolean;
  readonly connectTimeoutUs?: number;
}

export type SenderEvent =
  /** The receiver has answered. */
  | { readonly kind: "connected"; readonly repair: boolean }
  /** The connection goes another way now: what was known of the path counts no more. */
  | { readonly kind: "moved" }
  /** Pieces are too long for what the path was found to carry, and wait in vain. */
  | { readonly kind: "tooNarrow"; readonly datagramBytes: number }
  /** The receiver's last word on an image. */
  | { readonly kind: "result"; readonly image: number; readonly result: ResultFrame }
  /** The end: nothing more will come out. */
  | { readonly kind: "closed"; readonly end: SenderEnd };

export type SenderEnd =
  | { readonly how: "finished" | "stopped" | "noAnswer" | "notAuthentic" | "peerGone" }
  | { readonly how: "closedByPeer"; readonly reason: Reason };

export type SenderOutput =
  | Transmit
  | WaitUntil
  | { readonly kind: "event"; readonly event: SenderEvent };

/**
 * connecting -> open -> closing -> closed; from each also straight to closed.
 * `closing` has sent CLOSE and waits for its acknowledgement.
 */
export type SenderState =
  | { readonly name: "connecting" }
  | { readonly name: "open" }
  | { readonly name: "closing"; readonly reason: Reason; readonly untilUs: InstantUs }
  | { readonly name: "closed" };
