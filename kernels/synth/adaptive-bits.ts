// The states and mixers of src/codec/synth/adaptive-bits.ts.
import { RATES, SQUASHED, STATES, STRETCHED, WEIGHTS } from "./memory";
import { code } from "./range-coder";

export const MET_MAX: i32 = 45;
const LOGIT_MAX: i32 = 2816;
const ONES_TOP: i32 = (1 << 22) - 1;
const WEIGHT_RATE: i32 = 14;

function learned(state: i32, bit: i32, metMax: i32): i32 {
  const met = state & 1023;
  const rate = load<i32>(RATES + ((<usize>met) << 2));
  const ones = <i32>(<u32>state >> 10);
  // Without branches: what is coded is hard to foresee.
  const way = select(ONES_TOP - ones, ones, bit !== 0);
  const step = ((way >> 7) * rate) >> 8;
  const moved = ones + select(step, -step, bit !== 0);
  return (moved << 10) | (met + i32(met < metMax));
}

export function codeIn(bit: i32, context: i32, metMax: i32): i32 {
  const place = STATES + ((<usize>context) << 2);
  const state = load<i32>(place);
  const ones = <i32>(<u32>state >> 16);
  const coded = code(bit, <u32>max(4, min(ones, 65532)));
  store<i32>(place, learned(state, coded, metMax));
  return coded;
}

function stretched(state: i32): i32 {
  return load<i16>(STRETCHED + ((<usize>(<u32>state >> 20)) << 1));
}

function weightMoved(weight: i32, logit: i32, error: i32): i32 {
  return weight + ((logit * error + 512) >> 10);
}

export function codeMixed(bit: i32, first: i32, second: i32, third: i32, mixer: i32): i32 {
  const placeA = STATES + ((<usize>first) << 2);
  const placeB = STATES + ((<usize>second) << 2);
  const placeC = STATES + ((<usize>third) << 2);
  const stateA = load<i32>(placeA);
  const stateB = load<i32>(placeB);
  const stateC = load<i32>(placeC);
  const a = stretched(stateA);
  const b = stretched(stateB);
  const c = stretched(stateC);
  const weights = WEIGHTS + <usize>(mixer * 12);
  const weightA = load<i32>(weights);
  const weightB = load<i32>(weights, 4);
  const weightC = load<i32>(weights, 8);
  const sum = (weightA * a + weightB * b + weightC * c) >> 16;
  const logit = max(-LOGIT_MAX, min(LOGIT_MAX, sum));
  const ones = <i32>load<u16>(SQUASHED + ((<usize>(logit + LOGIT_MAX)) << 1));
  const coded = code(bit, <u32>ones);
  const error = (((coded << 16) - ones) * WEIGHT_RATE) >> 10;
  store<i32>(weights, weightMoved(weightA, a, error));
  store<i32>(weights, weightMoved(weightB, b, error), 4);
  store<i32>(weights, weightMoved(weightC, c, error), 8);
  store<i32>(placeA, learned(stateA, coded, MET_MAX));
  store<i32>(placeB, learned(stateB, coded, MET_MAX));
  store<i32>(placeC, learned(stateC, coded, MET_MAX));
  return coded;
}
