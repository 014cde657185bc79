import { fitModel } from "../entropy/fit.js";
import { COST_UNIT, costsOf, Histograms } from "../entropy/model.js";
import { fromSigned, TOKEN_ROOM, tokenOf } from "../entropy/tokens.js";
import { bytesPerPixel, partOf } from "../pixels.js";
import type { PixelFormat, PixelView } from "../types.js";
import { type Plane, type PlaneSet, planeSetOf, splitPlanes } from "./colours.js";
import { Normal } from "./least-squares.js";
import { encodePhotoTables, type PhotoTables, PIXEL_BITS_UNIT } from "./tables.js";
import { TAPS_MAX } from "./taps.js";
import { contextCount, type Filters, filterCount, type Residual, Walk } from "./walk.js";

/** What a sample of a picture teaches. */
export interface PhotoTraining {
  readonly tables: Uint8Array;
  /** What the pixels of the samples would take as photographic pieces, in bits, tables aside. */
  readonly bits: number;
  /** How many pixels those are. */
  readonly pixels: number;
}

interface Tile {
  readonly planes: readonly Plane[];
  readonly width: number;
  readonly height: number;
}

/**
 * Fits filters and statistics to views of parts of a picture. Of large samples, tiles spread over them are taken.
 * Deterministic.
 */
export function trainPhoto(samples: readonly PixelView[], format: PixelFormat): PhotoTraining {
  const set = planeSetOf(format);
  const tiles = tilesOf(samples, format, set);
  const filters = { weights: new Int16Array(filterCount(set) * TAPS_MAX), energyShift: 0 };
  const normal = new Normal(filterCount(set));
  let energies = 0;
  let count = 0;
  overTiles(tiles, set, filters, (site, value) => {
    if (site.filter === undefined) return;
    normal.add(site, value);
    energies += site.neighbourhood.energy;
    count += 1;
  });
  normal.solve(filters.weights);
  while (energies / Math.max(1, count) > ENERGY_USUAL * 2 ** filters.energyShift) {
    filters.energyShift += 1;
  }
  const histograms = new Histograms(contextCount(set));
  overTiles(tiles, set, filters, (site, value) => {
    histograms.add(site.context, tokenOf(fromSigned(value - site.predicted)));
  });
  const model = fitModel(histograms, TABLES);
  const costs = costsOf(model);
  let bits = 0;
  for (const [at, times] of histograms.counts.entries()) {
    const table = model.map[Math.floor(at / TOKEN_ROOM)] ?? 0;
    bits += (times * (costs[table * TOKEN_ROOM + (at % TOKEN_ROOM)] ?? 0)) / COST_UNIT;
  }
  const taken = tiles.reduce((sum, { width, height }) => sum + width * height, 0);
  const pixels = samples.reduce((sum, { width, height }) => sum + width * height, 0);
  const pixelBits = Math.min(PIXEL_BITS_MAX, Math.ceil((PIXEL_BITS_UNIT * bits) / taken));
  const tables: PhotoTables = { ...filters, model, pixelBits };
  return { tables: encodePhotoTables(tables, format), bits: (bits * pixels) / taken, pixels };
}

/** Cuts tiles of the views, all if they are few, and splits them in planes. */
function tilesOf(samples: readonly PixelView[], format: PixelFormat, set: PlaneSet): Tile[] {
  const parts: PixelView[] = [];
  for (const view of samples) {
    for (let y = 0; y < view.height; y += TILE_SIDE) {
      for (let x = 0; x < view.width; x += TILE_SIDE) {
        const width = Math.min(TILE_SIDE, view.width - x);
        const height = Math.min(TILE_SIDE, view.height - y);
        parts.push(partOf(view, { x, y, width, height }, bytesPerPixel(format)));
      }
    }
  }
  const wanted = Math.ceil(SAMPLES_USUAL / (set.count * TILE_SIDE * TILE_SIDE));
  const share = Math.min(1, wanted / parts.length);
  // One of every 1 / share tiles, from all views and from all places in them.
  const taken = parts.filter(
    (_, index) => Math.floor((index + 1) * share) > Math.floor(index * share),
  );
  return taken.map((view) => ({
    planes: splitPlanes(view, set),
    width: view.width,
    height: view.height,
  }));
}

/** Shows every sample of the tiles, in coding order, with its value. */
function overTiles(
  tiles: readonly Tile[],
  set: PlaneSet,
  filters: Filters,
  see: (site: Parameters<Residual>[0], value: number) => void,
): void {
  const walk = new Walk(set, filters);
  for (const { planes, width, height } of tiles) {
    walk.run(planes, width, height, (site) => {
      const value = planes[site.plane]?.[site.at] ?? 0;
      see(site, value);
      return value - site.predicted;
    });
  }
}

/** About the side of a usual piece. */
const TILE_SIDE = 32;
/** About how many samples (of all planes) are looked at: more teach little. */
const SAMPLES_USUAL = 240_000;
/** The contexts' thresholds part energies of about this mean well. */
const ENERGY_USUAL = 64;
/** Tables of probabilities at most; more cost more than they gain. */
const TABLES = 32;
const PIXEL_BITS_MAX = 4_095;
