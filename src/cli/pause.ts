import { Argument, type Command } from "commander";
import { LacunaError } from "../node/errors.js";
import { stateFolder } from "../node/socket/path-memory.js";
import type { Context } from "./context.js";
import { cleaned } from "./terminal/text.js";
import { numberReader } from "./values.js";

const READ_ID = numberReader({
  flag: "PROCESS",
  unit: "the number of a process",
  example: "4711",
  min: 1,
  whole: true,
});

/** `lacuna pause` and `lacuna resume`: both name senders of this user, or mean all of them. */
export function definePause(isPaused: boolean): (command: Command, context: Context) => void {
  const word = isPaused ? "pause" : "resume";
  return (command, context) => {
    command
      .addArgument(
        new Argument("[PROCESS...]", "numbers of senders (default: all)").argParser(list),
      )
      .option("--json", "one JSON object a line on standard output")
      .addHelpText("after", EXAMPLES[word])
      .action((ids: number[] | undefined) => run(ids ?? [], isPaused, context));
  };
}

const list = (text: string, before: number[] | undefined): number[] => [
  ...(before ?? []),
  READ_ID(text),
];

async function run(ids: number[], isPaused: boolean, { output }: Context): Promise<void> {
  const { pauseSender, runningSenders } = await import("../node/sending/running-senders.js");
  const folder = stateFolder(output.env);
  const running = await runningSenders(folder);
  const meant = ids.length === 0 ? running : running.filter(({ id }) => ids.includes(id));
  const strange = ids.find((id) => !running.some((sender) => sender.id === id));
  if (strange !== undefined || meant.length === 0) {
    const which = strange === undefined ? "no sender" : `no sender with the number ${strange}`;
    throw new LacunaError("LACUNA_NOTHING_RUNS", `${which} runs here`);
  }
  for (const { id, names, to } of meant) {
    await pauseSender(folder, id, isPaused);
    output.emit({
      event: isPaused ? "paused" : "resumed",
      t: output.seconds,
      process: id,
      names,
      to,
    });
    const what = `${cleaned(names.join(", "))} to ${cleaned(to)} (process ${id})`;
    output.say([isPaused ? `paused: ${what}` : `goes on: ${what}`]);
  }
}

const EXAMPLES = {
  pause: `
The senders keep their connections and send no pieces until they are resumed.

Examples:
  lacuna pause
      pause all senders of this user on this machine
  lacuna pause 4711
      pause one of them, by the number of its process`,
  resume: `
Examples:
  lacuna resume
      let all paused senders of this user go on
  lacuna resume 4711
      let one of them go on, by the number of its process`,
} as const;
