// The finer lattices: each sample by its neighbours on the coarser ones, by filters that were fitted.
import { chargeRow, startRow } from "./entropy";
import { at, grid, magnitude, size } from "./lattices";
import {
  colours,
  folded,
  height,
  highest,
  MARGIN,
  planeBytes,
  planes,
  TABLE_OF,
  TAPS_MAX,
  WEIGHTS,
  width,
} from "./memory";
import { beginPlane, code, low } from "./sample";
import { isStudy, learn, noteDeviations, noteHelpers } from "./study";

// The phase of a level that is being coded: which lattices it reads, and where it writes.
let C: usize = 0;
let A: usize = 0;
let B: usize = 0;
let restC: usize = 0;
let restA: usize = 0;
let restB: usize = 0;
let hasA: bool = false;
let strideC: i32 = 0;
let strideA: i32 = 0;
let values: usize = 0;
let rest: usize = 0;
/** How many planes help, and their residuals in this phase. */
let helpers: i32 = 0;
let helperOne: usize = 0;
let helperTwo: usize = 0;
let weights: usize = 0;
let groups: usize = 0;
let sampleStep: usize = 0;

export function phase<T>(
  plane: i32,
  step: i32,
  which: i32,
  columns: i32,
  rows: i32,
  acrossC: i32,
  across: i32,
): void {
  const level = step === 2 ? 1 : 0;
  hasA = across > 0 && height > step >> 1;
  strideC = acrossC + 2 * MARGIN;
  strideA = across + 2 * MARGIN;
  C = grid(plane, 0);
  A = grid(plane, 1);
  B = grid(plane, 2);
  restC = grid(plane, 5);
  restA = grid(plane, 6);
  restB = grid(plane, 7);
  values = grid(plane, 1 + which);
  rest = grid(plane, 6 + which);
  helpers = plane < colours ? min(plane, 2) : 0;
  helperOne = grid(0, 6 + which);
  helperTwo = grid(max(plane - 1, 0), 6 + which);
  beginPlane(plane);
  weights = WEIGHTS + ((<usize>(((plane * 2 + level) * 3 + which) * 3 * TAPS_MAX)) << 2);
  groups = TABLE_OF + ((<usize>((plane * 7 + level * 3 + 1 + which) * 2)) << 10);
  sampleStep = (<usize>step) << 2;
  const stride = columns + 2 * MARGIN;
  const left = which === 2 ? 0 : step >> 1;
  const top = which === 1 ? 0 : step >> 1;
  const samples = planes + planeBytes * <usize>plane;
  for (let row = 0; row < rows; row += 1) {
    startRow();
    const y = row * step + top;
    const sample = samples + ((<usize>(y * width + left)) << 2);
    const o = (row + MARGIN) * stride + MARGIN;
    const c = (row + MARGIN) * strideC + MARGIN;
    const a = (row + MARGIN) * strideA + MARGIN;
    if (which === 0) centreRow<T>(columns, c, o, sample);
    else if (which === 1) betweenRow<T>(columns, c, o, sample);
    else belowRow<T>(columns, c, a, o, sample);
    if (isInteger<T>() && !isSigned<T>()) chargeRow(y);
  }
}

/** Samples in the centre of four of C. */
function centreRow<T>(columns: i32, from: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const below = c + strideC;
    const v0 = at(C, c);
    const v1 = at(C, c + 1);
    const v2 = at(C, below);
    const v3 = at(C, below + 1);
    const beside = at(C, c - 1) + at(C, c + 2) + at(C, below - 1) + at(C, below + 2);
    const over = c - strideC;
    const far = below + strideC;
    const above = at(C, over) + at(C, over + 1) + at(C, far) + at(C, far + 1);
    const sum = v0 + v1 + v2 + v3;
    const e0 = magnitude(v0 - v3);
    const e1 = magnitude(v1 - v2);
    const turned = magnitude(v0 + v1 - v2 - v3) + magnitude(v0 + v2 - v1 - v3);
    const noise = size(restC, c) + size(restC, c + 1) + size(restC, below) + size(restC, below + 1);
    const filter = weights + <usize>(directionOf(e0, e1) * TAPS_MAX * 4);
    const weighed =
      (sum << 4) +
      load<i32>(filter) * (v0 + v3 - v1 - v2) +
      load<i32>(filter, 4) * (beside - sum) +
      load<i32>(filter, 8) * (above - sum);
    const energy = (((e0 + e1 + (turned >> 1)) * 3) >> 2) + noise;
    if (isStudy<T>()) noteDeviations(v0 + v3 - v1 - v2, beside - sum, above - sum, 0);
    finishSample<T>(weighed, filter + 12, energy, to + column, sample);
    sample += sampleStep;
  }
}

