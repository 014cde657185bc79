// The coarsest lattice, by the median of neighbours.
import { grid, rowAt, stride } from "./lattices";
import { colours, contexts, energyShift, height, highest, predictions, width } from "./memory";
import { lowOf } from "./predict";
import { beginPhase, codeRow, passSample } from "./rows";

const ENERGY_EDGE: i32 = 60;
const ENERGY_UNKNOWN: i32 = 1 << 20;
const ENERGY_MAX: i32 = 1023;

export function coarsest<T>(plane: i32): void {
  const columns = (width + 7) >> 3;
  const rows = (height + 7) >> 3;
  beginPhase(plane, 0, 0);
  for (let row = 0; row < rows; row += 1) {
    let at = rowAt(row);
    for (let column = 0; column < columns; column += 1) {
      predict(plane, at, column, row);
      if (isFloat<T>() && sizeof<T>() === 8) passSample(at, column * 8, row * 8);
      else codeRow<T>(at, 1, column * 8, row * 8, 8);
      at += 4;
    }
  }
}

/** Notes what is told of one sample. */
function predict(plane: i32, at: usize, column: i32, row: i32): void {
  const here = grid(plane, 0) + at;
  let predicted = lowOf(plane) < 0 ? 0 : (highest + 1) >> 1;
  let energy = ENERGY_UNKNOWN;
  if (row > 0 && column > 0) {
    predicted = median(here);
    energy = turnOf(here);
  } else if (row > 0 || column > 0) {
    predicted = load<i32>(here - (column > 0 ? 4 : stride));
    energy = ENERGY_EDGE;
  }
  if (plane > 0 && plane < colours) energy += 2 * abs(load<i32>(grid(0, 5) + at));
  store<i32>(predictions + at, predicted << 1);
  store<i32>(contexts + at, min(energy >> energyShift, ENERGY_MAX));
}

function median(at: usize): i32 {
  const left = load<i32>(at - 4);
  const above = load<i32>(at - stride);
  const corner = load<i32>(at - stride - 4);
  const least = min(left, above);
  const most = max(left, above);
  return corner >= most ? least : corner <= least ? most : left + above - corner;
}

function turnOf(at: usize): i32 {
  const corner = load<i32>(at - stride - 4);
  return abs(load<i32>(at - 4) - corner) + abs(load<i32>(at - stride) - corner);
}
