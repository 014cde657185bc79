import { Command, CommanderError } from "commander";
import type { Context } from "./context.js";
import { failureOf, tellFailure } from "./failure.js";
import { type Outlet, Output, type Streams } from "./output.js";

/** A command's name and line in the help; its flags are loaded when it is called. */
interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ define(command: Command, context: Context): void }>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  receive: {
    summary: "wait for pictures and show them as they come",
    load: () => import("./receive.js"),
  },
  send: { summary: "send pictures or other files", load: () => import("./send.js") },
  ticket: {
    summary: "say who may send here, and keep tickets of others",
    load: () => import("./ticket.js"),
  },
  pause: {
    summary: "let running senders pause",
    load: async () => ({ define: (await import("./pause.js")).definePause(true) }),
  },
  resume: {
    summary: "let paused senders go on",
    load: async () => ({ define: (await import("./pause.js")).definePause(false) }),
  },
  plan: { summary: "tell what would be sent, without a network", load: () => import("./plan.js") },
  inspect: {
    summary: "tell what is missing in a partial result",
    load: () => import("./inspect.js"),
  },
  link: { summary: "a bad UDP link to try things on", load: () => import("./link.js") },
  demo: { summary: "watch a photograph cross a bad link", load: () => import("./demo.js") },
};

/** Runs one command; gives the exit code. */
export async function runCommand(
  argv: readonly string[],
  { stdout, stderr, env }: Streams,
  version: string,
): Promise<number> {
  const context: Context = {
    output: new Output(stdout, stderr, env, argv.includes("--json")),
    exitCode: 0,
  };
  const name = argv.slice(0, 2).find((word) => Object.hasOwn(COMMANDS, word)) ?? "";
  const program = createProgram(stdout, version);
  try {
    for (const [command, { summary, load }] of Object.entries(COMMANDS)) {
      const defined = program.command(command).description(summary);
      if (command === name) (await load()).define(defined, context);
    }
    if (argv.length === 0) {
      stderr.write(program.helpInformation() + EXAMPLES);
      return EXIT_USAGE;
    }
    await program.parseAsync(argv, { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return tellFailure(failureOf(error, name, env), context.output);
  }
}

function createProgram(stdout: Outlet, version: string): Command {
  return new Command("lacuna")
    .description("Sends images over networks that lose packets, and knows every missing pixel.")
    .version(version, "--version", "print the version")
    .helpOption("--help", "show this help")
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // Errors are told in one place, with code and remedy.
      writeErr: () => undefined,
    });
}

const EXIT_USAGE = 2;

const EXAMPLES = `
Examples:
  lacuna demo                                 see it work, here and now
  lacuna receive                              on the machine that wants the picture
  lacuna send harbour.png --to HOST:PORT      on the machine that has it

Each command has its own help, with examples: lacuna send --help
`;
