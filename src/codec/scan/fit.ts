import type { PixelFormat, PixelView } from "../types.js";
import { CLASSES, NEIGHBOURS, ScanModel, type ScanParameters, UNREST_MAX } from "./model.js";
import { Planes } from "./planes.js";
import { fitWeights } from "./weights.js";

/** Goes through the pixels of a view as its coder does; `take` gets each context and residual. */
export function walk(
  model: ScanModel,
  view: PixelView,
  take: (context: number, residual: number, unrest: number) => void,
): void {
  const { planes } = model;
  const lines = planes.newLines(view.width);
  model.begin(view.width);
  for (let row = 0; row < view.height; row += 1) {
    planes.readRow(view, row, lines, 0);
    model.beginRow();
    for (let plane = 0; plane < planes.count; plane += 1) {
      for (let x = 0; x < view.width; x += 1) {
        model.predict(plane, x);
        const residual = ((lines[plane] as Int32Array)[x] as number) - model.prediction;
        take(model.context, residual, model.unrest);
        model.learn(plane, x, residual);
      }
    }
    model.endRow(view.width);
  }
}

/** The parameters that may fit samples: with and without weights; of colours always luma and differences. */
export function candidates(format: PixelFormat, samples: readonly PixelView[]): ScanParameters[] {
  const found: ScanParameters[] = [];
  const decorrelated = format.colour === "rgb";
  const planes = new Planes(format, decorrelated);
  const middles = middlesOf(planes, samples);
  const plain = new Int16Array(2 * CLASSES * NEIGHBOURS);
  for (const weights of [fitWeights(planes, samples), plain]) {
    const start = { decorrelated, middles, weights, unrestShift: 0, thresholds: [] };
    found.push({ ...start, ...unrestOf(new ScanModel(format, start), samples) });
  }
  return found;
}

/** Thresholds that spread the samples' pixels over `LEVELS` contexts of about the same number. */
function unrestOf(
  model: ScanModel,
  samples: readonly PixelView[],
): { unrestShift: number; thresholds: number[] } {
  const all: number[] = [];
  for (const sample of samples)
    walk(model, sample, (_context, _residual, unrest) => all.push(unrest));
  const sorted = Int32Array.from(all).sort();
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] as number;
  const highest = quantile((LEVELS - 1) / LEVELS) + 1;
  const unrestShift = Math.max(0, 32 - Math.clz32(highest) - 12);
  const thresholds: number[] = [];
  for (let level = 1; level < LEVELS; level += 1) {
    const threshold = Math.min(UNREST_MAX, (quantile(level / LEVELS) >> unrestShift) + 1);
    if (threshold > (thresholds.at(-1) ?? 0)) thresholds.push(threshold);
  }
  return { unrestShift, thresholds };
}

/** What lies in the middle of each plane's numbers in the samples' first rows. */
function middlesOf(planes: Planes, samples: readonly PixelView[]): number[] {
  return Array.from({ length: planes.count }, (_, plane) => {
    const numbers = samples.flatMap((sample) => {
      const lines = planes.newLines(sample.width);
      planes.readRow(sample, sample.height >> 1, lines, 0);
      return Array.from(lines[plane] as Int32Array);
    });
    return numbers.sort((a, b) => a - b)[numbers.length >> 1] as number;
  });
}

/** Ours: contexts of a plane. */
const LEVELS = 24;
