// What training asks of samples: the sums that tell the best weights, and how often each token comes at each unrest.
import { tokenOf } from "../entropy/tables";
import { isDifference, lineOf, planes, row, width } from "./lines";
import { COUNTS, PRODUCTS, STEPS } from "./memory";

const COLUMNS: i32 = 10;
const FIT_BYTES: i32 = 8 * COLUMNS * 8;

/** f64: what surrounds a pixel, and the pixel, less the median prediction. */
const AROUND = memory.data(COLUMNS * 8);

/** 1 where the picture changes along the row much more than down, 2 the other way round, 0 elsewhere. */
export function classOf(across: i32, down: i32): i32 {
  return i32(across > 2 * down + 1) | (i32(down > 2 * across + 1) << 1);
}

/** The median of west, north and the plane through all three. */
export function medianOf(west: i32, north: i32, northWest: i32): i32 {
  return max(min(west, north), min(max(west, north), west + north - northWest));
}

/** Adds what the inner pixels of the newest row ask of the weights. */
export function learnRow(): void {
  if (row < 2) return;
  for (let plane = 0; plane < planes; plane += 1) {
    const fits = PRODUCTS + <usize>(isDifference(plane) ? 3 * FIT_BYTES : 0);
    const line = lineOf(plane, 0);
    const above = lineOf(plane, 1);
    const above2 = lineOf(plane, 2);
    for (let x = 2; x < width - 1; x += 1) {
      const at = (<usize>x) << 2;
      learnPixel(fits, line + at, above + at, above2 + at);
    }
  }
}

function learnPixel(fits: usize, here: usize, above: usize, above2: usize): void {
  const west = load<i32>(here - 4);
  const north = load<i32>(above);
  const northWest = load<i32>(above - 4);
  const northEast = load<i32>(above, 4);
  const across = abs(north - northWest);
  const down = abs(west - northWest);
  const base = medianOf(west, north, northWest);
  store<f64>(AROUND, <f64>(west - base));
  store<f64>(AROUND, <f64>(north - base), 8);
  store<f64>(AROUND, <f64>(northWest - base), 16);
  store<f64>(AROUND, <f64>(northEast - base), 24);
  store<f64>(AROUND, <f64>(load<i32>(here - 8) - base), 32);
  store<f64>(AROUND, <f64>(load<i32>(above2) - base), 40);
  store<f64>(AROUND, <f64>(load<i32>(above - 8) - base), 48);
  store<f64>(AROUND, <f64>(load<i32>(above2, 4) - base), 56);
  store<f64>(AROUND, <f64>(load<i32>(here) - base), 64);
  // Calm pixels count most.
  const calm = 1 / <f64>(4 + across + down + abs(north - northEast));
  const weight = calm * calm;
  const fit = fits + <usize>(classOf(across, down) * FIT_BYTES);
  for (let i = 0; i < 8; i += 1) {
    const scaled = f64x2.splat(weight * load<f64>(AROUND + ((<usize>i) << 3)));
    const sums = fit + <usize>(i * COLUMNS * 8);
    // Products below the diagonal are those above it.
    for (let pair = (<usize>(i >> 1)) << 4; pair < <usize>(COLUMNS * 8); pair += 16) {
      const product = f64x2.mul(scaled, v128.load(AROUND + pair));
      v128.store(sums + pair, f64x2.add(v128.load(sums + pair), product));
    }
  }
}

/** The step of an unrest: itself below 16, then eight to each doubling. */
function stepOf(unrest: i32): i32 {
  if (unrest < 16) return unrest;
  const above = 28 - clz(unrest);
  return min(STEPS - 1, 8 * above + (unrest >> above));
}

/** Counts the token of a value that was met at an unrest. */
export function count(plane: i32, unrest: i32, value: i32): void {
  const slot = ((plane * STEPS + stepOf(unrest)) << 6) + tokenOf(value);
  const place = COUNTS + ((<usize>slot) << 2);
  store<u32>(place, load<u32>(place) + 1);
}
