import { assert } from "../base/assert.js";
import type { PixelFormat, PixelView } from "./types.js";

/**
 * Which numbers are coded in place of a picture's sample values, the same for all its channels. The coders see levels:
 * 0, 1, ... in the order of what they mean.
 *
 * - same: levels are the values.
 * - rotated: signed samples that are stored as unsigned; the level is the value plus 32,768, modulo 65,536.
 * - spread: `levels` levels were stretched from 0 to `top`; level i is the value round(i top / (levels - 1)).
 * - listed: only these values occur, ascending; level i is value i of them.
 */
export type ValueMap =
  | { readonly kind: "same" }
  | { readonly kind: "rotated" }
  | { readonly kind: "spread"; readonly levels: number; readonly top: number }
  | { readonly kind: "listed"; readonly values: readonly number[] };

type Spread = Extract<ValueMap, { kind: "spread" }>;

/** Turns values to levels and back, for pixels of one format. */
export class LevelMapper {
  /** What the coders get: 8 bits when there are at most 256 levels. */
  readonly format: PixelFormat;
  private readonly valueOf: Uint16Array;
  private readonly levelOf: Int32Array;

  constructor(
    map: Exclude<ValueMap, { kind: "same" }>,
    private readonly pixels: PixelFormat,
  ) {
    this.valueOf = valuesOf(map);
    this.levelOf = new Int32Array(2 ** pixels.bits).fill(-1);
    this.valueOf.forEach((value, level) => {
      this.levelOf[value] = level;
    });
    this.format = { ...pixels, bits: this.valueOf.length <= 256 ? 8 : 16 };
  }

  /** Writes the levels of all pixels to a view of the coders' format. Returns how many rows from the top have levels. */
  toLevels(values: PixelView, levels: PixelView): number {
    const samples = values.width * this.pixels.channels;
    const wideIn = this.pixels.bits === 16;
    const wideOut = this.format.bits === 16;
    for (let row = 0; row < values.height; row += 1) {
      let from = values.offset + row * values.stride;
      let to = levels.offset + row * levels.stride;
      for (let left = samples; left > 0; left -= 1) {
        let value = values.bytes[from++] as number;
        if (wideIn) value |= (values.bytes[from++] as number) << 8;
        const level = this.levelOf[value] as number;
        if (level < 0) return row;
        levels.bytes[to++] = level;
        if (wideOut) levels.bytes[to++] = level >>> 8;
      }
    }
    return values.height;
  }

  /** The reverse; false when a level stands for no value. */
  toValues(levels: PixelView, values: PixelView): boolean {
    const samples = values.width * this.pixels.channels;
    const wideIn = this.format.bits === 16;
    const wideOut = this.pixels.bits === 16;
    for (let row = 0; row < values.height; row += 1) {
      let from = levels.offset + row * levels.stride;
      let to = values.offset + row * values.stride;
      for (let left = samples; left > 0; left -= 1) {
        let level = levels.bytes[from++] as number;
        if (wideIn) level |= (levels.bytes[from++] as number) << 8;
        if (level >= this.valueOf.length) return false;
        const value = this.valueOf[level] as number;
        values.bytes[to++] = value;
        if (wideOut) values.bytes[to++] = value >>> 8;
      }
    }
    return true;
  }
}

/**
 * The map that makes a picture easiest to code, by some of its pixels; `whole`: by all of them, so that a list can be
 * complete. Pixels not seen may have values without a level: they are sent raw.
 */
export function chooseValueMap(
  { bits, channels }: PixelFormat,
  samples: readonly PixelView[],
  whole: boolean,
): ValueMap {
  const used = usedValues(bits, channels, samples);
  const top = used.at(-1) ?? 0;
  const spread = used.length > 1 ? spreadOf(used, bits) : undefined;
  if (spread !== undefined && (whole || isFilled(spread, used.length))) return spread;
  const gapHolds = (value: number): boolean => value > SIGNED_GAP_FROM && value < SIGNED_GAP_TO;
  const wraps = bits === 16 && (used[0] ?? 0) < SIGNED_GAP_FROM && top > SIGNED_GAP_TO;
  if (wraps && !used.some(gapHolds)) return { kind: "rotated" };
  const span = top - (used[0] ?? 0) + 1;
  const samplesSeen = samples.reduce(
    (sum, { width, height }) => sum + width * height * channels,
    0,
  );
  const saved = (LISTED_GAIN * samplesSeen * Math.log2(span / used.length)) / 8;
  return whole && used.length < LISTED_SHARE_MAX * span && used.length < saved
    ? { kind: "listed", values: used }
    : { kind: "same" };
}

/** Writes a map as docs/codec.md describes it. */
export function encodeValueMap(map: ValueMap): Uint8Array {
  switch (map.kind) {
    case "same":
      return Uint8Array.of(Kind.same);
    case "rotated":
      return Uint8Array.of(Kind.rotated);
    case "spread": {
      const last = map.levels - 1;
      return Uint8Array.of(Kind.spread, last >>> 8, last & 255, map.top >>> 8, map.top & 255);
    }
    case "listed": {
      const last = map.values.length - 1;
      const out = [Kind.listed, last >>> 8, last & 255];
      let next = 0;
      for (const value of map.values) {
        const skipped = value - next;
        if (skipped < 255) out.push(skipped);
        else out.push(255, skipped >>> 8, skipped & 255);
        next = value + 1;
      }
      return Uint8Array.from(out);
    }
  }
}

