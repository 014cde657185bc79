import type { Command } from "commander";
import { bytesPerSecond, instantUs, milliseconds } from "../base/units.js";
import type { LinkCounters, LinkOptions } from "../sim/link.js";
import { formatCount } from "./terminal/format.js";
import { numberReader, shareReader } from "./values.js";

/** The flags of a bad link, as `link` and `demo` share them; the same for both directions. */
export interface LinkFlags {
  readonly loss: number;
  /** Mean run of losses, in datagrams. */
  readonly burst: number;
  /** Milliseconds. */
  readonly delay: number;
  /** Milliseconds. */
  readonly jitter: number;
  /** Megabits a second; 0: unlimited. */
  readonly rate: number;
  /** Kilobytes. */
  readonly queue: number;
  /** Bytes of an IP packet; 0: any. */
  readonly mtu: number;
  readonly reorder: number;
  readonly dup: number;
  readonly corrupt: number;
  readonly seed: number;
}

export const WELL_LINK: LinkFlags = {
  loss: 0,
  burst: 1,
  delay: 0,
  jitter: 0,
  rate: 0,
  queue: 256,
  mtu: 0,
  reorder: 0,
  dup: 0,
  corrupt: 0,
  seed: 1,
};

/** Adds the flags of a link to a command. */
export function addLinkFlags(command: Command, defaults: LinkFlags): Command {
  const time = (flag: string): ((text: string) => number) =>
    numberReader({ flag, unit: "milliseconds", example: "20", max: DELAY_MS_MAX });
  return command
    .option("--loss <P>", "share of datagrams lost", shareReader("--loss", "0.05"), defaults.loss)
    .option(
      "--burst <N>",
      "mean run of losses; 1: each by itself",
      numberReader({ flag: "--burst", unit: "datagrams", example: "4", min: 1, max: 10_000 }),
      defaults.burst,
    )
    .option("--delay <MS>", "one way", time("--delay"), defaults.delay)
    .option("--jitter <MS>", "up to this much more delay", time("--jitter"), defaults.jitter)
    .option(
      "--rate <MBIT>",
      "megabits a second; 0: unlimited",
      numberReader({ flag: "--rate", unit: "megabits a second", example: "8", max: 100_000 }),
      defaults.rate,
    )
    .option(
      "--queue <KB>",
      "what may wait when the rate is reached",
      numberReader({ flag: "--queue", unit: "kilobytes", example: "64", max: QUEUE_KB_MAX }),
      defaults.queue,
    )
    .option(
      "--mtu <BYTES>",
      "longer IP packets vanish, as behind a tunnel; 0: none",
      numberReader({ flag: "--mtu", unit: "bytes", example: "1400", max: MTU_MAX, whole: true }),
      defaults.mtu,
    )
    .option(
      "--reorder <P>",
      "share of datagrams held back",
      shareReader("--reorder", "0.1"),
      defaults.reorder,
    )
    .option("--dup <P>", "share of datagrams doubled", shareReader("--dup", "0.05"), defaults.dup)
    .option(
      "--corrupt <P>",
      "share of datagrams damaged",
      shareReader("--corrupt", "0.02"),
      defaults.corrupt,
    )
    .option(
      "--seed <N>",
      "the same seed brings the same luck",
      numberReader({
        flag: "--seed",
        unit: "a whole number",
        example: "7",
        max: SEED_MAX,
        whole: true,
      }),
      defaults.seed,
    );
}

export function linkOptions(flags: LinkFlags): LinkOptions {
  return {
    seed: flags.seed,
    lossShare: flags.loss,
    burstMean: flags.burst,
    delayUs: milliseconds(flags.delay),
    jitterUs: milliseconds(flags.jitter),
    rateBytesPerSecond: bytesPerSecond(flags.rate * BYTES_PER_SECOND_IN_MBIT),
    queueBytes: flags.queue * 1_000,
    reorderShare: flags.reorder,
    duplicateShare: flags.dup,
    corruptShare: flags.corrupt,
    limits: flags.mtu === 0 ? [] : [{ fromUs: instantUs(0), bytes: flags.mtu - HEADERS_BYTES }],
  };
}

/** What became of the datagrams of one direction, in one line. */
export function countersLine(direction: string, counters: LinkCounters): string {
  const fates = (
    [
      ["lost", counters.lost],
      ["dropped by the queue", counters.queueDropped],
      ["too long", counters.tooLong],
      ["held back", counters.reordered],
      ["doubled", counters.duplicated],
      ["damaged", counters.corrupted],
    ] as const
  ).map(([fate, count]) => `${formatCount(count)} ${fate}`);
  const passed = `${formatCount(counters.in)} datagrams in, ${formatCount(counters.out)} out`;
  return `${direction}: ${passed}; ${fates.join(", ")}`;
}

/** Of IPv4 and UDP. */
const HEADERS_BYTES = 20 + 8;
const MTU_MAX = 65_535;
const DELAY_MS_MAX = 60_000;
const QUEUE_KB_MAX = 1_000_000;
const SEED_MAX = 4_294_967_295;
const BYTES_PER_SECOND_IN_MBIT = 125_000;
