import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { FileContent, Size } from "../../wire/manifest.js";
import { digestOfFile } from "../digest.js";
import { LacunaError } from "../errors.js";
import { BlockCache } from "../receiving/block-cache.js";
import type { Preview } from "./picture-preview.js";
import { behindPreview, type ReadyPieces } from "./ready-source.js";
import type { CountedManifest } from "./source.js";

/** The picture that a file holds, and its preview. */
export interface FilePicture {
  readonly size: Size;
  readonly preview: Preview;
}

/** A file's own bytes, cut into equal byte ranges, and read when they are sent. Throws LACUNA_READ_FAILED. */
export async function openPlainFile(
  file: FileHandle,
  path: string,
  pieceBytes: number,
  picture?: FilePicture,
): Promise<ReadyPieces<CountedManifest>> {
  const { size: bytes } = await file.stat();
  const digest = await digestOfFile(file);
  const cache = new BlockCache((target, position) => {
    try {
      return readSync(file.fd, target, 0, target.length, position);
    } catch (error) {
      throw readFailed(path, error);
    }
  });
  const lengthOf = (piece: number) => Math.min(pieceBytes, bytes - piece * pieceBytes);
  const { pieceCount, pieceLength, readPiece } = behindPreview(picture?.preview, {
    pieceCount: Math.ceil(bytes / pieceBytes),
    pieceLength: lengthOf,
    readPiece: (piece, target, offset) => {
      const length = lengthOf(piece);
      if (!cache.read(piece * pieceBytes, length, target, offset)) {
        throw readFailed(path, new Error("the file has become shorter"));
      }
      return length;
    },
  });
  const content: FileContent = { mode: "file", bytes, ...pictureFacts(picture) };
  const longest = picture === undefined ? Math.min(bytes, pieceBytes) : pieceBytes;
  return {
    manifest: { name: basename(path), digest, pieceCount, pieceBytes: longest, content },
    preview: picture?.preview,
    exactBytes: bytes,
    pieceLength,
    readPiece,
    close: () => {
      file.close().catch(() => undefined);
    },
  };
}

function pictureFacts(picture: FilePicture | undefined): Omit<FileContent, "mode" | "bytes"> {
  return picture === undefined ? {} : { picture: picture.size, preview: picture.preview.content };
}

export function readFailed(path: string, cause: unknown): LacunaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError(
    "LACUNA_READ_FAILED",
    `cannot read ${path}: ${reason}`,
    { path },
    { cause },
  );
}
