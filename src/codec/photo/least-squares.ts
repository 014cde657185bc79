import { TAPS_MAX } from "./taps.js";
import type { Site } from "./walk.js";

/** Gathers, filter by filter, the normal equations of weights that predict best: weighted least squares. */
export class Normal {
  /** Sums of products of taps: of filter f, taps i and j at (f * TAPS_MAX + i) * TAPS_MAX + j. */
  private readonly products: Float64Array;
  /** Sums of products of taps and what they are to predict. */
  private readonly targets: Float64Array;

  constructor(private readonly filters: number) {
    this.products = new Float64Array(filters * TAPS_MAX * TAPS_MAX);
    this.targets = new Float64Array(filters * TAPS_MAX);
  }

  /** Takes a sample with its value. Where neighbours differ much, a residual weighs less: its bits grow with its logarithm. */
  add({ neighbourhood, filter = 0 }: Site, value: number): void {
    const { deviations, taps, sum, energy } = neighbourhood;
    const weight = 1 / (6 + energy + 0.06 * energy * energy);
    const rest = value - sum / 4;
    for (let i = 0; i < taps; i += 1) {
      const weighed = (deviations[i] ?? 0) * weight;
      if (weighed === 0) continue;
      const row = filter * TAPS_MAX + i;
      this.targets[row] = (this.targets[row] ?? 0) + weighed * rest;
      for (let j = 0; j <= i; j += 1) {
        const at = row * TAPS_MAX + j;
        this.products[at] = (this.products[at] ?? 0) + weighed * (deviations[j] ?? 0);
      }
    }
  }

  solve(weights: Int16Array): void {
    for (let filter = 0; filter < this.filters; filter += 1) this.solveFilter(filter, weights);
  }

  /** Gauss-Jordan elimination without pivoting: the matrix is positive definite, as a little is added to its diagonal. */
  private solveFilter(filter: number, weights: Int16Array): void {
    const from = filter * TAPS_MAX;
    const rows = Array.from({ length: TAPS_MAX }, (_, i) =>
      Float64Array.from({ length: TAPS_MAX + 1 }, (_, j) => {
        if (j === TAPS_MAX) return this.targets[from + i] ?? 0;
        const product = this.products[(from + Math.max(i, j)) * TAPS_MAX + Math.min(i, j)] ?? 0;
        return i === j ? product * 1.001 + 1 : product;
      }),
    );
    for (const [pivot, row] of rows.entries()) {
      const scale = row[pivot] ?? 1;
      for (const [index, other] of rows.entries()) {
        if (index === pivot) continue;
        const factor = (other[pivot] ?? 0) / scale;
        for (let j = pivot; j <= TAPS_MAX; j += 1)
          other[j] = (other[j] ?? 0) - factor * (row[j] ?? 0);
      }
    }
    for (const [tap, row] of rows.entries()) {
      const weight = Math.round((64 * (row[TAPS_MAX] ?? 0)) / (row[tap] ?? 1));
      weights[from + tap] = Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, weight));
    }
  }
}

/** Weights are -1 to 1, in 1 / 64. */
export const WEIGHT_MAX = 63;
