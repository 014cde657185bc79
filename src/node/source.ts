import { type FileHandle, open, stat } from "node:fs/promises";
import { PIECE_BYTES_MIN } from "../codec/picture-coder.js";
import { type Manifest, type RuledManifest, toldPieces } from "../wire/manifest.js";
import { openCoded } from "./coded-source.js";
import { CoderPool } from "./coder-pool.js";
import { type ErrorCode, LacunaError } from "./errors.js";
import type { ImageFacts } from "./events.js";
import { openPlainFile, readFailed } from "./file-source.js";
import { describeImage } from "./image-file.js";
import { memoryLimits, rasterBytes } from "./memory.js";
import { openPicture } from "./picture-source.js";
import { cacheFolder as userCacheFolder } from "./scratch.js";

/** Numbered pieces of something to send. */
export interface PieceSource<M extends CountedManifest = CountedManifest> {
  readonly manifest: M;
  /** The first piece of the odd rows, where they go by themselves; they come last. */
  readonly oddRowsFrom?: number | undefined;
  pieceLength(piece: number): number;
  /** Copies a piece to `target` from `offset` on; returns its length. Throws LACUNA_READ_FAILED. */
  readPiece(piece: number, target: Uint8Array, offset: number): number;
  close(): void;
}

export interface CountedManifest extends Manifest {
  readonly pieceCount: number;
}

/** Something to send, and what people are told of it. */
export interface Source<M extends CountedManifest = RuledManifest> extends PieceSource<M> {
  readonly facts: ImageFacts;
  /** What a person should know, for example why a picture is sent as a plain file. */
  readonly notes: readonly string[];
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

export interface CodingOptions extends SourceOptions {
  /** How pixels travel: coded, or as they are, in rectangles cut by rule. */
  readonly coding: "coded" | "raw";
  /** The threads that code; without, the source has its own. */
  readonly pool?: CoderPool;
}

/**
 * Opens a file to be sent, pixels as they are unless coding is asked for.
 *
 * A small picture is decoded into memory, a large one to the disk (`memoryLimits`); a plain file
 * is read piece by piece. Throws LACUNA_NO_SUCH_FILE, LACUNA_NOT_A_FILE,
 * LACUNA_NO_PERMISSION, LACUNA_EMPTY_FILE, LACUNA_NOT_AN_IMAGE,
 * LACUNA_IMAGE_TOO_LARGE, LACUNA_NO_SCRATCH_ROOM, LACUNA_CODER_FAILED or LACUNA_READ_FAILED.
 */
export async function openSource(
  path: string,
  options: CodingOptions,
): Promise<Source<CountedManifest>>;
export async function openSource(path: string, options: SourceOptions): Promise<Source>;
export async function openSource(
  path: string,
  options: SourceOptions | CodingOptions,
): Promise<Source<CountedManifest>> {
  const file = await openFile(path);
  try {
    const bytes = (await file.stat()).size;
    const notes: string[] = [];
    if (options.mode !== "file") {
      try {
        const source = await openPixels(path, options);
        await file.close();
        return source;
      } catch (error) {
        if (options.mode === "pixels" || !isNoPicture(error)) throw error;
        notes.push(`sent as a plain file: ${error.message}`);
      }
    }
    const pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES;
    const plain = await openPlainFile(file, path, bytes, pieceBytes);
    return { ...plain, facts: factsOf(plain.manifest), notes };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error instanceof LacunaError ? error : readFailed(path, error);
  }
}

async function openPixels(
  path: string,
  options: SourceOptions | CodingOptions,
): Promise<Source<CountedManifest>> {
  const { pieceBytes = DEFAULT_PIECE_BYTES, fields = 1, memoryMb } = options;
  const { coding, pool: shared } = { coding: "raw", pool: undefined, ...options };
  const { cacheFolder = userCacheFolder(process.env) } = options;
  const { notes, ...image } = await describeImage(path, memoryLimits(memoryMb));
  const how = { pieceBytes, fields, memoryMb, cacheFolder };
  const source =
    coding === "raw" || pieceBytes < PIECE_BYTES_MIN
      ? await openPicture(path, image, how)
      : await withPool(shared, (pool) => openCoded(path, image, { ...how, pool }));
  return { ...source, facts: factsOf(source.manifest), notes };
}

/** With threads of its own, a source ends them when it is closed. */
async function withPool(
  shared: CoderPool | undefined,
  openWith: (pool: CoderPool) => Promise<PieceSource>,
): Promise<PieceSource> {
  if (shared !== undefined) return openWith(shared);
  const pool = new CoderPool();
  try {
    const source = await openWith(pool);
    const close = (): void => {
      source.close();
      void pool.close();
    };
    return { ...source, close };
  } catch (error) {
    await pool.close();
    throw error;
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

/** What an offer and a plan tell of an image. */
export function factsOf(manifest: Manifest): ImageFacts {
  const { content, name } = manifest;
  const pieces = toldPieces(manifest);
  switch (content.mode) {
    case "file":
      return { name, mode: "file", ...NO_SHAPE, bytes: content.bytes, pieces };
    case "jpeg": {
      const { width, height, channels, bits, bytes } = content;
      return { name, mode: "jpeg", width, height, channels, bits, bytes, pieces };
    }
    case "coded":
    case "pixels": {
      const { width, height, channels, bits } = content;
      const bytes = content.mode === "coded" ? pieces * manifest.pieceBytes : rasterBytes(content);
      return { name, mode: "pixels", width, height, channels, bits, bytes, pieces };
    }
  }
}

const NO_SHAPE = { width: 0, height: 0, channels: 0, bits: 0 };

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
