import { fitModel } from "../entropy/fit.js";
import { COST_UNIT, costsOf, type EntropyModel, type Histograms } from "../entropy/model.js";
import { TOKEN_ROOM } from "../entropy/tokens.js";
import { bytesPerPixel, partOf } from "../pixels.js";
import type { PixelFormat, PixelView } from "../types.js";
import { PhotoStudy } from "./kernel.js";
import { encodePhotoTables, PIXEL_BITS_UNIT } from "./tables.js";

/** What a sample of a picture teaches. */
export interface PhotoTraining {
  readonly tables: Uint8Array;
  /** What the pixels of the samples would take as photographic pieces, in bits, tables aside. */
  readonly bits: number;
  /** How many pixels those are. */
  readonly pixels: number;
}

/**
 * Fits filters and statistics to views of parts of a picture. Of large samples, tiles spread over them are taken.
 * Deterministic.
 */
export function trainPhoto(samples: readonly PixelView[], format: PixelFormat): PhotoTraining {
  const tiles = tilesOf(samples, format);
  const study = new PhotoStudy(format);
  const filters = study.filters(tiles);
  const plain = { ...filters, folded: false };
  const folded = { ...filters, folded: true };
  const plainCounts = study.tokens(tiles, plain);
  const foldedCounts = study.tokens(tiles, folded);
  const better = entropyOf(foldedCounts) < entropyOf(plainCounts);
  const histograms = better ? foldedCounts : plainCounts;
  const model = fitModel(histograms, TABLES);
  const bits = costOf(histograms, model);
  const taken = pixelsOf(tiles);
  const pixels = pixelsOf(samples);
  const pixelBits = Math.min(PIXEL_BITS_MAX, Math.ceil((PIXEL_BITS_UNIT * bits) / taken));
  const best = better ? folded : plain;
  const tables = encodePhotoTables({ ...best, model, pixelBits }, format);
  return { tables, bits: (bits * pixels) / taken, pixels };
}

/** Bits that the tokens would take by the statistics of their own contexts. */
function entropyOf({ counts, contexts }: Histograms): number {
  let bits = 0;
  for (let context = 0; context < contexts; context += 1) {
    let total = 0;
    for (let at = context * TOKEN_ROOM; at < (context + 1) * TOKEN_ROOM; at += 1) {
      const count = counts[at] ?? 0;
      if (count === 0) continue;
      total += count;
      bits -= count * Math.log2(count);
    }
    if (total > 0) bits += total * Math.log2(total);
  }
  return bits;
}

/** Bits that the tokens take by a model. */
function costOf({ counts, contexts }: Histograms, model: EntropyModel): number {
  const costs = costsOf(model);
  let bits = 0;
  for (let context = 0; context < contexts; context += 1) {
    const row = (model.map[context] ?? 0) * TOKEN_ROOM;
    for (let token = 0; token < TOKEN_ROOM; token += 1) {
      const times = counts[context * TOKEN_ROOM + token] ?? 0;
      bits += (times * (costs[row + token] ?? 0)) / COST_UNIT;
    }
  }
  return bits;
}

const pixelsOf = (views: readonly PixelView[]): number =>
  views.reduce((sum, { width, height }) => sum + width * height, 0);

/** Cuts tiles of the views: all, or some if they are many. */
function tilesOf(samples: readonly PixelView[], format: PixelFormat): PixelView[] {
  const tiles: PixelView[] = [];
  for (const view of samples) {
    for (let y = 0; y < view.height; y += TILE_SIDE) {
      for (let x = 0; x < view.width; x += TILE_SIDE) {
        const width = Math.min(TILE_SIDE, view.width - x);
        const height = Math.min(TILE_SIDE, view.height - y);
        tiles.push(partOf(view, { x, y, width, height }, bytesPerPixel(format)));
      }
    }
  }
  const wanted = SAMPLES_USUAL / (format.channels * TILE_SIDE * TILE_SIDE);
  const share = Math.min(1, wanted / tiles.length);
  // One of every 1 / share tiles, from all views and from all places in them.
  return tiles.filter((_, index) => Math.ceil((index + 1) * share) > Math.ceil(index * share));
}

/** About the side of a usual piece. */
const TILE_SIDE = 32;
/** About how many samples (of all planes) are looked at: more teach little. */
const SAMPLES_USUAL = 240_000;
/** Tables of probabilities at most; more cost more than they gain. */
const TABLES = 32;
const PIXEL_BITS_MAX = 4_095;
