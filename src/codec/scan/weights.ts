import type { PixelView } from "../types.js";
import { CLASSES, classOf, NEIGHBOURS } from "./model.js";
import type { Planes } from "./planes.js";

/**
 * The weights with which neighbours best correct the median prediction: least squares over the inner pixels of all
 * samples, calm ones counting most. Two groups of planes, three classes, all neighbours; parts of 256.
 */
export function fitWeights(planes: Planes, samples: readonly PixelView[]): Int16Array {
  const fits = Array.from({ length: 2 * CLASSES }, () => new Fit());
  for (const sample of samples) {
    const lines = linesOf(planes, sample);
    for (let plane = 0; plane < planes.count; plane += 1) {
      const group = planes.isDifference(plane) ? CLASSES : 0;
      for (let row = 2; row < sample.height; row += 1) {
        const [line, above, above2] = [0, 1, 2].map(
          (back) => (lines[row - back] as Int32Array[])[plane] as Int32Array,
        ) as [Int32Array, Int32Array, Int32Array];
        for (let x = 2; x < sample.width - 1; x += 1) addPixel(fits, group, line, above, above2, x);
      }
    }
  }
  const weights = new Int16Array(2 * CLASSES * NEIGHBOURS);
  fits.forEach((fit, index) => {
    weights.set(fit.solve(), index * NEIGHBOURS);
  });
  return weights;
}

/** Each row of a sample as numbers of every plane. */
function linesOf(planes: Planes, sample: PixelView): Int32Array[][] {
  return Array.from({ length: sample.height }, (_, row) => {
    const line = planes.newLines(sample.width);
    planes.readRow(sample, row, line, 0);
    return line;
  });
}

function addPixel(
  fits: readonly Fit[],
  group: number,
  line: Int32Array,
  above: Int32Array,
  above2: Int32Array,
  x: number,
): void {
  const west = line[x - 1] as number;
  const north = above[x] as number;
  const northWest = above[x - 1] as number;
  const northEast = above[x + 1] as number;
  const across = Math.abs(north - northWest);
  const down = Math.abs(west - northWest);
  const low = Math.min(west, north);
  const high = Math.max(west, north);
  const base = northWest >= high ? low : northWest <= low ? high : west + north - northWest;
  const calm = 1 / (4 + across + down + Math.abs(north - northEast));
  (fits[group + classOf(across, down)] as Fit).add(
    [
      west - base,
      north - base,
      northWest - base,
      northEast - base,
      (line[x - 2] as number) - base,
      (above2[x] as number) - base,
      (above[x - 2] as number) - base,
      (above2[x + 1] as number) - base,
    ],
    (line[x] as number) - base,
    calm * calm,
  );
}

/** The normal equations of a least-squares fit. */
class Fit {
  private readonly matrix = Array.from(
    { length: NEIGHBOURS },
    () => new Float64Array(NEIGHBOURS + 1),
  );

  add(neighbours: readonly number[], wanted: number, weight: number): void {
    for (let i = 0; i < NEIGHBOURS; i += 1) {
      const row = this.matrix[i] as Float64Array;
      const scaled = (neighbours[i] as number) * weight;
      if (scaled === 0) continue;
      for (let j = 0; j < NEIGHBOURS; j += 1) {
        row[j] = (row[j] as number) + scaled * (neighbours[j] as number);
      }
      row[NEIGHBOURS] = (row[NEIGHBOURS] as number) + scaled * wanted;
    }
  }

  /** By Gauss and Jordan; a little of the diagonal added keeps it solvable. */
  solve(): number[] {
    const rows = this.matrix.map((row) => Float64Array.from(row));
    const ridge = 0.01 * Math.max(...rows.map((row, i) => row[i] as number)) + 1e-9;
    rows.forEach((row, i) => {
      row[i] = (row[i] as number) + ridge;
    });
    for (let i = 0; i < NEIGHBOURS; i += 1) eliminate(rows, i);
    return rows.map((row, i) => {
      const share = (row[NEIGHBOURS] as number) / (row[i] as number);
      return Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, Math.round(256 * share)));
    });
  }
}

/** The matrix is positive definite, so that its diagonal never vanishes. */
function eliminate(rows: readonly Float64Array[], pivot: number): void {
  const from = rows[pivot] as Float64Array;
  rows.forEach((row, j) => {
    const factor = (row[pivot] as number) / (from[pivot] as number);
    if (j === pivot || factor === 0) return;
    for (let k = pivot; k <= NEIGHBOURS; k += 1) {
      row[k] = (row[k] as number) - factor * (from[k] as number);
    }
  });
}

/** Ours: 4 in parts of 256; larger weights only fit noise. */
const WEIGHT_MAX = 1_024;
