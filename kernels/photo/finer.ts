// The finer lattices: each sample by its neighbours on the coarser ones, by filters that were fitted.
import { extend, grid, rowAt } from "./lattices";
import { height, width } from "./memory";
import { predict } from "./predict";
import { beginPhase, codeRow } from "./rows";

/** Takes lattices A, B and D of the level that brings samples `step` apart to half of that; `columns` by `rows` are there then. */
export function refine<T>(plane: i32, step: i32, columns: i32, rows: i32): void {
  const across = columns >> 1;
  const down = rows >> 1;
  const acrossC = (columns + 1) >> 1;
  const downC = (rows + 1) >> 1;
  extendBoth(plane, 0, acrossC, downC);
  phase<T>(plane, step, 1, across, down);
  extendBoth(plane, 1, across, down);
  phase<T>(plane, step, 2, across, downC);
  extendBoth(plane, 2, across, downC);
  phase<T>(plane, step, 3, acrossC, down);
}

function extendBoth(plane: i32, kind: i32, columns: i32, rows: i32): void {
  extend(grid(plane, kind), columns, rows);
  extend(grid(plane, kind + 5), columns, rows);
}

/** Takes one lattice, 1 A to 3 D. */
function phase<T>(plane: i32, step: i32, kind: i32, columns: i32, rows: i32): void {
  const half = step >> 1;
  const level = step === 2 ? 2 : 1;
  predict<T>(plane, level - 1, kind - 1, columns, rows, width > half && height > half);
  beginPhase(plane, level, kind);
  const left = kind === 3 ? 0 : half;
  const top = kind === 2 ? 0 : half;
  for (let row = 0; row < rows; row += 1) {
    codeRow<T>(rowAt(row), columns, left, row * step + top, step);
  }
}
