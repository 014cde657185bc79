/**
 * Probabilities that learn. Each context has a state: the probability of a 1 in the upper 22 bits, and in the lower 10 how
 * often it was met, which tells how fast it moves. Some decisions are predicted by three contexts at once, mixed in
 * the logistic domain as in M. Mahoney's lpaq: weights learn which context to trust. All is integer arithmetic, so that any two
 * machines agree to the bit.
 */
import type { BitCoder } from "./range-coder.js";

/** A state of probability 1/2 that was never met. */
export const STATE_NEW = 0x8000_0000 | 0;

/** The state of a context: how likely a 1 is in it, in 1/2^22, and how often it was met. */
export const stateOf = (ones: number, met: number): number => (ones << 10) | met;

/** States and weights of one coder. */
export class AdaptiveBits {
  readonly states: Int32Array;
  readonly weights: Int32Array;

  constructor(contexts: number, mixers: number) {
    this.states = new Int32Array(contexts).fill(STATE_NEW);
    this.weights = new Int32Array(mixers * MIXED).fill(WEIGHT_START);
  }

  copyFrom(other: AdaptiveBits): void {
    this.states.set(other.states);
    this.weights.set(other.weights);
  }

  /** Codes a decision by one context. Met `metMax` times, a state moves no slower. */
  code(coder: BitCoder, bit: number, context: number, metMax: number): number {
    const ones = (this.states[context] as number) >>> 16;
    const coded = coder.code(bit, Math.min(Math.max(ones, ONES_MIN), ONES_MAX));
    this.learn(context, coded, metMax);
    return coded;
  }

  /** Codes a decision by three contexts and the weights of a mixer. */
  codeMixed(
    coder: BitCoder,
    bit: number,
    first: number,
    second: number,
    third: number,
    mixer: number,
  ): number {
    const { states, weights } = this;
    const at = mixer * MIXED;
    const a = STRETCHED[(states[first] as number) >>> 20] as number;
    const b = STRETCHED[(states[second] as number) >>> 20] as number;
    const c = STRETCHED[(states[third] as number) >>> 20] as number;
    const sum =
      Math.imul(weights[at] as number, a) +
      Math.imul(weights[at + 1] as number, b) +
      Math.imul(weights[at + 2] as number, c);
    const ones = squash((sum | 0) >> 16);
    const coded = coder.code(bit, ones);
    const error = (((coded << 16) - ones) * WEIGHT_RATE) >> 10;
    weights[at] = (weights[at] as number) + ((a * error + 512) >> 10);
    weights[at + 1] = (weights[at + 1] as number) + ((b * error + 512) >> 10);
    weights[at + 2] = (weights[at + 2] as number) + ((c * error + 512) >> 10);
    this.learn(first, coded, MET_MAX);
    this.learn(second, coded, MET_MAX);
    this.learn(third, coded, MET_MAX);
    return coded;
  }

  private learn(context: number, bit: number, metMax: number): void {
    const state = this.states[context] as number;
    const met = state & MET_MASK;
    const rate = RATES[met] as number;
    const ones = state >>> 10;
    const moved =
      bit === 0
        ? ones - (Math.imul(ones >> 7, rate) >> 8)
        : ones + (Math.imul((ONES_TOP - ones) >> 7, rate) >> 8);
    this.states[context] = (moved << 10) | (met < metMax ? met + 1 : met);
  }
}

/** How likely a 1 is, in 1/65536, for a logarithm of odds in 1/256. Linear between the points of the table. */
export function squash(logit: number): number {
  const far = Math.min(logit < 0 ? -logit : logit, LOGIT_MAX);
  const point = far >> 6;
  const low = SQUASHED[point] as number;
  const high = SQUASHED[Math.min(point + 1, SQUASHED.length - 1)] as number;
  const ones = low + (((high - low) * (far & 63)) >> 6);
  return logit < 0 ? 65536 - ones : ones;
}

/** Contexts that are mixed in a decision. */
const MIXED = 3;

/** Ours: a mixture's states keep moving by 1/46 at least. */
export const MET_MAX = 45;

const MET_MASK = 1023;
const ONES_TOP = 2 ** 22 - 1;
const ONES_MIN = 4;
const ONES_MAX = 65532;

/** 0.35 of 65536: three contexts of which each is nearly right alone. */
const WEIGHT_START = 22938;
/** Ours. */
const WEIGHT_RATE = 14;

/** How far a state goes towards what was met, in 1/32768, by how often it was met. */
export const RATES = Int32Array.from({ length: 1024 }, (_, met) =>
  Math.floor(327680 / (10 * met + 16)),
);

/** 65536 / (1 + e^-x) for x from 0 to 11 in steps of a quarter. */
const SQUASHED = [
  32768, 36843, 40793, 44511, 47911, 50941, 53581, 55834, 57724, 59287, 60565, 61598, 62428, 63090,
  63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194, 65269, 65328, 65374, 65410, 65438, 65459,
  65476, 65489, 65500, 65508, 65514, 65519, 65520, 65520, 65520, 65520, 65520, 65520, 65520, 65520,
  65520, 65520, 65520,
];
export const LOGIT_MAX = 64 * (SQUASHED.length - 1);

/** The inverse of `squash`, for probabilities in 1/4096 at their middles. */
export const STRETCHED = stretched();

function stretched(): Int16Array {
  const table = new Int16Array(4096);
  let logit = -LOGIT_MAX;
  for (let index = 0; index < table.length; index += 1) {
    while (logit < LOGIT_MAX && squash(logit) < 16 * index + 8) logit += 1;
    table[index] = logit;
  }
  return table;
}
