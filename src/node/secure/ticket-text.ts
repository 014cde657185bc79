import { createHash } from "node:crypto";
import { LacunaError } from "../errors.js";
import { type Address, formatAddress, parseAddress } from "../socket/address.js";
import { TICKET_SECRET_BYTES } from "./ticket-record.js";

/** All that a sender needs: where a receiver listens, who it is, and the word that lets senders in. */
export interface Ticket {
  readonly address: Address;
  /** The receiver's static public key, 32 bytes. */
  readonly receiver: Uint8Array;
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

/** WORD@HOST:PORT. */
export function formatTicket({ address, receiver, secret }: Ticket): string {
  const bytes = Buffer.concat([receiver, secret]);
  const word = Buffer.concat([bytes, check(bytes)]).toString("base64url");
  return `${word}@${formatAddress(address)}`;
}

/** Throws LACUNA_BAD_TICKET, or LACUNA_BAD_ADDRESS for what stands behind the @. */
export function parseTicket(text: string): Ticket {
  const at = text.indexOf("@");
  const word = text.slice(0, Math.max(0, at));
  const bytes = Uint8Array.from(Buffer.from(word, "base64url"));
  const secrets = bytes.subarray(0, RECEIVER_BYTES + TICKET_SECRET_BYTES);
  const isWhole =
    Buffer.from(bytes).toString("base64url") === word &&
    bytes.length === RECEIVER_BYTES + TICKET_SECRET_BYTES + CHECK_BYTES &&
    check(secrets).equals(bytes.subarray(secrets.length));
  // The word is a secret: it is not repeated in messages.
  if (!isWhole)
    throw new LacunaError("LACUNA_BAD_TICKET", "this is not a ticket, or not all of it");
  const address = parseAddress(text.slice(at + 1));
  const [receiver, secret] = [secrets.slice(0, RECEIVER_BYTES), secrets.slice(RECEIVER_BYTES)];
  return { address, receiver, secret };
}

function check(secrets: Uint8Array): Buffer {
  const hash = createHash("sha256").update("lacuna ticket").update(secrets);
  return hash.digest().subarray(0, CHECK_BYTES);
}

const RECEIVER_BYTES = 32;
const CHECK_BYTES = 4;
