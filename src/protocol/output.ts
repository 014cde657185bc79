import type { InstantUs } from "../base/units.js";

/*
 * Every machine here is used the same way: one input (a datagram, a deadline, a
 * word of the host), then `pollOutput` until it says how long to wait.
 */

export interface Transmit {
  readonly kind: "transmit";
  readonly datagram: Uint8Array;
  /** Where to, in the words of whoever gave the datagrams in; empty at a sender, which knows one peer. */
  readonly to: string;
}

export interface WaitUntil {
  readonly kind: "waitUntil";
  /** Call `handleTimeout` then, not earlier; NEVER: only another input can change anything. */
  readonly deadlineUs: InstantUs;
}
