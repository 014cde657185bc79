// What is told of the samples of a phase before any of them is known, four at a time: predictions and contexts.
import { grid, rowAt, stride } from "./lattices";
import {
  colours,
  contexts,
  energyShift,
  folded,
  gridBytes,
  highest,
  predictions,
  studied,
  transformed,
} from "./memory";
import { spreadAt, Taps } from "./weights";

const ENERGY_MAX: i32 = 1023;
const EXACT: i32 = 1024;

// The phase that is being predicted: which lattices it reads.
let C: usize = 0;
let A: usize = 0;
let B: usize = 0;
let restC: usize = 0;
let restA: usize = 0;
let restB: usize = 0;
let spread: usize = 0;
let low: i32 = 0;
/** How many planes help, and their residuals in this phase. */
export let helpers: i32 = 0;
export let helperOne: usize = 0;
export let helperTwo: usize = 0;

/** The least value of a plane. */
export function lowOf(plane: i32): i32 {
  return transformed && (plane === 1 || plane === 2) ? -highest : 0;
}

/** Predicts all samples of a phase; `which` is 0 for A, 1 for B, 2 for D. */
export function predict<T>(
  plane: i32,
  level: i32,
  which: i32,
  columns: i32,
  rows: i32,
  hasA: bool,
): void {
  C = grid(plane, 0);
  A = grid(plane, 1);
  B = grid(plane, 2);
  restC = grid(plane, 5);
  restA = grid(plane, 6);
  restB = grid(plane, 7);
  spread = spreadAt(plane, level, which);
  low = lowOf(plane);
  helpers = plane < colours ? min(plane, 2) : 0;
  helperOne = grid(0, 6 + which);
  helperTwo = grid(max(plane - 1, 0), 6 + which);
  for (let row = 0; row < rows; row += 1) {
    const first = rowAt(row);
    const end = first + ((<usize>columns) << 2);
    if (which === 0) centreRow<T>(first, end);
    else if (which === 1) betweenRow<T>(first, end, hasA);
    else belowRow<T>(first, end, hasA);
  }
}

/** Samples in the centre of four of C. */
function centreRow<T>(first: usize, end: usize): void {
  const across = stride;
  for (let at = first; at < end; at += 16) {
    const here = C + at;
    const below = here + across;
    const over = here - across;
    const far = below + across;
    const v0 = v128.load(here);
    const v1 = v128.load(here, 4);
    const v2 = v128.load(below);
    const v3 = v128.load(below, 4);
    const falling = i32x4.add(v0, v3);
    const rising = i32x4.add(v1, v2);
    const sum = i32x4.add(falling, rising);
    const beside = Four.sumOf(
      v128.load(here - 4),
      v128.load(here, 8),
      v128.load(below - 4),
      v128.load(below, 8),
    );
    const above = Four.sumOf(
      v128.load(over),
      v128.load(over, 4),
      v128.load(far),
      v128.load(far, 4),
    );
    const e0 = Four.distance(v0, v3);
    const e1 = Four.distance(v1, v2);
    const turned = i32x4.add(
      Four.distance(i32x4.add(v0, v1), i32x4.add(v2, v3)),
      Four.distance(i32x4.add(v0, v2), i32x4.add(v1, v3)),
    );
    const spreadOut = i32x4.add(i32x4.add(e0, e1), i32x4.shr_s(turned, 1));
    const rest = restC + at;
    const noise = Four.sumOf(
      Four.sizes(rest),
      Four.sizes(rest + 4),
      Four.sizes(rest + across),
      Four.sizes(rest + across + 4),
    );
    const thrice = i32x4.add(i32x4.add(spreadOut, spreadOut), spreadOut);
    const energy = i32x4.add(i32x4.shr_s(thrice, 2), noise);
    const deviation = i32x4.sub(falling, rising);
    Four.settle<T>(
      at,
      sum,
      e0,
      e1,
      energy,
      deviation,
      i32x4.sub(beside, sum),
      i32x4.sub(above, sum),
      sum,
      3,
    );
  }
}

/** Samples between two of C in a row; A has the same columns as these. */
function betweenRow<T>(first: usize, end: usize, hasA: bool): void {
  const across = stride;
  for (let at = first; at < end; at += 16) {
    const here = C + at;
    const left = v128.load(here);
    const right = v128.load(here, 4);
    let up = left;
    let down = right;
    let around = i32x4.shl(i32x4.add(left, right), 1);
    let noise = i32x4.splat(0);
    if (hasA) {
      const a = A + at;
      const over = a - across;
      up = v128.load(over);
      down = v128.load(a);
      around = Four.sumOf(
        v128.load(over - 4),
        v128.load(over, 4),
        v128.load(a - 4),
        v128.load(a, 4),
      );
      noise = i32x4.add(Four.sizes(restA + at), Four.sizes(restA + at - across));
    }
    const far = i32x4.add(v128.load(here - 4), v128.load(here, 8));
    const above = here - across;
    const below = here + across;
    const corners = Four.sumOf(
      v128.load(above),
      v128.load(above, 4),
      v128.load(below),
      v128.load(below, 4),
    );
    Four.settleCross<T>(at, left, right, up, down, far, corners, around, noise);
  }
}

