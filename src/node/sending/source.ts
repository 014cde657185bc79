import { type FileHandle, open, stat } from "node:fs/promises";
import { type BytesPerSecond, bytesPerSecond } from "../../base/units.js";
import { PIECE_BYTES_MIN } from "../../codec/picture-coder.js";
import type { Manifest, RuledManifest } from "../../wire/manifest.js";
import { type ErrorCode, LacunaError } from "../errors.js";
import type { ImageFacts, Mode } from "../events.js";
import { memoryLimits } from "../memory.js";
import { describeImage } from "../pictures/image-file.js";
import { cacheFolder as userCacheFolder } from "../scratch.js";
import { openCoded } from "./coded-source.js";
import { CoderPool, codingThreads } from "./coder-pool.js";
import { type FilePicture, openPlainFile, readFailed } from "./file-source.js";
import { isJpeg, openJpegFile } from "./jpeg-source.js";
import { previewOfFile } from "./picture-preview.js";
import { openPicture } from "./picture-source.js";
import { readySource } from "./ready-source.js";

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
  /** Why it is sent as it is. */
  readonly why: string;
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

export interface CountedManifest extends Manifest {
  readonly pieceCount: number;
}

export interface SourceOptions {
  /**
   * `auto`: in the way that takes the fewest bytes. `pixels` and `jpeg` fail for what is no picture, or no JPEG file;
   * a JPEG file that is damaged or of a rare kind goes as a plain file, with a note that says why.
   */
  readonly mode: "auto" | Mode;
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
  /** What the path is thought to carry. Where it carries pixels faster than they can be coded, they go as they are. */
  readonly pathRate?: BytesPerSecond | undefined;
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
  const opening: Opening = {
    coding: "raw",
    pool: undefined,
    ...options,
    path,
    file,
    fields: options.fields ?? 1,
    pieceBytes: options.pieceBytes ?? DEFAULT_PIECE_BYTES,
    cacheFolder: options.cacheFolder ?? userCacheFolder(process.env),
  };
  try {
    const source = await openIn(opening, options.mode);
    // Only a plain file is read while it is being sent.
    if (source.manifest.content.mode !== "file") await file.close();
    return source;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error instanceof LacunaError ? error : readFailed(path, error);
  }
}

/** A file that is open, and how it is to be sent. */
interface Opening {
  readonly path: string;
  readonly file: FileHandle;
  readonly coding: "coded" | "raw";
  readonly pool: CoderPool | undefined;
  readonly pathRate?: BytesPerSecond | undefined;
  readonly pieceBytes: number;
  readonly fields: 1 | 2;
  readonly memoryMb?: number | undefined;
  readonly cacheFolder: string;
}

async function openIn(opening: Opening, mode: "auto" | Mode): Promise<Source<Manifest>> {
  const { path, file } = opening;
  switch (mode) {
    case "pixels":
      return openPixels(opening);
    case "jpeg": {
      if (await isJpeg(file)) return openAsJpeg(opening);
      throw new LacunaError("LACUNA_NOT_AN_IMAGE", `${path} is no JPEG file`, { path });
    }
    case "file":
      return openAsFile(opening, "its own bytes, as asked for");
    case "auto":
      return openBest(opening);
  }
}

/** A JPEG file as one, other pictures as pixels unless the file has fewer bytes, and all else as files. */
async function openBest(opening: Opening): Promise<Source<Manifest>> {
  const { file, coding, fields } = opening;
  // Who asks for fields, or for raw pixels, means pixels.
  const arePixelsMeant = coding === "raw" || fields === 2;
  try {
    if (arePixelsMeant) return await openPixels(opening);
    if (await isJpeg(file)) return await openAsJpeg(opening);
    const { size } = await file.stat();
    return await openPixels(opening, size);
  } catch (error) {
    if (isNoPicture(error)) return openInstead(opening, error.message);
    throw error;
  }
}

async function openAsJpeg(opening: Opening): Promise<Source<Manifest>> {
  const { path, file, pieceBytes, memoryMb } = opening;
  const { rasterBytes } = memoryLimits(memoryMb);
  const pieces = await openJpegFile(path, file, rasterBytes, pieceBytes);
  if (typeof pieces === "string") return openInstead(opening, pieces);
  return readySource(pieces, [], "a JPEG file's own bytes, cut where decoding can begin");
}

