import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LacunaError } from "../errors.js";
import { isRunning, ownProcess } from "../processes.js";

/** Keeps two receivers from writing into one folder. A lock whose process is gone does not count. */
export class FolderLock {
  private constructor(
    private readonly key: string,
    private readonly path: string,
  ) {}

  /** Throws LACUNA_IN_USE, or what the file system says. */
  static async take(folder: string): Promise<FolderLock> {
    const key = resolve(folder);
    const path = join(folder, LOCK_FILE);
    if (takenHere.has(key)) throw inUse(folder);
    takenHere.add(key);
    try {
      await writeLock(path, folder);
    } catch (error) {
      takenHere.delete(key);
      throw error;
    }
    return new FolderLock(key, path);
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true });
    takenHere.delete(this.key);
  }
}

async function writeLock(path: string, folder: string): Promise<void> {
  const { id, start } = ownProcess();
  const own = `${id} ${start}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await writeFile(path, own, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
    }
    const holder = await readFile(path, "utf8").catch(() => "");
    if (holder !== own && isAlive(holder)) throw inUse(folder);
    await rm(path, { force: true });
  }
}

/** Whether the process that wrote the lock still runs. */
function isAlive(holder: string): boolean {
  const [id = "", start = ""] = holder.split(" ");
  return /^[1-9]\d*$/.test(id) && isRunning({ id: Number(id), start });
}

function inUse(folder: string): LacunaError {
  return new LacunaError("LACUNA_IN_USE", `another receiver is writing to ${folder}`, { folder });
}

/** Locks of this process, by absolute path. */
const takenHere = new Set<string>();
const LOCK_FILE = "lock";
