import { open, stat } from "node:fs/promises";
import type { Metadata as LibraryMetadata, Sharp } from "sharp";
import type { ImageFormat, Metadata, PixelContent } from "../../wire/manifest.js";
import { LacunaError } from "../errors.js";
import { type MemoryLimits, rasterBytes } from "../memory.js";
import { type ImageLibrary, libraryError, loadImageLibrary } from "./image-library.js";
import { readMetadata } from "./metadata.js";
import { isLosslessWebp } from "./metadata-webp.js";
import { RASTER_ENDING, RasterFile } from "./raster-file.js";

/** How the samples of a picture lie in its raster. */
export type PixelLayout = Pick<PixelContent, "width" | "height" | "channels" | "bits" | "colour">;

/** A picture without its pixels. */
export interface DescribedImage extends PixelLayout {
  readonly format: ImageFormat;
  /** Memory that the decoder takes beside some rows: 0 where it reads row by row. */
  readonly decoderBytes: number;
  readonly metadata: readonly Metadata[];
}

export interface Description extends DescribedImage {
  /** What a person should know about how the picture is read. */
  readonly notes: readonly string[];
}

/**
 * Reads what a picture is, exactly as it is stored: no colour conversion, no rotation.
 *
 * Palettes and 1, 2 and 4 bit samples are expanded to 8 bits; of several pages
 * or frames the first is read. Throws LACUNA_NOT_AN_IMAGE for what the library
 * cannot read or what has no 8 or 16 bit integer samples, and
 * LACUNA_IMAGE_TOO_LARGE above 65,535 pixels a side or `RASTER_BYTES_MAX`, and when decoding it needs more memory
 * than the limits allow.
 */
export async function describeImage(path: string, limits: MemoryLimits): Promise<Description> {
  const sharp = await loadImageLibrary();
  const facts = await factsOf(sharp, path);
  const layout = layoutOf(facts);
  checkSize(layout);
  const decoderBytes = await decoderBytesOf(facts, layout, path);
  checkDecoder(facts, layout, decoderBytes, limits);
  const format = await formatOf(facts, path);
  const { metadata, notes } = await readMetadata(path, facts);
  if ((facts.pages ?? 1) > 1) notes.push(`only the first of ${facts.pages} pages is sent`);
  return { ...layout, format, decoderBytes, metadata, notes };
}

/** The pixels: interleaved samples in raster order; 16-bit samples are little-endian. Throws LACUNA_NOT_AN_IMAGE. */
export async function decodePixels(path: string, layout: PixelLayout): Promise<Uint8Array> {
  const sharp = await loadImageLibrary();
  const byRgba = dropsAlpha(layout);
  let raster: Buffer;
  try {
    const depth = layout.bits === 16 ? "ushort" : "uchar";
    const image = asStored(sharp(path, READ_OPTIONS), layout);
    raster = await (byRgba ? image.toColourspace("srgb") : image).raw({ depth }).toBuffer();
  } catch (error) {
    throw notAnImage(libraryError(error));
  }
  const pixels = byRgba ? grayAlphaOf(raster) : raster;
  if (pixels.length !== rasterBytes(layout)) throw otherPixels();
  return pixels;
}

/**
 * Decodes the pixels to a new file `target` with the format's ending, with a few rows in memory at a time.
 * Throws LACUNA_NOT_AN_IMAGE, or an error with the code ENOSPC when the disk fills up.
 */
export async function unpackPixels(
  path: string,
  layout: PixelLayout,
  target: string,
): Promise<RasterFile> {
  const sharp = await loadImageLibrary();
  const file = `${target}${RASTER_ENDING}`;
  try {
    await asStored(sharp(path, READ_OPTIONS), layout).toFile(file);
  } catch (error) {
    const failure = libraryError(error);
    throw "code" in failure ? failure : notAnImage(failure);
  }
  const raster = await RasterFile.open(file, layout);
  if (raster === undefined) throw otherPixels();
  return raster;
}

/** True when the file holds a picture of that layout. */
export async function hasLayout(path: string, wanted: PixelLayout): Promise<boolean> {
  const sharp = await loadImageLibrary();
  const layout = layoutOf(await factsOf(sharp, path));
  return LAYOUT_KEYS.every((key) => layout[key] === wanted[key]);
}

async function factsOf(sharp: ImageLibrary, path: string): Promise<LibraryMetadata> {
  try {
    return await sharp(path, READ_OPTIONS).metadata();
  } catch (error) {
    throw notAnImage(libraryError(error));
  }
}

