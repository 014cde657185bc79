import type { InstantUs } from "../base/units.js";
import type { OpeningHeader } from "./datagram.js";
import type { Reason } from "./frames/end.js";

/*
 * What the protocol asks of a handshake and of the cipher behind it. `src/secure` answers with Noise IKpsk2 and an
 * AEAD; simulations, which are about other things, with a checksum. docs/protocol.md sections 2 to 4 and 10.
 */

/**
 * Seals and opens one side's datagrams of one connection: its frames are encrypted, they and all before them
 * authenticated. docs/protocol.md section 2.
 */
export interface ConnectionSeal {
  /** Bytes that it adds behind the frames. */
  readonly tagBytes: number;
  /** Bits of the first byte that tell the keys of the datagram sealed next: `KIND_EARLY` or `KIND_SEALED`, and the key phase. */
  readonly mark: number;
  /** No datagram can be sealed or trusted any more: a limit of RFC 9001 section 6.6 is reached. The connection ends. */
  readonly isSpent: boolean;
  /**
   * Encrypts bytes [start, end) in place and writes the tag at `end`; what is before `start` is authenticated. The first
   * byte has the kind and the phase already. No packet number may be sealed twice.
   */
  seal(datagram: Uint8Array, start: number, end: number, packetNumber: number): void;
  /**
   * Decrypts bytes [start, end) in place by the kind and phase in the first byte, if the tag at `end` is right. False: it was not, or the
   * keys are not known (yet, or any more), and the bytes from `start` on are worth nothing.
   */
  open(datagram: Uint8Array, start: number, end: number, packetNumber: number): boolean;
}

/** Who opened a connection, proven. */
export interface PeerIdentity {
  /** The sender's static public key, 32 bytes. */
  readonly key: Uint8Array;
  /** Of the ticket that admitted it, 8 bytes. */
  readonly ticket: Uint8Array;
}

/** A sender's part of the handshake, for one connection. */
export interface SenderSecurity {
  readonly seal: ConnectionSeal;
  /** Writes the HELLO_BYTES of the handshake at `start`; they vouch for the header before them. May be called again, for another datagram. */
  writeHello(datagram: Uint8Array, start: number): void;
  /**
   * Takes the receiver's ANSWER_BYTES; from then on `seal` uses the connection's own keys. True also when it was taken
   * before, from another datagram; false when it is not an answer to this HELLO by who was asked.
   */
  takeAnswer(message: Uint8Array): boolean;
  /** Takes the body of a cookie: HELLOs from now on bear it. False when it is not for this connection. */
  takeCookie(body: Uint8Array): boolean;
}

/** What becomes of an opening datagram. */
export type Admission =
  | {
      readonly kind: "admitted";
      readonly seal: ConnectionSeal;
      /** ANSWER_BYTES, to stand in datagrams to the sender until it has shown that it has them. */
      readonly answer: Uint8Array;
      readonly peer: PeerIdentity;
    }
  /** It is who it says, but may not come in: it is told so, once, and nothing is kept. */
  | {
      readonly kind: "refused";
      readonly seal: ConnectionSeal;
      readonly answer: Uint8Array;
      readonly reason: Reason;
    }
  /** Asked to come again with a cookie, of which this is the body. Nothing is kept. */
  | { readonly kind: "cookie"; readonly body: Uint8Array }
  /** Not answered at all. */
  | { readonly kind: "dropped" };

/** A receiver's part of all handshakes. */
export interface ReceiverSecurity {
  /**
   * Judges the opening datagram of an unknown connection. `datagram` is as it came; of the bytes behind the handshake's nothing is
   * known yet: who is admitted is so by the handshake alone.
   *
   * @param from the address that it came from, as text
   * @param isBusy the host has little room for more connections: only those that bear a cookie are looked at closely
   */
  admit(
    datagram: Uint8Array,
    header: OpeningHeader,
    from: string,
    isBusy: boolean,
    nowUs: InstantUs,
  ): Admission;
  /**
   * RESET_TOKEN_BYTES that only this receiver can know of a connection, the same after a restart: told to the sender in
   * WELCOME, they prove later that the connection is no more. RFC 9000 section 10.3.
   */
  resetToken(connectionId: Uint8Array): Uint8Array;
  /** CHALLENGE_BYTES that nobody can guess. RFC 9000 section 8.2. */
  challenge(): Uint8Array;
}

/** Of the sender's part of the handshake: Noise message 1 (128), mac1 (16), mac2 (16). */
export const HELLO_BYTES = 160;
/** Of the receiver's part: Noise message 2. */
export const ANSWER_BYTES = 48;
export const RESET_TOKEN_BYTES = 16;
export const CHALLENGE_BYTES = 8;
/** Of a cookie's body: nonce (24), the cookie encrypted (16), its tag (16). */
export const COOKIE_BYTES = 56;
