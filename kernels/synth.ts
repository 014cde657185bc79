// Synthetic pieces, as src/codec/synth codes them: see there, and docs/codec.md, for what is done and why. Here is the same
// for pixels of up to 4 bytes, with all state in linear memory. The host fills the tables once, then begins pieces and
// hands rows over by some at a time.

import { addToPalette, clearPalette, codeNext, configureColours } from "./synth/colours";
import { beginColours, forgetColours, keepColours, tooMany } from "./synth/listed-colours";
import { beginPrimer, nextPiece } from "./synth/match-tables";
import {
  AFTER_COLOURS,
  AFTER_EVENTS,
  AFTER_SLOTS,
  PRIOR_STATES,
  START_STATES,
  START_WEIGHTS,
  STATES,
  WEIGHT_BYTES,
  WEIGHTS,
} from "./synth/memory";
import { pixelBytes, readPixel, setPixelBytes } from "./synth/pixels";
import { cost, decoding, isFull, keep, start, weigh } from "./synth/range-coder";
import { beginRows, codeRow, layRows, setContexts, setOpening, width, y } from "./synth/rows";
import { beginNotes, noteRow } from "./synth/survey";

export {
  COSTS,
  EVENTS,
  EVENTS_MAX,
  NOTE_BITS,
  NOTES,
  PRIOR_STATES,
  RATES,
  SQUASHED,
  STRETCHED,
} from "./synth/memory";
export { finish } from "./synth/range-coder";
export { eventCount } from "./synth/survey";

/** What the primer taught counts as if met so often at most. */
const START_MET_MAX: i32 = 12;
const FLAT_START_MET_MAX: i32 = 255;
const WEIGHT_START: i32 = 22938;

// The picture.
let studying: bool = false;
/** The bytes of all contexts' states, and of the flat ones, which are the first. */
let contextBytes: usize = 0;
let flatBytes: usize = 0;

// The piece under work.
let height: i32 = 0;
let pixels: usize = 0;
let payload: usize = 0;
let keptRows: i32 = 0;
/** Where the piece that is weighed is full. */
let costFull: f64 = -1;
/** The palette's colour before. */
let before: i32 = 0;

/** Tells the picture's format, where its contexts begin, and whether training notes what pixels cost. */
export function configure(
  channelCount: i32,
  sampleBits: i32,
  rgb: bool,
  study: bool,
  places: i32,
  standings: i32,
  outcomeStart: i32,
  among: i32,
  escapes: i32,
  lengths: i32,
  trees: i32,
  literals: i32,
  paletteLiterals: i32,
  contexts: i32,
): void {
  configureColours(channelCount, sampleBits, rgb, lengths, trees, literals, paletteLiterals);
  setPixelBytes((channelCount * sampleBits) >> 3);
  studying = study;
  setContexts(places, standings, outcomeStart, among, escapes);
  flatBytes = (<usize>places) << 2;
  contextBytes = (<usize>contexts) << 2;
}

/**
 * Makes room for pieces of a width: `rows` rows at a time, and a payload. Returns where the pixels go; the payload follows
 * them at `payloadPlace`. 0 when there is no memory.
 */
export function prepare(wide: i32, rows: i32, bytes: i32): usize {
  pixels = layRows(studying ? AFTER_EVENTS : pixelBytes > 4 ? AFTER_COLOURS : AFTER_SLOTS, wide);
  payload = pixels + <usize>(wide * rows * pixelBytes) + 8;
  const end = payload + <usize>bytes + 8;
  const pages = <i32>((end + 0xffff) >> 16);
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) return 0;
  return pixels;
}

export function payloadPlace(): usize {
  return payload;
}

/** Forgets everything, and begins to code the palette and the primer; the opening pixel lies at the pixels' place. */
export function beginLessons(bytes: i32, decode: bool): void {
  memory.copy(STATES, PRIOR_STATES, contextBytes);
  for (let at: usize = 0; at < WEIGHT_BYTES; at += 4) store<i32>(WEIGHTS + at, WEIGHT_START);
  beginPrimer();
  clearPalette();
  if (pixelBytes > 4) beginColours();
  before = readPixel(pixels);
  setOpening(before);
  start(payload, bytes, decode);
}

/** Codes the palette's next colour, that lies at the pixels' place. False when it does not fit, or cannot be decoded. */
export function codeColour(): bool {
  before = codeNext(decoding ? 0 : readPixel(pixels), before);
  addToPalette(before);
  return !isFull() && !tooMany;
}

/** Begins a patch of the width prepared. */
export function beginPatch(high: i32): void {
  height = high;
  beginRows();
}

/** Ends the primer: pieces begin with what is known now. */
export function endLessons(): void {
  for (let at: usize = 0; at < contextBytes; at += 4) {
    const state = load<i32>(STATES + at);
    const limit = at < flatBytes ? FLAT_START_MET_MAX : START_MET_MAX;
    store<i32>(START_STATES + at, (state & ~1023) | min(state & 1023, limit));
  }
  memory.copy(START_WEIGHTS, WEIGHTS, WEIGHT_BYTES);
  if (pixelBytes > 4) keepColours();
  keep();
}

function beginPixels(high: i32): void {
  memory.copy(STATES, START_STATES, contextBytes);
  memory.copy(WEIGHTS, START_WEIGHTS, WEIGHT_BYTES);
  nextPiece();
  if (pixelBytes > 4) forgetColours();
  beginPatch(high);
}

/** Begins a piece of the width prepared: `bytes` are what its payload has, or may have at most. */
export function begin(high: i32, bytes: i32, decode: bool): void {
  beginPixels(high);
  keptRows = 0;
  start(payload, bytes, decode);
}

/** Begins to weigh pixels, and to note those that are dear, or else colours that are told. */
export function beginSurvey(dear: bool): void {
  weigh();
  beginNotes(dear);
  costFull = -1;
}

/** What was weighed since, in 1/65536 bit. */
export function surveyCost(): f64 {
  return cost;
}

/** Begins a strip of the width prepared. */
export function beginStrip(): void {
  costFull = -1;
}

/** Weighs rows that lie at the pixels' place, in pieces that cost about so much; the first pixel lies at (left, top) of its view. */
export function surveyRows(rows: i32, left: i32, top: i32, pieceCost: f64): void {
  let pixel = pixels;
  for (let row = 0; row < rows; row += 1) {
    if (cost > costFull) {
      costFull = cost + pieceCost;
      beginPixels(rows);
    }
    noteRow(left, top + row);
    codeRow(pixel);
    pixel += <usize>(width * pixelBytes);
  }
}

/** Codes rows that lie at the pixels' place. False when they do not fit, or cannot be decoded. */
export function codeRows(rows: i32): bool {
  let pixel = pixels;
  for (let row = 0; row < rows; row += 1) {
    if (!codeRow(pixel)) return false;
    pixel += <usize>(width * pixelBytes);
    if (!decoding && (y === height || (y & 1) === 0)) {
      keep();
      keptRows = y;
    }
  }
  return true;
}

/** How many rows the payload will hold. */
export function rowsKept(): i32 {
  return keptRows;
}
