// Photographic pieces: the inner loops of src/codec/photo, whose reference says what is done here, and of src/codec/entropy.
// The host (src/codec/photo/kernel.ts) writes tables to the fixed places of memory.ts, calls `prepare` for the piece's size, and
// copies pixels and payloads to and from where the `...At` functions say.
import { makeTables } from "./entropy/tables";
import { beginDecoding, hasEndedWell } from "./photo/decoding";
import { beginEncoding } from "./photo/encoding";
import {
  FREQUENCIES,
  height,
  PUT,
  payload,
  pixels,
  rowCosts,
  TAKEN,
  TOKENS,
  width,
} from "./photo/memory";
import { joinPlanes, splitPlanes } from "./photo/planes";
import { joinFinest, walk } from "./photo/walk";

export { finish } from "./photo/encoding";
export {
  COSTS,
  FREQUENCIES,
  HISTOGRAMS,
  PRODUCTS,
  prepare,
  setFormat,
  TABLE_OF,
  TARGETS,
  WEIGHTS,
} from "./photo/memory";
export { energyCount, energySum } from "./photo/study";
export { spreadWeights } from "./photo/weights";

/** Takes the frequencies of so many tables. */
export function setModel(tables: i32): void {
  makeTables(tables, FREQUENCIES, TAKEN, PUT, TOKENS);
}

export function pixelsAt(): usize {
  return pixels;
}

export function payloadAt(): usize {
  return payload;
}

export function rowCostsAt(): usize {
  return rowCosts;
}

/** Puts the values of all samples into the coder, and notes what each row costs. */
export function look(): void {
  splitPlanes(width * height);
  beginEncoding();
  walk<u32>();
}

/** Adds a piece to the equations of the filters, all of whose weights must be 0. */
export function learnFilters(): void {
  splitPlanes(width * height);
  walk<f64>();
}

/** Counts the tokens of a piece by their contexts; `TABLE_OF` must hold the levels of energies. */
export function countTokens(): void {
  splitPlanes(width * height);
  walk<f32>();
}

/** Fills the pixels from the payload; false when it is none of this picture. */
export function decode(bytes: i32): bool {
  beginDecoding(bytes);
  walk<i32>();
  if (!hasEndedWell()) return false;
  joinFinest();
  return joinPlanes(width * height);
}
