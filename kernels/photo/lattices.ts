// The lattices of each plane, with margins.
import { gridBytes, grids, MARGIN } from "./memory";

// Grids of a plane: 0 C, 1 A, 2 B, 3 D, 4 the next C, of values; 5 to 9 of residuals. C and the next change places.
let swapped: i32 = 0;

export function unflip(): void {
  swapped = 0;
}

/** The next C becomes C. */
export function flip(): void {
  swapped ^= 1;
}

export function grid(plane: i32, kind: i32): usize {
  const own =
    swapped !== 0 && (kind % 5 === 0 || kind % 5 === 4) ? kind ^ (kind < 5 ? 4 : 12) : kind;
  return grids + gridBytes * <usize>(plane * 10 + own);
}

export function at(base: usize, index: i32): i32 {
  return load<i32>(base + ((<usize>index) << 2));
}

export function size(base: usize, index: i32): i32 {
  return magnitude(at(base, index));
}

// Without branches: signs of differences are not to be foreseen.
export function magnitude(value: i32): i32 {
  const sign = value >> 31;
  return (value ^ sign) - sign;
}

/** Copies the outermost samples of a grid into its margins. */
export function extend(base: usize, columns: i32, rows: i32): void {
  if (columns === 0 || rows === 0) return;
  const stride = columns + 2 * MARGIN;
  for (let row = 0; row < rows; row += 1) {
    const start = base + ((<usize>((row + MARGIN) * stride)) << 2);
    const first = load<i32>(start + 8);
    store<i32>(start, first);
    store<i32>(start + 4, first);
    const end = start + ((<usize>(columns + 1)) << 2);
    const last = load<i32>(end);
    store<i32>(end + 4, last);
    store<i32>(end + 8, last);
  }
  const bytes = (<usize>stride) << 2;
  const top = base + bytes * MARGIN;
  const bottom = base + bytes * <usize>(rows + 1);
  memory.copy(top - bytes, top, bytes);
  memory.copy(top - 2 * bytes, top, bytes);
  memory.copy(bottom + bytes, bottom, bytes);
  memory.copy(bottom + 2 * bytes, bottom, bytes);
}

/** Makes the lattices of a level lattice C of the next; `kind` 0 values, 5 residuals. */
export function join(
  plane: i32,
  kind: i32,
  columns: i32,
  rows: i32,
  acrossC: i32,
  across: i32,
): void {
  const target = grid(plane, kind + 4);
  const stride = columns + 2 * MARGIN;
  for (let row = 0; row < rows; row += 1) {
    const odd = (row & 1) !== 0;
    const half = (row >> 1) + MARGIN;
    const evens = grid(plane, odd ? kind + 3 : kind);
    const odds = grid(plane, odd ? kind + 1 : kind + 2);
    let even = evens + ((<usize>(half * (acrossC + 2 * MARGIN) + MARGIN)) << 2);
    let other = odds + ((<usize>(half * (across + 2 * MARGIN) + MARGIN)) << 2);
    let to = target + ((<usize>((row + MARGIN) * stride + MARGIN)) << 2);
    for (let column = 0; column < columns; column += 2) {
      store<i32>(to, load<i32>(even));
      if (column + 1 < columns) store<i32>(to, load<i32>(other), 4);
      to += 8;
      even += 4;
      other += 4;
    }
  }
}
