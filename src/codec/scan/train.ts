import { fitModel } from "../entropy/fit.js";
import { COST_UNIT, costsOf, type EntropyModel, Histograms } from "../entropy/model.js";
import { rawBitsOf, TOKEN_ROOM } from "../entropy/tokens.js";
import type { PixelFormat, PixelView } from "../types.js";
import { CLASSES, NEIGHBOURS, type ScanParameters, UNREST_MAX } from "./model.js";
import { Planes } from "./planes.js";
import { leastUnrest, ScanStudy, type StepCounts } from "./study.js";
import { writeScanTables } from "./tables.js";

/**
 * Makes the tables with which scan pieces of a picture take the fewest bytes, by samples of it. `scale`: how many times
 * the samples' pixels the picture has.
 */
export function trainScan(
  format: PixelFormat,
  views: readonly PixelView[],
  scale: number,
): Uint8Array {
  const pixels = views.reduce((sum, { width, height }) => sum + width * height, 0);
  const step = Math.ceil(pixels / TRAINED_PIXELS_MAX);
  const samples = views.filter((_, index) => index % step === 0);
  const [one, other] = candidates(format, samples);
  const { parameters, histograms } =
    entropyOf(other.histograms) < entropyOf(one.histograms) ? other : one;
  const tried = TABLES_TRIED.map((tablesMax) => {
    const entropy = fitModel(histograms, tablesMax);
    const tables = writeScanTables({ parameters, entropy });
    return { tables, bytes: tables.length + step * scale * bytesOf(histograms, entropy) };
  });
  return tried.reduce((best, next) => (next.bytes < best.bytes ? next : best)).tables;
}

interface Candidate {
  readonly parameters: ScanParameters;
  /** Of the tokens of samples, by context. */
  readonly histograms: Histograms;
}

/** The parameters that may fit samples: with and without weights; of colours always luma and differences. */
function candidates(format: PixelFormat, samples: readonly PixelView[]): [Candidate, Candidate] {
  const decorrelated = format.colour === "rgb";
  const middles = middlesOf(new Planes(format, decorrelated), samples);
  const study = new ScanStudy(format, decorrelated);
  const candidate = (weights: Int16Array): Candidate => {
    const counts = study.counts(samples, weights);
    const { unrestShift, thresholds } = unrestOf(counts);
    return {
      parameters: { decorrelated, middles, weights, unrestShift, thresholds },
      histograms: byContext(counts, format.channels, unrestShift, thresholds),
    };
  };
  const plain = new Int16Array(2 * CLASSES * NEIGHBOURS);
  return [candidate(study.weights(samples)), candidate(plain)];
}

/** Thresholds that spread the samples' pixels over `LEVELS` contexts of about the same number. */
function unrestOf({ steps, counts }: StepCounts): { unrestShift: number; thresholds: number[] } {
  const times = new Float64Array(steps);
  counts.forEach((count, at) => {
    const step = Math.floor(at / TOKEN_ROOM) % steps;
    times[step] = (times[step] as number) + count;
  });
  const all = times.reduce((sum, count) => sum + count, 0);
  // Where each level ends: behind the step that its last pixel is in.
  const ends: number[] = [];
  for (let step = 0, before = 0; step < steps; step += 1) {
    before += times[step] as number;
    while (ends.length + 1 < LEVELS && before > (all * (ends.length + 1)) / LEVELS) {
      ends.push(leastUnrest(step + 1));
    }
  }
  const unrestShift = Math.max(0, 32 - Math.clz32(ends.at(-1) ?? 0) - 12);
  const thresholds = ends.map((end) => Math.min(UNREST_MAX, Math.ceil(end / 2 ** unrestShift)));
  return { unrestShift, thresholds: [...new Set(thresholds)] };
}

/** What was counted by steps of unrest, by contexts. */
function byContext(
  { steps, counts }: StepCounts,
  planes: number,
  unrestShift: number,
  thresholds: readonly number[],
): Histograms {
  const levels = thresholds.length + 1;
  const histograms = new Histograms(planes * levels);
  for (let step = 0, level = 0; step < steps; step += 1) {
    while (
      level + 1 < levels &&
      leastUnrest(step) >> unrestShift >= (thresholds[level] as number)
    ) {
      level += 1;
    }
    for (let plane = 0; plane < planes; plane += 1) {
      const from = (plane * steps + step) * TOKEN_ROOM;
      const to = (plane * levels + level) * TOKEN_ROOM;
      for (let token = 0; token < TOKEN_ROOM; token += 1) {
        histograms.counts[to + token] =
          (histograms.counts[to + token] as number) + (counts[from + token] as number);
      }
    }
  }
  return histograms;
}

/** What lies in the middle of each plane's numbers in the samples' middle rows. */
function middlesOf(planes: Planes, samples: readonly PixelView[]): number[] {
  const numbers = Array.from({ length: planes.count }, () => [] as number[]);
  for (const sample of samples) {
    const lines = planes.newLines(sample.width);
    planes.readRow(sample, sample.height >> 1, lines, 0);
    lines.forEach((line, plane) => {
      numbers[plane]?.push(...line);
    });
  }
  return numbers.map((own) => Int32Array.from(own).sort()[own.length >> 1] as number);
}

/** Bits that the tokens take by the statistics of their own contexts. */
function entropyOf({ counts, contexts }: Histograms): number {
  let bits = 0;
  for (let context = 0; context < contexts; context += 1) {
    const own = counts.subarray(context * TOKEN_ROOM, (context + 1) * TOKEN_ROOM);
    const total = own.reduce((sum, count) => sum + count, 0);
    own.forEach((count, token) => {
      if (count > 0) bits += count * (Math.log2(total / count) + rawBitsOf(token));
    });
  }
  return bits;
}

/** What the tokens cost that histograms count. */
function bytesOf({ counts, contexts }: Histograms, entropy: EntropyModel): number {
  const costs = costsOf(entropy);
  let sum = 0;
  for (let context = 0; context < contexts; context += 1) {
    const table = (entropy.map[context] as number) * TOKEN_ROOM;
    for (let token = 0; token < TOKEN_ROOM; token += 1) {
      const count = counts[context * TOKEN_ROOM + token] as number;
      if (count > 0) sum += count * (costs[table + token] as number);
    }
  }
  return sum / COST_UNIT / 8;
}

/** Ours: a picture's statistics show in so many pixels, and training delays its first piece. */
const TRAINED_PIXELS_MAX = 1 << 16;

/** Ours: more tables fit more closely, and take room in the manifest. */
const TABLES_TRIED = [5, 16];

/** Ours: contexts of a plane. */
const LEVELS = 24;
