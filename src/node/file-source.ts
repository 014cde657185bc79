import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { RuledManifest } from "../wire/manifest.js";
import { BlockCache } from "./block-cache.js";
import { digestOfFile } from "./digest.js";
import { LacunaError } from "./errors.js";
import type { ReadyPieces } from "./source.js";

/** A file's own bytes, cut into equal byte ranges, and read when they are sent. Throws LACUNA_READ_FAILED. */
export async function openPlainFile(
  file: FileHandle,
  path: string,
  bytes: number,
  pieceBytes: number,
): Promise<ReadyPieces> {
  const digest = await digestOfFile(file);
  const manifest: RuledManifest = {
    name: basename(path),
    digest,
    pieceCount: Math.ceil(bytes / pieceBytes),
    pieceBytes: Math.min(bytes, pieceBytes),
    content: { mode: "file", bytes },
  };
  const cache = new BlockCache((target, position) => {
    try {
      return readSync(file.fd, target, 0, target.length, position);
    } catch (error) {
      throw readFailed(path, error);
    }
  });
  const pieceLength = (piece: number) => Math.min(pieceBytes, bytes - piece * pieceBytes);
  return {
    manifest,
    pieceLength,
    readPiece: (piece, target, offset) => {
      const length = pieceLength(piece);
      if (!cache.read(piece * pieceBytes, length, target, offset)) {
        throw readFailed(path, new Error("the file has become shorter"));
      }
      return length;
    },
    close: () => {
      file.close().catch(() => undefined);
    },
  };
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
