import type { Ticket } from "../../secure/ticket.js";
import { LacunaError } from "../errors.js";
import { parseAddress } from "../socket/address.js";
import { findKeyPair } from "./keys.js";
import { savedTickets } from "./saved-tickets.js";
import { DEFAULT_TICKET, TicketBook } from "./ticket-book.js";
import { isTicketName } from "./ticket-record.js";
import { parseTicket } from "./ticket-text.js";

/**
 * Whom a sender is to reach: by a ticket, by the name that one was saved under, or, for a receiver of this user's own, by
 * its address alone.
 *
 * @throws LacunaError LACUNA_BAD_TICKET, LACUNA_BAD_ADDRESS, LACUNA_NO_TICKET, LACUNA_UNKNOWN_TICKET, and what reading the
 * state folder throws
 */
export function findDestination(to: string, folder: string): Ticket {
  if (to.includes("@")) return parseTicket(to);
  if (to.includes(":")) return ownReceiver(to, folder);
  if (!isTicketName(to)) return parseTicket(to);
  const saved = savedTickets(folder).get(to);
  if (saved !== undefined) return parseTicket(saved);
  const message = `"${to}" is no ticket, no address, and no name of a saved ticket`;
  throw new LacunaError("LACUNA_UNKNOWN_TICKET", message, { name: to });
}

/** A receiver that runs with the same state folder lets in who has its default ticket. */
function ownReceiver(to: string, folder: string): Ticket {
  const { host, port } = parseAddress(to);
  const keys = findKeyPair(folder, "receiver");
  const own = new TicketBook(folder).named(DEFAULT_TICKET);
  if (keys !== undefined && own !== undefined) {
    return { host, port, receiverKey: keys.publicKey, secret: own.secret };
  }
  const message = `${to} is only an address, and no receiver of this user has ever run here`;
  throw new LacunaError("LACUNA_NO_TICKET", message, { address: to });
}
