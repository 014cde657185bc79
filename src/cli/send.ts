import type { Command } from "commander";
import type { Context } from "./context.js";
import { follow, sendTeller } from "./follow.js";
import { MODES } from "./plan.js";
import { readTicket } from "./ticket-file.js";
import {
  choiceReader,
  given,
  MEMORY_FLAG,
  MEMORY_HELP,
  numberReader,
  readDrop,
  readMemory,
} from "./values.js";

interface SendFlags {
  readonly to: string;
  readonly via?: string;
  readonly mode?: (typeof MODES)[number];
  readonly rate?: number;
  readonly polite?: true;
  readonly drop?: "odd-rows" | number;
  readonly pieceBytes?: number;
  readonly maxDatagram?: number;
  readonly timeout?: number;
  readonly giveUpAfter?: number;
  readonly memory?: number;
  readonly pathMemory: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument("<PATH...>", "pictures or other files")
    .requiredOption(
      "--to <TICKET>",
      "what the receiver printed, @FILE with it, the name of a saved one, or the HOST:PORT of a receiver of yours",
    )
    .option("--via <HOST:PORT>", "send there instead: a forwarded port, or a link to try things on")
    .option(
      "--mode <MODE>",
      "auto, pixels, jpeg (a JPEG file's bytes, shown as they come) or file (default: auto)",
      choiceReader("--mode", MODES),
    )
    .option(
      "--rate <MBIT>",
      "at most this many megabits a second",
      numberReader({ flag: "--rate", unit: "megabits a second", example: "8", above: true }),
    )
    .option("--polite", "give way to everything else on the link: take only what others leave")
    .option(
      "--drop <WHAT>",
      "withhold odd-rows, or a share of the pieces, from the first pass",
      readDrop,
    )
    .option(
      "--timeout <SECONDS>",
      "give up when nobody answers for so long (default: 15)",
      numberReader({ flag: "--timeout", unit: "seconds", example: "30", above: true }),
    )
    .option(
      "--give-up-after <SECONDS>",
      "how long to wait for a receiver that was there and is away (default: a day)",
      numberReader({ flag: "--give-up-after", unit: "seconds", example: "3600", above: true }),
    )
    .option(
      "--piece-bytes <N>",
      "the most bytes of a piece, for paths with long datagrams (default: 1150)",
      numberReader({
        flag: "--piece-bytes",
        unit: "bytes",
        example: "1400",
        min: PIECE_BYTES_MIN,
        max: PIECE_BYTES_MAX,
        whole: true,
      }),
    )
    .option(
      "--max-datagram <BYTES>",
      "the longest datagram to try (default: what fits the interface)",
      numberReader({
        flag: "--max-datagram",
        unit: "bytes of UDP payload",
        example: "8972",
        min: DATAGRAM_BYTES_MIN,
        max: DATAGRAM_BYTES_MAX,
        whole: true,
      }),
    )
    .option(MEMORY_FLAG, MEMORY_HELP, readMemory)
    .option("--no-path-memory", "neither use nor keep what is known of the way to the receiver")
    .option("--json", "one JSON object a line on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], flags: SendFlags) => {
      context.exitCode = await run(paths, flags, context);
    });
}

async function run(paths: string[], flags: SendFlags, { output }: Context): Promise<number> {
  const to = await readTicket(flags.to);
  const { send, stateFolder } = await import("../node/index.js");
  const { via, mode, rate: rateMbit, polite, drop, pathMemory } = flags;
  const { timeout: timeoutSeconds, giveUpAfter: giveUpAfterSeconds, memory: memoryMb } = flags;
  const { maxDatagram: maxDatagramBytes, pieceBytes } = flags;
  // The word of a ticket is nobody's to read over a shoulder.
  const teller = await sendTeller(output, via ?? to.replace(/^.*@/, ""));
  try {
    const transfer = send(paths, {
      ...{ to, pathMemory, stateFolder: stateFolder(output.env) },
      ...given({ via, mode, rateMbit, polite, drop, timeoutSeconds, giveUpAfterSeconds }),
      ...given({ memoryMb, maxDatagramBytes, pieceBytes }),
    });
    const { SenderEntry } = await import("../node/sending/running-senders.js");
    const entry = await SenderEntry.open(stateFolder(process.env), paths, to, (isPaused) =>
      isPaused ? transfer.pause() : transfer.resume(),
    );
    try {
      return (await follow(transfer, teller, output)).exit;
    } finally {
      await entry.close();
    }
  } finally {
    teller.end();
  }
}

/** A pixel of any kind fits. */
const PIECE_BYTES_MIN = 16;
const PIECE_BYTES_MAX = 65_000;
/** What every path carries, and what UDP over IPv4 can hold. */
const DATAGRAM_BYTES_MIN = 1_200;
const DATAGRAM_BYTES_MAX = 65_507;

const EXAMPLES = `
Examples:
  lacuna send harbour.png --to TICKET
      send a picture to who printed that ticket; exit 0 means that every pixel was verified there
  lacuna send scans/*.tiff --to @/mnt/share/lacuna.ticket --rate 8
      several pictures over one connection, at most 8 Mbit/s
  lacuna send holiday.jpg --mode file --to studio
      to the ticket saved as studio, the file's own bytes: the JPEG arrives byte-identical
  lacuna send harbour.png --drop odd-rows --to 127.0.0.1:7316
      an experiment: withhold every second row and watch it being mended

Exit codes: 0 complete and verified, 3 partial kept there, 4 no answer, 5 refused, 130 interrupted.`;
