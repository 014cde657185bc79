import type { InstantUs } from "../base/units.js";
import type { Reason } from "../wire/frames/end.js";
import type { ConnectionSeal, PeerIdentity } from "../wire/security.js";

/**
 * open -> draining (the sender has closed; its last datagrams are still
 * answered) -> gone, or open -> closing (we have sent CLOSE) -> gone.
 */
export type ConnectionState =
  | { readonly name: "open" }
  | { readonly name: "closing"; readonly reason: Reason; due: boolean; readonly untilUs: InstantUs }
  | { readonly name: "draining"; readonly untilUs: InstantUs }
  | { readonly name: "gone" };

export interface ConnectionOptions {
  readonly connectionId: Uint8Array;
  readonly seal: ConnectionSeal;
  /** The receiver's part of the handshake: ANSWER_BYTES. */
  readonly answer: Uint8Array;
  /** RESET_TOKEN_BYTES, for WELCOME. */
  readonly resetToken: Uint8Array;
  /** Gives CHALLENGE_BYTES that nobody can guess. */
  readonly challenge: () => Uint8Array;
  readonly peer: PeerIdentity;
  /** Where the sender is at first. */
  readonly path: string;
  readonly repair: boolean;
  /** Bytes of pieces that this connection may have waiting. */
  readonly windowBytes: () => number;
  readonly nowUs: InstantUs;
}
