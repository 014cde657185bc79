import { open } from "node:fs/promises";
import type { Metadata as LibraryMetadata, Sharp } from "sharp";
import type { ImageFormat, Metadata, PixelContent } from "../wire/manifest.js";
import { LacunaError } from "./errors.js";
import { type ImageLibrary, loadImageLibrary } from "./image-library.js";
import { readMetadata } from "./metadata.js";
import { isLosslessWebp } from "./metadata-webp.js";

/** How the samples of a picture lie in its raster. */
export type PixelLayout = Pick<PixelContent, "width" | "height" | "channels" | "bits" | "colour">;

export interface DecodedImage extends PixelLayout {
  readonly format: ImageFormat;
  /** Interleaved samples in raster order; 16-bit samples are little-endian. */
  readonly raster: Uint8Array;
  readonly metadata: readonly Metadata[];
  /** What a person should know about how the picture was read. */
  readonly notes: readonly string[];
}

export function bytesPerPixel(layout: Pick<PixelLayout, "channels" | "bits">): number {
  return layout.channels * (layout.bits / 8);
}

/**
 * Reads a picture exactly as it is stored: no colour conversion, no rotation.
 *
 * Palettes and 1, 2 and 4 bit samples are expanded to 8 bits; of several pages
 * or frames the first is read. Throws LACUNA_NOT_AN_IMAGE for what the library
 * cannot read or what has no 8 or 16 bit integer samples, and
 * LACUNA_IMAGE_TOO_LARGE above 65,535 pixels a side or `RASTER_BYTES_MAX`.
 */
export async function decodeImage(path: string): Promise<DecodedImage> {
  const sharp = await loadImageLibrary();
  const facts = await factsOf(sharp, path);
  const layout = layoutOf(facts);
  checkSize(layout);
  const format = await formatOf(facts, path);
  const { metadata, notes } = await readMetadata(path, facts);
  if ((facts.pages ?? 1) > 1) notes.push(`only the first of ${facts.pages} pages is sent`);
  const raster = await decodePixels(sharp(path, READ_OPTIONS), layout);
  return { ...layout, format, raster, metadata, notes };
}

/** The pixels alone, in the layout of `decodeImage`; `undefined` when the file has another layout or cannot be read. */
export async function decodeRaster(
  path: string,
  wanted: PixelLayout,
): Promise<Uint8Array | undefined> {
  const sharp = await loadImageLibrary();
  try {
    const layout = layoutOf(await factsOf(sharp, path));
    const same = LAYOUT_KEYS.every((key) => layout[key] === wanted[key]);
    return same ? await decodePixels(sharp(path, READ_OPTIONS), layout) : undefined;
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
  }
}

async function factsOf(sharp: ImageLibrary, path: string): Promise<LibraryMetadata> {
  try {
    return await sharp(path, READ_OPTIONS).metadata();
  } catch (error) {
    throw notAnImage(firstLine(error), error);
  }
}

function layoutOf(facts: LibraryMetadata): PixelLayout {
  const { width, height, channels, depth, space, format } = facts;
  if (VECTOR_FORMATS.has(format)) throw notAnImage(`${format} has no pixels of its own`);
  const colour = COLOURS.get(space);
  const bits = depth === "uchar" ? 8 : depth === "ushort" ? 16 : undefined;
  if (colour === undefined || bits === undefined || (colour === "cmyk" && bits === 16)) {
    throw notAnImage(`samples of kind ${space}/${depth} are not sent as pixels`);
  }
  const count = channels as 1 | 2 | 3 | 4;
  if (!CHANNELS[colour].includes(count)) {
    throw notAnImage(`${channels} channels of kind ${space} are not sent as pixels`);
  }
  return { width, height, channels: count, bits, colour };
}

function checkSize(layout: PixelLayout): void {
  const { width, height } = layout;
  const bytes = width * height * bytesPerPixel(layout);
  if (width <= SIDE_MAX && height <= SIDE_MAX && bytes <= RASTER_BYTES_MAX) return;
  throw new LacunaError(
    "LACUNA_IMAGE_TOO_LARGE",
    `${width} x ${height} pixels are more than can be sent as pixels`,
    { width, height, bytes, bytesMax: RASTER_BYTES_MAX },
  );
}

