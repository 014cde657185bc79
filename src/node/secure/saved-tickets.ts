import { join } from "node:path";
import { writeTicket } from "../../secure/ticket.js";
import { LacunaError } from "../errors.js";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";
import { withStateLock } from "./state-lock.js";
import { cipherSuite } from "./suite.js";
import { badName, unknownTicket } from "./ticket-book.js";
import { isTicketName } from "./ticket-record.js";
import { parseTicket } from "./ticket-text.js";

/**
 * Tickets of other receivers, each under a name, so that a sender may say `--to NAME`.
 *
 * @returns the tickets' text by name. Throws LACUNA_STATE_DAMAGED, and what reading the state folder throws
 */
export function savedTickets(folder: string): ReadonlyMap<string, string> {
  const text = readStateFile(folder, FILE);
  if (text === undefined) return new Map();
  const lines = text.split("\n").slice(0, -1);
  const entries = lines.map((line) => /^(\S+) (\S+)$/.exec(line));
  if (!entries.every((entry) => entry !== null)) {
    throw damaged(join(folder, FILE), "it holds no tickets");
  }
  return new Map(entries.map(([, name = "", ticket = ""]) => [name, ticket]));
}

/**
 * Keeps a ticket under a name.
 *
 * @throws LacunaError LACUNA_BAD_OPTION for a name that is none, LACUNA_BAD_TICKET,
 * LACUNA_TICKET_EXISTS, LACUNA_TOO_MANY_TICKETS, and what changing the state folder throws
 */
export async function saveTicket(folder: string, name: string, ticket: string): Promise<void> {
  if (!isTicketName(name)) throw badName(name);
  const text = writeTicket(cipherSuite(), parseTicket(ticket));
  await change(folder, (tickets) => {
    if (tickets.has(name)) {
      const message = `a ticket is saved under the name ${name}`;
      throw new LacunaError("LACUNA_TICKET_EXISTS", message, { name });
    }
    if (tickets.size >= SAVED_MAX) {
      const message = `${SAVED_MAX} tickets are saved already`;
      throw new LacunaError("LACUNA_TOO_MANY_TICKETS", message, { tickets: SAVED_MAX });
    }
    tickets.set(name, text);
  });
}

/** Forgets a saved ticket. Throws LACUNA_UNKNOWN_TICKET, and what changing the state folder throws. */
export async function forgetTicket(folder: string, name: string): Promise<void> {
  await change(folder, (tickets) => {
    if (!tickets.delete(name)) throw unknownTicket(name);
  });
}

async function change(folder: string, edit: (tickets: Map<string, string>) => void): Promise<void> {
  await withStateLock(folder, async () => {
    const tickets = new Map(savedTickets(folder));
    edit(tickets);
    const lines = [...tickets].map(([name, ticket]) => `${name} ${ticket}\n`);
    await writeStateFile(folder, FILE, lines.join(""));
  });
}

const FILE = "saved-tickets";
const SAVED_MAX = 1_000;
