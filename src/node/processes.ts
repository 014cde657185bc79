import { readFileSync } from "node:fs";

/** A process, told from a later one with the same number. */
export interface ProcessMark {
  readonly id: number;
  /** When it began, in the kernel's ticks; the same text for all where that is unknown. */
  readonly start: string;
}

export function ownProcess(): ProcessMark {
  return { id: process.pid, start: startOf(process.pid) };
}

export function isRunning({ id, start }: ProcessMark): boolean {
  if (id < 1) return false;
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return startOf(id) === start;
}

/** proc(5), field 22. */
function startOf(id: number): string {
  try {
    const facts = readFileSync(`/proc/${id}/stat`, "utf8");
    return facts.slice(facts.lastIndexOf(")") + 2).split(" ")[19] ?? "unknown";
  } catch {
    return "unknown";
  }
}
