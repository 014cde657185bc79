import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { ReceiveResult, SendResult } from "../node/api-types.js";
import { LacunaError } from "../node/errors.js";
import type { ReceiveEvent } from "../node/events.js";
import type { Relay } from "../node/socket/relay.js";
import type { Context } from "./context.js";
import { follow, receiveTeller, type Teller } from "./follow.js";
import { onInterrupt } from "./interrupts.js";
import { addLinkFlags, countersLine, type LinkFlags, linkOptions } from "./link-flags.js";
import type { Output } from "./output.js";
import { formatRate, formatShare } from "./terminal/format.js";
import { HoleTracker } from "./terminal/hole-tracker.js";
import type { Look } from "./terminal/look.js";
import { wrapped } from "./terminal/text.js";
import { given } from "./values.js";
import { openView, VIEW_FLAG, type View, type ViewFlag } from "./view.js";

interface DemoFlags extends LinkFlags {
  readonly out?: string;
  readonly once?: boolean;
  readonly view?: ViewFlag;
}

/** Bad enough to watch, slow enough to see. */
export const DEMO_LINK: LinkFlags = {
  loss: 0.1,
  burst: 4,
  delay: 20,
  jitter: 2,
  rate: 1.5,
  queue: 32,
  mtu: 1_500,
  reorder: 0.02,
  dup: 0.01,
  corrupt: 0.01,
  seed: 1,
};

/** Withheld from the first pass. At a link's own losses alone, holes are mended before one sees them. */
const WITHHELD_SHARE = 0.25;
const WITHHELD_WORD = "quarter";

export function define(command: Command, context: Context): void {
  command
    .option("--out <DIR>", "keep the picture there (default: a temporary folder)")
    .option("--once", "end when the picture is whole")
    .option(VIEW_FLAG, "where the live page is shown (default: 127.0.0.1, any free port)")
    .option("--no-view", "show no live page");
  addLinkFlags(command, DEMO_LINK)
    .option("--json", "one JSON object a line on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DemoFlags) => {
      context.exitCode = await run(flags, context);
    });
}

