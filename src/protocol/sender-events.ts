import type { BytesPerSecond, InstantUs } from "../base/units.js";
import type { Reason, ResultFrame } from "../wire/frames/end.js";
import type { Guard } from "../wire/guard.js";
import type { CongestionControl } from "./congestion.js";
import type { Transmit, WaitUntil } from "./output.js";
import type { PathMtuOptions } from "./path-mtu.js";

export interface SenderOptions {
  /** 8 random bytes. */
  readonly connectionId: Uint8Array;
  readonly guard: Guard;
  readonly congestion: CongestionControl;
  readonly nowUs: InstantUs;
  /** How long datagrams may become; the base size when absent. */
  readonly path?: PathMtuOptions;
  /**
   * Gives memory to write the next datagram into, of exactly that many bytes, whatever is in them. It is not touched
   * any more once the datagram has been given out. Fresh memory when absent.
   */
  readonly takeMemory?: (bytes: number) => Uint8Array;
  readonly rateCap?: BytesPerSecond;
  readonly connectTimeoutUs?: number;
}

export type SenderEvent =
  /** The receiver has answered. */
  | { readonly kind: "connected"; readonly repair: boolean }
  /** Pieces are too long for what the path was found to carry, and wait in vain. */
  | { readonly kind: "tooNarrow"; readonly datagramBytes: number }
  /** The receiver's last word on an image. */
  | { readonly kind: "result"; readonly image: number; readonly result: ResultFrame }
  /** The end: nothing more will come out. */
  | { readonly kind: "closed"; readonly end: SenderEnd };

export type SenderEnd =
  | { readonly how: "finished" | "stopped" | "noAnswer" | "peerGone" }
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
