// The equations of the filters: src/codec/photo/train.ts.
import { gridBytes, PRODUCTS, studied, TAPS_MAX, TARGETS } from "./memory";
import { helperOne, helpers, helperTwo } from "./predict";

// Filters are studied with weights of 0, so that a prediction is the mean of the four neighbours.
let energies: f64 = 0;
let energyNumber: f64 = 0;

/** Of the sample under study. */
const deviations = memory.data(TAPS_MAX * 8, 16);

/**
 * Adds a row's samples to the equations of filters, of which `filter` is that without direction, with `taps` deviations. Where neighbours
 * differ much, a residual weighs less: its bits grow with its logarithm.
 */
export function learnRow(
  first: usize,
  last: usize,
  filter: usize,
  taps: i32,
  values: usize,
  rest: usize,
  sample: usize,
  step: usize,
): void {
  let from = sample;
  for (let at = first; at < last; at += 4) {
    const own = load<i32>(from);
    from += step;
    const predicted = <f64>load<i32>(noted(at, 4)) / 64;
    for (let tap = 0; tap < taps; tap += 1) setDeviation(tap, load<i32>(noted(at, tap)));
    if (helpers > 0) setDeviation(taps, load<i32>(helperOne + at));
    if (helpers > 1) setDeviation(taps + 1, load<i32>(helperTwo + at));
    const direction = <usize>load<i32>(noted(at, 6));
    learn(filter + direction, taps + helpers, <f64>own - predicted, <f64>load<i32>(noted(at, 5)));
    store<i32>(rest + at, own - ((load<i32>(noted(at, 4)) + 32) >> 6));
    store<i32>(values + at, own);
  }
}

/** What `predict` has noted of a sample. */
function noted(at: usize, kind: i32): usize {
  return studied + <usize>kind * gridBytes + at;
}

function setDeviation(tap: i32, deviation: i32): void {
  store<f64>(deviations + ((<usize>tap) << 3), <f64>deviation);
}

function learn(filter: usize, count: i32, target: f64, energy: f64): void {
  energies += energy;
  energyNumber += 1;
  const weight = 1 / (6 + energy + 0.06 * energy * energy);
  let products = PRODUCTS + filter * (TAPS_MAX * TAPS_MAX * 8);
  let targets = TARGETS + filter * (TAPS_MAX * 8);
  for (let i = 0; i < count; i += 1) {
    const weighed = load<f64>(deviations + ((<usize>i) << 3)) * weight;
    store<f64>(targets, load<f64>(targets) + weighed * target);
    targets += 8;
    for (let j = 0; j <= i; j += 1) {
      const place = products + ((<usize>j) << 3);
      store<f64>(place, load<f64>(place) + weighed * load<f64>(deviations + ((<usize>j) << 3)));
    }
    products += TAPS_MAX * 8;
  }
}

/** Sum and number of the energies that `learnFilters` saw. */
export function energySum(): f64 {
  return energies;
}

export function energyCount(): f64 {
  return energyNumber;
}
