import { open, rm } from "node:fs/promises";
import type { Sharp } from "sharp";
import { assert } from "../../base/assert.js";
import type { Metadata, PictureFacts } from "../../wire/manifest.js";
import { writeAll, writeDurably } from "../disk.js";
import type { MemoryLimits } from "../memory.js";
import { splitName } from "../receiving/names.js";
import type { PixelLayout } from "./image-file.js";
import { libraryError, loadImageLibrary } from "./image-library.js";
import { PNG_START_BYTES, pngHead } from "./metadata-png.js";
import { writeTiff } from "./tiff-file.js";
import { webpWithMetadata } from "./webp-file.js";

/** How a received picture is stored. */
export type SavedFormat = "png" | "tiff" | "webp";

/** A picture to be written. */
export interface Rows {
  readonly layout: PixelLayout;
  readonly metadata: readonly Metadata[];
  /** True when all of it is one band, and there is memory to work on it as a whole. */
  readonly isSmall: boolean;
  /** From top to bottom; each is good until the next is asked for. */
  readonly bands: AsyncIterable<Uint8Array>;
}

/**
 * The original's format where that is lossless; PNG else, and TIFF for CMYK, which PNG does not know. A WebP that its
 * encoder does not take, or that needs too much memory, becomes PNG as well.
 */
export function savedFormatOf(content: PictureFacts, limits: MemoryLimits): SavedFormat {
  const { format, colour, width, height } = content;
  if (colour === "cmyk" || format === "tiff") return "tiff";
  const takesWebp = Math.max(width, height) <= WEBP_SIDE_MAX && width * height <= limits.webpPixels;
  return format === "webp-lossless" && takesWebp ? "webp" : "png";
}

/** The file's name, with another extension when it is stored in another format. */
export function savedNameOf(name: string, content: PictureFacts, saved: SavedFormat): string {
  if (FORMATS_KEPT[saved] === content.format) return name;
  const { stem, extension } = splitName(name);
  const known = IMAGE_EXTENSION.test(extension) ? stem : name;
  return `${known}${EXTENSIONS[saved]}`;
}

/** Writes a picture and its metadata, durably, without loss. What it needs on the way lies beside it. */
export async function savePicture(path: string, saved: SavedFormat, rows: Rows): Promise<void> {
  const { layout, metadata, bands } = rows;
  if (saved === "tiff") return writeTiff(path, layout, bands, { compress: true, metadata });
  if (saved === "png") return savePng(path, rows);
  const image = await imageInMemory(rows);
  const encoded = await image.webp({ lossless: true, exact: true, effort: 0 }).toBuffer();
  return writeDurably(path, [webpWithMetadata(encoded, rows)]);
}

/** The same as PNG. CMYK has no place in a PNG. */
export async function savePng(path: string, rows: Rows, effort = PNG_OPTIONS): Promise<void> {
  if (rows.isSmall) {
    const encoded = await (await imageInMemory(rows)).png(effort).toBuffer();
    const { head, rest } = pngHead(encoded, rows.metadata);
    return writeDurably(path, [...head, encoded.subarray(rest)]);
  }
  const plain = `${path}.plain`;
  const bare = `${path}.bare`;
  try {
    // The library reads a plain TIFF row by row; a raster of its own format it would map into memory as a whole.
    await writeTiff(plain, rows.layout, rows.bands, { compress: false, metadata: [] });
    const image = (await loadImageLibrary())(plain, FILE_OPTIONS);
    const stored = image.toColourspace(spaceOf(rows.layout)).png(effort);
    await stored.toFile(bare).catch((error: unknown) => Promise.reject(libraryError(error)));
    await rm(plain);
    await copyWithMetadata(bare, path, rows.metadata);
  } finally {
    await rm(plain, { force: true });
    await rm(bare, { force: true });
  }
}

async function copyWithMetadata(
  bare: string,
  path: string,
  metadata: readonly Metadata[],
): Promise<void> {
  const from = await open(bare, "r");
  try {
    const block = new Uint8Array(BLOCK_BYTES);
    await from.read(block, 0, PNG_START_BYTES, 0);
    const { head, rest } = pngHead(block, metadata);
    const to = await open(path, "w");
    try {
      for (const part of head) await writeAll(to, part);
      for (let position = rest; ; ) {
        const { bytesRead } = await from.read(block, 0, block.length, position);
        if (bytesRead === 0) break;
        await writeAll(to, block.subarray(0, bytesRead));
        position += bytesRead;
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function imageInMemory({ layout, bands }: Rows): Promise<Sharp> {
  const sharp = await loadImageLibrary();
  const { width, height, channels, bits } = layout;
  const parts: Uint8Array[] = [];
  for await (const band of bands) parts.push(band);
  const [raster] = parts;
  assert(raster !== undefined && parts.length === 1, "a small picture is one band");
  const data =
    bits === 16 ? new Uint16Array(raster.buffer, raster.byteOffset, raster.byteLength / 2) : raster;
  const input = { raw: { width, height, channels }, limitInputPixels: false } as const;
  return sharp(data, input).toColourspace(spaceOf(layout));
}

function spaceOf({ bits, colour }: PixelLayout): "grey16" | "rgb16" | "b-w" | "srgb" {
  if (bits === 16) return colour === "gray" ? "grey16" : "rgb16";
  return colour === "gray" ? "b-w" : "srgb";
}

/**
 * The third level and the adaptive filter. Measured on a photograph of 12
 * Mpixel: 0.86 s and 23.8 MB; level 1 without the filter takes 0.39 s for 37.9 MB,
 * higher levels save nothing. (WebP with effort 0: 1.9 s and 17.6 MB
 * of the same photograph; every higher effort takes 5 s for 16.3 MB.)
 */
const PNG_OPTIONS = { compressionLevel: 3, adaptiveFiltering: true };
/** In half the time, for what is to be replaced soon. */
export const PNG_QUICK = { compressionLevel: 1, adaptiveFiltering: false };
const FILE_OPTIONS = { failOn: "error", limitInputPixels: false, sequentialRead: true } as const;
const BLOCK_BYTES = 2 ** 20;
/** The encoder of libwebp takes no more. */
const WEBP_SIDE_MAX = 16_383;

const FORMATS_KEPT = { png: "png", tiff: "tiff", webp: "webp-lossless" } as const;
const EXTENSIONS = { png: ".png", tiff: ".tif", webp: ".webp" } as const;
/** What a converted picture's name loses. */
const IMAGE_EXTENSION =
  /^\.(jpe?g|jpe|jfif|gif|webp|avif|heif|heic|ppm|pgm|pbm|pnm|jp2|tiff?|png)$/i;
