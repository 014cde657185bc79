// The coarsest lattice, by the median of neighbours.
import { chargeRow, startRow } from "./entropy";
import { at, grid, magnitude, size } from "./lattices";
import { colours, height, highest, MARGIN, planeBytes, planes, TABLE_OF, width } from "./memory";
import { beginPlane, code, low } from "./sample";

const ENERGY_EDGE: i32 = 60;
const ENERGY_UNKNOWN: i32 = 1 << 20;

export function coarsest<T>(plane: i32): void {
  const C = grid(plane, 0);
  const restC = grid(plane, 5);
  const helper = grid(0, 5);
  const helped = plane > 0 && plane < colours;
  const columns = (width + 7) >> 3;
  const rows = (height + 7) >> 3;
  const stride = columns + 2 * MARGIN;
  beginPlane(plane);
  const group = TABLE_OF + ((<usize>(plane * 7 * 2)) << 10);
  const samples = planes + planeBytes * <usize>plane;
  for (let row = 0; row < rows; row += 1) {
    startRow();
    for (let column = 0; column < columns; column += 1) {
      const o = (row + MARGIN) * stride + MARGIN + column;
      let predicted = low < 0 ? 0 : (highest + 1) >> 1;
      let energy = ENERGY_UNKNOWN;
      if (row > 0 && column > 0) {
        predicted = median(C, o, stride);
        energy = turnOf(C, o, stride);
      } else if (row > 0 || column > 0) {
        predicted = at(C, column > 0 ? o - 1 : o - stride);
        energy = ENERGY_EDGE;
      }
      if (helped) energy += 2 * size(helper, o);
      const sample = samples + ((<usize>(row * 8 * width + column * 8)) << 2);
      const residual = code<T>(predicted, 0, group, energy, sample);
      store<i32>(restC + ((<usize>o) << 2), residual);
      store<i32>(C + ((<usize>o) << 2), predicted + residual);
    }
    if (isInteger<T>() && !isSigned<T>()) chargeRow(row * 8);
  }
}

function median(C: usize, o: i32, stride: i32): i32 {
  const left = at(C, o - 1);
  const above = at(C, o - stride);
  const corner = at(C, o - stride - 1);
  const least = min(left, above);
  const most = max(left, above);
  return corner >= most ? least : corner <= least ? most : left + above - corner;
}

function turnOf(C: usize, o: i32, stride: i32): i32 {
  const corner = at(C, o - stride - 1);
  return magnitude(at(C, o - 1) - corner) + magnitude(at(C, o - stride) - corner);
}
