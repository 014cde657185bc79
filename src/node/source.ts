import { type FileHandle, open, stat } from "node:fs/promises";
import { PIECE_BYTES_MIN } from "../codec/picture-coder.js";
import type { Manifest, RuledManifest } from "../wire/manifest.js";
import { openCoded } from "./coded-source.js";
import { CoderPool } from "./coder-pool.js";
import { type ErrorCode, LacunaError } from "./errors.js";
import type { ImageFacts } from "./events.js";
import { openPlainFile, readFailed } from "./file-source.js";
import { factsOf } from "./image-facts.js";
import { describeImage } from "./image-file.js";
import { memoryLimits } from "./memory.js";
import { openPicture } from "./picture-source.js";
import { cacheFolder as userCacheFolder } from "./scratch.js";

/** Which pieces can be read, and how many bytes they have. Grows while a picture is being coded. */
export interface Supply {
  /** Undefined until all can be read. */
  readonly pieceCount: number | undefined;
  /** Pieces below this can be read. */
  readonly available: number;
  /** The first piece of the odd rows, where they go by themselves and have come up; they come last. */
  readonly oddRowsFrom?: number | undefined;
  readonly previewBytes: number;
  /** Of the pieces behind the preview's. */
  readonly exactBytes: number;
}

/** Something to send: numbered pieces, and what people are told of it. */
export interface Source<M extends Manifest = RuledManifest> {
  readonly manifest: M;
  /** While the source is growing, bytes and pieces are estimates. */
  readonly facts: ImageFacts;
  /** What a person should know, for example why a picture is sent as a plain file. */
  readonly notes: readonly string[];
  /** As of now. */
  readonly supply: Supply;
  /** Fulfilled when all pieces can be read; rejects with LACUNA_CODER_FAILED or LACUNA_NO_SCRATCH_ROOM. */
  readonly complete: Promise<void>;
  /** Calls back whenever more pieces can be read. */
  onGrowth(listener: () => void): void;
  pieceLength(piece: number): number;
  /** Copies a piece to `target` from `offset` on; returns its length. Throws LACUNA_READ_FAILED. */
  readPiece(piece: number, target: Uint8Array, offset: number): number;
  close(): void;
}

/** Pieces that can all be read from the start. */
export interface ReadyPieces
  extends Pick<Source, "manifest" | "pieceLength" | "readPiece" | "close"> {
  readonly oddRowsFrom?: number | undefined;
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
export async function openSource(path: string, options: CodingOptions): Promise<Source<Manifest>>;
export async function openSource(path: string, options: SourceOptions): Promise<Source>;
export async function openSource(
  path: string,
  options: SourceOptions | CodingOptions,
): Promise<Source<Manifest>> {
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
    return sourceOf(await openPlainFile(file, path, bytes, pieceBytes), notes);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error instanceof LacunaError ? error : readFailed(path, error);
  }
}

async function openPixels(
  path: string,
  options: SourceOptions | CodingOptions,
): Promise<Source<Manifest>> {
  const { pieceBytes = DEFAULT_PIECE_BYTES, fields = 1, memoryMb } = options;
  const { coding, pool: shared } = { coding: "raw", pool: undefined, ...options };
  const { cacheFolder = userCacheFolder(process.env) } = options;
  const { notes, ...image } = await describeImage(path, memoryLimits(memoryMb));
  const how = { pieceBytes, fields, memoryMb, cacheFolder };
  if (coding === "raw" || pieceBytes < PIECE_BYTES_MIN) {
    return sourceOf(await openPicture(path, image, how), notes);
  }
  const pool = shared ?? new CoderPool();
  const close = (): void => {
    if (pool !== shared) void pool.close();
  };
  try {
    return await openCoded(path, image, { ...how, pool, notes, whenClosed: close });
  } catch (error) {
    close();
    throw error;
  }
}

function sourceOf(pieces: ReadyPieces, notes: readonly string[]): Source {
  const { manifest, oddRowsFrom } = pieces;
  const { pieceCount } = manifest;
  const facts = factsOf(manifest);
  return {
    ...pieces,
    facts,
    notes,
    supply: {
      pieceCount,
      available: pieceCount,
      oddRowsFrom,
      previewBytes: 0,
      exactBytes: facts.bytes,
    },
    complete: Promise.resolve(),
    onGrowth: () => undefined,
  };
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
