import { join } from "node:path";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";
import { withStateLock } from "./state-lock.js";

/**
 * The time that stands in a sender's next handshake: microseconds since 1970, later than all before of this user, also
 * when the clock was set back, and by whichever process. Receivers take none twice.
 *
 * @throws LacunaError LACUNA_STATE_DAMAGED, LACUNA_STATE_BUSY, and what reading and writing the state folder throws
 */
export function nextHandshakeTime(folder: string, nowMs: number): Promise<number> {
  return withStateLock(folder, async () => {
    const next = Math.max(Math.floor(nowMs * 1_000), lastTime(folder) + 1);
    await writeStateFile(folder, FILE, `${next}\n`);
    return next;
  });
}

function lastTime(folder: string): number {
  const text = readStateFile(folder, FILE);
  if (text === undefined) return 0;
  if (!/^\d{1,16}\n$/.test(text) || Number(text) >= TIME_MAX)
    throw damaged(join(folder, FILE), "it holds no time");
  return Number(text);
}

const FILE = "sender.time";
/** What a handshake can say. docs/protocol.md section 2. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;
