import { readSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { RuledManifest } from "../wire/manifest.js";
import { BlockCache } from "./block-cache.js";
import { digestOfFile } from "./digest.js";
import { type ErrorCode, LacunaError } from "./errors.js";
import type { ImageFacts } from "./events.js";
import { rasterBytes } from "./memory.js";
import { openPicture } from "./picture-source.js";
import { cacheFolder as userCacheFolder } from "./scratch.js";

/** Something to send, cut into numbered pieces. */
export interface Source {
  readonly manifest: RuledManifest;
  readonly facts: ImageFacts;
  /** What a person should know, for example why a picture is sent as a plain file. */
  readonly notes: readonly string[];
  pieceLength(piece: number): number;
  /** Copies a piece to `target` from `offset` on; returns its length. Throws LACUNA_READ_FAILED. */
  readPiece(piece: number, target: Uint8Array, offset: number): number;
  close(): void;
}

export interface SourceOptions {
  /** `auto`: as pixels when that is possible, else as a plain file with a note that says why. */
  readonly mode: "auto" | "pixels" | "file";
  /** The most bytes a piece may have; `DEFAULT_PIECE_BYTES` when absent. */
  readonly pieceBytes?: number | undefined;
  /** 2: even rows before odd rows. Pictures only. */
  readonly fields?: 1 | 2;
  /** `MEMORY_MB_DEFAULT` when absent. */
  readonly memoryMb?: number | undefined;
  /** Where large pictures are unpacked; the user's cache folder when absent. */
  readonly cacheFolder?: string | undefined;
}

/**
 * Opens a file to be sent.
 *
 * A small picture is decoded into memory, a large one to the disk (`memoryLimits`); a plain file
 * is read piece by piece. Throws LACUNA_NO_SUCH_FILE, LACUNA_NOT_A_FILE,
 * LACUNA_NO_PERMISSION, LACUNA_EMPTY_FILE, LACUNA_NOT_AN_IMAGE,
 * LACUNA_IMAGE_TOO_LARGE, LACUNA_NO_SCRATCH_ROOM or LACUNA_READ_FAILED.
 */
export async function openSource(path: string, options: SourceOptions): Promise<Source> {
  const file = await openFile(path);
  try {
    const bytes = (await file.stat()).size;
    const pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES;
    const notes: string[] = [];
    if (options.mode !== "file") {
      try {
        const { fields = 1, memoryMb, cacheFolder = userCacheFolder(process.env) } = options;
        const picture = { pieceBytes, fields, memoryMb, cacheFolder };
        const source = await openPicture(path, picture);
        await file.close();
        return { ...source, facts: factsOf(source.manifest) };
      } catch (error) {
        if (options.mode === "pixels" || !isNoPicture(error)) throw error;
        notes.push(`sent as a plain file: ${error.message}`);
      }
    }
    return await openPlainFile(file, path, bytes, pieceBytes, notes);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error instanceof LacunaError ? error : readFailed(path, error);
  }
}

function isNoPicture(error: unknown): error is LacunaError {
  return error instanceof LacunaError && NO_PICTURE.has(error.code);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Asked before it is opened: opening a pipe would wait for its other end.
    const facts = await stat(path);
    if (!facts.isFile()) {
      const what = facts.isDirectory() ? "a folder" : "not an ordinary file";
      throw new LacunaError("LACUNA_NOT_A_FILE", `${path} is ${what}`, { path });
    }
    if (facts.size === 0) throw new LacunaError("LACUNA_EMPTY_FILE", `${path} is empty`, { path });
    return await open(path, "r");
  } catch (error) {
    if (error instanceof LacunaError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new LacunaError("LACUNA_NO_SUCH_FILE", `no such file: ${path}`, { path });
    }
    if (code === "EACCES" || code === "EPERM") {
      throw new LacunaError("LACUNA_NO_PERMISSION", `not allowed to read ${path}`, { path });
    }
    throw readFailed(path, error);
  }
}

async function openPlainFile(
  file: FileHandle,
  path: string,
  bytes: number,
  pieceBytes: number,
  notes: readonly string[],
): Promise<Source> {
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
    facts: factsOf(manifest),
    notes,
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

/** What an offer and a plan tell of an image. */
export function factsOf(manifest: RuledManifest): ImageFacts {
  const { content, name, pieceCount: pieces } = manifest;
  if (content.mode === "file") {
    const none = { width: 0, height: 0, channels: 0, bits: 0 };
    return { name, mode: "file", ...none, bytes: content.bytes, pieces };
  }
  const { width, height, channels, bits } = content;
  const bytes = rasterBytes(content);
  return { name, mode: "pixels", width, height, channels, bits, bytes, pieces };
}

function readFailed(path: string, cause: unknown): LacunaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError(
    "LACUNA_READ_FAILED",
    `cannot read ${path}: ${reason}`,
    { path },
    { cause },
  );
}

/**
 * Ours: with the datagram's own bytes it stays below 1,200, which every path carries
 * that carries QUIC (RFC 9000 section 14.1).
 */
export const DEFAULT_PIECE_BYTES = 1_150;

/** Why a file is sent as a plain one when that is left to us. */
const NO_PICTURE: ReadonlySet<ErrorCode> = new Set([
  "LACUNA_NOT_AN_IMAGE",
  "LACUNA_IMAGE_TOO_LARGE",
  "LACUNA_NO_SCRATCH_ROOM",
]);
