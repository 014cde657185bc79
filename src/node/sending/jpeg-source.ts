import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { assert } from "../../base/assert.js";
import { type JpegCut, openJpeg } from "../../jpeg/cut.js";
import type { JpegContent } from "../../wire/manifest.js";
import { digestOf } from "../digest.js";
import { previewOfFile } from "./picture-preview.js";
import { behindPreview, type PieceReader, type ReadyPieces } from "./ready-source.js";
import type { CountedManifest } from "./source.js";

/** Whether the file begins as all JPEG files do. ITU-T T.81 section B.1.1. */
export async function isJpeg(file: FileHandle): Promise<boolean> {
  const start = new Uint8Array(JPEG_START.length);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  return bytesRead === start.length && start.every((byte, index) => byte === JPEG_START[index]);
}

/**
 * A JPEG file's own bytes, cut where decoding can begin. The file is held in memory. Says why not, for people, where it is
 * damaged, of a rare kind or longer than `bytesMax`. Throws what the file system says.
 */
export async function openJpegFile(
  path: string,
  file: FileHandle,
  bytesMax: number,
  pieceBytes: number,
): Promise<ReadyPieces<CountedManifest> | string> {
  const { size } = await file.stat();
  if (size > bytesMax) return `a JPEG file of ${size} bytes does not fit into memory`;
  const bytes = await file.readFile();
  const opened = openJpeg(bytes, pieceBytes);
  if ("unusual" in opened) return `a JPEG file with ${opened.unusual}`;
  const preview = await previewOfFile(bytes, opened, bytes.length, pieceBytes);
  const { width, height, channels, tables } = opened;
  const facts = { bytes: bytes.length, width, height, channels, bits: 8, tables } as const;
  const ahead = preview === undefined ? {} : { preview: preview.content };
  const content: JpegContent = { mode: "jpeg", ...facts, ...ahead };
  // Closing lets go of the file's bytes even while the source is kept.
  let cut: JpegCut | undefined = opened;
  const pieceOf = (piece: number): Uint8Array => {
    assert(cut !== undefined, "pieces are read before the source is closed");
    return cut.piece(piece);
  };
  const exact: PieceReader = {
    pieceCount: opened.pieceCount,
    pieceLength: (piece) => cut?.pieceLength(piece) ?? 0,
    readPiece: (piece, target, offset) => {
      const cutOut = pieceOf(piece);
      target.set(cutOut, offset);
      return cutOut.length;
    },
  };
  const { pieceCount, pieceLength, readPiece } = behindPreview(preview, exact);
  const digest = await digestOf(bytes);
  return {
    manifest: { name: basename(path), digest, pieceCount, pieceBytes, content },
    preview,
    exactBytes: bytesOf(exact),
    pieceLength,
    readPiece,
    close: () => {
      cut = undefined;
    },
  };
}

function bytesOf({ pieceCount, pieceLength }: PieceReader): number {
  let bytes = 0;
  for (let piece = 0; piece < pieceCount; piece += 1) bytes += pieceLength(piece);
  return bytes;
}

const JPEG_START = [0xff, 0xd8, 0xff];
