import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isRunning, ownProcess, type ProcessMark } from "../processes.js";

/** A sender of this user that runs now. */
export interface RunningSender {
  /** Of its process. */
  readonly id: number;
  /** Names of what it sends. */
  readonly names: readonly string[];
  /** To whom, as it was given, but without the secret of a ticket. */
  readonly to: string;
  readonly isPaused: boolean;
}

/** A sender's entry in the state folder, by which other commands find it and pause it. */
export class SenderEntry {
  private timer: NodeJS.Timeout | undefined;
  private isPaused = false;

  private constructor(private readonly path: string) {}

  /**
   * Enters this process. Only a help: where the folder cannot be written, nobody finds it there.
   *
   * @param onPause called when it is to pause, or to go on
   */
  static async open(
    stateFolder: string,
    paths: readonly string[],
    to: string,
    onPause: (isPaused: boolean) => void,
  ): Promise<SenderEntry> {
    const folder = join(stateFolder, FOLDER);
    const entry = new SenderEntry(join(folder, String(process.pid)));
    const facts: Facts = {
      ...ownProcess(),
      names: paths.map((path) => basename(path)),
      to: whom(to),
    };
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await rm(entry.path + PAUSED, { force: true });
      const passing = join(folder, `.${randomUUID()}`);
      await writeFile(passing, JSON.stringify(facts), { mode: 0o600 });
      await rename(passing, entry.path);
    } catch {
      return entry;
    }
    entry.timer = setInterval(() => entry.look(onPause), LOOK_MS).unref();
    return entry;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await forget(this.path);
  }

  private look(onPause: (isPaused: boolean) => void): void {
    const isPaused = existsSync(this.path + PAUSED);
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    onPause(isPaused);
  }
}

/** The senders that run now, and that were entered. */
export async function runningSenders(stateFolder: string): Promise<RunningSender[]> {
  const folder = join(stateFolder, FOLDER);
  const names = await readdir(folder).catch(() => []);
  const found: RunningSender[] = [];
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const path = join(folder, name);
    const facts = await factsIn(path);
    if (facts === undefined || !isRunning(facts)) await forget(path);
    else {
      const { id, names: sent, to } = facts;
      found.push({ id, names: sent, to, isPaused: existsSync(path + PAUSED) });
    }
  }
  return found;
}

/** Tells a sender to pause, or to go on; it does within a second. Throws what the file system says. */
export async function pauseSender(
  stateFolder: string,
  id: number,
  isPaused: boolean,
): Promise<void> {
  const path = join(stateFolder, FOLDER, String(id)) + PAUSED;
  if (isPaused) await writeFile(path, "", { mode: 0o600 });
  else await rm(path, { force: true });
}

interface Facts extends ProcessMark {
  readonly names: readonly string[];
  readonly to: string;
}

async function factsIn(path: string): Promise<Facts | undefined> {
  try {
    const facts = JSON.parse(await readFile(path, "utf8")) as Partial<Facts>;
    const { id, start, names, to } = facts;
    const isWhole = typeof id === "number" && typeof start === "string" && typeof to === "string";
    if (!isWhole || !Array.isArray(names)) return undefined;
    return { id, start, names: names.map(String), to };
  } catch {
    return undefined;
  }
}

async function forget(path: string): Promise<void> {
  await Promise.all([path, path + PAUSED].map((one) => rm(one, { force: true }))).catch(
    () => undefined,
  );
}

/** What stands before "@" admits whoever has it. */
const whom = (to: string): string => to.slice(to.lastIndexOf("@") + 1);

const FOLDER = "senders";
const PAUSED = ".paused";
/** How soon a sender heeds it. */
const LOOK_MS = 500;
