import { TICKET_ID_BYTES } from "./hello.js";
import { type CipherSuite, label } from "./suite.js";

/** What admits a sender: whom it speaks to, and what that one told it. */
export interface TicketKeys {
  /** The receiver's static public key, 32 bytes. */
  readonly receiverKey: Uint8Array;
  /** TICKET_SECRET_BYTES. */
  readonly secret: Uint8Array;
}

/** Bytes of the secret that a ticket holds. */
export const TICKET_SECRET_BYTES = 16;

/** Names a ticket to the receiver, without telling its secret: TICKET_ID_BYTES. */
export const ticketIdOf = (suite: CipherSuite, secret: Uint8Array): Uint8Array =>
  suite.hash(label("lacuna ticket id"), secret).slice(0, TICKET_ID_BYTES);

/** What both sides of a handshake know by the ticket: 32 bytes. */
export const ticketPskOf = (suite: CipherSuite, secret: Uint8Array): Uint8Array =>
  suite.hmac(secret, label("lacuna psk"));
