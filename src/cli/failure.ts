import { CommanderError } from "commander";
import { ERRORS, type ErrorCode, LacunaError } from "../node/errors.js";
import type { Environment, Output } from "./output.js";
import { cleaned } from "./terminal/text.js";

/** What a person and a script are told of an error. */
export interface Failure {
  readonly code: ErrorCode;
  /** A sentence without full stop. */
  readonly message: string;
  readonly remedy: string;
  readonly exit: number;
  /** The stack, when it was asked for. */
  readonly details?: string;
}

/** Any error as a failure with a code; what nobody foresaw is LACUNA_UNEXPECTED. */
export function failureOf(error: unknown, command: string, env: Environment): Failure {
  if (error instanceof CommanderError) {
    const { exit } = ERRORS.LACUNA_BAD_OPTION;
    const remedy = `see lacuna ${command} --help`.replace("  ", " ");
    const isLacking = error.code === "commander.help";
    const message = isLacking ? `${command} needs a command` : usageSentence(error.message);
    return { code: "LACUNA_BAD_OPTION", message, remedy, exit };
  }
  if (error instanceof LacunaError) {
    const { code, message, remedy, exitCode: exit } = error;
    const bare = code === "LACUNA_BAD_OPTION" ? `see lacuna ${command} --help` : remedy;
    return { code, message, remedy: bare, exit };
  }
  const { remedy, exit } = ERRORS.LACUNA_UNEXPECTED;
  const message = error instanceof Error ? error.message : String(error);
  const failure = { code: "LACUNA_UNEXPECTED", message, remedy, exit } as const;
  if (env.LACUNA_DEBUG !== "1") return failure;
  return { ...failure, details: error instanceof Error ? (error.stack ?? message) : message };
}

/** How a failure looks to a person. */
export function failureLines(failure: {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}): string[] {
  return [
    `error: ${cleaned(failure.message)}`,
    `  try: ${cleaned(failure.remedy)} (${failure.code})`,
  ];
}

/** Tells a failure to whoever listens, unless it was told already; gives its exit code. */
export function tellFailure(failure: Failure, output: Output): number {
  if (output.isNews(failure)) {
    const { code, message, remedy } = failure;
    output.emit({ event: "error", t: output.seconds, code, message, remedy });
    output.say(failureLines(failure));
  }
  if (failure.details !== undefined) output.say([failure.details]);
  return failure.exit;
}

/** Commander's "error: unknown option '--los'\n(Did you mean --loss?)" as one sentence. */
function usageSentence(message: string): string {
  return message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
}
