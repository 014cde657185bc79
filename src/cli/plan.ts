import type { Command } from "commander";
import type { Plan, PlanOptions } from "../node/api-types.js";
import type { Context } from "./context.js";
import type { Output } from "./output.js";
import { formatBytes, formatCount } from "./terminal/format.js";
import { flow, type Look } from "./terminal/look.js";
import { cleaned } from "./terminal/text.js";
import { choiceReader, given, MEMORY_FLAG, MEMORY_HELP, readMemory } from "./values.js";

export const MODES = ["auto", "pixels", "jpeg", "file"] as const;

interface PlanFlags {
  readonly mode?: (typeof MODES)[number];
  readonly memory?: number;
}

export function define(command: Command, context: Context): void {
  command
    .argument("<PATH>", "a picture or another file")
    .option(
      "--mode <MODE>",
      "auto, pixels, jpeg or file (default: auto)",
      choiceReader("--mode", MODES),
    )
    .option(MEMORY_FLAG, MEMORY_HELP, readMemory)
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: PlanFlags) => {
      const { plan } = await import("../node/index.js");
      const { output } = context;
      const asked = given({ mode: flags.mode, memoryMb: flags.memory });
      const planned = await plan(path, { ...asked, ...codingTeller(output) });
      output.emit(planned);
      if (!output.json) output.say(planLines(planned, output.look));
    });
}

/** In a terminal, how much of a large picture has been coded, in a line that goes at the end. */
function codingTeller(output: Output): Pick<PlanOptions, "onProgress"> {
  if (!output.isTerminal) return {};
  let told = 0;
  return {
    onProgress: (share) => {
      const percent = Math.floor(share * 100);
      if (percent > told) output.stderr.write(percent < 100 ? `\rcoding it: ${percent} %` : ERASE);
      told = percent;
    },
  };
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
      [{ text: cleaned(plan.name), tone: "strong" }, ...(plan.mode === "file" ? [] : shape), file],
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
    ...[...new Set([...plan.notes, plan.why])].map((note) => `  ${cleaned(note)}`),
  ];
}

/** To the line's beginning, and all of it gone. ECMA-48 section 8.3.41. */
const ERASE = "\r\u001b[K";

const WHAT = { pixels: "pixels", jpeg: "bytes", file: "bytes" } as const;

const EXAMPLES = `
Examples:
  lacuna plan harbour.png
      how many pieces and bytes its pixels would take; nothing is sent
  lacuna plan holiday.jpg --mode file --json
      the same for the file's own bytes, for a script`;
