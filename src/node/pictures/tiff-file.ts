import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { Metadata } from "../../wire/manifest.js";
import { writeAll } from "../disk.js";
import { bytesPerPixel } from "../memory.js";
import type { PixelLayout } from "./image-file.js";
import { blockOf, densityOf } from "./metadata-blocks.js";
import {
  EXIF_TAGS,
  RESOLUTION_UNIT_TAG,
  UNIT_INCH,
  X_RESOLUTION_TAG,
  Y_RESOLUTION_TAG,
} from "./metadata-tiff.js";
import {
  byteEntry,
  type Directory,
  type Entry,
  longEntry,
  rationalEntry,
  readTiffDirectory,
  shortEntry,
  TIFF_HEADER_BYTES,
  tiffHeader,
  undefinedEntry,
  writeDirectory,
} from "./tiff-directory.js";

export interface TiffOptions {
  /** Without, the samples lie in the file as they are. */
  readonly compress: boolean;
  readonly metadata: readonly Metadata[];
}

/**
 * Writes a picture as a TIFF file: strips, compressed without loss ("Adobe
 * deflate" with horizontal differencing) or plain, with profile, EXIF, XMP and density. `bands` are the
 * picture's rows from top to bottom, any number at a time.
 *
 * Written here because the image library keeps neither EXIF nor CMYK samples
 * as they are. TIFF 6.0 sections 8, 14, 16 and 18; TIFF technical note 2.
 */