/** Samples between two of C in a row; A has the same columns as these. */
function betweenRow<T>(columns: i32, from: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const left = at(C, c);
    const right = at(C, c + 1);
    let up = left;
    let down = right;
    let around = 2 * (left + right);
    let noise = 0;
    if (hasA) {
      const a = to + column;
      const over = a - strideA;
      up = at(A, over);
      down = at(A, a);
      around = at(A, over - 1) + at(A, over + 1) + at(A, a - 1) + at(A, a + 1);
      noise = size(restA, a) + size(restA, over);
    }
    const far = at(C, c - 1) + at(C, c + 2);
    const above = c - strideC;
    const below = c + strideC;
    const corners = at(C, above) + at(C, above + 1) + at(C, below) + at(C, below + 1);
    crossSample<T>(left, right, up, down, far, corners, around, noise, to + column, sample);
    sample += sampleStep;
  }
}

/** Samples between two of C in a column; B has the same columns as A. */
function belowRow<T>(columns: i32, from: i32, fromA: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const up = at(C, c);
    const down = at(C, c + strideC);
    let left = up;
    let right = down;
    let corners = 2 * (up + down);
    let beside = up + down;
    let noise = 0;
    if (hasA) {
      const a = fromA + column;
      const below = a + strideA;
      left = at(A, a - 1);
      right = at(A, a);
      beside = at(A, a - 2) + at(A, a + 1);
      corners = at(B, a - 1) + at(B, a) + at(B, below - 1) + at(B, below);
      noise = size(restA, a) + size(restA, a - 1) + size(restB, a - 1) + size(restB, a);
      noise += size(restB, below - 1) + size(restB, below);
    }
    const far = at(C, c - strideC) + at(C, c + 2 * strideC);
    crossSample<T>(left, right, up, down, far, corners, 2 * beside, noise, to + column, sample);
    sample += sampleStep;
  }
}

function crossSample<T>(
  left: i32,
  right: i32,
  up: i32,
  down: i32,
  far: i32,
  second: i32,
  third: i32,
  noise: i32,
  o: i32,
  sample: usize,
): void {
  const sum = left + right + up + down;
  const across = left + right - up - down;
  const e0 = magnitude(left - right);
  const e1 = magnitude(up - down);
  const filter = weights + <usize>(directionOf(e0, e1) * TAPS_MAX * 4);
  const weighed =
    (sum << 4) +
    load<i32>(filter) * across +
    load<i32>(filter, 4) * (2 * far - sum) +
    load<i32>(filter, 8) * (second - sum) +
    load<i32>(filter, 12) * (third - sum);
  if (isStudy<T>()) noteDeviations(across, 2 * far - sum, second - sum, third - sum);
  finishSample<T>(weighed, filter + 16, e0 + e1 + magnitude(across) + noise, o, sample);
}

function directionOf(first: i32, second: i32): i32 {
  return <i32>(first > 2 * second + 1) | ((<i32>(second > 2 * first + 1)) << 1);
}

/** Adds what the planes that help tell, by the weights from `taps`, and codes the sample. */
function finishSample<T>(sum: i32, taps: usize, near: i32, o: i32, sample: usize): void {
  let weighed = sum;
  let energy = near;
  let group = groups;
  const place = (<usize>o) << 2;
  if (helpers > 0) {
    const one = load<i32>(helperOne + place);
    weighed += load<i32>(taps) * one;
    energy += 2 * magnitude(one);
    let last = one;
    if (helpers > 1) {
      last = load<i32>(helperTwo + place);
      weighed += load<i32>(taps, 4) * last;
      energy += 2 * magnitude(last);
    }
    if (last === 0) group += 1024;
    if (isStudy<T>()) noteHelpers(taps, one, last);
  }
  if (isStudy<T>()) learn(taps, helpers, <f64>load<i32>(sample) - <f64>weighed / 64, energy);
  const rounded = weighed + 32;
  const predicted = max(low, min(highest, rounded >> 6));
  const flip = folded ? -(<i32>((rounded & 63) < 32)) : 0;
  const residual = code<T>(predicted, flip, group, energy, sample);
  store<i32>(rest + place, residual);
  store<i32>(values + place, predicted + residual);
}
