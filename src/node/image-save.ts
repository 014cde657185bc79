import type { Sharp } from "sharp";
import type { Metadata, PixelContent } from "../wire/manifest.js";
import { writeDurably } from "./disk.js";
import type { PixelLayout } from "./image-file.js";
import { loadImageLibrary } from "./image-library.js";
import { pngWithMetadata } from "./metadata-png.js";
import { splitName } from "./names.js";
import { writeTiff } from "./tiff-file.js";
import { webpWithMetadata } from "./webp-file.js";

/** How a received picture is stored. */
export type SavedFormat = "png" | "tiff" | "webp";

/** The original's format where that is lossless; PNG else, and TIFF for CMYK, which PNG does not know. */
export function savedFormatOf({ format, colour }: PixelContent): SavedFormat {
  if (colour === "cmyk" || format === "tiff") return "tiff";
  return format === "webp-lossless" ? "webp" : "png";
}

/** The file's name, with another extension when it is stored in another format. */
export function savedNameOf(name: string, content: PixelContent, saved: SavedFormat): string {
  if (FORMATS_KEPT[saved] === content.format) return name;
  const { stem, extension } = splitName(name);
  const known = IMAGE_EXTENSION.test(extension) ? stem : name;
  return `${known}${EXTENSIONS[saved]}`;
}

/**
 * Writes a raster and its metadata, durably, without loss.
 *
 * PNG: the third level and the adaptive filter. Measured on a photograph of 12
 * Mpixel: 0.86 s and 23.8 MB; level 1 without the filter takes 0.39 s for 37.9 MB,
 * higher levels save nothing. WebP: effort 0, 1.9 s and 17.6 MB
 * of the same photograph; every higher effort takes 5 s for 16.3 MB.
 */
export async function savePicture(
  path: string,
  saved: SavedFormat,
  content: PixelContent,
  raster: Uint8Array,
): Promise<void> {
  if (saved === "tiff") {
    await writeTiff(path, content, raster);
    return;
  }
  if (saved === "webp") {
    const image = await imageOf(content, raster);
    const encoded = await image.webp({ lossless: true, exact: true, effort: 0 }).toBuffer();
    await writeDurably(path, [webpWithMetadata(encoded, content)]);
    return;
  }
  await writeDurably(path, await pngOf(content, raster, content.metadata));
}

/** A raster as a PNG file's bytes, in parts. CMYK has no place in a PNG. */
export async function pngOf(
  layout: PixelLayout,
  raster: Uint8Array,
  metadata: readonly Metadata[],
): Promise<readonly Uint8Array[]> {
  return pngWithMetadata(await encodePng(await imageOf(layout, raster)), metadata);
}

async function encodePng(image: Sharp): Promise<Uint8Array> {
  return image.png({ compressionLevel: 3, adaptiveFiltering: true }).toBuffer();
}

async function imageOf(layout: PixelLayout, raster: Uint8Array): Promise<Sharp> {
  const sharp = await loadImageLibrary();
  const { width, height, channels, bits, colour } = layout;
  const data =
    bits === 16 ? new Uint16Array(raster.buffer, raster.byteOffset, raster.byteLength / 2) : raster;
  const gray = colour === "gray";
  const space = bits === 16 ? (gray ? "grey16" : "rgb16") : gray ? "b-w" : "srgb";
  const input = { raw: { width, height, channels }, limitInputPixels: false } as const;
  return sharp(data, input).toColourspace(space);
}

const FORMATS_KEPT = { png: "png", tiff: "tiff", webp: "webp-lossless" } as const;
const EXTENSIONS = { png: ".png", tiff: ".tif", webp: ".webp" } as const;
/** What a converted picture's name loses. */
const IMAGE_EXTENSION =
  /^\.(jpe?g|jpe|jfif|gif|webp|avif|heif|heic|ppm|pgm|pbm|pnm|jp2|tiff?|png)$/i;
