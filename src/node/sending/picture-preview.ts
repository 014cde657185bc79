import type { Unit } from "../../codec/picture-coder.js";
import { cutPreview } from "../../jpeg/cut.js";
import type { PreviewContent } from "../../wire/manifest.js";
import { type PixelLayout, READ_OPTIONS } from "../pictures/image-file.js";
import { loadImageLibrary } from "../pictures/image-library.js";
import { RasterReader, type SharedRaster } from "../pictures/shared-raster.js";
import { previewError } from "./preview-error.js";
import { makePreview, type PreviewImage } from "./preview-image.js";

/** The preview of an image: its first pieces, and what the manifest tells of them. */
export interface Preview {
  readonly content: PreviewContent;
  readonly pieces: readonly Uint8Array[];
  readonly image: PreviewImage;
}

/**
 * Makes the preview of a decoded picture, for pieces of at most `pieceBytes`. Undefined where none is worth while, for the
 * picture is there as soon, or where none can be made.
 *
 * @param exactBytes what the picture itself takes, about
 */
export async function previewOfRaster(
  raster: SharedRaster,
  layout: PixelLayout,
  exactBytes: number,
  pieceBytes: number,
): Promise<Preview | undefined> {
  const bytes = previewBytes(exactBytes, pieceBytes);
  if (bytes === 0 || layout.colour === "cmyk") return undefined;
  const library = await loadImageLibrary();
  const space = layout.colour === "gray" ? "b-w" : "srgb";
  const { samples, ...shown } = raster.shown();
  const open = () => library(samples, { raw: shown }).removeAlpha().toColourspace(space);
  // Whatever the library has against it: a picture can do without.
  const image = await makePreview(open, shown, bytes).catch(() => undefined);
  return image && cutIn(image, pieceBytes);
}

/** The same of a file that the image library reads, by its path or its bytes. */
export async function previewOfFile(
  input: string | Uint8Array,
  size: Pick<PixelLayout, "width" | "height">,
  exactBytes: number,
  pieceBytes: number,
): Promise<Preview | undefined> {
  const bytes = previewBytes(exactBytes, pieceBytes);
  if (bytes === 0) return undefined;
  const library = await loadImageLibrary();
  const open = () => library(input, READ_OPTIONS).removeAlpha().toColourspace("srgb");
  const image = await makePreview(open, size, bytes).catch(() => undefined);
  return image && cutIn(image, pieceBytes);
}

function cutIn(image: PreviewImage, pieceBytes: number): Preview | undefined {
  const cut = cutPreview(image.jpeg, pieceBytes);
  if ("unusual" in cut) return undefined;
  const pieces = Array.from({ length: cut.pieceCount }, (_, piece) => cut.piece(piece));
  const { width, height, tables } = cut;
  return { content: { pieces: pieces.length, width, height, tables }, pieces, image };
}

/** Bytes that a preview may take; 0 when there should be none. */
export function previewBytes(exactBytes: number, pieceBytes: number): number {
  if (exactBytes < PIECES_MIN * pieceBytes) return 0;
  const least = Math.min(LEAST_PIECES * pieceBytes, exactBytes * LEAST_SHARE_MAX);
  return Math.min(BYTES_MAX, Math.max(exactBytes * SHARE, least));
}

/** How far the preview is from the picture, in each unit. */
export async function previewErrors(
  raster: SharedRaster,
  layout: PixelLayout,
  { image }: Preview,
  units: readonly Unit[],
): Promise<number[]> {
  const library = await loadImageLibrary();
  const { data, info } = await library(image.jpeg).raw().toBuffer({ resolveWithObject: true });
  const shown = {
    width: info.width,
    height: info.height,
    channels: info.channels as 1 | 3,
    pixels: data,
    low: 0,
    high: 2 ** layout.bits - 1,
  };
  const reader = new RasterReader(raster.place, layout);
  return units.map((unit) => previewError(reader, layout, shown, unit));
}

/** Ours: with a twentieth, exact pixels would be late; with a hundredth, many photographs are not recognised. */
const SHARE = 0.04;
/** Ours: what no JPEG can do without, even of the plainest picture. */
const LEAST_PIECES = 5;
const LEAST_SHARE_MAX = 0.12;
/** Ours: a picture of fewer pieces is there as soon as its preview would be. */
const PIECES_MIN = 10;
/** Ours: a screen full at a good quality. */
const BYTES_MAX = 2 ** 20;
