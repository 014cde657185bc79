import { assert } from "../base/assert.js";
import { APPROXIMATE, EXACT, MISSING, type ViewPlanes } from "./reduced-view.js";

/** The preview's colour at a pixel of the planes, written to `target` at `at`; false where it is not known. */
export type EstimateAt = (x: number, y: number, target: Uint8Array, at: number) => boolean;

/**
 * The colours to show for a picture with holes: exact pixels as they are, and something likely everywhere else.
 *
 * Where there is a preview, it is shown, lifted by what it is wrong by at the exact pixels around, as a membrane that is
 * fixed at the hole's border would be (Perez, Gangnet, Blake: Poisson image editing, 2003). Where there is nothing, the
 * surroundings are carried on inwards. To be looked at, never to be stored or counted.
 *
 * @param estimateAt the preview beneath all pixels, the exact ones too; approximate pixels that differ from it stay as they
 * are, and without it all of them
 * @returns a copy of the planes' colours
 */
export function conceal(planes: ViewPlanes, estimateAt?: EstimateAt): Uint8Array {
  const shown = planes.rgba.slice();
  if (estimateAt !== undefined && planes.state.includes(APPROXIMATE)) {
    correct(planes, estimateAt, shown);
  }
  if (planes.state.includes(MISSING)) carryOn(planes, shown);
  return shown;
}

/** Lifts approximate pixels by the preview's errors around them. */
function correct(planes: ViewPlanes, estimateAt: EstimateAt, shown: Uint8Array): void {
  const { width, height, state } = planes;
  const errors = new Float32Array(width * height * CHANNELS);
  const weights = new Float32Array(width * height);
  const estimate = new Uint8Array(CHANNELS);
  for (let pixel = 0; pixel < state.length; pixel += 1) {
    if (state[pixel] !== EXACT) continue;
    if (!estimateAt(pixel % width, Math.floor(pixel / width), estimate, 0)) continue;
    weights[pixel] = 1;
    for (let c = 0; c < CHANNELS; c += 1) {
      const at = pixel * CHANNELS + c;
      errors[at] = (planes.rgba[at] as number) - (estimate[c] as number);
    }
  }
  fillGaps({ values: errors, weights, width, height });
  for (let pixel = 0; pixel < state.length; pixel += 1) {
    if (state[pixel] !== APPROXIMATE) continue;
    if (!estimateAt(pixel % width, Math.floor(pixel / width), estimate, 0)) continue;
    // Something better than the preview, as the first scans of a progressive picture give.
    if (!isShown(planes, pixel, estimate)) continue;
    for (let c = 0; c < CHANNELS; c += 1) {
      const at = pixel * CHANNELS + c;
      shown[at] = toByte((estimate[c] as number) + CORRECTION_SHARE * (errors[at] as number));
    }
  }
}

const isShown = ({ rgba }: ViewPlanes, pixel: number, estimate: Uint8Array): boolean =>
  estimate.every((value, c) => value === rgba[pixel * CHANNELS + c]);

/** Fills missing pixels from what is shown around them. */
function carryOn({ width, height, state }: ViewPlanes, shown: Uint8Array): void {
  const values = Float32Array.from(shown);
  const weights = Float32Array.from(state, (one) => (one === MISSING ? 0 : 1));
  fillGaps({ values, weights, width, height });
  for (let pixel = 0; pixel < state.length; pixel += 1) {
    if (state[pixel] !== MISSING) continue;
    for (let at = pixel * CHANNELS; at < (pixel + 1) * CHANNELS; at += 1) {
      shown[at] = toByte(values[at] as number);
    }
  }
}

/** Four values for each pixel of a plane, and how much each pixel's are worth: 0 where they are not known, else up to 1. */
interface Field {
  readonly values: Float32Array;
  readonly weights: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Gives pixels of weight 0 smooth values that agree with their surroundings: means of ever larger squares, until all have
 * one, then back, each blended in where finer ones are lacking. Gortler and others: The Lumigraph, 1996, section 3.4
 * (pull-push). With no value known at all, all stay 0.
 */
function fillGaps(field: Field): void {
  const levels = [field];
  for (let last = field; last.weights.includes(0) && last.weights.length > 1; ) {
    last = halved(last);
    levels.push(last);
  }
  for (let level = levels.length - 2; level >= 0; level -= 1) {
    blendIn(levels[level] as Field, levels[level + 1] as Field);
  }
}

function halved({ values, weights, width, height }: Field): Field {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const sums = new Float32Array(half.width * half.height * CHANNELS);
  const totals = new Float32Array(half.width * half.height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = y * width + x;
      const weight = weights[from] as number;
      if (weight === 0) continue;
      const to = (y >> 1) * half.width + (x >> 1);
      totals[to] = (totals[to] as number) + weight;
      for (let c = 0; c < CHANNELS; c += 1) {
        const at = to * CHANNELS + c;
        sums[at] = (sums[at] as number) + weight * (values[from * CHANNELS + c] as number);
      }
    }
  }
  for (let pixel = 0; pixel < totals.length; pixel += 1) {
    const total = totals[pixel] as number;
    if (total === 0) continue;
    for (let at = pixel * CHANNELS; at < (pixel + 1) * CHANNELS; at += 1) {
      sums[at] = (sums[at] as number) / total;
    }
    totals[pixel] = Math.min(1, total);
  }
  return { values: sums, weights: totals, ...half };
}

/** Mixes the coarser field's values, interpolated between its pixels, in where the finer one's are not worth 1. */
function blendIn(fine: Field, coarse: Field): void {
  for (let y = 0; y < fine.height; y += 1) {
    const [top, bottom, down] = between(y, coarse.height);
    for (let x = 0; x < fine.width; x += 1) {
      const pixel = y * fine.width + x;
      const weight = fine.weights[pixel] as number;
      if (weight === 1) continue;
      const [left, right, across] = between(x, coarse.width);
      for (let c = 0; c < CHANNELS; c += 1) {
        const at = (row: number, column: number): number =>
          coarse.values[(row * coarse.width + column) * CHANNELS + c] as number;
        const upper = at(top, left) * (1 - across) + at(top, right) * across;
        const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
        const value = upper * (1 - down) + lower * down;
        const own = fine.values[pixel * CHANNELS + c] as number;
        fine.values[pixel * CHANNELS + c] = own * weight + value * (1 - weight);
      }
    }
  }
}

/** The two coarse pixels that a fine one lies between, and how near to the second, 0..1. */
function between(fine: number, count: number): [number, number, number] {
  assert(count > 0, "a field has pixels");
  const place = Math.min(count - 1, Math.max(0, fine / 2 - 0.25));
  const first = Math.floor(place);
  return [first, Math.min(count - 1, first + 1), place - first];
}

const toByte = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

const CHANNELS = 4;
/** Ours, by photographs: the whole of the error overshoots where texture meets the hole, none leaves seams. */
const CORRECTION_SHARE = 0.75;
