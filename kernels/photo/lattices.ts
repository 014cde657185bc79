// The lattices of each plane, with margins. At one level all have one stride, so that what is at the same index in each has one offset.
import { gridBytes, grids, MARGIN } from "./memory";

/** Bytes of a row of each lattice of the level. */
export let stride: usize = 0;
// Grids of a plane: 0 C, 1 A, 2 B, 3 D, 4 the next C, of values; 5 to 9 of residuals. C and the next change places.
let swapped: i32 = 0;

/** Begins with a lattice C of so many columns. */
export function beginLattices(columns: i32): void {
  swapped = 0;
  stride = strideOf(columns);
}

/** The next C, of so many columns, becomes C. */
export function flip(columns: i32): void {
  swapped ^= 1;
  stride = strideOf(columns);
}

/** Whole vectors. */
function strideOf(columns: i32): usize {
  return (<usize>((columns + 2 * MARGIN + 3) & ~3)) << 2;
}

export function grid(plane: i32, kind: i32): usize {
  const own =
    swapped !== 0 && (kind % 5 === 0 || kind % 5 === 4) ? kind ^ (kind < 5 ? 4 : 12) : kind;
  return grids + gridBytes * <usize>(plane * 10 + own);
}

/** The offset of a row's first sample in each lattice of the level. */
export function rowAt(row: i32): usize {
  return <usize>(row + MARGIN) * stride + (MARGIN << 2);
}

/** Copies the outermost samples of a grid into its margins. */
export function extend(base: usize, columns: i32, rows: i32): void {
  if (columns === 0 || rows === 0) return;
  const across = stride;
  const last = (<usize>(columns - 1)) << 2;
  let start = base + rowAt(0);
  for (let row = 0; row < rows; row += 1) {
    const left = load<u32>(start);
    store<u64>(start - 8, <u64>left | ((<u64>left) << 32));
    const right = load<u32>(start + last);
    store<u64>(start + last, <u64>right | ((<u64>right) << 32), 4);
    start += across;
  }
  const top = base + across * MARGIN;
  const bottom = base + across * <usize>(rows + 1);
  for (let at: usize = 0; at < across; at += 16) {
    const above = v128.load(top + at);
    v128.store(base + at, above);
    v128.store(base + at + across, above);
    const below = v128.load(bottom + at);
    v128.store(bottom + at + across, below);
    v128.store(bottom + at + across + across, below);
  }
}

/** Puts the lattices of a level together: those of values (`kind` 0) or of residuals (5), in rows of `bytes` from `target` on. */
export function join(
  plane: i32,
  kind: i32,
  columns: i32,
  rows: i32,
  target: usize,
  bytes: usize,
): void {
  let first = target;
  for (let row = 0; row < rows; row += 1) {
    const odd = (row & 1) !== 0;
    const offset = rowAt(row >> 1);
    let even = grid(plane, odd ? kind + 3 : kind) + offset;
    let other = grid(plane, odd ? kind + 1 : kind + 2) + offset;
    // What is written past the row's end is of rows to come, or margin.
    for (let to = first; to < first + ((<usize>columns) << 2); to += 32) {
      const evens = v128.load(even);
      const odds = v128.load(other);
      v128.store(to, v128.shuffle<i32>(evens, odds, 0, 4, 1, 5));
      v128.store(to, v128.shuffle<i32>(evens, odds, 2, 6, 3, 7), 16);
      even += 16;
      other += 16;
    }
    first += bytes;
  }
}

/** Makes the lattices of a level lattice C of the next. */
export function joinNext(plane: i32, kind: i32, columns: i32, rows: i32): void {
  const bytes = strideOf(columns);
  const target = grid(plane, kind + 4) + bytes * MARGIN + (MARGIN << 2);
  join(plane, kind, columns, rows, target, bytes);
}
