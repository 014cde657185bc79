import type { Output } from "../output.js";

/** Lines that people read: some said once and for all, below them some that change. */
export interface Board {
  say(lines: readonly string[]): void;
  /** Takes away what changes; what was said stays. */
  end(): void;
}

/** Draws the changing lines anew, at `nowMs` on the clock of performance.now(). */
export type Draw = (nowMs: number) => readonly string[];

/** For scripts that read JSON: nothing changes, the few lines that are said are all. */
export function quietBoard(output: Output): Board {
  return { say: (lines) => output.say(lines), end: () => undefined };
}

/** For a log: the changing lines are told every ten seconds, each once. */
export function logBoard(output: Output, draw: Draw): Board {
  const timer = setInterval(() => output.say(draw(performance.now())), LOG_EVERY_MS);
  timer.unref();
  return { say: (lines) => output.say(lines), end: () => clearInterval(timer) };
}

const LOG_EVERY_MS = 10_000;
