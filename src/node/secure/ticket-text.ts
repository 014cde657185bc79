import { readTicket, type Ticket, type TicketFault } from "../../secure/ticket.js";
import { LacunaError } from "../errors.js";
import { cipherSuite } from "./suite.js";

/** Reads a ticket that a person gave. Throws LACUNA_BAD_TICKET. */
export function parseTicket(text: string): Ticket {
  const read = readTicket(cipherSuite(), text);
  // The word is a secret: it is not repeated in messages.
  // The word is a secret: it is not repeated in messages.
  if (typeof read === "string") {
    throw new LacunaError("LACUNA_BAD_TICKET", `this is not a ticket: ${FAULTS[read]}`);
  }
  return read;
}

const FAULTS: Record<TicketFault, string> = {
  empty: "there is nothing",
  noWord: "there is no word before the address",
  noAddress: "there is no @HOST:PORT behind its word",
  badAddress: "what stands behind the @ is no HOST:PORT",
  truncated: "letters of its word are missing",
  tooLong: "its word has too many letters",
  mistyped: "a letter of its word is wrong",
};
