import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { LacunaError } from "./errors.js";

/** How files are opened, as `open` of node:fs/promises does. */
export type OpenFile = (path: string, flags: string, mode?: number) => Promise<FileHandle>;

/** A failed disk operation as an error with a code; errors that have one stay as they are. */
export function diskError(cause: unknown, path: string): LacunaError {
  if (cause instanceof LacunaError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const reason = cause instanceof Error ? cause.message : String(cause);
  const facts = { path };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new LacunaError("LACUNA_DISK_FULL", `no space left to write ${path}`, facts, { cause });
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return new LacunaError("LACUNA_NO_PERMISSION", `not allowed to write ${path}`, facts, {
      cause,
    });
  }
  return new LacunaError("LACUNA_DISK_ERROR", `cannot write ${path}: ${reason}`, facts, { cause });
}

/**
 * Writes a file under a passing name and puts it under its own in one step, both safe from a power cut. Whatever has
 * the passing name goes first: a link there would lead elsewhere.
 *
 * @param mode of the new file, as in open(2)
 */
export async function writeAtomically(
  path: string,
  passing: string,
  parts: Iterable<Uint8Array>,
  mode?: number,
): Promise<void> {
  await rm(passing, { force: true });
  await writeOut(await open(passing, "wx", mode), parts);
  await rename(passing, path);
}

/** Writes a file and waits until the disk has it. */
export async function writeDurably(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  await writeOut(await open(path, "w"), parts);
}

async function writeOut(file: FileHandle, parts: Iterable<Uint8Array>): Promise<void> {
  try {
    for (const part of parts) await writeAll(file, part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes all bytes, at the file's present place or at `position`. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === undefined ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
    done += bytesWritten;
  }
}

/** Makes names in a folder last: a renamed file is only safe once its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Some systems cannot open or sync a folder; there the name is as safe as it gets.
    if (!FOLDER_SYNC_REFUSALS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

const FOLDER_SYNC_REFUSALS: ReadonlySet<string> = new Set([
  "EISDIR",
  "EINVAL",
  "EPERM",
  "EACCES",
  "ENOTSUP",
]);
