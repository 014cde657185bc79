// A pixel's colour, by its rank in the palette or by its samples: src/codec/synth/palette.ts and literals.ts.
import { codeIn, MET_MAX } from "./adaptive-bits";
import { PALETTE, RANKS } from "./memory";
import { code } from "./range-coder";

const DIFFERENCES: i32 = 50;
const HALF: u32 = 32768;

let channels: i32 = 0;
let bits: i32 = 0;
let isRgb: bool = false;
let paletteSize: i32 = 0;
let lengthContexts: i32 = 0;
let treeContexts: i32 = 0;
let literalContexts: i32 = 0;

export function configureColours(
  channelCount: i32,
  sampleBits: i32,
  rgb: bool,
  colours: i32,
  lengths: i32,
  trees: i32,
  literals: i32,
): void {
  channels = channelCount;
  bits = sampleBits;
  isRgb = rgb;
  paletteSize = colours;
  lengthContexts = lengths;
  treeContexts = trees;
  literalContexts = literals;
}

export function hasPalette(): bool {
  return paletteSize > 0;
}

/** Rank + 1 of a key; 0 for none. */
export function rankOf(wanted: i32): i32 {
  let index = <u32>(wanted * 0x9e3779b1) >> 19;
  let entry = RANKS + ((<usize>index) << 3);
  while (load<i32>(entry, 4) !== 0 && load<i32>(entry) !== wanted) {
    index = (index + 1) & 8191;
    entry = RANKS + ((<usize>index) << 3);
  }
  return load<i32>(entry, 4);
}

/** Codes rank + 1 and returns it; 0 when the palette has no such colour. */
export function codeRank(given: i32): i32 {
  const givenLength = given > 0 ? 31 - clz(given) : 0;
  const longest = 31 - clz(paletteSize);
  let length = 0;
  while (length < longest) {
    if (codeIn(i32(givenLength > length), lengthContexts + length, MET_MAX) === 0) break;
    length += 1;
  }
  let coded = 1;
  for (let place = length - 1; place >= 0; place -= 1) {
    const bit = (given >> place) & 1;
    const context = treeContexts + length * 8 + coded;
    coded = 2 * coded + (length - 1 - place < 3 ? codeIn(bit, context, MET_MAX) : code(bit, HALF));
  }
  return coded > paletteSize ? 0 : coded;
}

function energyClass(energy: i32): i32 {
  if (energy < 9) return energy < 3 ? energy : energy < 5 ? 3 : 4;
  if (energy < 42) return energy < 15 ? 5 : energy < 25 ? 6 : 7;
  return energy < 122 ? (energy < 72 ? 8 : 9) : energy < 208 ? 10 : 11;
}

function median(a: i32, b: i32, d: i32): i32 {
  const least = min(a, b);
  const most = max(a, b);
  return d >= most ? least : d <= least ? most : a + b - d;
}

export function colourOfRank(rank: i32): i32 {
  return load<i32>(PALETTE + ((<usize>(rank - 1)) << 2));
}

/** Codes a key by its samples, and returns it. */
export function codeLiteral(key: i32, west: i32, north: i32, northWest: i32, northEast: i32): i32 {
  const top = (1 << bits) - 1;
  let greenMissed = 0;
  let missed = 0;
  let result = 0;
  for (let step = 0; step < channels; step += 1) {
    const channel = isRgb && step < 2 ? 1 - step : step;
    const place = channel * bits;
    const a = (west >> place) & top;
    const b = (north >> place) & top;
    const d = (northWest >> place) & top;
    const e = (northEast >> place) & top;
    const middle = median(a, b, d);
    const helped = isRgb && (step === 1 || step === 2);
    const predicted = max(0, min(top, middle + (helped ? greenMissed : 0)));
    const energy = abs(a - d) + abs(b - d) + abs(b - e) + 2 * missed;
    const wrapped = (((key >> place) & top) - predicted) & top;
    const context = literalContexts + (step * 12 + energyClass(energy >> (bits - 8))) * DIFFERENCES;
    const coded = codeDifference(wrapped > top >> 1 ? wrapped - top - 1 : wrapped, context);
    const sample = (predicted + coded) & top;
    if (step === 0) greenMissed = sample - middle;
    missed += abs(coded);
    result |= sample << place;
  }
  return result;
}

function codeDifference(difference: i32, context: i32): i32 {
  if (codeIn(i32(difference !== 0), context, MET_MAX) === 0) return 0;
  const negative = codeIn(i32(difference < 0), context + 1, MET_MAX);
  const given = max(1, abs(difference));
  const givenLength = 31 - clz(given);
  let length = 0;
  while (length < bits - 1) {
    if (codeIn(i32(givenLength > length), context + 2 + length, MET_MAX) === 0) break;
    length += 1;
  }
  let magnitude = 1;
  for (let place = length - 1; place >= 0; place -= 1) {
    const bit = (given >> place) & 1;
    const below = length - 1 - place;
    const coded =
      below < 2 ? codeIn(bit, context + 18 + 16 * below + length, MET_MAX) : code(bit, HALF);
    magnitude = 2 * magnitude + coded;
  }
  return negative === 1 ? -magnitude : magnitude;
}
