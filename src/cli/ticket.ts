import type { Command } from "commander";
import type { OwnTicket } from "../node/secure/own-tickets.js";
import type { TicketLimits } from "../node/secure/ticket-record.js";
import { stateFolder } from "../node/socket/path-memory.js";
import type { Context } from "./context.js";
import type { Output } from "./output.js";
import { qrArt } from "./terminal/qr-art.js";
import { ticketFacts, ticketLines } from "./terminal/ticket-lines.js";
import { badOption, bytesReader, given, numberReader, spanReader } from "./values.js";

interface CreateFlags {
  readonly name?: string;
  readonly uses?: number;
  readonly expires?: number;
  readonly maxSize?: number;
  readonly senders?: number;
  readonly only?: readonly string[];
  readonly address?: string;
}

/** Commands of commands: each acts on the tickets in the state folder, and a receiver that runs heeds it at once. */
export function define(command: Command, { output }: Context): void {
  const folder = stateFolder(output.env);
  command.addHelpText("after", EXAMPLES);
  defineCreate(command, output, folder);
  command
    .command("list")
    .description("all tickets: who may send here, and those saved of others")
    .option("--json", JSON_HELP)
    .action(() => list(output, folder));
  command
    .command("show")
    .description("a ticket again, with its QR code")
    .argument("<NAME>", NAME_HELP)
    .option("--json", JSON_HELP)
    .action(async (name: string) => {
      const { showTicket } = await import("../node/secure/own-tickets.js");
      tellTicket(await showTicket(folder, name), output);
    });
  command
    .command("revoke")
    .description("let nobody in by a ticket any more, from now on")
    .argument("<NAME>", NAME_HELP)
    .option("--json", JSON_HELP)
    .action((name: string) => revoke(name, output, folder));
  command
    .command("save")
    .description("keep a ticket that you were given: then send --to NAME")
    .argument("<NAME>", "what to call it")
    .argument("<TICKET>", "what the receiver printed")
    .option("--json", JSON_HELP)
    .action(async (name: string, ticket: string) => {
      const { saveTicket } = await import("../node/secure/saved-tickets.js");
      await saveTicket(folder, name, ticket);
      output.emit({ event: "saved", t: output.seconds, name });
      output.say([`saved: lacuna send PICTURE --to ${name}`]);
    });
  command
    .command("forget")
    .description("drop a saved ticket")
    .argument("<NAME>", "what it was saved as")
    .option("--json", JSON_HELP)
    .action(async (name: string) => {
      const { forgetTicket } = await import("../node/secure/saved-tickets.js");
      await forgetTicket(folder, name);
      output.emit({ event: "forgotten", t: output.seconds, name });
      output.say([`${name} is forgotten`]);
    });
  command
    .command("key")
    .description("your key as a sender, for a ticket that is for you alone")
    .option("--json", JSON_HELP)
    .action(async () => {
      const { ensureKeyPair } = await import("../node/secure/keys.js");
      const { publicKey } = await ensureKeyPair(folder, "sender");
      const key = Buffer.from(publicKey).toString("base64url");
      output.emit({ event: "key", t: output.seconds, key });
      output.print(key);
    });
}

function defineCreate(command: Command, output: Output, folder: string): void {
  command
    .command("create")
    .description("make a ticket, with limits if you like")
    .option("--name <NAME>", "what to call it (default: ticket-1 and so on)")
    .option(
      "--uses <N>",
      "how many files may come whole by it",
      numberReader({ flag: "--uses", unit: "files", example: "1", min: 1, whole: true }),
    )
    .option(
      "--expires <TIME>",
      "how long it is good for: 90s, 12h, 7d",
      spanReader("--expires", "7d"),
    )
    .option(
      "--max-size <SIZE>",
      "the largest file, or picture before it is coded: 500kB, 100MB",
      bytesReader("--max-size", "100MB"),
    )
    .option(
      "--senders <N>",
      "how many different senders: the first that come",
      numberReader({
        flag: "--senders",
        unit: "senders",
        example: "1",
        min: 1,
        max: SENDERS_MAX,
        whole: true,
      }),
    )
    .option(
      "--only <KEY...>",
      "only senders with these keys (they see theirs by: lacuna ticket key)",
    )
    .option("--address <HOST:PORT>", "where senders reach you (default: where you listened last)")
    .option("--json", JSON_HELP)
    .action(async (flags: CreateFlags) => {
      const { createTicket } = await import("../node/secure/own-tickets.js");
      const { name, address } = flags;
      const wanted = { limits: limitsOf(flags), ...given({ name, address }) };
      tellTicket(await createTicket(folder, wanted), output);
    });
}

function limitsOf(flags: CreateFlags): TicketLimits {
  const { uses, senders, maxSize: maxBytes, expires, only } = flags;
  const expiresAt = expires === undefined ? undefined : Date.now() + expires * 1_000;
  for (const key of only ?? []) {
    if (Buffer.from(key, "base64url").length === KEY_BYTES && /^[\w-]{43}$/.test(key)) continue;
    throw badOption(`--only takes keys as \`lacuna ticket key\` prints them; got "${key}"`);
  }
  return given({ uses, senders, maxBytes, expiresAt, only });
}

async function list(output: Output, folder: string): Promise<void> {
  const { TicketBook } = await import("../node/secure/ticket-book.js");
  const { savedTickets } = await import("../node/secure/saved-tickets.js");
  const { parseTicket } = await import("../node/secure/ticket-text.js");
  const { formatAddress } = await import("../node/socket/address.js");
  const records = new TicketBook(folder).records;
  const saved = [...savedTickets(folder)].map(([name, text]) => {
    return { name, address: formatAddress(parseTicket(text)) };
  });
  const now = Date.now();
  for (const record of records) {
    output.emit({ event: "ticket", t: output.seconds, ...ticketFacts(record, now) });
  }
  for (const one of saved) output.emit({ event: "saved", t: output.seconds, ...one });
  if (!output.json) output.say(ticketLines(records, saved, now));
}

async function revoke(name: string, output: Output, folder: string): Promise<void> {
  const { TicketBook } = await import("../node/secure/ticket-book.js");
  await new TicketBook(folder).revoke(name, Date.now());
  output.emit({ event: "revoked", t: output.seconds, name });
  output.say([`${name} is revoked: nobody comes in by it any more`]);
}

/** The ticket alone on standard output, its QR code beside it in a terminal. */
function tellTicket({ record, text }: OwnTicket, output: Output): void {
  const facts = ticketFacts(record, Date.now());
  output.emit({ event: "ticket", t: output.seconds, ...facts, ticket: text });
  if (output.isTerminal && !output.json) output.say(qrArt(text, output.look));
  output.print(text);
}

const KEY_BYTES = 32;
/** Ours: each is kept by its key. */
const SENDERS_MAX = 1_000;
const NAME_HELP = "as `lacuna ticket list` tells it";
const JSON_HELP = "one JSON object a line on standard output";

const EXAMPLES = `
A ticket lets its holder send to receivers of yours, and tells where they are and that it is them. Give it away as you
would a key: whoever has it may send.

Examples:
  lacuna ticket create --name anna --uses 3 --expires 7d
      for three files within a week
  lacuna ticket revoke anna
      nobody comes in by it any more, also where a receiver runs now
  lacuna ticket save studio TICKET
      keep one that you were given; then: lacuna send harbour.png --to studio`;
