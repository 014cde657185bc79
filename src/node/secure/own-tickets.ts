import { writeTicket } from "../../secure/ticket.js";
import { parseAddress } from "../socket/address.js";
import { ensureKeyPair } from "./keys.js";
import { receiverAddress } from "./receiver-address.js";
import { cipherSuite } from "./suite.js";
import { TicketBook, unknownTicket } from "./ticket-book.js";
import type { TicketLimits, TicketRecord } from "./ticket-record.js";

/** A ticket of this user's receivers, as it is given out. */
export interface OwnTicket {
  readonly record: TicketRecord;
  /** What a sender needs. */
  readonly text: string;
}

export interface NewTicket {
  /** One is found when absent. */
  readonly name?: string;
  readonly limits: TicketLimits;
  /** HOST:PORT that senders will use; where a receiver listened last when absent. */
  readonly address?: string;
}

/**
 * Makes a ticket, and the receiver's key when there is none yet.
 *
 * Throws LACUNA_BAD_ADDRESS, and what `TicketBook.create` and `ensureKeyPair` throw.
 */
export async function createTicket(folder: string, wanted: NewTicket): Promise<OwnTicket> {
  const { name, limits, address } = wanted;
  if (address !== undefined) parseAddress(address);
  const book = new TicketBook(folder);
  return asGiven(folder, await book.create(Date.now(), limits, name, address));
}

/** The valid ticket of a name. Throws LACUNA_UNKNOWN_TICKET, and what `createTicket` throws. */
export async function showTicket(folder: string, name: string): Promise<OwnTicket> {
  const record = new TicketBook(folder).named(name);
  if (record === undefined) throw unknownTicket(name);
  return asGiven(folder, record);
}

async function asGiven(folder: string, record: TicketRecord): Promise<OwnTicket> {
  const { publicKey: receiverKey } = await ensureKeyPair(folder, "receiver");
  const { host, port } = parseAddress(record.address ?? receiverAddress(folder));
  const { secret } = record;
  return { record, text: writeTicket(cipherSuite(), { host, port, receiverKey, secret }) };
}