async function decodePixels(image: Sharp, layout: PixelLayout): Promise<Uint8Array> {
  const { width, height, channels, bits, colour } = layout;
  // The library's raw output drops the alpha channel of 8-bit gray, so that goes by way of RGBA.
  const byRgba = colour === "gray" && bits === 8 && channels === 2;
  const space = byRgba ? "srgb" : SPACES[colour][bits];
  let raster: Buffer;
  try {
    const depth = bits === 16 ? "ushort" : "uchar";
    // Without a pipeline of its own, CMYK would be taken to RGB and back.
    const stored = colour === "cmyk" ? image.pipelineColourspace("cmyk") : image;
    raster = await stored.toColourspace(space).raw({ depth }).toBuffer();
  } catch (error) {
    throw notAnImage(firstLine(error), error);
  }
  const pixels = byRgba ? grayAlphaOf(raster) : raster;
  if (pixels.length !== width * height * bytesPerPixel(layout)) {
    throw notAnImage("the library gives other pixels than the file announces");
  }
  return pixels;
}

function grayAlphaOf(rgba: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgba.length / 2);
  for (let i = 0; i < out.length; i += 2) {
    out[i] = rgba[2 * i] as number;
    out[i + 1] = rgba[2 * i + 3] as number;
  }
  return out;
}

async function formatOf(facts: LibraryMetadata, path: string): Promise<ImageFormat> {
  switch (facts.format) {
    case "png":
    case "jpeg":
    case "tiff":
    case "gif":
      return facts.format;
    case "heif":
      return facts.compression === "av1" ? "avif" : "other";
    case "webp": {
      const file = await open(path, "r");
      try {
        return (await isLosslessWebp(file)) ? "webp-lossless" : "webp";
      } finally {
        await file.close();
      }
    }
    default:
      return "other";
  }
}

function notAnImage(reason: string, cause?: unknown): LacunaError {
  return new LacunaError(
    "LACUNA_NOT_AN_IMAGE",
    `not a picture that can be sent as pixels: ${reason}`,
    {},
    { cause },
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}

/**
 * The most raw pixels that a sender holds: they stay in memory while the
 * picture is sent, and a receiver needs as much once more to write the file.
 * Ours; 1 GiB is a gray picture of 32,768 x 32,768.
 */
export const RASTER_BYTES_MAX = 2 ** 30;

/** The manifest keeps a side in 16 bits. */
const SIDE_MAX = 65_535;

/**
 * `failOn: "error"`: half a picture must never pass for a whole one. `ignoreIcc`: a profile travels beside
 * the pixels, and is not applied to them. The limit on pixels is `checkSize`.
 */
const READ_OPTIONS = { failOn: "error", ignoreIcc: true, limitInputPixels: false } as const;

const LAYOUT_KEYS = ["width", "height", "channels", "bits", "colour"] as const;

/** The library would draw these at a size of its own choice. */
const VECTOR_FORMATS: ReadonlySet<string> = new Set(["svg", "pdf"]);

const COLOURS: ReadonlyMap<string, PixelLayout["colour"]> = new Map([
  ["b-w", "gray"],
  ["grey16", "gray"],
  ["srgb", "rgb"],
  ["rgb", "rgb"],
  ["rgb16", "rgb"],
  ["cmyk", "cmyk"],
]);

const CHANNELS: Readonly<Record<PixelLayout["colour"], readonly number[]>> = {
  gray: [1, 2],
  rgb: [3, 4],
  cmyk: [4],
};

/** Without these the library converts: gray to RGB, 16 bits to 8. */
const SPACES = {
  gray: { 8: "b-w", 16: "grey16" },
  rgb: { 8: "srgb", 16: "rgb16" },
  cmyk: { 8: "cmyk", 16: "cmyk" },
} as const;
