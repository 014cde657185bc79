import { readFileSync } from "node:fs";
import { endWhenUnread } from "./broken-pipe.js";
import type { Streams } from "./output.js";

/**
 * Runs the command line.
 *
 * @param argv the words after the program's name
 * @returns the exit code
 */
export async function main(argv: readonly string[], streams: Streams = process): Promise<number> {
  if (streams === process) endWhenUnread();
  const version = packageVersion();
  if (argv[0] === "--version") {
    // Scripts ask this often; nothing else is loaded for it.
    streams.stdout.write(`${version}\n`);
    return 0;
  }
  const { runCommand } = await import("./program.js");
  return runCommand(argv, streams, version);
}

function packageVersion(): string {
  const path = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
