import { bytesPerPixel } from "../pixels.js";
import type { PixelFormat, PixelView } from "../types.js";
import { choosePalette } from "./palette-choice.js";
import { PatchGrid } from "./patch-grid.js";
import { choosePatches } from "./primer.js";
import { type Survey, survey } from "./survey.js";

export interface SynthTraining {
  readonly tables: Uint8Array;
  /** What the pixels of the sample take in pieces, in bits, without the tables. */
  readonly sampleBits: number;
  /** Pixels of the sample. */
  readonly samplePixels: number;
}

/**
 * Learns how to code a picture from a sample of it: a palette, and a primer of patches that every piece may take
 * for known. `pixels` is how many the picture has, `pieceBytes` about what the payload of a piece holds.
 */
export function trainSynth(
  views: readonly PixelView[],
  format: PixelFormat,
  pixels: number,
  pieceBytes: number,
): SynthTraining {
  const pixelBytes = bytesPerPixel(format);
  const samplePixels = views.reduce((sum, { width, height }) => sum + width * height, 0);
  const scale = Math.max(1, pixels / samplePixels);
  const side = Math.min(PATCH_SIDE, ...views.map(({ width, height }) => Math.min(width, height)));
  const grid = new PatchGrid(views, side);
  const none = new Uint8Array(0);
  const opening = commonestPixel(views, pixelBytes);
  const empty = { width: side, height: side, patches: [] };
  const first = survey(
    format,
    { opening, palette: none, primer: empty },
    { grid, pieceBytes, stripWidth: STRIP_WIDTH },
  );
  const costMax = Math.min(PRIMER_BYTES_MAX * 8 * BIT, first.cost * scale * PRIMER_SHARE);
  const chosen = side < PATCH_SIDE_MIN ? [] : choosePatches(first.events, scale, costMax);

  /** Teaches the first patches and the palette that goes with them, and sees what comes of it. */
  const taught = (patches: readonly number[]): Survey => {
    const primer = { ...empty, patches: patches.map((patch) => grid.pixels(patch, pixelBytes)) };
    const widthAfter = ({ cost }: Survey) => synthStripWidth(cost / BIT / samplePixels, pieceBytes);
    const primed = { opening, palette: none, primer };
    const second = survey(format, primed, { grid, pieceBytes, stripWidth: widthAfter(first) });
    const palette = choosePalette(second.escapes, scale, pixelBytes);
    const stripWidth = widthAfter(second);
    return survey(format, { opening, palette, primer }, { grid, pieceBytes, stripWidth });
  };
  const bitsOf = ({ tables, cost }: Survey) => tables.length * 8 + (cost / BIT) * scale;
  let best = taught(chosen);
  if (best.tables.length * 8 > DEAR_TABLES_SHARE * bitsOf(best)) {
    // Patches were weighed before there was a palette, which makes some of them needless.
    const fewer = taught(chosen.slice(0, Math.ceil(chosen.length * FEWER_SHARE)));
    if (bitsOf(fewer) < bitsOf(best)) best = fewer;
  }
  return { tables: best.tables, sampleBits: best.cost / BIT, samplePixels };
}

/** The width of strips whose pieces are about as wide as synthetic pictures like: some wider than high. */
export function synthStripWidth(bitsPerPixel: number, pieceBytes: number): number {
  const pixels = (pieceBytes * 8) / Math.max(bitsPerPixel, 1 / 64);
  return Math.max(16, Math.round(STRIP_ASPECT * Math.sqrt(pixels)));
}

/** The pixel that is met most often, the first of them. */
function commonestPixel(views: readonly PixelView[], pixelBytes: number): Uint8Array {
  const times = new Map<number, number>();
  let best = 0;
  let commonest = new Uint8Array(pixelBytes);
  for (const { bytes, offset, stride, width, height } of views) {
    for (let y = 0; y < height; y += 1) {
      let at = offset + y * stride;
      for (let x = 0; x < width; x += 1, at += pixelBytes) {
        let name = 0;
        for (let byte = 0; byte < pixelBytes; byte += 1) {
          name = name * 256 + (bytes[at + byte] as number);
        }
        const met = (times.get(name) ?? 0) + 1;
        times.set(name, met);
        if (met > best) {
          best = met;
          commonest = bytes.slice(at, at + pixelBytes);
        }
      }
    }
  }
  return commonest;
}

const BIT = 65536;
/** Ours: large enough for glyphs and icons with what surrounds them. */
const PATCH_SIDE = 32;
/** Ours: smaller patches are mostly edge. */
const PATCH_SIDE_MIN = 16;
/** Ours: what a first look at a picture supposes. */
const STRIP_WIDTH = 128;
const STRIP_ASPECT = 1.3;
/** Ours: a primer is sent before any piece, and should not keep a picture waiting. */
const PRIMER_BYTES_MAX = 24_000;
const PRIMER_SHARE = 0.2;
/** Ours: of tables that take a larger share, fewer patches may do. */
const DEAR_TABLES_SHARE = 0.1;
const FEWER_SHARE = 0.35;
