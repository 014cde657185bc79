import { readTicket, type TicketFault, writeTicket } from "../../secure/ticket.js";
import { LacunaError } from "../errors.js";
import type { Address } from "../socket/address.js";
import { cipherSuite } from "./suite.js";

/** All that a sender needs: where a receiver listens, who it is, and the word that lets senders in. */
export interface Ticket {
  readonly address: Address;
  /** The receiver's static public key, 32 bytes. */
  readonly receiver: Uint8Array;
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

/** WORD@HOST:PORT. */
export const formatTicket = ({ address, receiver, secret }: Ticket): string =>
  writeTicket(cipherSuite(), { ...address, receiverKey: receiver, secret });

/** Throws LACUNA_BAD_TICKET, or LACUNA_BAD_ADDRESS for what stands behind the @. */
export function parseTicket(text: string): Ticket {
  const read = readTicket(cipherSuite(), text);
  if (typeof read !== "string") {
    const { host, port, receiverKey: receiver, secret } = read;
    return { address: { host, port }, receiver, secret };
  }
  if (read === "badAddress") {
    const address = text.slice(text.indexOf("@") + 1).trim();
    throw new LacunaError("LACUNA_BAD_ADDRESS", `"${address}" is not an address`, { address });
  }
  // The word is a secret: it is not repeated in messages.
  throw new LacunaError("LACUNA_BAD_TICKET", `this is not a ticket: ${FAULTS[read]}`);
}

const FAULTS: Record<Exclude<TicketFault, "badAddress">, string> = {
  empty: "there is nothing",
  noWord: "there is no word before the address",
  noAddress: "there is no @HOST:PORT behind its word",
  truncated: "letters of its word are missing",
  tooLong: "its word has too many letters",
  mistyped: "a letter of its word is wrong",
};
