import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

/** SHA-256 of bytes in memory, in steps that let other work through. */
export async function digestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const hash = createHash("sha256");
  await addTo(hash, bytes);
  return hash.digest();
}

/** SHA-256 of bytes that come in parts. */
export async function digestOfBands(bands: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for await (const band of bands) await addTo(hash, band);
  return hash.digest();
}

/** SHA-256 of a whole file, read in blocks: one is read while another is hashed. */
export async function digestOfFile(file: FileHandle): Promise<Uint8Array> {
  const hash = createHash("sha256");
  let block = new Uint8Array(READ_BLOCK_BYTES);
  let spare = new Uint8Array(READ_BLOCK_BYTES);
  let reading = file.read(block, 0, READ_BLOCK_BYTES, 0);
  for (let position = 0; ; ) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return hash.digest();
    position += bytesRead;
    reading = file.read(spare, 0, READ_BLOCK_BYTES, position);
    hash.update(block.subarray(0, bytesRead));
    [block, spare] = [spare, block];
  }
}

async function addTo(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; from += HASH_STEP_BYTES) {
    hash.update(bytes.subarray(from, from + HASH_STEP_BYTES));
    await new Promise(setImmediate);
  }
}

/** Ours: about 5 ms of hashing. */
const HASH_STEP_BYTES = 8 * 2 ** 20;
const READ_BLOCK_BYTES = 2 ** 20;
