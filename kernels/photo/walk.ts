// The way through a piece, from the coarsest lattice to the finest, whatever is done with its samples.
import { coarsest } from "./coarsest";
import { phase } from "./finer";
import { extend, flip, grid, join, unflip } from "./lattices";
import { height, planeCount, width } from "./memory";

const STEP_COARSEST: i32 = 8;

export function walk<T>(): void {
  unflip();
  for (let plane = 0; plane < planeCount; plane += 1) coarsest<T>(plane);
  for (let step = STEP_COARSEST; step > 1; step >>= 1) {
    const half = step >> 1;
    const columns = (width + half - 1) / half;
    const rows = (height + half - 1) / half;
    for (let plane = 0; plane < planeCount; plane += 1) refine<T>(plane, step, columns, rows);
    if (half > 1) flip();
  }
}

function refine<T>(plane: i32, step: i32, columns: i32, rows: i32): void {
  const across = columns >> 1;
  const down = rows >> 1;
  const acrossC = (columns + 1) >> 1;
  const downC = (rows + 1) >> 1;
  extend(grid(plane, 0), acrossC, downC);
  extend(grid(plane, 5), acrossC, downC);
  phase<T>(plane, step, 0, across, down, acrossC, across);
  extend(grid(plane, 1), across, down);
  extend(grid(plane, 6), across, down);
  phase<T>(plane, step, 1, across, downC, acrossC, across);
  extend(grid(plane, 2), across, downC);
  extend(grid(plane, 7), across, downC);
  phase<T>(plane, step, 2, acrossC, down, acrossC, across);
  if (step === 2) return;
  join(plane, 0, columns, rows, acrossC, across);
  join(plane, 5, columns, rows, acrossC, across);
}