/** @param fileBytes of the file that goes instead when it is much smaller; without, pixels are what is wanted */
async function openPixels(opening: Opening, fileBytes?: number): Promise<Source<Manifest>> {
  const { path, memoryMb } = opening;
  const { notes, ...image } = await describeImage(path, memoryLimits(memoryMb));
  const asTheyAre = whyRaw(opening);
  if (asTheyAre !== undefined) {
    return readySource(await openPicture(path, image, opening), notes, asTheyAre);
  }
  const pool = opening.pool ?? new CoderPool();
  const whenClosed = (): void => {
    if (pool !== opening.pool) void pool.close();
  };
  const bytesMax = fileBytes === undefined ? Infinity : fileBytes * FILE_SHARE_MAX;
  try {
    const opened = await openCoded(path, image, { ...opening, pool, notes, whenClosed, bytesMax });
    if (!("tooLong" in opened)) return opened;
    whenClosed();
    const { tooLong, preview } = opened;
    const why = `its ${fileBytes} bytes are fewer than the ${tooLong} that its pixels take`;
    return openInstead(opening, why, preview && { size: image, preview });
  } catch (error) {
    whenClosed();
    throw error;
  }
}

/** Why pixels are not coded, if they are not. */
function whyRaw({ coding, pieceBytes, pathRate = bytesPerSecond(0) }: Opening): string | undefined {
  if (coding === "raw") return "its pixels as they are";
  if (pieceBytes < PIECE_BYTES_MIN) return "pieces so short hold only pixels as they are";
  if (pathRate <= codingThreads() * BYTES_CODED_PER_SECOND) return undefined;
  const mbit = Math.round((pathRate * 8) / 1_000_000);
  return `its pixels as they are: the path carried ${mbit} Mbit/s, faster than they can be coded here`;
}

/** What cannot go as it was meant to. */
function openInstead(
  opening: Opening,
  reason: string,
  picture?: FilePicture,
): Promise<Source<Manifest>> {
  const note = `sent as a plain file: ${reason}`;
  return openAsFile(opening, note, [note], picture);
}

async function openAsFile(
  opening: Opening,
  why: string,
  notes: readonly string[] = [],
  picture?: FilePicture,
): Promise<Source<Manifest>> {
  const { path, file, pieceBytes, coding } = opening;
  const shown = coding === "raw" ? undefined : (picture ?? (await pictureIn(opening)));
  return readySource(await openPlainFile(file, path, pieceBytes, shown), notes, why);
}

/** The picture in a file that goes as it is, if the library knows it and it is soon decoded. */
async function pictureIn(opening: Opening): Promise<FilePicture | undefined> {
  const { path, file, pieceBytes, memoryMb } = opening;
  try {
    const { width, height } = await describeImage(path, memoryLimits(memoryMb));
    if (width * height > PREVIEWED_PIXELS_MAX) return undefined;
    const { size: bytes } = await file.stat();
    const preview = await previewOfFile(path, { width, height }, bytes, pieceBytes);
    return preview && { size: { width, height }, preview };
  } catch (error) {
    if (isNoPicture(error)) return undefined;
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

/**
 * Ours: with the datagram's own bytes it stays below 1,200, which every path carries
 * that carries QUIC (RFC 9000 section 14.1).
 */
export const DEFAULT_PIECE_BYTES = 1_150;

/** Ours: pieces that are exact pixels are worth a few bytes more than the file. */
const FILE_SHARE_MAX = 1.05;
/** Ours: 5 million RGB pixels a second by each thread. */
const BYTES_CODED_PER_SECOND = 15_000_000;
/** Ours: a preview of a file takes a decoding of it, and here half a second. */
const PREVIEWED_PIXELS_MAX = 2 ** 25;

/** Why a file is sent as a plain one when that is left to us. */
const NO_PICTURE: ReadonlySet<ErrorCode> = new Set([
  "LACUNA_NOT_AN_IMAGE",
  "LACUNA_IMAGE_TOO_LARGE",
  "LACUNA_NO_SCRATCH_ROOM",
]);