export async function writeTiff(
  path: string,
  layout: PixelLayout,
  bands: AsyncIterable<Uint8Array>,
  { compress, metadata }: TiffOptions,
): Promise<void> {
  const file = await open(path, "w");
  try {
    const strips = await writeStrips(file, layout, bands, compress);
    const directory = [
      ...pictureEntries(layout, strips, compress),
      ...(await metadataEntries(metadata)),
    ];
    const at = strips.end + (strips.end % 2);
    await writeAll(file, writeDirectory(directory, at), at);
    await writeAll(file, tiffHeader(at), 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

interface Strips {
  readonly rowsPerStrip: number;
  readonly offsets: number[];
  readonly lengths: number[];
  readonly end: number;
}

async function writeStrips(
  file: FileHandle,
  layout: PixelLayout,
  bands: AsyncIterable<Uint8Array>,
  compress: boolean,
): Promise<Strips> {
  const lineBytes = layout.width * bytesPerPixel(layout);
  const rowsPerStrip = Math.max(1, Math.floor(STRIP_BYTES / lineBytes));
  const offsets: number[] = [];
  const lengths: number[] = [];
  let end = TIFF_HEADER_BYTES;
  for await (const rows of inStrips(bands, rowsPerStrip * lineBytes)) {
    const strip = compress
      ? await deflateAsync(differencesOf(rows, lineBytes, layout), { level: DEFLATE_LEVEL })
      : rows;
    await writeAll(file, strip, end);
    offsets.push(end);
    lengths.push(strip.length);
    // Offsets are even (TIFF 6.0, "Image File Header").
    end += strip.length + (strip.length % 2);
  }
  return { rowsPerStrip, offsets, lengths, end };
}

/** The same bytes in strips of one length, but for the last; each is good until the next is asked for. */
async function* inStrips(
  bands: AsyncIterable<Uint8Array>,
  stripBytes: number,
): AsyncIterable<Uint8Array> {
  const strip = new Uint8Array(stripBytes);
  let filled = 0;
  for await (const band of bands) {
    for (let at = 0; at < band.length; ) {
      const part = band.subarray(at, at + stripBytes - filled);
      strip.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < stripBytes) continue;
      yield strip;
      filled = 0;
    }
  }
  if (filled > 0) yield strip.subarray(0, filled);
}

/** Each sample less the same sample of the pixel to its left. */
function differencesOf(
  rows: Uint8Array,
  lineBytes: number,
  { channels, bits }: PixelLayout,
): Uint8Array {
  const out = rows.slice();
  const wide = bits === 16;
  const step = wide ? channels * 2 : channels;
  for (let line = 0; line < out.length; line += lineBytes) {
    if (wide) {
      for (let i = line + lineBytes - 2; i >= line + step; i -= 2) {
        const here = (out[i] as number) | ((out[i + 1] as number) << 8);
        const left = (out[i - step] as number) | ((out[i - step + 1] as number) << 8);
        const difference = here - left;
        out[i] = difference;
        out[i + 1] = difference >> 8;
      }
    } else {
      for (let i = line + lineBytes - 1; i >= line + step; i -= 1) {
        out[i] = (out[i] as number) - (out[i - step] as number);
      }
    }
  }
  return out;
}

function pictureEntries(layout: PixelLayout, strips: Strips, compressed: boolean): Entry[] {
  const { width, height, channels, bits, colour } = layout;
  const entries = [
    longEntry(0x0100, width),
    longEntry(0x0101, height),
    shortEntry(0x0102, ...Array.from({ length: channels }, () => bits)),
    shortEntry(0x0103, compressed ? COMPRESSION_DEFLATE : COMPRESSION_NONE),
    shortEntry(0x0106, PHOTOMETRIC[colour]),
    longEntry(0x0111, ...strips.offsets),
    shortEntry(0x0115, channels),
    longEntry(0x0116, strips.rowsPerStrip),
    longEntry(0x0117, ...strips.lengths),
    shortEntry(0x011c, PLANES_TOGETHER),
    shortEntry(0x013d, compressed ? PREDICTOR_HORIZONTAL : PREDICTOR_NONE),
  ];
  const hasAlpha = colour !== "cmyk" && channels % 2 === 0;
  if (hasAlpha) entries.push(shortEntry(0x0152, ALPHA_NOT_MULTIPLIED));
  return entries;
}

async function metadataEntries(metadata: readonly Metadata[]): Promise<Directory> {
  const entries: Entry[] = [];
  const density = densityOf(metadata);
  if (density !== undefined) {
    entries.push(rationalEntry(X_RESOLUTION_TAG, density.across));
    entries.push(rationalEntry(Y_RESOLUTION_TAG, density.down));
    entries.push(shortEntry(RESOLUTION_UNIT_TAG, UNIT_INCH));
  }
  const xmp = blockOf(metadata, "xmp");
  if (xmp !== undefined) entries.push(byteEntry(0x02bc, xmp));
  const icc = blockOf(metadata, "icc");
  if (icc !== undefined) entries.push(undefinedEntry(0x8773, icc));
  const exif = blockOf(metadata, "exif");
  if (exif !== undefined) {
    const read = async (position: number, length: number) =>
      exif.subarray(position, position + length);
    const directory = (await readTiffDirectory(read)) ?? [];
    const seen = new Set<number>();
    for (const entry of directory) {
      if (!EXIF_TAGS.has(entry.tag) || seen.has(entry.tag)) continue;
      seen.add(entry.tag);
      entries.push(entry);
    }
  }
  return entries;
}

const deflateAsync = promisify<Uint8Array, { level: number }, Buffer>(deflate);

/** Ours: large enough to compress well, small enough to keep memory flat. */
const STRIP_BYTES = 512 * 1024;
/** Ours: higher levels take twice the time for 2 % of a photograph. */
const DEFLATE_LEVEL = 4;

const COMPRESSION_NONE = 1;
const COMPRESSION_DEFLATE = 8;
const PLANES_TOGETHER = 1;
const PREDICTOR_NONE = 1;
const PREDICTOR_HORIZONTAL = 2;
const ALPHA_NOT_MULTIPLIED = 2;
/** Black is zero; RGB; separated, which is CMYK unless another ink set is named. */
const PHOTOMETRIC = { gray: 1, rgb: 2, cmyk: 5 } as const;
