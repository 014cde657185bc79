import { TAPS_MAX } from "./taps.js";

/**
 * The weights of one filter that predict best: solves its normal equations.
 * `products` are the sums of products of deviations i and j at i * TAPS_MAX + j, only where j <= i; `targets` those of deviations and of what
 * they are to predict; deviations beyond the filter's are all 0.
 */
export function solveWeights(products: Float64Array, targets: Float64Array): number[] {
  // Gauss-Jordan elimination without pivoting: the matrix is positive definite, as a little is added to its diagonal.
  const rows = Array.from({ length: TAPS_MAX }, (_, i) =>
    Float64Array.from({ length: TAPS_MAX + 1 }, (_, j) => {
      if (j === TAPS_MAX) return targets[i] ?? 0;
      const product = products[Math.max(i, j) * TAPS_MAX + Math.min(i, j)] ?? 0;
      return i === j ? product * 1.001 + 1 : product;
    }),
  );
  for (const [pivot, row] of rows.entries()) {
    const scale = row[pivot] ?? 1;
    for (const [index, other] of rows.entries()) {
      if (index === pivot) continue;
      const factor = (other[pivot] ?? 0) / scale;
      for (let j = pivot; j <= TAPS_MAX; j += 1) {
        other[j] = (other[j] ?? 0) - factor * (row[j] ?? 0);
      }
    }
  }
  return rows.map((row, tap) => {
    const weight = Math.round((64 * (row[TAPS_MAX] ?? 0)) / (row[tap] ?? 1));
    return Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, weight));
  });
}

/** Weights are -1 to 1, in 1 / 64. */
export const WEIGHT_MAX = 63;
