import type { Output } from "./output.js";

/** What a command gets besides its flags, and where it leaves its exit code. */
export interface Context {
  readonly output: Output;
  exitCode: number;
}
