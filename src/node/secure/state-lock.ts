import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { diskError } from "../disk.js";
import { LacunaError } from "../errors.js";
import { isRunning, ownProcess } from "../processes.js";
import { makeStateFolder } from "./state-file.js";

/**
 * Reads and rewrites files of the state folder while no other process of this user does. Works of this process follow
 * one after another. A lock whose process is gone does not count.
 *
 * @throws LacunaError LACUNA_STATE_BUSY when others hold it too long, what `diskError` says, and what `work` throws
 */
export function withStateLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(folder) ?? Promise.resolve();
  const mine = before.then(() => locked(folder, work));
  const settled = mine.then(
    () => undefined,
    () => undefined,
  );
  turns.set(folder, settled);
  void settled.then(() => {
    if (turns.get(folder) === settled) turns.delete(folder);
  });
  return mine;
}

async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await makeStateFolder(folder);
  const path = join(folder, LOCK_FILE);
  await take(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<void> {
  const { id, start } = ownProcess();
  const giveUpMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await writeFile(path, `${id} ${start}`, { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(error, path);
    }
    if (await isLeft(path)) await rm(path, { force: true });
    else if (performance.now() > giveUpMs) {
      const message = `another Lacuna has been writing beside ${path} for too long`;
      throw new LacunaError("LACUNA_STATE_BUSY", message, { path });
    } else await sleep(RETRY_MS);
  }
}

/** Whether the process that wrote the lock runs no more. */
async function isLeft(path: string): Promise<boolean> {
  const holder = await readFile(path, "utf8").catch(() => undefined);
  if (holder === undefined) return false;
  const [id = "", start = ""] = holder.split(" ");
  if (/^[1-9]\d*$/.test(id)) return !isRunning({ id: Number(id), start });
  // Its holder has made it and not yet said its name, or died in between.
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > NAMELESS_MS;
}

/** By folder: the end of what this process has begun there. */
const turns = new Map<string, Promise<void>>();
const LOCK_FILE = "lock";
const RETRY_MS = 10;
/** What is done under the lock takes milliseconds. Ours. */
const PATIENCE_MS = 10_000;
const NAMELESS_MS = 5_000;
