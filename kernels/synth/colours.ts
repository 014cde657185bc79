// A pixel's colour, by its rank in the palette or by its samples: src/codec/synth/palette.ts and literals.ts.
import { codeIn, MET_MAX } from "./adaptive-bits";
import { PALETTE, RANK_BYTES, RANKS, SAMPLES } from "./memory";
import { pack, unpack } from "./pixels";
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
let paletteContexts: i32 = 0;

export function configureColours(
  channelCount: i32,
  sampleBits: i32,
  rgb: bool,
  lengths: i32,
  trees: i32,
  literals: i32,
  paletteLiterals: i32,
): void {
  channels = channelCount;
  bits = sampleBits;
  isRgb = rgb;
  lengthContexts = lengths;
  treeContexts = trees;
  literalContexts = literals;
  paletteContexts = paletteLiterals;
}

export function hasPalette(): bool {
  return paletteSize > 0;
}

/** A palette without colours. */
export function clearPalette(): void {
  paletteSize = 0;
  memory.fill(RANKS, 0, RANK_BYTES);
}

/** Where a key's rank stands, or is to go. */
function rankEntry(wanted: i32): usize {
  let index = <u32>(wanted * <i32>0x9e3779b1) >> 19;
  let entry = RANKS + ((<usize>index) << 3);
  while (load<i32>(entry, 4) !== 0 && load<i32>(entry) !== wanted) {
    index = (index + 1) & 8191;
    entry = RANKS + ((<usize>index) << 3);
  }
  return entry;
}

/** Gives the next rank to a key. */
export function addToPalette(key: i32): void {
  store<i32>(PALETTE + ((<usize>paletteSize) << 2), key);
  paletteSize += 1;
  const entry = rankEntry(key);
  store<i32>(entry, key);
  store<i32>(entry, paletteSize, 4);
}

/** Rank + 1 of a key; 0 for none. */
export function rankOf(key: i32): i32 {
  return load<i32>(rankEntry(key), 4);
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
  unpack(SAMPLES + 8, west);
  unpack(SAMPLES + 16, north);
  unpack(SAMPLES + 24, northWest);
  unpack(SAMPLES + 32, northEast);
  return codeSamples(key, literalContexts, 12);
}

/** Codes a palette's colour after the one before it. */
export function codeNext(key: i32, before: i32): i32 {
  for (let place: usize = 8; place <= 32; place += 8) unpack(SAMPLES + place, before);
  return codeSamples(key, paletteContexts, 1);
}

function sampleAt(place: usize): i32 {
  return bits === 8 ? <i32>load<u8>(place) : <i32>load<u16>(place);
}

/** Codes a key's samples by those of the pixels around, in contexts of `classes` classes of energy. */
function codeSamples(key: i32, contexts: i32, classes: i32): i32 {
  const top = (1 << bits) - 1;
  unpack(SAMPLES, key);
  let greenMissed = 0;
  let missed = 0;
  let result: u64 = 0;
  for (let step = 0; step < channels; step += 1) {
    const channel = isRgb && step < 2 ? 1 - step : step;
    const place = SAMPLES + <usize>((channel * bits) >> 3);
    const a = sampleAt(place + 8);
    const b = sampleAt(place + 16);
    const d = sampleAt(place + 24);
    const e = sampleAt(place + 32);
    const middle = median(a, b, d);
    const helped = isRgb && (step === 1 || step === 2);
    const predicted = max(0, min(top, middle + (helped ? greenMissed : 0)));
    const energy = (abs(a - d) + abs(b - d) + abs(b - e) + 2 * missed) >> (bits - 8);
    const wrapped = (sampleAt(place) - predicted) & top;
    const group = classes === 1 ? step : step * classes + energyClass(energy);
    const difference = wrapped > top >> 1 ? wrapped - top - 1 : wrapped;
    const coded = codeDifference(difference, contexts + group * DIFFERENCES);
    const sample = (predicted + coded) & top;
    if (step === 0) greenMissed = sample - middle;
    missed += abs(coded);
    result |= (<u64>sample) << (<u64>(channel * bits));
  }
  return pack(result);
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
