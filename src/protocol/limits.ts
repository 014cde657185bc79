import { assert } from "../base/assert.js";
import { milliseconds, seconds } from "../base/units.js";
import { MAX_ACK_DELAY_US } from "./rtt.js";

/** Nothing valid heard from the peer for this long: it is gone. Ours: a tunnel, a lift, a passing ship. */
export const IDLE_TIMEOUT_US = seconds(60);

/** A quiet connection says something this often, for the sake of NATs. RFC 8085 section 3.5: never under 15 s. */
export const KEEPALIVE_US = seconds(15);

/** How long a sender tries to open a connection, unless told otherwise. Ours. */
export const CONNECT_TIMEOUT_US = seconds(15);

/**
 * A closing side waits this many probe timeouts for the other's acknowledgement, and says CLOSE at each. RFC 9000
 * section 10.2 asks for three at least; with five, one in thirty-two is not heard where half of all is lost.
 */
export const CLOSE_TIMEOUTS = 5;

/** Feedback leaves at most this often, so that a fast link is not answered packet by packet. Ours. */
export const FEEDBACK_SPACING_MIN_US = milliseconds(1);
export const FEEDBACK_SPACING_MAX_US = MAX_ACK_DELAY_US;

/** Bytes sent for each byte received, to an address that may be forged. RFC 9000 section 8.1. */
export const AMPLIFICATION_MAX = 3;

/** An address that a sender seems to have moved to is asked so often whether it is there. Ours. */
export const PATH_CHALLENGES_MAX = 3;

/** Datagrams of unknown connections that are answered in a second, all together. RFC 9000 section 10.3.3 asks for a limit. Ours. */
export const RESETS_PER_SECOND = 64;

/**
 * Until a sender is answered, the first two of its datagrams bear HELLO, and those numbered by the powers of this: all that it
 * says is lost unless one comes. Ours: few, and too far apart for one run of losses.
 */
export const HELLO_SPREAD = 8;

/** Images of one connection that are under way at once: the next begins while the tail of one is mended. */
export const ACTIVE_IMAGES_MAX = 2;

/**
 * Bytes of pieces that may wait at a receiver, to be written or for their manifest: the widest window
 * that it grants a connection. Ours: 60 ms at 1 Gbit/s.
 */
export const RECEIVE_WINDOW_BYTES = 8 * 1024 * 1024;

/** The same for all its connections together, which share it evenly, and the least that each gets. */
export const RECEIVE_WINDOW_TOTAL_BYTES = 64 * 1024 * 1024;
export const RECEIVE_WINDOW_BYTES_MIN = 64 * 1024;

/** Of its window, the share that a connection's parity may take while it waits for its group. Ours. */
export const PARITY_WINDOW_SHARE = 0.25;

/** Groups of one image that parity waits for: each piece that comes is looked up in all of them. Ours. */
export const PARITY_GROUPS_MAX = 256;

/** What the keeping of a parity symbol is reckoned at beside its bytes, so that many short ones are not free. Ours. */
export const PARITY_OVERHEAD_BYTES = 64;

/** Connections of one receiver; beyond this a newcomer is told so. Ours. */
export const CONNECTIONS_MAX = 256;

assert(
  RECEIVE_WINDOW_BYTES_MIN * CONNECTIONS_MAX <= RECEIVE_WINDOW_TOTAL_BYTES,
  "a full house of senders keeps within the receiver's memory",
);
assert(KEEPALIVE_US * 3 < IDLE_TIMEOUT_US, "a lost keep-alive or two do not end a connection");
