import { join } from "node:path";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";
import { withStateLock } from "./state-lock.js";

/**
 * The time that stands in a sender's next handshake: microseconds since 1970, later than all before of this user, also
 * when the clock was set back, and by whichever process. Receivers take none twice.
 *
 * @throws LacunaError LACUNA_STATE_DAMAGED, LACUNA_STATE_BUSY, and what reading and writing the state folder throws
 */
export async function nextHandshakeTime(folder: string, nowMs: number): Promise<number> {
  return takeReserved(folder, nowMs) ?? withStateLock(folder, () => reserve(folder, nowMs));
}

/** The next of those that this process has reserved, so that not each of many connections waits for the disk. */
function takeReserved(folder: string, nowMs: number): number | undefined {
  const span = reserved.get(folder);
  if (span === undefined) return undefined;
  const time = Math.max(span.next, Math.floor(nowMs * 1_000));
  if (time >= span.end) return undefined;
  span.next = time + 1;
  return time;
}

async function reserve(folder: string, nowMs: number): Promise<number> {
  // Another connection of this process may have reserved some meanwhile.
  const found = takeReserved(folder, nowMs);
  if (found !== undefined) return found;
  const next = Math.max(Math.floor(nowMs * 1_000), lastTime(folder) + 1);
  const end = next + RESERVED_US;
  await writeStateFile(folder, FILE, `${end}\n`);
  reserved.set(folder, { next: next + 1, end });
  return next;
}

/** By folder: times up to `end` are this process's alone. */
const reserved = new Map<string, { next: number; readonly end: number }>();

function lastTime(folder: string): number {
  const text = readStateFile(folder, FILE);
  if (text === undefined) return 0;
  if (!/^\d{1,16}\n$/.test(text) || Number(text) >= TIME_MAX)
    throw damaged(join(folder, FILE), "it holds no time");
  return Number(text);
}

/** Ours: as many connections a process may open without going to the disk again. */
const RESERVED_US = 1_000_000;
const FILE = "sender.time";
/** What a handshake can say. docs/protocol.md section 2. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;
