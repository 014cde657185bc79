import type { FileHandle } from "node:fs/promises";
import { type Density, isDensity } from "./metadata-blocks.js";
import {
  type Directory,
  EXIF_POINTER_TAG,
  firstValue,
  GPS_POINTER_TAG,
  readTiffDirectory,
  writeTiffBlock,
} from "./tiff-directory.js";

/** What a TIFF file's first directory tells besides pixels: its density, and the rest as an EXIF block. */
export async function readTiffMetadata(
  file: FileHandle,
): Promise<{ density: Density | undefined; exif: Uint8Array | undefined }> {
  const directory = await readTiffDirectory(async (position, length) => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, position);
    return bytes.subarray(0, bytesRead);
  });
  if (directory === undefined) return { density: undefined, exif: undefined };
  const kept = directory.filter((entry) => EXIF_TAGS.has(entry.tag));
  // An upright picture that says nothing else needs no EXIF block to say so.
  const says = kept.some((entry) => entry.tag !== ORIENTATION_TAG || firstValue(entry) !== 1);
  return { density: densityIn(directory), exif: says ? writeTiffBlock(kept) : undefined };
}

function densityIn(directory: Directory): Density | undefined {
  const value = (tag: number) => firstValue(directory.find((entry) => entry.tag === tag));
  const across = value(X_RESOLUTION_TAG);
  const down = value(Y_RESOLUTION_TAG);
  const perInch = UNITS_PER_INCH.get(value(RESOLUTION_UNIT_TAG) ?? UNIT_INCH);
  if (across === undefined || down === undefined || perInch === undefined) return undefined;
  const density = { across: across * perInch, down: down * perInch };
  return isDensity(density.across) && isDensity(density.down) ? density : undefined;
}

export const ORIENTATION_TAG = 0x0112;
export const X_RESOLUTION_TAG = 0x011a;
export const Y_RESOLUTION_TAG = 0x011b;
export const RESOLUTION_UNIT_TAG = 0x0128;
export const UNIT_INCH = 2;
const UNIT_CENTIMETRE = 3;
const UNITS_PER_INCH: ReadonlyMap<number, number> = new Map([
  [UNIT_INCH, 1],
  [UNIT_CENTIMETRE, 2.54],
]);

/**
 * Tags of the first directory that tell of the picture and not of how its
 * bytes lie: description, maker, model, orientation, software, date, artist,
 * host, copyright, EXIF and GPS. EXIF 2.32 section 4.6.4.
 */
export const EXIF_TAGS: ReadonlySet<number> = new Set([
  0x010d,
  0x010e,
  0x010f,
  0x0110,
  ORIENTATION_TAG,
  0x0131,
  0x0132,
  0x013b,
  0x013c,
  0x8298,
  EXIF_POINTER_TAG,
  GPS_POINTER_TAG,
]);
