import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Partition } from "../picture/partition.js";
import { cutPiece } from "../picture/raster.js";
import type { Manifest, PixelContent } from "../wire/manifest.js";
import { BlockCache } from "./block-cache.js";
import { LacunaError } from "./errors.js";
import type { ImageFacts } from "./events.js";
import { bytesPerPixel, decodeImage } from "./image-file.js";

/** Something to send, cut into numbered pieces. */
export interface Source {
  readonly manifest: Manifest;
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
  readonly pieceBytes?: number;
  /** 2: even rows before odd rows. Pictures only. */
  readonly fields?: 1 | 2;
}

/**
 * Opens a file to be sent.
 *
 * A picture is decoded into memory (at most `RASTER_BYTES_MAX`); a plain file
 * is read piece by piece. Throws LACUNA_NO_SUCH_FILE, LACUNA_NOT_A_FILE,
 * LACUNA_NO_PERMISSION, LACUNA_EMPTY_FILE, LACUNA_NOT_AN_IMAGE,
 * LACUNA_IMAGE_TOO_LARGE or LACUNA_READ_FAILED.
 */
export async function openSource(path: string, options: SourceOptions): Promise<Source> {
  const file = await openFile(path);
  try {
    const bytes = (await file.stat()).size;
    const pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES;
    const notes: string[] = [];
    if (options.mode !== "file") {
      try {
        const source = await openPicture(path, pieceBytes, options.fields ?? 1);
        await file.close();
        return source;
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
  return (
    error instanceof LacunaError &&
    (error.code === "LACUNA_NOT_AN_IMAGE" || error.code === "LACUNA_IMAGE_TOO_LARGE")
  );
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

async function openPicture(path: string, capacity: number, fields: 1 | 2): Promise<Source> {
  const { raster, notes, ...image } = await decodeImage(path);
  const { width, height } = image;
  const pixelBytes = bytesPerPixel(image);
  const partition = Partition.choose({
    width,
    height,
    fields,
    bytesPerPixel: pixelBytes,
    capacity,
    order: "dispersed",
  });
  const { tileWidth, tileHeight, order } = partition;
  const content: PixelContent = { mode: "pixels", ...image, tileWidth, tileHeight, fields, order };
  const manifest: Manifest = {
    name: basename(path),
    digest: await digestOf(raster),
    pieceCount: partition.pieceCount,
    pieceBytes: partition.piecePixelsMax * pixelBytes,
    content,
  };
  // Held in a variable of its own, so that closing lets go of the pixels even while the source is kept.
  let pixels: Uint8Array = raster;
  return {
    manifest,
    facts: factsOf(manifest),
    notes,
    pieceLength: (piece) => partition.pixelsOf(piece) * pixelBytes,
    readPiece: (piece, target, offset) =>
      cutPiece(pixels, partition, pixelBytes, piece, target, offset),
    close: () => {
      pixels = new Uint8Array();
    },
  };
}

async function openPlainFile(
  file: FileHandle,
  path: string,
  bytes: number,
  pieceBytes: number,
  notes: readonly string[],
): Promise<Source> {
  const digest = await digestOfFile(file);
  const manifest: Manifest = {
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
export function factsOf(manifest: Manifest): ImageFacts {
  const { content, name, pieceCount: pieces } = manifest;
  if (content.mode === "file") {
    const none = { width: 0, height: 0, channels: 0, bits: 0 };
    return { name, mode: "file", ...none, bytes: content.bytes, pieces };
  }
  const { width, height, channels, bits } = content;
  const bytes = width * height * bytesPerPixel(content);
  return { name, mode: "pixels", width, height, channels, bits, bytes, pieces };
}

/** SHA-256 of bytes in memory, in steps that let other work through. */
export async function digestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for (let from = 0; from < bytes.length; from += HASH_STEP_BYTES) {
    hash.update(bytes.subarray(from, from + HASH_STEP_BYTES));
    await new Promise(setImmediate);
  }
  return hash.digest();
}

/** SHA-256 of a whole file, read in blocks. */
export async function digestOfFile(file: FileHandle): Promise<Uint8Array> {
  const hash: Hash = createHash("sha256");
  const block = new Uint8Array(READ_BLOCK_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(block, 0, block.length, position);
    if (bytesRead === 0) return hash.digest();
    hash.update(block.subarray(0, bytesRead));
    position += bytesRead;
  }
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

/** Ours: about 5 ms of hashing. */
const HASH_STEP_BYTES = 8 * 2 ** 20;
const READ_BLOCK_BYTES = 2 ** 20;
