// The inner loops of scan pieces: src/codec/scan/{model,reference}.ts and src/codec/entropy/rans.ts, bit for bit.
// The host fills the tables at the addresses that are told, calls `begin`, then `decodeRows`, `encodeRow` or `studyRow` for the rows.

import { takeWeights } from "./scan/known";
import { beginLines, endRow, linesRoom, readPixels, setFormat, writePixels } from "./scan/lines";
import { beginKeeping } from "./scan/rans";
import { codeRow, setUnrest } from "./scan/row";
import { learnRow } from "./scan/study";

export {
  COSTS,
  COUNTS,
  FREQUENCIES,
  MIDDLES,
  PAYLOAD,
  PRODUCTS,
  STEPS,
  TABLES,
  WEIGHTS,
} from "./scan/memory";
export { beginPayload, ended, finish, setModel, valueCount } from "./scan/rans";

/** Takes the format, and the weights that the host has filled. */
export function configure(planeCount: i32, unrestShift: i32, bits: i32, colours: bool): void {
  setFormat(planeCount, bits, colours);
  setUnrest(unrestShift, bits);
  takeWeights();
}

/** Bytes that a rectangle takes in all: tables, lines, rows of pixels, and values kept. */
export function roomFor(pixelCount: i32, rows: i32, values: i32): usize {
  return linesRoom(pixelCount, rows) + 32 + <usize>values * 4;
}

/** A new rectangle; returns where its pixels are put or found, `rows` rows at a time. */
export function begin(pixelCount: i32, rows: i32): usize {
  beginKeeping((linesRoom(pixelCount, rows) + 15) & ~15);
  return beginLines(pixelCount);
}

/** Decodes rows to where `begin` said. */
export function decodeRows(start: usize, rows: i32): void {
  let to = start;
  for (let i = 0; i < rows; i += 1) {
    codeRow<i32>();
    to = writePixels(to);
    endRow();
  }
}

/** Takes the next row from where `begin` said; returns what its values cost. */
export function encodeRow(): u32 {
  readPixels();
  const cost = codeRow<u32>();
  endRow();
  return cost;
}

/** Takes the next row from where `begin` said, and adds what it shows: to the sums for weights, or to the counts of tokens. */
export function studyRow(counts: bool): void {
  readPixels();
  if (counts) codeRow<f32>();
  else learnRow();
  endRow();
}
