import type { Command } from "commander";
import { formatAddress } from "../node/socket/address.js";
import type { Relay } from "../node/socket/relay.js";
import type { Context } from "./context.js";
import { onInterrupt } from "./interrupts.js";
import {
  addLinkFlags,
  countersLine,
  type LinkFlags,
  linkOptions,
  WELL_LINK,
} from "./link-flags.js";
import type { Output } from "./output.js";
import { readTicket } from "./ticket-file.js";

interface RelayFlags extends LinkFlags {
  readonly listen: string;
  readonly to: string;
}

export function define(command: Command, context: Context): void {
  command
    .requiredOption("--listen <HOST:PORT>", "where senders send to; port 0: any free one")
    .requiredOption("--to <HOST:PORT|TICKET>", "where it goes on to");
  addLinkFlags(command, WELL_LINK)
    .option("--json", "one JSON object a line on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: RelayFlags) => run(flags, context));
}

async function run(flags: RelayFlags, { output }: Context): Promise<void> {
  const { startRelay } = await import("../node/socket/relay.js");
  const { parseTicket } = await import("../node/secure/ticket-text.js");
  const options = linkOptions(flags);
  const { listen } = flags;
  const given = await readTicket(flags.to);
  const to = given.includes("@") ? formatAddress(parseTicket(given)) : given;
  const relay = await startRelay({ listen, to, forward: options, backward: options });
  output.emit({ event: "listening", t: output.seconds, address: relay.address, to });
  output.say([`a bad link from ${relay.address} to ${to}; Ctrl-C ends it and tells what it did`]);
  await new Promise<void>((stop) => {
    onInterrupt(stop);
  });
  tellCounters(relay, output);
  await relay.close();
}

function tellCounters(relay: Relay, output: Output): void {
  const counters = relay.counters();
  output.emit({ event: "counters", t: output.seconds, ...counters });
  const { clients, refused, forward, backward } = counters;
  const who = `${clients} ${clients === 1 ? "client" : "clients"}`;
  output.say([
    refused === 0 ? who : `${who}; ${refused} datagrams refused, too much at once`,
    countersLine("there", forward),
    countersLine("back", backward),
  ]);
}

const EXAMPLES = `
The flags act on both directions. Shares may be written 0.05 or 5%.

Examples:
  lacuna link --listen 127.0.0.1:7400 --to 127.0.0.1:7316 --loss 0.2 --delay 20
      lose a fifth of all datagrams; then: lacuna send harbour.png --to 127.0.0.1:7400
  lacuna link --listen 127.0.0.1:7400 --to 127.0.0.1:7316 --loss 5% --burst 8 --rate 2 --queue 32
      radio: losses in runs of 8, 2 Mbit/s, a short queue
  lacuna link --listen 127.0.0.1:7400 --to 127.0.0.1:7316 --reorder 0.1 --dup 0.05 --corrupt 0.02
      everything but loss

Exit code: 0 after Ctrl-C.`;
