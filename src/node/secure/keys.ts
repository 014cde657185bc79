import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";
import { withStateLock } from "./state-lock.js";
import { cipherSuite } from "./suite.js";

/** An X25519 key pair (RFC 7748): who a receiver or a sender is. */
export interface StaticKeys {
  /** The private key, 32 bytes. */
  readonly seed: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** One side's own keys: a user's receivers share theirs, and so do the senders. */
export type KeyOwner = "receiver" | "sender";

/**
 * This user's key pair, made when there is none.
 *
 * @throws LacunaError LACUNA_STATE_EXPOSED, LACUNA_STATE_DAMAGED, and what reading and writing the state folder throws
 */
export async function ensureKeyPair(folder: string, owner: KeyOwner): Promise<StaticKeys> {
  const found = findKeyPair(folder, owner);
  if (found !== undefined) return found;
  return withStateLock(folder, async () => {
    // Another process may have made it meanwhile.
    const made = findKeyPair(folder, owner);
    if (made !== undefined) return made;
    const seed = Uint8Array.from(randomBytes(SEED_BYTES));
    const word = Buffer.concat([seed, check(owner, seed)]).toString("base64url");
    await writeStateFile(folder, fileOf(owner), `${labelOf(owner)} ${word}\n`);
    return { seed, publicKey: cipherSuite().keyPair(seed).publicKey };
  });
}

/** This user's key pair; undefined when there is none. Throws as `ensureKeyPair` does. */
export function findKeyPair(folder: string, owner: KeyOwner): StaticKeys | undefined {
  const name = fileOf(owner);
  const text = readStateFile(folder, name);
  if (text === undefined) return undefined;
  const [label, word = ""] = [text.slice(0, labelOf(owner).length), text.trim().split(" ").pop()];
  const bytes = Buffer.from(word, "base64url");
  const seed = bytes.subarray(0, SEED_BYTES);
  const isWhole =
    label === labelOf(owner) &&
    bytes.toString("base64url") === word &&
    bytes.length === SEED_BYTES + CHECK_BYTES &&
    check(owner, seed).equals(bytes.subarray(SEED_BYTES));
  if (!isWhole) throw damaged(join(folder, name), "it holds no key");
  return { seed: Uint8Array.from(seed), publicKey: cipherSuite().keyPair(seed).publicKey };
}

const fileOf = (owner: KeyOwner): string => `${owner}.key`;
const labelOf = (owner: KeyOwner): string => `lacuna ${owner} key 1`;

/** A slip of the disk or of an editor is noticed. */
function check(owner: KeyOwner, seed: Uint8Array): Buffer {
  return createHash("sha256").update(labelOf(owner)).update(seed).digest().subarray(0, CHECK_BYTES);
}

const SEED_BYTES = 32;
const CHECK_BYTES = 4;