/** Samples between two of C in a column; B has the same columns as A. */
function belowRow<T>(first: usize, end: usize, hasA: bool): void {
  const across = stride;
  for (let at = first; at < end; at += 16) {
    const here = C + at;
    const up = v128.load(here);
    const down = v128.load(here + across);
    let left = up;
    let right = down;
    let beside = i32x4.add(up, down);
    let corners = i32x4.shl(beside, 1);
    let noise = i32x4.splat(0);
    if (hasA) {
      const a = A + at;
      left = v128.load(a - 4);
      right = v128.load(a);
      beside = i32x4.add(v128.load(a - 8), v128.load(a, 4));
      const b = B + at;
      const under = b + across;
      corners = Four.sumOf(v128.load(b - 4), v128.load(b), v128.load(under - 4), v128.load(under));
      const rest = restB + at;
      noise = Four.sumOf(
        Four.sizes(rest - 4),
        Four.sizes(rest),
        Four.sizes(rest + across - 4),
        Four.sizes(rest + across),
      );
      noise = i32x4.add(noise, i32x4.add(Four.sizes(restA + at), Four.sizes(restA + at - 4)));
    }
    const far = i32x4.add(v128.load(here - across), v128.load(here + across + across));
    Four.settleCross<T>(at, left, right, up, down, far, corners, i32x4.shl(beside, 1), noise);
  }
}

/** Steps of all rows, put in where they are used. */
class Four {
  @inline
  static settleCross<T>(
    at: usize,
    left: v128,
    right: v128,
    up: v128,
    down: v128,
    far: v128,
    second: v128,
    third: v128,
    noise: v128,
  ): void {
    const level = i32x4.add(left, right);
    const upright = i32x4.add(up, down);
    const sum = i32x4.add(level, upright);
    const across = i32x4.sub(level, upright);
    const e0 = Four.distance(left, right);
    const e1 = Four.distance(up, down);
    const energy = Four.sumOf(e0, e1, i32x4.abs(across), noise);
    const one = i32x4.sub(i32x4.shl(far, 1), sum);
    Four.settle<T>(
      at,
      sum,
      e0,
      e1,
      energy,
      across,
      one,
      i32x4.sub(second, sum),
      i32x4.sub(third, sum),
      4,
    );
  }

  /** Weighs `taps` deviations and what the planes that help tell, and notes what is told of four samples. */
  @inline
  static settle<T>(
    at: usize,
    sum: v128,
    e0: v128,
    e1: v128,
    near: v128,
    d0: v128,
    d1: v128,
    d2: v128,
    d3: v128,
    taps: usize,
  ): void {
    const filter = spread;
    const one = Four.steeper(e0, e1);
    const two = Four.steeper(e1, e0);
    let weighed = i32x4.add(
      i32x4.add(i32x4.shl(sum, 4), Taps.weigh(filter, 0, d0, one, two)),
      i32x4.add(Taps.weigh(filter, 1, d1, one, two), Taps.weigh(filter, 2, d2, one, two)),
    );
    if (taps > 3) weighed = i32x4.add(weighed, Taps.weigh(filter, 3, d3, one, two));
    let energy = near;
    let exact = i32x4.splat(0);
    if (helpers > 0) {
      let last = v128.load(helperOne + at);
      weighed = i32x4.add(weighed, Taps.weigh(filter, taps, last, one, two));
      energy = i32x4.add(energy, i32x4.shl(i32x4.abs(last), 1));
      if (helpers > 1) {
        last = v128.load(helperTwo + at);
        weighed = i32x4.add(weighed, Taps.weigh(filter, taps + 1, last, one, two));
        energy = i32x4.add(energy, i32x4.shl(i32x4.abs(last), 1));
      }
      exact = v128.and(i32x4.eq(last, i32x4.splat(0)), i32x4.splat(EXACT));
    }
    if (isFloat<T>() && sizeof<T>() === 8) {
      Four.note(at, 0, d0);
      Four.note(at, 1, d1);
      Four.note(at, 2, d2);
      Four.note(at, 3, d3);
      Four.note(at, 4, weighed);
      Four.note(at, 5, energy);
      Four.note(at, 6, i32x4.sub(i32x4.sub(i32x4.splat(0), one), i32x4.shl(two, 1)));
    }
    const rounded = i32x4.add(weighed, i32x4.splat(32));
    const inside = i32x4.min_s(i32x4.shr_s(rounded, 6), i32x4.splat(highest));
    let word = i32x4.shl(i32x4.max_s(inside, i32x4.splat(low)), 1);
    if (folded) {
      // Bit 5 is clear where rounding made the prediction larger.
      const larger = i32x4.shr_u(v128.not(rounded), 5);
      word = v128.or(word, v128.and(larger, i32x4.splat(1)));
    }
    v128.store(predictions + at, word);
    const counted = i32x4.min_u(i32x4.shr_u(energy, energyShift), i32x4.splat(ENERGY_MAX));
    v128.store(contexts + at, v128.or(counted, exact));
  }

  @inline
  static note(at: usize, kind: usize, told: v128): void {
    v128.store(studied + kind * gridBytes + at, told);
  }

  @inline
  static steeper(one: v128, other: v128): v128 {
    return i32x4.gt_s(one, i32x4.add(i32x4.shl(other, 1), i32x4.splat(1)));
  }

  @inline
  static distance(one: v128, other: v128): v128 {
    return i32x4.abs(i32x4.sub(one, other));
  }

  @inline
  static sizes(place: usize): v128 {
    return i32x4.abs(v128.load(place));
  }

  @inline
  static sumOf(a: v128, b: v128, c: v128, d: v128): v128 {
    return i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  }
}
