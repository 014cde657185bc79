import { VARINT_MAX, viewOf } from "../wire/bytes.js";
import { PROTOCOL_VERSION } from "../wire/datagram.js";
import { concat } from "../wire/fields.js";
import { COOKIE_BYTES } from "../wire/security.js";
import type { HandshakeState } from "./handshake.js";
import { type CipherSuite, label, NONCE_BYTES } from "./suite.js";

/*
 * What both sides know of a HELLO: Noise message 1, whose payload proves the ticket, and two message authentication
 * codes over it, as WireGuard has them (https://www.wireguard.com/papers/wireguard.pdf sections 5.4.4 and 5.4.7).
 * docs/protocol.md section 12.
 */

/** Noise message 1: e (32), s sealed (48), the payload sealed (48). */
export const MESSAGE_1_BYTES = 128;
/** Of mac1, of mac2, of a cookie, of a ticket's proof. */
export const MAC_BYTES = 16;
export const TICKET_ID_BYTES = 8;
const TIMESTAMP_BYTES = 8;
const COOKIE_NONCE_BYTES = 24;
const TWO_POW_32 = 0x1_0000_0000;

/** What a connection's handshake begins with, at both sides. */
export const prologueOf = (connectionId: Uint8Array): Uint8Array =>
  concat([label(`lacuna ${PROTOCOL_VERSION}`), connectionId]);

/** The payload of message 1, but for its proof. */
export interface HelloPayload {
  /** TICKET_ID_BYTES. */
  readonly ticketId: Uint8Array;
  /** Microseconds since 1970 by the sender's clock, rising with each of its connections. */
  readonly timestampUs: number;
}

/** @param transcript the hash of the handshake before the payload: the proof is of this handshake alone */
export function writePayload(
  suite: CipherSuite,
  { ticketId, timestampUs }: HelloPayload,
  psk: Uint8Array,
  transcript: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(TICKET_ID_BYTES + TIMESTAMP_BYTES + MAC_BYTES);
  out.set(ticketId);
  const view = new DataView(out.buffer);
  view.setUint32(TICKET_ID_BYTES, Math.floor(timestampUs / TWO_POW_32));
  view.setUint32(TICKET_ID_BYTES + 4, timestampUs % TWO_POW_32);
  const statement = viewOf(out, 0, TICKET_ID_BYTES + TIMESTAMP_BYTES);
  out.set(proofOf(suite, psk, transcript, statement), statement.length);
  return out;
}

/** Undefined when it is none. Its proof is yet to be checked. */
export function readPayload(payload: Uint8Array): HelloPayload | undefined {
  if (payload.length !== TICKET_ID_BYTES + TIMESTAMP_BYTES + MAC_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const high = view.getUint32(TICKET_ID_BYTES);
  const timestampUs = high * TWO_POW_32 + view.getUint32(TICKET_ID_BYTES + 4);
  if (timestampUs > VARINT_MAX) return undefined;
  return { ticketId: payload.slice(0, TICKET_ID_BYTES), timestampUs };
}

/** Whether the sender of the payload has the ticket's secret. */
export function isProven(
  suite: CipherSuite,
  payload: Uint8Array,
  psk: Uint8Array,
  transcript: Uint8Array,
): boolean {
  const end = TICKET_ID_BYTES + TIMESTAMP_BYTES;
  const proof = proofOf(suite, psk, transcript, viewOf(payload, 0, end));
  return suite.sameSecret(proof, viewOf(payload, end, MAC_BYTES));
}

const proofOf = (
  suite: CipherSuite,
  psk: Uint8Array,
  transcript: Uint8Array,
  statement: Uint8Array,
): Uint8Array => mac(suite, psk, label("lacuna proof"), transcript, statement);

/** Of what the sender sends behind message 1, by all that both sides know after it: 32 bytes. */
export const earlySecretOf = (handshake: HandshakeState, psk: Uint8Array): Uint8Array =>
  handshake.derive("lacuna early", handshake.hash, psk);

/** An HMAC, cut to MAC_BYTES. */
export const mac = (
  suite: CipherSuite,
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array => suite.hmac(key, ...parts).subarray(0, MAC_BYTES);

/** The key of mac1, which is known to all who know the receiver. */
export const mac1Key = (suite: CipherSuite, receiverKey: Uint8Array): Uint8Array =>
  suite.hash(label("mac1"), receiverKey);

/** The key under which cookies cross, known to the same. */
export const cookieKey = (suite: CipherSuite, receiverKey: Uint8Array): Uint8Array =>
  suite.hash(label("cookie"), receiverKey);

/**
 * The body of a cookie.
 *
 * @param key of `cookieKey`
 * @param mac1 of the HELLO that it answers: who did not see that cannot forge a cookie for it
 */
export function sealCookie(
  suite: CipherSuite,
  key: Uint8Array,
  cookie: Uint8Array,
  mac1: Uint8Array,
): Uint8Array {
  const body = new Uint8Array(COOKIE_BYTES);
  const nonce = suite.random(COOKIE_NONCE_BYTES);
  body.set(nonce);
  body.set(cookie, COOKIE_NONCE_BYTES);
  const aead = suite.aead(suite.hmac(key, nonce));
  aead.seal(ONE_TIME_NONCE, mac1, body, COOKIE_NONCE_BYTES, COOKIE_NONCE_BYTES + MAC_BYTES);
  return body;
}

/** The cookie in a body; undefined when it does not answer the HELLO with this mac1. */
export function openCookie(
  suite: CipherSuite,
  key: Uint8Array,
  body: Uint8Array,
  mac1: Uint8Array,
): Uint8Array | undefined {
  if (body.length !== COOKIE_BYTES) return undefined;
  const bytes = Uint8Array.from(body);
  const aead = suite.aead(suite.hmac(key, viewOf(bytes, 0, COOKIE_NONCE_BYTES)));
  const end = COOKIE_NONCE_BYTES + MAC_BYTES;
  if (!aead.open(ONE_TIME_NONCE, mac1, bytes, COOKIE_NONCE_BYTES, end)) return undefined;
  return bytes.subarray(COOKIE_NONCE_BYTES, end);
}

/** The key is of one cookie, so that its nonce need not be anything. */
const ONE_TIME_NONCE = new Uint8Array(NONCE_BYTES);
