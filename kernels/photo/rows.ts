// A row of samples of a phase that are predicted already.
import { decodeRow } from "./decoding";
import { countRow, encodeRow } from "./encoding";
import { grid } from "./lattices";
import { planeBytes, planes, predictions, TABLE_OF, width } from "./memory";
import { learnRow } from "./study";
import { filterOf } from "./weights";

// The phase that is being coded.
let values: usize = 0;
let rest: usize = 0;
let group: usize = 0;
let context: usize = 0;
let filter: usize = 0;
let taps: i32 = 0;
let samples: usize = 0;

/** Begins with lattice `kind` (0 C to 3 D) of a plane, on a level from 0, the coarsest, to 2. */
export function beginPhase(plane: i32, level: i32, kind: i32): void {
  values = grid(plane, kind);
  rest = grid(plane, 5 + kind);
  const groups = (plane * 7 + (kind === 0 ? 0 : level * 3 - 3 + kind)) * 2;
  group = TABLE_OF + ((<usize>groups) << 10);
  context = (<usize>groups) << 4;
  filter = filterOf(plane, level - 1, kind - 1);
  taps = kind === 1 ? 3 : 4;
  samples = planes + planeBytes * <usize>plane;
}

/** Takes samples (u32: encodes them, i32: decodes them, f32: counts their tokens, f64: studies them): the first is (x, y), the others are `step` apart. */
export function codeRow<T>(first: usize, columns: i32, x: i32, y: i32, step: i32): void {
  const last = first + ((<usize>columns) << 2);
  const sample = samples + ((<usize>(y * width + x)) << 2);
  const bytes = (<usize>step) << 2;
  if (isInteger<T>() && isSigned<T>()) decodeRow(first, last, group, values, rest);
  else if (isInteger<T>()) encodeRow(first, last, group, values, rest, sample, bytes, y);
  else if (sizeof<T>() === 4) {
    countRow(first, last, group, context, values, rest, sample, bytes);
  } else learnRow(first, last, filter, taps, values, rest, sample, bytes);
}

/** Passes a sample by of which filters learn nothing. */
export function passSample(at: usize, x: i32, y: i32): void {
  const own = load<i32>(samples + ((<usize>(y * width + x)) << 2));
  store<i32>(rest + at, own - (load<i32>(predictions + at) >> 1));
  store<i32>(values + at, own);
}