/** Reads what `encodeValueMap` wrote, at `at` of `source`; undefined for what it never writes for samples of so many bits. */
export function decodeValueMap(
  source: Uint8Array,
  at: number,
  bits: 8 | 16,
): { map: ValueMap; end: number } | undefined {
  const u16 = (offset: number): number => ((source[offset] ?? 0) << 8) | (source[offset + 1] ?? 0);
  switch (source[at]) {
    case Kind.same:
      return { map: { kind: "same" }, end: at + 1 };
    case Kind.rotated:
      return bits === 16 ? { map: { kind: "rotated" }, end: at + 1 } : undefined;
    case Kind.spread: {
      const [levels, top] = [u16(at + 1) + 1, u16(at + 3)];
      if (levels < 2 || top < levels - 1 || top >= 2 ** bits) return undefined;
      return { map: { kind: "spread", levels, top }, end: at + 5 };
    }
    case Kind.listed:
      return decodeList(source, at + 3, u16(at + 1) + 1, bits);
    default:
      return undefined;
  }
}

function decodeList(
  source: Uint8Array,
  start: number,
  count: number,
  bits: 8 | 16,
): { map: ValueMap; end: number } | undefined {
  const values: number[] = [];
  let at = start;
  let next = 0;
  while (values.length < count) {
    let skipped = source[at++];
    if (skipped === 255) {
      skipped = ((source[at] ?? 0) << 8) | (source[at + 1] ?? 0);
      at += 2;
    }
    if (skipped === undefined || at > source.length) return undefined;
    if (next + skipped >= 2 ** bits) return undefined;
    values.push(next + skipped);
    next += skipped + 1;
  }
  return { map: { kind: "listed", values }, end: at };
}

function valuesOf(map: Exclude<ValueMap, { kind: "same" }>): Uint16Array {
  switch (map.kind) {
    case "rotated":
      return Uint16Array.from({ length: 65_536 }, (_, level) => (level + 32_768) & 65_535);
    case "spread":
      return spreadValues(map.levels, map.top);
    case "listed":
      assert(map.values.length > 0, "a list of values is not empty");
      return Uint16Array.from(map.values);
  }
}

const spreadValues = (levels: number, top: number): Uint16Array =>
  Uint16Array.from({ length: levels }, (_, level) =>
    Math.floor((2 * level * top + levels - 1) / (2 * (levels - 1))),
  );

/** The values that occur, ascending. */
function usedValues(bits: 8 | 16, channels: number, samples: readonly PixelView[]): number[] {
  const seen = new Uint8Array(2 ** bits);
  for (const { bytes, offset, stride, width, height } of samples) {
    for (let row = 0; row < height; row += 1) {
      const start = offset + row * stride;
      const end = start + width * channels * (bits / 8);
      if (bits === 8) for (let at = start; at < end; at += 1) seen[bytes[at] as number] = 1;
      else {
        for (let at = start; at < end; at += 2) {
          seen[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] = 1;
        }
      }
    }
    if (!seen.includes(0)) break;
  }
  const used: number[] = [];
  seen.forEach((there, value) => {
    if (there !== 0) used.push(value);
  });
  return used;
}

/** Whether so many values seen make it likely that all others are levels too. */
const isFilled = (spread: Spread, used: number): boolean =>
  spread.levels >= FILLED_LEVELS_MIN && used >= spread.levels / 2;

/** The fewest levels of 1 to 14 bits that, stretched to a whole number of bits, hold all values; undefined when none do. */
function spreadOf(used: readonly number[], bits: 8 | 16): Spread | undefined {
  const top = used.at(-1) as number;
  for (let levelBits = 1; levelBits < bits - 1; levelBits += 1) {
    const levels = 2 ** levelBits;
    if (used.length > levels) continue;
    for (let topBits = levelBits + 1; topBits <= bits; topBits += 1) {
      for (const whole of [2 ** topBits - 1, (levels - 1) << (topBits - levelBits)]) {
        if (whole < top) continue;
        const values = new Set(spreadValues(levels, whole));
        if (used.every((value) => values.has(value))) return { kind: "spread", levels, top: whole };
      }
    }
  }
  return undefined;
}

const Kind = { same: 0, rotated: 1, spread: 2, listed: 3 } as const;

/** Ours: a few values seen of a large picture say little of the others. */
const FILLED_LEVELS_MIN = 128;

/** Ours: of the bits by which levels are shorter than values, so much is saved where neighbours tell most already. */
const LISTED_GAIN = 0.3;

/** Ours: how much of their span values may fill for a list to pay. */
const LISTED_SHARE_MAX = 0.8;

/** Ours: signed samples keep away from where they overflow, 32,768 as unsigned, by this much. */
const SIGNED_GAP_FROM = 24_576;
const SIGNED_GAP_TO = 40_960;
