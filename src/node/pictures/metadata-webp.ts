import type { FileHandle } from "node:fs/promises";

/**
 * Tells whether a WebP file's first frame is stored without loss, by its chunk names: `VP8L` is
 * lossless, `VP8 ` is not (WebP Container Specification, "Extended File Format").
 */
export async function isLosslessWebp(file: FileHandle): Promise<boolean> {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  let position = RIFF_HEADER_BYTES;
  for (let chunk = 0; chunk < CHUNKS_MAX; chunk += 1) {
    const { bytesRead } = await file.read(header, 0, header.length, position);
    if (bytesRead < header.length) return false;
    const name = header.toString("latin1", 0, 4);
    if (name === "VP8L") return true;
    if (name === "VP8 ") return false;
    if (name === "ANMF") {
      position += CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES;
      continue;
    }
    const length = header.readUInt32LE(4);
    position += CHUNK_HEADER_BYTES + length + (length % 2);
  }
  return false;
}

/** "RIFF", length, "WEBP". */
const RIFF_HEADER_BYTES = 12;
/** Name and length. */
const CHUNK_HEADER_BYTES = 8;
/** Place, size, duration and flags of an animation's frame; its own chunks follow. */
const FRAME_HEADER_BYTES = 16;
/** Ours: a still picture has a handful of chunks before its pixels. */
const CHUNKS_MAX = 64;
