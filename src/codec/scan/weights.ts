import { NEIGHBOURS } from "./model.js";

/** Of each neighbour: its products with all neighbours, and with what is wanted, summed up. */
export type NormalEquations = readonly Float64Array[];

/** Solves for the weights of neighbours, in parts of 256. By Gauss and Jordan; a little of the diagonal added keeps it solvable. */
export function solveWeights(equations: NormalEquations): number[] {
  const rows = equations.map((row) => Float64Array.from(row));
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
