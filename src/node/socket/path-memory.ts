import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { PathModel } from "../../protocol/bbr.js";
import { BASE_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES } from "../../wire/datagram.js";
import { writeAtomically } from "../disk.js";

/** What is worth knowing of a path the next time. */
export interface KnownPath extends PathModel {
  /** The longest datagram that it was found to carry, if longer than the base size. UDP payload. */
  readonly datagramBytes?: number;
}

/** A path as it was when a transfer over it ended. */
interface SavedPath extends KnownPath {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/**
 * What was found on the way to each receiver, so that the next transfer need
 * not find it again (draft-ietf-tsvwg-careful-resume). Only a help: a file that is missing,
 * damaged or cannot be written costs a slower start, and nothing else.
 */
export class PathMemory {
  private readonly file: string;

  /** @param folder for the state of this user's programs; made when something is saved */
  constructor(private readonly folder: string) {
    this.file = join(folder, "paths.json");
  }

  /** @param host the receiver's IP address */
  async recall(host: string, nowMs: number): Promise<KnownPath | undefined> {
    const saved = (await this.read()).get(host);
    if (saved === undefined || nowMs - saved.savedAt > KEPT_MS || saved.savedAt > nowMs) {
      return undefined;
    }
    const { bytesPerSecond, minRttUs, datagramBytes } = saved;
    return { bytesPerSecond, minRttUs, ...(isSize(datagramBytes) && { datagramBytes }) };
  }

  async save(host: string, path: KnownPath, nowMs: number): Promise<void> {
    try {
      const paths = await this.read();
      // Taken out first, so that the newest stand last.
      paths.delete(host);
      paths.set(host, { ...path, savedAt: nowMs });
      const kept = Object.fromEntries([...paths].slice(-PATHS_MAX));
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify({ version: VERSION, paths: kept }, undefined, 1)}\n`;
      await writeAtomically(
        this.file,
        `${this.file}.${process.pid}.tmp`,
        [Buffer.from(text)],
        0o600,
      );
    } catch {
      // The transfer has ended well; the next one begins as if it were the first.
    }
  }

  private async read(): Promise<Map<string, SavedPath>> {
    const text = await readFile(this.file, "utf8").catch(() => "");
    return new Map(Object.entries(parse(text)).filter(([, path]) => isSavedPath(path)));
  }
}

/** Where programs of this user keep their state: the XDG base directory specification, or its like. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { LACUNA_STATE_DIR, XDG_STATE_HOME, LOCALAPPDATA } = env;
  if (LACUNA_STATE_DIR) return LACUNA_STATE_DIR;
  if (XDG_STATE_HOME) return join(XDG_STATE_HOME, "lacuna");
  if (LOCALAPPDATA) return join(LOCALAPPDATA, "lacuna");
  return join(homedir(), ".local", "state", "lacuna");
}

function parse(text: string): Record<string, SavedPath> {
  try {
    const json = JSON.parse(text) as { version?: number; paths?: Record<string, SavedPath> };
    return json.version === VERSION && json.paths ? json.paths : {};
  } catch {
    return {};
  }
}

function isSavedPath(path: Partial<SavedPath> | null): boolean {
  const numbers = [path?.bytesPerSecond, path?.minRttUs, path?.savedAt];
  return numbers.every((value) => Number.isFinite(value) && (value as number) > 0);
}

const isSize = (bytes: unknown): bytes is number =>
  Number.isInteger(bytes) &&
  (bytes as number) > BASE_DATAGRAM_BYTES &&
  (bytes as number) <= MAX_DATAGRAM_BYTES;

const VERSION = 1;
/** A day: routes and neighbours change. Ours. */
const KEPT_MS = 24 * 60 * 60 * 1_000;
const PATHS_MAX = 64;
