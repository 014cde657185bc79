// The equations of the filters: src/codec/photo/train.ts.
import { DEVIATIONS, PRODUCTS, TAPS_MAX, TARGETS, WEIGHTS } from "./memory";

// Filters are studied with weights of 0, so that a prediction is the mean of the four neighbours.
export let energies: f64 = 0;
export let energyNumber: f64 = 0;

export function isStudy<T>(): bool {
  return isFloat<T>() && sizeof<T>() === 8;
}

export function noteDeviations(first: i32, second: i32, third: i32, fourth: i32): void {
  store<f64>(DEVIATIONS, <f64>first);
  store<f64>(DEVIATIONS, <f64>second, 8);
  store<f64>(DEVIATIONS, <f64>third, 16);
  store<f64>(DEVIATIONS, <f64>fourth, 24);
}

/** The weights' places, from which the filter and the number of its taps are told. */
export function filterAt(taps: usize): usize {
  return (taps - WEIGHTS) / (TAPS_MAX * 4);
}

export function noteHelpers(taps: usize, one: i32, two: i32): void {
  const from = DEVIATIONS + (((taps - WEIGHTS) % (TAPS_MAX * 4)) << 1);
  store<f64>(from, <f64>one);
  store<f64>(from, <f64>two, 8);
}

/** Adds a sample that has `helpers` planes to help. Where neighbours differ much, a residual weighs less: its bits grow with its logarithm. */
export function learn(taps: usize, helpers: i32, target: f64, energy: i32): void {
  const filter = filterAt(taps);
  const count = <i32>(((taps - WEIGHTS) % (TAPS_MAX * 4)) >> 2) + helpers;
  const around = <f64>energy;
  energies += around;
  energyNumber += 1;
  const weight = 1 / (6 + around + 0.06 * around * around);
  let products = PRODUCTS + filter * (TAPS_MAX * TAPS_MAX * 8);
  let targets = TARGETS + filter * (TAPS_MAX * 8);
  for (let i = 0; i < count; i += 1) {
    const weighed = load<f64>(DEVIATIONS + ((<usize>i) << 3)) * weight;
    store<f64>(targets, load<f64>(targets) + weighed * target);
    targets += 8;
    for (let j = 0; j <= i; j += 1) {
      const place = products + ((<usize>j) << 3);
      store<f64>(place, load<f64>(place) + weighed * load<f64>(DEVIATIONS + ((<usize>j) << 3)));
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