async function run(flags: DemoFlags, { output }: Context): Promise<number> {
  const view = await openView(flags.view, !output.json, output);
  output.say(introduction(flags, output.look));
  const folder = await mkdtemp(join(tmpdir(), "lacuna-demo-"));
  try {
    const exit = await transfer({ ...flags, out: flags.out ?? folder }, folder, view, output);
    if (exit !== 0 || flags.once === true || view === undefined) return exit;
    output.say([`the live page stays at ${view.url} until Ctrl-C`]);
    await new Promise<void>((stop) => {
      onInterrupt(stop);
    });
    return exit;
  } finally {
    await view?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Receiver, bad link and sender in one process; gives the exit code.
 *
 * @param folder a new one, for keys and a ticket that nobody else has
 */
async function transfer(
  flags: DemoFlags & { readonly out: string },
  folder: string,
  view: View | undefined,
  output: Output,
): Promise<number> {
  const { receive, send } = await import("../node/index.js");
  const holes = new HoleTracker(output.drawsPictures);
  const teller = await receiveTeller(output, holes);
  const receiving = receive({
    listen: "127.0.0.1:0",
    out: flags.out,
    once: true,
    observers: [...(output.drawsMaps ? [holes] : []), ...(view ? [view.observer] : [])],
    stateFolder: join(folder, "state"),
    ...given({ view: view?.url }),
  });
  let relay: Relay | undefined;
  let sending: ReturnType<typeof send> | undefined;
  try {
    let heard: (address: string) => void = () => undefined;
    const listening = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const received = follow(receiving, demoTeller(teller), output, (event) => {
      if (event.event === "listening") heard(event.ticket);
    });
    const to = await Promise.race([listening, received.then(() => undefined)]);
    if (to === undefined) return (await received).exit;
    relay = await startDemoLink(flags, to.replace(/^.*@/, ""));
    const how = { via: relay.address, drop: WITHHELD_SHARE, stateFolder: join(folder, "state") };
    sending = send(PICTURE, { to, ...how, pathMemory: false });
    const sent = Promise.resolve(sending);
    // A sender that fails ends the wait; one that is done leaves the last word to the receiver.
    const { result, exit } = await Promise.race([received, sent.then(() => received)]);
    if (exit !== 0) return exit;
    const proof = proofOf(await sent, result);
    teller.end();
    output.emit({ event: "proof", t: output.seconds, ...proof });
    output.say(proofLines(proof, relay, output));
    return proof.missingPixels === 0 ? 0 : 1;
  } finally {
    teller.end();
    sending?.stop();
    receiving.stop();
    await relay?.close();
  }
}

/** Nobody else is to send to this receiver, so only the page's address is told of its listening. */
function demoTeller(teller: Teller<ReceiveEvent>): Teller<ReceiveEvent> {
  return {
    tell: (event) => {
      if (event.event !== "listening") teller.tell(event);
      else if (event.view !== undefined) teller.say([`live page: ${event.view}`]);
    },
    say: (lines) => teller.say(lines),
    end: () => teller.end(),
  };
}

async function startDemoLink(flags: DemoFlags, to: string): Promise<Relay> {
  const { startRelay } = await import("../node/socket/relay.js");
  const options = linkOptions(flags);
  return startRelay({ listen: "127.0.0.1:0", to, forward: options, backward: options });
}

interface Proof {
  readonly missingPixels: number;
  readonly digestsEqual: true;
  /** Hex, of both ends. */
  readonly sha256: string;
}

/**
 * Compares what both ends say.
 *
 * @throws LacunaError LACUNA_DIGEST_DIFFERS
 */
function proofOf(sent: SendResult, received: ReceiveResult): Proof {
  const [there, here] = [sent.files[0], received.files[0]];
  if (there === undefined || here === undefined || there.sha256 !== here.sha256) {
    throw new LacunaError("LACUNA_DIGEST_DIFFERS", "sender and receiver have different digests");
  }
  const { missingPixels, sha256 } = here;
  return { missingPixels, digestsEqual: true, sha256 };
}

/** What a stranger is about to see. */
export function introduction(link: LinkFlags, look: Look): string[] {
  const { loss, burst, delay, rate } = link;
  const runs = burst > 1 ? `, about ${burst} in a row` : "";
  const speed = rate > 0 ? ` at ${formatRate(rate)}` : "";
  const words = [
    `A photograph is sent over UDP through a bad link that loses ${formatShare(loss)} of all datagrams${runs},`,
    `delays each by ${delay} ms${speed}, and damages, doubles or holds back some.`,
    `A ${WITHHELD_WORD} of its pieces is not sent at first, so that there are holes to see.`,
    "The receiver knows every missing pixel and asks for it, until all are there, exactly.",
  ];
  return [...wrapped(words.join(" "), Math.min(look.columns, TEXT_COLUMNS_MAX)), ""];
}

/** What a proof tells. */
function proofLines({ missingPixels, sha256 }: Proof, relay: Relay, output: Output): string[] {
  const { forward, backward } = relay.counters();
  const equal = [`digests equal: sender ${sha256}`, `receiver ${sha256}`];
  // Lines of a log are not broken: whoever reads them searches them.
  const isNarrow = output.isTerminal && output.look.columns < equal.join(" ").length;
  return [
    countersLine("there", forward),
    countersLine("back", backward),
    `${missingPixels} pixels missing`,
    ...(isNarrow ? [equal[0] as string, `             ${equal[1]}`] : [equal.join(" ")]),
  ];
}

const TEXT_COLUMNS_MAX = 96;

const PICTURE = fileURLToPath(new URL("../../assets/demo.png", import.meta.url));

const EXAMPLES = `
Sends a photograph from this process to itself over a bad link, and shows it as it is mended.

Examples:
  lacuna demo
      watch it in the terminal and in the live page; Ctrl-C ends it
  lacuna demo --loss 30% --burst 10
      a much worse link
  lacuna demo --once --no-view
      end by itself: exit 0 when no pixel is missing and the digests are equal`;
