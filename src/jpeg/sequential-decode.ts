import { bitsAt, valueAt } from "./bits.js";
import { EntropyBytes } from "./entropy-bytes.js";
import type { Component, Scan, ScanComponent } from "./frame.js";
import type { HuffmanTable } from "./huffman.js";
import type { RunPart } from "./piece-head.js";

/** Natural place (row by row) of each coefficient in zigzag order. ITU-T T.81 figure A.6. */
export const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48],
  ...[41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15],
  ...[23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);

/** Takes a block: its component's place in the frame, its own place, coefficients multiplied out; `flat` when only the first is not 0. */
export type BlockSink = (
  component: number,
  column: number,
  row: number,
  coefficients: Int32Array,
  flat: boolean,
) => void;

/** Decodes a run of a sequential scan, block by block. False when its bits mean nothing; blocks before that were told. */
export function decodeSequentialRun(scan: Scan, run: RunPart, sink: BlockSink): boolean {
  const data = new EntropyBytes(run.bytes, 0, run.bytes.length);
  const bits = data.length * 8;
  const state: DecodeState = {
    bytes: data.bytes,
    at: run.bit,
    predictions: Int32Array.from(run.predictions),
    coefficients: new Int32Array(64),
  };
  let interval = 0;
  for (let unit = run.first; unit < run.first + run.count; unit += 1) {
    if (scan.restartInterval > 0 && unit > run.first && unit % scan.restartInterval === 0) {
      interval += 1;
      const next = data.intervals[interval];
      if (next === undefined) return false;
      state.at = next * 8;
      state.predictions.fill(0);
    }
    if (!decodeUnit(scan, unit, state, sink) || state.at > bits) return false;
  }
  return true;
}

interface DecodeState {
  readonly bytes: Uint8Array;
  /** The next bit. */
  at: number;
  readonly predictions: Int32Array;
  /** All 0 between blocks. */
  readonly coefficients: Int32Array;
}

function decodeUnit(scan: Scan, unit: number, state: DecodeState, sink: BlockSink): boolean {
  const row = Math.floor(unit / scan.unitsAcross);
  const column = unit - row * scan.unitsAcross;
  const single = scan.components.length === 1;
  for (let place = 0; place < scan.components.length; place += 1) {
    const part = scan.components[place] as ScanComponent;
    const { h, v } = part.component;
    const [across, down] = single ? [1, 1] : [h, v];
    for (let y = 0; y < down; y += 1) {
      for (let x = 0; x < across; x += 1) {
        const last = decodeBlock(part, place, state);
        if (last < 0) return false;
        sink(part.index, column * across + x, row * down + y, state.coefficients, last === 0);
        if (last === 0) state.coefficients[0] = 0;
        else state.coefficients.fill(0);
      }
    }
  }
  return true;
}

/** Decodes a block: the place of its last coefficient in zigzag order, or -1. ITU-T T.81 section F.2. */
function decodeBlock(part: ScanComponent, place: number, state: DecodeState): number {
  const { bytes, coefficients, predictions } = state;
  const quant = (part.component as Component & { quant: Uint16Array }).quant;
  let at = state.at;
  const entry = (part.dc as HuffmanTable).find(bitsAt(bytes, at));
  const size = entry & 255;
  if (entry === 0 || size > 15) return -1;
  at += entry >>> 8;
  if (size > 0) {
    predictions[place] = (predictions[place] as number) + valueAt(bytes, at, size);
    at += size;
  }
  coefficients[0] = Math.imul(predictions[place] as number, quant[0] as number);
  const table = part.ac as HuffmanTable;
  let last = 0;
  for (let next = 1; next < 64; next += 1) {
    const code = table.find(bitsAt(bytes, at));
    if (code === 0) return -1;
    at += code >>> 8;
    const category = code & 15;
    const zeros = (code >>> 4) & 15;
    if (category === 0) {
      if (zeros !== 15) break;
      next += 15;
      if (next > 63) return -1;
      continue;
    }
    next += zeros;
    if (next > 63) return -1;
    const value = valueAt(bytes, at, category);
    at += category;
    coefficients[ZIGZAG[next] as number] = Math.imul(value, quant[next] as number);
    last = next;
  }
  state.at = at;
  return last;
}
