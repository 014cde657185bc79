import { mkdir, mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { LacunaError } from "./errors.js";
import { isRunning, ownProcess } from "./processes.js";

/**
 * A folder of one process for what is too large for memory. What earlier processes have left behind that ended
 * before they could clean up is removed when the next one opens its own.
 */
export class Scratch {
  private constructor(private readonly folder: string) {}

  /** Throws LACUNA_NO_SCRATCH_ROOM when the disk has less room than that, or the folder cannot be written. */
  static async open(parent: string, bytesNeeded: number): Promise<Scratch> {
    try {
      await mkdir(parent, { recursive: true, mode: 0o700 });
      await removeAbandoned(parent);
      const disk = await statfs(parent);
      const free = disk.bavail * disk.bsize;
      if (free < bytesNeeded) {
        const message = `unpacking the picture needs ${bytesNeeded} bytes; ${parent} has room for ${free}`;
        throw new LacunaError("LACUNA_NO_SCRATCH_ROOM", message, { path: parent, free });
      }
      const { id, start } = ownProcess();
      return new Scratch(await mkdtemp(join(parent, `${ownPrefix()}${id}-${start}-`)));
    } catch (cause) {
      throw scratchError(cause, parent);
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Removes all of it. On most systems, what is open stays readable until it is closed. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where programs of this user keep what may be lost: the XDG base directory specification, or its like. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { LACUNA_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (LACUNA_CACHE_DIR) return LACUNA_CACHE_DIR;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "lacuna");
  if (LOCALAPPDATA) return join(LOCALAPPDATA, "lacuna", "cache");
  return join(homedir(), ".cache", "lacuna");
}

function scratchError(cause: unknown, path: string): LacunaError {
  if (cause instanceof LacunaError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `cannot unpack the picture in ${path}: ${reason}`;
  return new LacunaError("LACUNA_NO_SCRATCH_ROOM", message, { path }, { cause });
}

async function removeAbandoned(parent: string): Promise<void> {
  const prefix = ownPrefix();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const [id = "", start = ""] = name.slice(prefix.length).split("-");
    if (/^\d+$/.test(id) && isRunning({ id: Number(id), start })) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** With the machine's name: another machine may share the folder, and its processes are none of ours. */
function ownPrefix(): string {
  return `unpacked-${hostname().replaceAll(/[^\w.]/g, "_")}-`;
}
