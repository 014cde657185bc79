import type { PixelFormat } from "../types.js";
import { type AdaptiveBits, MET_MAX } from "./adaptive-bits.js";
import type { Colours } from "./colours.js";
import { Context, DIFFERENCE_CONTEXTS } from "./contexts.js";
import type { BitCoder } from "./range-coder.js";

/** The pixels that a literal is predicted from, as keys. */
export interface Neighbours {
  readonly west: number;
  readonly north: number;
  readonly northWest: number;
  readonly northEast: number;
}

/**
 * Codes a pixel sample by sample: the difference from the median of west, north and their gradient (as in JPEG-LS), the
 * other colours of RGB helped by what green missed.
 */
export class Literals {
  private readonly order: readonly number[];
  private readonly isRgb: boolean;
  private readonly bits: number;
  private readonly scratch = new Uint8Array(8);
  private readonly samples = Array.from({ length: 5 }, () => new Int32Array(4));

  constructor(
    { channels, bits, colour }: PixelFormat,
    private readonly colours: Colours,
  ) {
    this.bits = bits;
    this.isRgb = colour === "rgb";
    const natural = [0, 1, 2, 3].slice(0, channels);
    this.order = this.isRgb ? [1, 0, 2, ...natural.slice(3)] : natural;
  }

  /** Codes the pixel of `key` in its surroundings and returns its key. */
  code(bits: AdaptiveBits, coder: BitCoder, key: number, around: Neighbours): number {
    return this.codeSamples(bits, coder, key, around, Context.literal);
  }

  /** Codes a palette's colour after the one before it. */
  codeNext(bits: AdaptiveBits, coder: BitCoder, key: number, before: number): number {
    const around = { west: before, north: before, northWest: before, northEast: before };
    return this.codeSamples(bits, coder, key, around, Context.paletteLiteral);
  }

  /** The samples of a key in the order of coding. */
  samplesOf(key: number): number[] {
    const into = new Int32Array(4);
    this.unpack(key, into);
    return this.order.map((channel) => into[channel] as number);
  }

  private codeSamples(
    states: AdaptiveBits,
    coder: BitCoder,
    key: number,
    { west, north, northWest, northEast }: Neighbours,
    contexts: number,
  ): number {
    const { bits, samples } = this;
    const [value, w, n, nw, ne] = samples as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    this.unpack(key, value);
    this.unpack(west, w);
    this.unpack(north, n);
    this.unpack(northWest, nw);
    this.unpack(northEast, ne);
    const top = 2 ** bits - 1;
    const byEnergy = contexts === Context.literal;
    let greenMissed = 0;
    let missed = 0;
    for (let step = 0; step < this.order.length; step += 1) {
      const channel = this.order[step] as number;
      const a = w[channel] as number;
      const b = n[channel] as number;
      const d = nw[channel] as number;
      const middle = median(a, b, d);
      const helped = this.isRgb && (step === 1 || step === 2);
      const predicted = Math.min(top, Math.max(0, middle + (helped ? greenMissed : 0)));
      const energy =
        Math.abs(a - d) + Math.abs(b - d) + Math.abs(b - (ne[channel] as number)) + 2 * missed;
      const group = byEnergy ? step * ENERGIES.length + energyClass(energy >> (bits - 8)) : step;
      const wrapped = ((value[channel] as number) - predicted) & top;
      const difference = wrapped > top >> 1 ? wrapped - top - 1 : wrapped;
      const coded = this.codeDifference(
        states,
        coder,
        contexts + group * DIFFERENCE_CONTEXTS,
        difference,
      );
      value[channel] = (predicted + coded) & top;
      if (step === 0) greenMissed = (value[channel] as number) - middle;
      missed += Math.abs(coded);
    }
    return this.pack(value);
  }

  /** 0 or not, the sign, the magnitude's length in unary, its bits below the top one, two of which are predicted. */
  private codeDifference(
    states: AdaptiveBits,
    coder: BitCoder,
    context: number,
    difference: number,
  ): number {
    if (states.code(coder, difference === 0 ? 0 : 1, context, MET_MAX) === 0) return 0;
    const negative = states.code(coder, difference < 0 ? 1 : 0, context + SIGN, MET_MAX);
    const given = Math.max(1, Math.abs(difference));
    const givenLength = 31 - Math.clz32(given);
    let length = 0;
    while (length < this.bits - 1) {
      const longer = givenLength > length ? 1 : 0;
      if (states.code(coder, longer, context + LENGTH + length, MET_MAX) === 0) break;
      length += 1;
    }
    let magnitude = 1;
    for (let place = length - 1; place >= 0; place -= 1) {
      const bit = (given >>> place) & 1;
      const below = length - 1 - place;
      const coded =
        below < 2
          ? states.code(coder, bit, context + (below === 0 ? UPPER : LOWER) + length, MET_MAX)
          : coder.code(bit, HALF);
      magnitude = 2 * magnitude + coded;
    }
    return negative === 1 ? -magnitude : magnitude;
  }

  private unpack(key: number, into: Int32Array): void {
    const { scratch, bits } = this;
    this.colours.write(key, scratch, 0);
    for (let channel = 0; channel < this.order.length; channel += 1) {
      into[channel] =
        bits === 8
          ? (scratch[channel] as number)
          : (scratch[2 * channel] as number) | ((scratch[2 * channel + 1] as number) << 8);
    }
  }

  private pack(samples: Int32Array): number {
    const { scratch, bits } = this;
    for (let channel = 0; channel < this.order.length; channel += 1) {
      const sample = samples[channel] as number;
      if (bits === 8) {
        scratch[channel] = sample;
      } else {
        scratch[2 * channel] = sample;
        scratch[2 * channel + 1] = sample >>> 8;
      }
    }
    return this.colours.read(scratch, 0);
  }
}

/** The median of a, b and a + b - d. */
function median(a: number, b: number, d: number): number {
  const least = Math.min(a, b);
  const most = Math.max(a, b);
  if (d >= most) return least;
  return d <= least ? most : a + b - d;
}

function energyClass(energy: number): number {
  let group = 0;
  while (group + 1 < ENERGIES.length && energy >= (ENERGIES[group + 1] as number)) group += 1;
  return group;
}

/** How unquiet the surroundings are at least, by class: about 1.3 classes to a doubling. */
const ENERGIES = [0, 1, 2, 3, 5, 9, 15, 25, 42, 72, 122, 208];

const SIGN = 1;
const LENGTH = 2;
const UPPER = 18;
const LOWER = 34;
const HALF = 32768;
