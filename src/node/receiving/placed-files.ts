import { mkdir, readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../disk.js";
import { FolderLock } from "./folder-lock.js";
import { STORE_FOLDER } from "./piece-store.js";

/**
 * What finished files look like that were put under their names, or are about to be, while their senders may not know
 * it. A receiver that is killed in that moment would take the image for new when it is offered again, and receive it twice.
 */
export class PlacedFiles {
  private readonly folder: string;
  private readonly noted = new Set<string>();

  /** @param out the folder for received files */
  constructor(private readonly out: string) {
    this.folder = join(out, STORE_FOLDER);
  }

  /** What a receiver that was killed has left of the pieces of files that have their names is taken away. */
  async sweep(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith(ENDING))) {
      const key = name.slice(0, -ENDING.length);
      if ((await this.find(key)) === undefined) continue;
      const pieces = join(this.folder, key);
      // Another receiver may be at it, or nothing is left.
      const lock = await FolderLock.take(pieces).catch(() => undefined);
      if (lock === undefined) continue;
      await rm(pieces, { recursive: true, force: true });
      await lock.release();
    }
  }

  /** The file at `path` is about to get its name. Throws what the file system says. */
  async note(key: string, path: string): Promise<void> {
    const trace = await traceOf(path);
    await mkdir(this.folder, { recursive: true });
    await this.prune();
    const record = this.recordOf(key);
    this.noted.add(key);
    await writeDurably(record, [Buffer.from(trace ?? "")]);
  }

  /** Where an image's file lies that was noted and is untouched since. */
  async find(key: string): Promise<string | undefined> {
    const wanted = await readFile(this.recordOf(key), "utf8").catch(() => "");
    if (wanted === "") return undefined;
    this.noted.add(key);
    for (const { name } of await readdir(this.out, { withFileTypes: true }).catch(() => [])) {
      const path = join(this.out, name);
      if ((await traceOf(path)) === wanted) return path;
    }
    return undefined;
  }

  /** The sender knows, or never will. */
  async forget(key: string): Promise<void> {
    if (!this.noted.has(key)) return;
    await rm(this.recordOf(key), FORCE).catch(() => undefined);
    this.noted.delete(key);
    // Others may still be noted there, or be under way; then it stays.
    await rmdir(this.folder).catch(() => undefined);
  }

  /** Senders that have not come back for so long never will. */
  private async prune(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      if (!name.endsWith(ENDING)) continue;
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined && Date.now() - facts.mtimeMs > KEPT_MS) await rm(path, FORCE);
    }
  }

  private recordOf(key: string): string {
    return join(this.folder, key + ENDING);
  }
}

/** The same for one file whatever its name; another file, or a change, looks different. Undefined when it is not there. */
export async function traceOf(path: string): Promise<string | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts && `${facts.ino} ${facts.size} ${facts.mtimeNs}`;
}

const ENDING = ".placed";
const FORCE = { force: true };
/** Ours: a week. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
