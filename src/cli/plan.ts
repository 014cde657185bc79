import type { Command } from "commander";
import type { Plan } from "../node/api-types.js";
import type { Context } from "./context.js";
import { formatBytes, formatCount } from "./terminal/format.js";
import { flow, type Look } from "./terminal/look.js";
import { cleaned } from "./terminal/text.js";
import { choiceReader, given, MEMORY_FLAG, MEMORY_HELP, readMemory } from "./values.js";

export const MODES = ["auto", "pixels", "file"] as const;

interface PlanFlags {
  readonly mode?: (typeof MODES)[number];
  readonly memory?: number;
}

export function define(command: Command, context: Context): void {
  command
    .argument("<PATH>", "a picture or another file")
    .option("--mode <MODE>", "auto, pixels or file (default: auto)", choiceReader("--mode", MODES))
    .option(MEMORY_FLAG, MEMORY_HELP, readMemory)
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: PlanFlags) => {
      const { plan } = await import("../node/index.js");
      const planned = await plan(path, given({ mode: flags.mode, memoryMb: flags.memory }));
      context.output.emit(planned);
      if (!context.output.json) context.output.say(planLines(planned, context.output.look));
    });
}

/** What would be sent, for people. */
export function planLines(plan: Plan, look: Look): string[] {
  const { width, height, channels, bits } = plan;
  const shape = [
    { text: `${width}${look.glyphs.times}${height}` },
    { text: `${channels} ${channels === 1 ? "channel" : "channels"} of ${bits} bits` },
  ];
  const file = { text: `the file has ${formatBytes(plan.fileBytes)}` };
  const overhead = plan.manifestBytes + plan.previewBytes;
  return [
    ...flow(
      [
        { text: cleaned(plan.name), tone: "strong" },
        ...(plan.mode === "pixels" ? shape : []),
        file,
      ],
      look,
    ),
    ...flow(
      [
        { text: `${formatCount(plan.pieces)} pieces of its ${WHAT[plan.mode]}` },
        { text: `${formatBytes(plan.payloadBytes)}` },
        { text: `and ${formatBytes(overhead)} about it` },
      ],
      look,
    ),
    ...plan.notes.map((note) => `  ${cleaned(note)}`),
  ];
}

const WHAT = { pixels: "pixels", jpeg: "bytes", file: "bytes" } as const;

const EXAMPLES = `
Examples:
  lacuna plan harbour.png
      how many pieces and bytes its pixels would take; nothing is sent
  lacuna plan holiday.jpg --mode file --json
      the same for the file's own bytes, for a script`;
