import type { Command } from "commander";
import type { ReceiveOptions } from "../node/api-types.js";
import { CONNECTIONS_MAX } from "../protocol/limits.js";
import type { Context } from "./context.js";
import { follow, receiveTeller } from "./follow.js";
import { HoleTracker } from "./terminal/hole-tracker.js";
import {
  bytesReader,
  choiceReader,
  given,
  MEMORY_FLAG,
  MEMORY_HELP,
  manyReader,
  numberReader,
  readMemory,
  spanReader,
} from "./values.js";
import { openView, VIEW_FLAG, type ViewFlag } from "./view.js";

interface ReceiveFlags {
  readonly listen?: string;
  readonly out?: string;
  readonly ticketFile?: string;
  readonly once?: boolean;
  readonly repair: boolean;
  readonly deadline?: number;
  readonly giveUpAfter?: number;
  readonly onExisting?: (typeof ON_EXISTING)[number];
  readonly maxSize?: number;
  readonly maxPixels?: number;
  readonly maxTime?: number;
  readonly maxSenders?: number;
  readonly keepFree?: number;
  readonly memory?: number;
  readonly eventLog?: string;
  readonly view?: ViewFlag;
}

const ON_EXISTING = ["rename", "skip", "overwrite"] as const;

export function define(command: Command, context: Context): void {
  command
    .option("--listen <HOST:PORT>", "where to listen (default: 0.0.0.0:7316)")
    .option("--out <DIR>", "folder for what arrives (default: the current one)")
    .option("--ticket-file <FILE>", "write the ticket there once senders may come")
    .option("--once", "end after the first sender has finished")
    .option("--no-repair", "detect and report what is missing, ask for nothing")
    .option(
      "--deadline <SECONDS>",
      "then stop, and keep the partial picture with its report",
      numberReader({ flag: "--deadline", unit: "seconds", example: "30", above: true }),
    )
    .option(
      "--give-up-after <SECONDS>",
      "how long to wait for a sender that is gone (default: a day; with --once, a minute)",
      numberReader({ flag: "--give-up-after", unit: "seconds", example: "600" }),
    )
    .option(
      "--on-existing <WHAT>",
      "when the name is taken: rename, skip or overwrite (default: rename)",
      choiceReader("--on-existing", ON_EXISTING),
    )
    .option(
      "--max-size <SIZE>",
      "refuse larger files, or pictures before they are coded: 500kB, 2GB (default: what fits)",
      bytesReader("--max-size", "2GB"),
    )
    .option(
      "--max-pixels <N>",
      "refuse pictures with more: 100M (default: 1400M)",
      manyReader("--max-pixels", "a number of pixels", "100M"),
    )
    .option(
      "--max-time <TIME>",
      "stop a file that takes longer: 90s, 12h (default: 7d)",
      spanReader("--max-time", "12h"),
    )
    .option(
      "--max-senders <N>",
      "senders at once (default: 256)",
      numberReader({
        flag: "--max-senders",
        unit: "senders",
        example: "8",
        min: 1,
        max: CONNECTIONS_MAX,
        whole: true,
      }),
    )
    .option(
      "--keep-free <SIZE>",
      "leave so much of the disk free (default: 5 % of it, at most 1GB)",
      bytesReader("--keep-free", "10GB"),
    )
    .option(MEMORY_FLAG, MEMORY_HELP, readMemory)
    .option("--event-log <FILE>", "write every event, and every piece as it comes, to a file")
    .option(VIEW_FLAG, "show a live page (default in a terminal: 127.0.0.1, any free port)")
    .option("--no-view", "show no live page")
    .option("--json", "one JSON object a line on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ReceiveFlags) => {
      context.exitCode = await run(flags, context);
    });
}

async function run(flags: ReceiveFlags, { output }: Context): Promise<number> {
  const { receive, stateFolder } = await import("../node/index.js");
  const view = await openView(flags.view, output.isTerminal && !output.json, output);
  const holes = new HoleTracker(output.drawsPictures);
  const teller = await receiveTeller(output, holes);
  try {
    const transfer = receive({
      ...receiveOptions(flags),
      stateFolder: stateFolder(output.env),
      observers: [...(output.drawsMaps ? [holes] : []), ...(view ? [view.observer] : [])],
      ...given({ view: view?.url }),
    });
    return (await follow(transfer, teller, output)).exit;
  } finally {
    teller.end();
    await view?.close();
  }
}

function receiveOptions(flags: ReceiveFlags): ReceiveOptions {
  const { listen, out, ticketFile, once, repair, onExisting, eventLog } = flags;
  const { deadline: deadlineSeconds, giveUpAfter: giveUpAfterSeconds, memory: memoryMb } = flags;
  const { maxSize: maxBytes, maxPixels, maxTime: maxSeconds, maxSenders } = flags;
  const { keepFree: keepFreeBytes } = flags;
  const limits = given({ maxBytes, maxPixels, maxSeconds, maxSenders, keepFreeBytes });
  const bounds = { ...given({ deadlineSeconds, giveUpAfterSeconds, memoryMb }), ...limits };
  return { ...given({ listen, out, ticketFile, once, onExisting, eventLog }), ...bounds, repair };
}

const EXAMPLES = `
Examples:
  lacuna receive
      wait for pictures here, show them in a live page as they come
  lacuna receive --out in/ --once --json
      for scripts: one sender, then exit; each event a line of JSON
  lacuna receive --no-repair --deadline 10
      ask for nothing: after 10 s, keep what came and report each missing pixel
  lacuna receive --listen 0.0.0.0:9000 --ticket-file /run/lacuna.ticket --no-view
      as a service; a sender reads the ticket with --to @FILE

It prints its ticket: whoever has that may send here. See lacuna ticket --help for others, with limits.

Exit codes: 0 complete and verified, 3 partial kept, 130 interrupted, partial kept.`;
