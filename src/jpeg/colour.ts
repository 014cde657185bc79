import type { JpegColour } from "./frame.js";

/*
 * YCbCr to RGB as libjpeg does it, in 16 fractional bits; ITU-T T.871 section 7. Rounding halves are in `GREEN_CB` and in the
 * shifts below.
 */
const RED_CR = 91_881;
const BLUE_CB = 116_130;
const GREEN_CR = 46_802;
const GREEN_CB = 22_554;
const HALF = 1 << 15;

/** Samples of one row, a component each. */
export type SampleRows = readonly Uint8Array[];

/** Writes a row of pixels, three bytes each (one, if gray), at `offset`. */
export function writeColours(
  colour: JpegColour,
  rows: SampleRows,
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
): void {
  const [first, second, third, fourth] = rows as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (colour === "gray") target.set(first, offset);
  else if (colour === "rgb") interleave(first, second, third, target, offset);
  else if (colour === "ycc") yccToRgb(first, second, third, target, offset);
  else {
    if (colour === "ycck") yccToRgb(first, second, third, target, offset);
    else interleave(first, second, third, target, offset);
    inksToRgb(colour, fourth, target, offset);
  }
}

function interleave(
  first: Uint8Array,
  second: Uint8Array,
  third: Uint8Array,
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
): void {
  let at = offset;
  for (let i = 0; i < first.length; i += 1) {
    target[at] = first[i] as number;
    target[at + 1] = second[i] as number;
    target[at + 2] = third[i] as number;
    at += 3;
  }
}

function yccToRgb(
  luma: Uint8Array,
  blueness: Uint8Array,
  redness: Uint8Array,
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
): void {
  let at = offset;
  for (let i = 0; i < luma.length; i += 1) {
    const y = luma[i] as number;
    const cb = (blueness[i] as number) - 128;
    const cr = (redness[i] as number) - 128;
    target[at] = clamp(y + ((RED_CR * cr + HALF) >> 16));
    target[at + 1] = clamp(y + ((HALF - GREEN_CB * cb - GREEN_CR * cr) >> 16));
    target[at + 2] = clamp(y + ((BLUE_CB * cb + HALF) >> 16));
    at += 3;
  }
}

/**
 * Inks to RGB, in place and without a profile: the share of white that one ink lets through, times what black lets through.
 *
 * Adobe's programs store 255 less the ink; in YCCK the three colours are less once more, so that RGB comes out as the inks.
 */
function inksToRgb(
  colour: JpegColour,
  black: Uint8Array,
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
): void {
  let at = offset;
  for (let i = 0; i < black.length; i += 1) {
    const stored = black[i] as number;
    const left = colour === "cmyk" ? 255 - stored : stored;
    for (let end = at + 3; at < end; at += 1) {
      const ink = target[at] as number;
      target[at] = Math.round(((colour === "inverted cmyk" ? ink : 255 - ink) * left) / 255);
    }
  }
}

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);
