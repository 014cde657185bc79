import type { InstantUs } from "../base/units.js";
import type { Reason } from "../wire/frames/end.js";
import type { Guard } from "../wire/guard.js";

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
  readonly guard: Guard;
  /** Where the sender is. */
  readonly path: string;
  readonly repair: boolean;
  /** Bytes of pieces that this connection may have waiting. */
  readonly windowBytes: () => number;
  readonly nowUs: InstantUs;
}
