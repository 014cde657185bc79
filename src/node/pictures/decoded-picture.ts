import { closeSync, openSync } from "node:fs";
import { LacunaError } from "../errors.js";
import { memoryLimits, rasterBytes } from "../memory.js";
import { Scratch } from "../scratch.js";
import { PiecePile } from "../sending/piece-pile.js";
import type { DescribedImage } from "./image-file.js";
import { rasterInMemory, rasterOnDisk, type SharedRaster } from "./shared-raster.js";

/** A decoded picture, and a place for the pieces that are made of it. */
export interface DecodedPicture {
  readonly raster: SharedRaster;
  readonly pile: PiecePile;
  /** Lets go of everything; the raster may have been closed before. */
  close(): Promise<void>;
}

export interface DecodeOptions {
  /** `MEMORY_MB_DEFAULT` when absent. */
  readonly memoryMb?: number | undefined;
  /** Where a picture is unpacked that is too large for that. */
  readonly cacheFolder: string;
}

/**
 * Decodes a picture: in memory when it is small, else to files. Throws LACUNA_NOT_AN_IMAGE or
 * LACUNA_NO_SCRATCH_ROOM.
 */
export async function decodePicture(
  path: string,
  image: DescribedImage,
  { memoryMb, cacheFolder }: DecodeOptions,
): Promise<DecodedPicture> {
  const limits = memoryLimits(memoryMb);
  const bytes = rasterBytes(image);
  const isSmall = bytes <= limits.rasterBytes && bytes + image.decoderBytes <= limits.decoderBytes;
  if (!isSmall) return onDisk(path, image, cacheFolder);
  const raster = await rasterInMemory(path, image);
  return { raster, pile: new PiecePile(), close: () => raster.close() };
}

async function onDisk(
  path: string,
  image: DescribedImage,
  cacheFolder: string,
): Promise<DecodedPicture> {
  // The raster, and pieces that take as many bytes at worst.
  const needed = rasterBytes(image) * 2 + HEADER_ROOM_BYTES;
  const scratch = await Scratch.open(cacheFolder, needed);
  let raster: SharedRaster | undefined;
  try {
    const opened = await rasterOnDisk(path, image, scratch);
    raster = opened;
    const file = openSync(scratch.path("pieces"), "wx+", 0o600);
    // What is open stays readable without its name, and goes with this process, however that ends.
    await removed(scratch);
    return {
      raster: opened,
      pile: new PiecePile(file),
      close: async () => {
        await opened.close();
        closeSync(file);
        // A second time where the system keeps names of what is open.
        await removed(scratch);
      },
    };
  } catch (error) {
    await raster?.close();
    await removed(scratch);
    throw noRoom(error, cacheFolder);
  }
}

function removed(scratch: Scratch): Promise<void> {
  return scratch.remove().catch(() => undefined);
}

/** A full disk as an error with a code; others stay as they are. */
export function noRoom(error: unknown, folder: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOSPC") return error;
  const message = `no space left to unpack the picture in ${folder}`;
  return new LacunaError("LACUNA_NO_SCRATCH_ROOM", message, { path: folder }, { cause: error });
}

/** The library's header and what it notes behind the pixels, and heads of pieces. */
const HEADER_ROOM_BYTES = 2 ** 21;
