import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { Partition } from "../../picture/partition.js";
import { bandsOf, cutPart, cutPiece, partsIn } from "../../picture/raster.js";
import type { PixelContent, RuledManifest } from "../../wire/manifest.js";
import { digestOf } from "../digest.js";
import { LacunaError } from "../errors.js";
import { bytesPerPixel, memoryLimits, rasterBytes } from "../memory.js";
import { type DescribedImage, decodePixels, unpackPixels } from "../pictures/image-file.js";
import { BlockCache } from "../receiving/block-cache.js";
import { Scratch } from "../scratch.js";
import type { ReadyPieces } from "./ready-source.js";

export interface PictureOptions {
  /** The most bytes a piece may have. */
  readonly pieceBytes: number;
  /** 2: even rows before odd rows. */
  readonly fields: 1 | 2;
  /** `MEMORY_MB_DEFAULT` when absent. */
  readonly memoryMb?: number | undefined;
  /** Where a raster is unpacked that is too large for that. */
  readonly cacheFolder: string;
}

/**
 * Opens a picture to be sent: in memory when it is small, else in a file of the cache folder in which the pieces lie by number.
 * Throws LACUNA_NOT_AN_IMAGE, LACUNA_IMAGE_TOO_LARGE or LACUNA_NO_SCRATCH_ROOM.
 */
export async function openPicture(
  path: string,
  described: DescribedImage,
  options: PictureOptions,
): Promise<ReadyPieces<RuledManifest>> {
  const limits = memoryLimits(options.memoryMb);
  const { decoderBytes, ...image } = described;
  const { width, height } = image;
  const { fields, pieceBytes } = options;
  const pixelBytes = bytesPerPixel(image);
  const shape = { width, height, fields, bytesPerPixel: pixelBytes, capacity: pieceBytes };
  const partition = Partition.choose({ ...shape, order: "dispersed" });
  const { tileWidth, tileHeight, order, pieceCount } = partition;
  const content: PixelContent = { mode: "pixels", ...image, tileWidth, tileHeight, fields, order };
  const cut: Cut = { content, partition, slotBytes: partition.piecePixelsMax * pixelBytes };
  const bytes = rasterBytes(image);
  const isSmall = bytes <= limits.rasterBytes && bytes + decoderBytes <= limits.decoderBytes;
  const pieces = isSmall ? await inMemory(path, cut) : await onDisk(path, cut, options.cacheFolder);
  const { digest, readPiece, close } = pieces;
  const manifest: RuledManifest = {
    name: basename(path),
    digest,
    pieceCount,
    pieceBytes: cut.slotBytes,
    content,
  };
  const pieceLength = (piece: number) => partition.pixelsOf(piece) * pixelBytes;
  const oddRowsFrom = fields === 2 && height > 1 ? partition.pieceAt(0, 1) : undefined;
  return { manifest, oddRowsFrom, exactBytes: bytes, pieceLength, readPiece, close };
}

/** A picture and how it is cut. */
interface Cut {
  readonly content: PixelContent;
  readonly partition: Partition;
  /** Of the longest piece. */
  readonly slotBytes: number;
}

interface Pieces extends Pick<ReadyPieces<RuledManifest>, "readPiece" | "close"> {
  readonly digest: Uint8Array;
}

async function inMemory(path: string, { content, partition }: Cut): Promise<Pieces> {
  // Closing lets go of the pixels even while the source is kept.
  let pixels = await decodePixels(path, content);
  const pixelBytes = bytesPerPixel(content);
  return {
    digest: await digestOf(pixels),
    readPiece: (piece, target, offset) =>
      cutPiece(pixels, partition, pixelBytes, piece, target, offset),
    close: () => {
      pixels = new Uint8Array();
    },
  };
}

async function onDisk(path: string, cut: Cut, cacheFolder: string): Promise<Pieces> {
  const { content, partition, slotBytes } = cut;
  const pixelBytes = bytesPerPixel(content);
  // The raster, and the pieces cut from it.
  const needed = rasterBytes(content) + partition.pieceCount * slotBytes + HEADER_ROOM_BYTES;
  const scratch = await Scratch.open(cacheFolder, needed);
  let file: number | undefined;
  try {
    file = openSync(scratch.path("pieces"), "wx+", 0o600);
    const digest = await cutToFile(path, cut, scratch, file);
    const fd = file;
    // What is open stays readable without its name, and is gone with the process, however that ends.
    const removed = await scratch.remove().then(
      () => true,
      () => false,
    );
    const cache = new BlockCache((target, at) => readSync(fd, target, 0, target.length, at));
    return {
      digest,
      readPiece: (piece, target, offset) => {
        const length = partition.pixelsOf(piece) * pixelBytes;
        if (!cache.read(piece * slotBytes, length, target, offset)) {
          throw new LacunaError("LACUNA_READ_FAILED", `cannot read what was unpacked of ${path}`);
        }
        return length;
      },
      close: once(() => {
        closeSync(fd);
        if (!removed) scratch.remove().catch(() => undefined);
      }),
    };
  } catch (error) {
    if (file !== undefined) closeSync(file);
    await scratch.remove().catch(() => undefined);
    throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? noRoom(cacheFolder, error) : error;
  }
}

/** Decodes the picture and writes each piece into the slot of its number; returns the raster's digest. */
async function cutToFile(
  path: string,
  { content, partition, slotBytes }: Cut,
  scratch: Scratch,
  file: number,
): Promise<Uint8Array> {
  const raster = await unpackPixels(path, content, scratch.path("raster"));
  try {
    const pixelBytes = bytesPerPixel(content);
    const hash = createHash("sha256");
    const buffer = new Uint8Array(Math.max(BAND_BYTES, content.width * pixelBytes));
    const piece = new Uint8Array(slotBytes);
    for (const band of bandsOf(partition, pixelBytes, BAND_BYTES)) {
      const bytes = await raster.read(band, buffer);
      hash.update(bytes);
      let written = 0;
      for (const part of partsIn(partition, pixelBytes, band)) {
        const length = cutPart(bytes, part, piece, 0);
        writeAllSync(file, piece, length, part.piece * slotBytes + part.skip);
        written += 1;
        if (written % PIECES_AT_ONCE === 0) await new Promise(setImmediate);
      }
    }
    return hash.digest();
  } finally {
    await raster.remove();
  }
}

function writeAllSync(file: number, bytes: Uint8Array, length: number, position: number): void {
  for (let done = 0; done < length; ) {
    done += writeSync(file, bytes, done, length - done, position + done);
  }
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

function noRoom(folder: string, cause: unknown): LacunaError {
  const message = `no space left to unpack the picture in ${folder}`;
  return new LacunaError("LACUNA_NO_SCRATCH_ROOM", message, { path: folder }, { cause });
}

/** Ours: a row of tiles of most pictures, hashed in a millisecond. */
const BAND_BYTES = 4 * 2 ** 20;
/** Ours: 2 µs each, and then other transfers have their turn. */
const PIECES_AT_ONCE = 512;
/** The library's header and what it notes behind the pixels. */
const HEADER_ROOM_BYTES = 2 ** 20;
