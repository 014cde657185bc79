// The way through a piece, from the coarsest lattice to the finest, whatever is done with its samples.
import { coarsest } from "./coarsest";
import { refine } from "./finer";
import { beginLattices, flip, join, joinNext } from "./lattices";
import { height, planeBytes, planeCount, planes, width } from "./memory";

const STEP_COARSEST: i32 = 8;

export function walk<T>(): void {
  beginLattices((width + STEP_COARSEST - 1) / STEP_COARSEST);
  for (let plane = 0; plane < planeCount; plane += 1) coarsest<T>(plane);
  for (let step = STEP_COARSEST; step > 1; step >>= 1) {
    const half = step >> 1;
    const columns = (width + half - 1) / half;
    const rows = (height + half - 1) / half;
    for (let plane = 0; plane < planeCount; plane += 1) {
      refine<T>(plane, step, columns, rows);
      if (half === 1) continue;
      joinNext(plane, 0, columns, rows);
      joinNext(plane, 5, columns, rows);
    }
    if (half > 1) flip(columns);
  }
}

/** Puts the samples that were decoded into their planes. */
export function joinFinest(): void {
  for (let plane = 0; plane < planeCount; plane += 1) {
    join(plane, 0, width, height, planes + planeBytes * <usize>plane, (<usize>width) << 2);
  }
}
