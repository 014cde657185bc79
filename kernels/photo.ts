// Photographic pieces: the inner loops of src/codec/photo, whose reference says what is done here, and of src/codec/entropy.
// The host (src/codec/photo/kernel.ts) writes tables to the fixed places of memory.ts, calls `prepare` for the piece's size, and
// copies pixels and payloads to and from where the `...At` functions say.
import { beginDecoding, beginEncoding, hasEndedWell } from "./photo/entropy";
import { payload, pixels, rowCosts } from "./photo/memory";
import { joinPlanes, splitPlanes } from "./photo/planes";
import { beginPiece, outside } from "./photo/sample";
import { walk } from "./photo/walk";

export { finish } from "./photo/entropy";
export {
  COSTS,
  ENTRIES,
  HISTOGRAMS,
  PRODUCTS,
  prepare,
  setFormat,
  TABLE_OF,
  TARGETS,
  TOKENS,
  WEIGHTS,
} from "./photo/memory";
export { energyCount, energySum } from "./photo/study";

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
  splitPlanes();
  beginEncoding();
  walk<u32>();
}

/** Adds a piece to the equations of the filters, all of whose weights must be 0. */
export function learnFilters(): void {
  splitPlanes();
  walk<f64>();
}

/** Counts the tokens of a piece by their contexts; `TABLE_OF` must hold the levels of energies. */
export function countTokens(): void {
  splitPlanes();
  walk<f32>();
}

/** Fills the pixels from the payload; false when it is none of this picture. */
export function decode(bytes: i32): bool {
  beginDecoding(bytes);
  beginPiece();
  walk<i32>();
  if (outside < 0 || !hasEndedWell()) return false;
  return joinPlanes();
}