function layoutOf(facts: LibraryMetadata): PixelLayout {
  const { width, height, channels, depth, space, format } = facts;
  if (VECTOR_FORMATS.has(format)) throw notAnImage(new Error(`${format} has no pixels of its own`));
  const colour = COLOURS.get(space);
  const bits = depth === "uchar" ? 8 : depth === "ushort" ? 16 : undefined;
  if (colour === undefined || bits === undefined || (colour === "cmyk" && bits === 16)) {
    throw notAnImage(new Error(`samples of kind ${space}/${depth} are not sent as pixels`));
  }
  const count = channels as 1 | 2 | 3 | 4;
  if (!CHANNELS[colour].includes(count)) {
    throw notAnImage(new Error(`${channels} channels of kind ${space} are not sent as pixels`));
  }
  return { width, height, channels: count, bits, colour };
}

function checkSize(layout: PixelLayout): void {
  const { width, height } = layout;
  const bytes = rasterBytes(layout);
  if (width <= SIDE_MAX && height <= SIDE_MAX && bytes <= RASTER_BYTES_MAX) return;
  throw new LacunaError(
    "LACUNA_IMAGE_TOO_LARGE",
    `${width} x ${height} pixels are more than can be sent as pixels`,
    { width, height, bytes, bytesMax: RASTER_BYTES_MAX },
  );
}

function checkDecoder(
  facts: LibraryMetadata,
  { width, height }: PixelLayout,
  bytes: number,
  { decoderBytes: bytesMax }: MemoryLimits,
): void {
  if (bytes <= bytesMax) return;
  const kind = facts.isProgressive ? `progressive ${facts.format}` : facts.format;
  const mb = Math.ceil(bytes / 1_000_000);
  throw new LacunaError(
    "LACUNA_IMAGE_TOO_LARGE",
    `${width} x ${height} pixels of ${kind} take about ${mb} MB of memory to decode; --memory allows more`,
    { width, height, bytes, bytesMax },
  );
}

/** Some formats are decoded as a whole. libvips 8.18, measured on pictures of 16 to 200 Mpixel. */
async function decoderBytesOf(
  facts: LibraryMetadata,
  layout: PixelLayout,
  path: string,
): Promise<number> {
  const pixels = layout.width * layout.height;
  switch (facts.format) {
    case "png":
      return facts.isProgressive ? rasterBytes(layout) : 0;
    case "jpeg":
      // All coefficients, two bytes each.
      if (!facts.isProgressive) return 0;
      return pixels * (facts.chromaSubsampling === "4:2:0" ? 3 : 2 * layout.channels);
    case "webp":
    case "gif":
    case "heif":
      return pixels * FRAME_BYTES_PER_PIXEL + (await stat(path)).size;
    default:
      return 0;
  }
}

function asStored(image: Sharp, { colour, bits }: PixelLayout): Sharp {
  // Without a pipeline of its own, CMYK would be taken to RGB and back.
  const stored = colour === "cmyk" ? image.pipelineColourspace("cmyk") : image;
  return stored.toColourspace(SPACES[colour][bits]);
}

/** The library's raw output in memory drops the alpha channel of 8-bit gray, so that goes by way of RGBA. */
function dropsAlpha({ colour, bits, channels }: PixelLayout): boolean {
  return colour === "gray" && bits === 8 && channels === 2;
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

function otherPixels(): LacunaError {
  return notAnImage(new Error("the library gives other pixels than the file announces"));
}

function notAnImage(reason: Error): LacunaError {
  const message = `not a picture that can be sent as pixels: ${reason.message}`;
  return new LacunaError("LACUNA_NOT_AN_IMAGE", message, {}, { cause: reason });
}

/** The most raw pixels of a picture: what fits into a TIFF file, whose offsets have 32 bits, with room for its tables. */
export const RASTER_BYTES_MAX = 2 ** 32 - 2 ** 26;

/** The manifest keeps a side in 16 bits. */
const SIDE_MAX = 65_535;

/**
 * `failOn: "error"`: half a picture must never pass for a whole one. `ignoreIcc`: a profile travels beside
 * the pixels, and is not applied to them. The limit on pixels is `checkSize`.
 */
export const READ_OPTIONS = {
  failOn: "error",
  ignoreIcc: true,
  limitInputPixels: false,
  sequentialRead: true,
} as const;

/** The frame, and the decoder's own planes. */
const FRAME_BYTES_PER_PIXEL = 8;

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
