import { sameBytes } from "../wire/bytes.js";
import { concat } from "../wire/fields.js";
import { fromBase64Url, toBase64Url } from "./base64url.js";
import { type CipherSuite, KEY_BYTES, label } from "./suite.js";
import { TICKET_SECRET_BYTES, type TicketKeys } from "./ticket-keys.js";

/** What a receiver gives to those who may send to it: its keys, and where it is. */
export interface Ticket extends TicketKeys {
  /** A name, or an address of IPv4 or IPv6 (without brackets). */
  readonly host: string;
  readonly port: number;
}

/** What is wrong with a text that should be a ticket. */
export type TicketFault =
  /** Nothing is there. */
  | "empty"
  /** An address alone, without the word before it. */
  | "noWord"
  /** The word alone, without "@HOST:PORT". */
  | "noAddress"
  /** What stands behind the "@" is no HOST:PORT. */
  | "badAddress"
  /** Letters of the word are missing: it was not copied whole. */
  | "truncated"
  /** The word has too many letters. */
  | "tooLong"
  /** A letter of the word is wrong. */
  | "mistyped";

/** `WORD@HOST:PORT`: who has it can send. */
export function writeTicket(suite: CipherSuite, { host, port, ...keys }: Ticket): string {
  return `${writeTicketWord(suite, keys)}@${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The word of a ticket: TICKET_WORD_LETTERS of base64url. */
export function writeTicketWord(suite: CipherSuite, keys: TicketKeys): string {
  const content = concat([keys.receiverKey, keys.secret]);
  return toBase64Url(concat([content, checkOf(suite, content)]));
}

/** Reads what a person has pasted or typed; blanks and line breaks in it do not matter. */
export function readTicket(suite: CipherSuite, text: string): Ticket | TicketFault {
  const whole = text.replaceAll(/\s+/g, "");
  if (whole === "") return "empty";
  const at = whole.indexOf("@");
  const address = readAddress(whole.slice(at + 1));
  if (at < 0) return address === undefined ? "noAddress" : "noWord";
  const keys = readTicketWord(suite, whole.slice(0, at));
  if (typeof keys === "string") return keys;
  if (address === undefined) return at + 1 === whole.length ? "noAddress" : "badAddress";
  return { ...keys, ...address };
}

/** The keys in a ticket's word. */
export function readTicketWord(suite: CipherSuite, word: string): TicketKeys | TicketFault {
  if (word === "") return "noWord";
  if (word.length !== TICKET_WORD_LETTERS) {
    return word.length < TICKET_WORD_LETTERS ? "truncated" : "tooLong";
  }
  const bytes = fromBase64Url(word);
  const content = bytes?.subarray(0, CONTENT_BYTES);
  const check = bytes?.subarray(CONTENT_BYTES);
  if (content === undefined || check === undefined) return "mistyped";
  if (!sameBytes(check, checkOf(suite, content))) return "mistyped";
  const receiverKey = content.slice(0, KEY_BYTES);
  // Nobody holds the other half of such a key. RFC 7748 section 6.1.
  if (suite.keyPair(suite.random(KEY_BYTES)).agree(receiverKey) === undefined) return "mistyped";
  return { receiverKey, secret: content.slice(KEY_BYTES) };
}

const checkOf = (suite: CipherSuite, content: Uint8Array): Uint8Array =>
  suite.hash(label("lacuna ticket"), content).subarray(0, CHECK_BYTES);

function readAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^[\]@]+)\]|([^:[\]@]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > PORT_MAX ? undefined : { host, port };
}

const CONTENT_BYTES = KEY_BYTES + TICKET_SECRET_BYTES;
/** Finds a mistyped letter but for once in 2^32. */
const CHECK_BYTES = 4;
export const TICKET_WORD_LETTERS = Math.ceil(((CONTENT_BYTES + CHECK_BYTES) * 8) / 6);
const PORT_MAX = 65_535;
