import { writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { assert } from "../../base/assert.js";
import { type FilePart, JpegAssembler } from "../../jpeg/assembler.js";
import { type JpegContent, previewPiecesOf } from "../../wire/manifest.js";
import { digestOfFile } from "../digest.js";
import type { PieceStore } from "./piece-store.js";

/**
 * Puts a JPEG file together from the parts in its manifest and those in its pieces, durably. Returns its SHA-256: bytes
 * that no piece has brought are zero. Throws what the file system says.
 */
export async function writeJpeg(
  path: string,
  store: PieceStore,
  content: JpegContent,
): Promise<Uint8Array> {
  const assembler = JpegAssembler.of(content.tables);
  assert(assembler !== undefined, "an image with other tables is refused when it is offered");
  const file = await open(path, "w+");
  try {
    await file.truncate(assembler.fileBytes);
    for (const part of assembler.parts) put(file, part);
    for await (const { pieces } of store.runs(previewPiecesOf(content))) {
      for (const piece of pieces) {
        for (const part of assembler.partsOf(piece) ?? []) put(file, part);
      }
    }
    // The disk and the digest take about as long, and neither waits for the other.
    const [digest] = await Promise.all([digestOfFile(file), file.sync()]);
    return digest;
  } finally {
    await file.close();
  }
}

/** At once: another thread takes ten times as long for a piece. */
function put(file: FileHandle, { offset, bytes }: FilePart): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file.fd, bytes, done, bytes.length - done, offset + done);
  }
}
