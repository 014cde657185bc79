import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, syncFolder, writeAtomically } from "../disk.js";
import { LacunaError } from "../errors.js";

/*
 * Files of the state folder that hold secrets: mode 0600 in a folder that only this user may write, replaced in one
 * step. A file that others may read, or that is damaged, is an error: nothing is ever made anew in its place.
 */

/**
 * Reads a file of the state folder; undefined when there is none.
 *
 * @throws LacunaError LACUNA_STATE_EXPOSED, LACUNA_STATE_DAMAGED, LACUNA_NO_PERMISSION, LACUNA_READ_FAILED
 */
export function readStateFile(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw readError(error, path);
  }
  try {
    const { mode, size } = fstatSync(file);
    refuseExposed(path, mode & OTHERS_ANY, "600");
    if (size > STATE_BYTES_MAX) throw damaged(path, "it is far too long");
    return readFileSync(file, "utf8");
  } catch (error) {
    throw readError(error, path);
  } finally {
    closeSync(file);
  }
}

/** What tells one content of a file from the next without reading it; undefined when there is no such file. */
export function versionOf(folder: string, name: string): string | undefined {
  const facts = statSync(join(folder, name), { throwIfNoEntry: false, bigint: true });
  return facts && `${facts.ino} ${facts.size} ${facts.mtimeNs}`;
}

/**
 * Writes a file of the state folder, and makes the folder.
 *
 * @throws LacunaError LACUNA_STATE_EXPOSED, LACUNA_NO_PERMISSION, LACUNA_DISK_FULL, LACUNA_DISK_ERROR
 */
export async function writeStateFile(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await makeStateFolder(folder);
  try {
    const passing = `${path}.${process.pid}.tmp`;
    await writeAtomically(path, passing, [Buffer.from(text)], FILE_MODE);
    await syncFolder(folder);
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Makes the folder, for this user alone. Throws LACUNA_STATE_EXPOSED when others may write there. */
export async function makeStateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const { mode } = await stat(folder);
    refuseExposed(folder, mode & OTHERS_WRITE, "700");
  } catch (error) {
    throw diskError(error, folder);
  }
}

/** The file's text makes no sense. */
export function damaged(path: string, why: string): LacunaError {
  return new LacunaError("LACUNA_STATE_DAMAGED", `${path} is damaged: ${why}`, { path });
}

function refuseExposed(path: string, openBits: number, wanted: string): void {
  // Windows has no such bits: there a user's own folders are closed to others by inheritance.
  if (openBits === 0 || process.platform === "win32") return;
  const message = `other users may reach the secrets in ${path}: it should have mode ${wanted}`;
  throw new LacunaError("LACUNA_STATE_EXPOSED", message, { path });
}

function readError(cause: unknown, path: string): LacunaError {
  if (cause instanceof LacunaError) return cause;
  const isForbidden = codeOf(cause) === "EACCES" || codeOf(cause) === "EPERM";
  const code = isForbidden ? "LACUNA_NO_PERMISSION" : "LACUNA_READ_FAILED";
  return new LacunaError(code, `cannot read ${path}: ${codeOf(cause)}`, { path }, { cause });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS_ANY = 0o077;
const OTHERS_WRITE = 0o022;
/** Ours: a thousand tickets with all their senders' keys take less. */
const STATE_BYTES_MAX = 2 ** 26;
