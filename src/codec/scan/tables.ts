import { BitReader, BitWriter } from "../entropy/bits.js";
import type { EntropyModel } from "../entropy/model.js";
import { readModel, writeModel } from "../entropy/model-bits.js";
import type { PixelFormat } from "../types.js";
import { CLASSES, NEIGHBOURS, type ScanParameters, UNREST_MAX } from "./model.js";

export interface ScanTables {
  readonly parameters: ScanParameters;
  readonly entropy: EntropyModel;
}

/** Writes the tables of a picture's scan pieces as docs/codec.md describes them. */
export function writeScanTables({ parameters, entropy }: ScanTables): Uint8Array {
  const writer = new BitWriter();
  writer.bits(parameters.decorrelated ? 1 : 0, 1);
  for (const middle of parameters.middles) writer.bits(middle & MIDDLE_MASK, MIDDLE_BITS);
  for (const weight of parameters.weights.subarray(0, weightsIn(parameters.decorrelated))) {
    writer.signed(weight);
  }
  writer.bits(parameters.unrestShift, SHIFT_BITS);
  writer.small(parameters.thresholds.length);
  let before = 0;
  for (const threshold of parameters.thresholds) {
    writer.small(threshold - before - 1);
    before = threshold;
  }
  writeModel(entropy, writer);
  return writer.finish();
}

/** Reads what `writeScanTables` wrote for pictures of a format; undefined for anything else. */
export function readScanTables(format: PixelFormat, bytes: Uint8Array): ScanTables | undefined {
  const reader = new BitReader(bytes);
  const decorrelated = reader.bits(1) === 1;
  if (decorrelated && format.colour !== "rgb") return undefined;
  const middles = Array.from({ length: format.channels }, () => {
    const spare = 32 - MIDDLE_BITS;
    return (reader.bits(MIDDLE_BITS) << spare) >> spare;
  });
  const weights = new Int16Array(2 * CLASSES * NEIGHBOURS);
  for (let i = 0; i < weightsIn(decorrelated); i += 1) weights[i] = reader.signed();
  const unrestShift = reader.bits(SHIFT_BITS);
  const count = reader.small();
  if (count > THRESHOLDS_MAX) return undefined;
  const thresholds: number[] = [];
  for (let before = 0; thresholds.length < count; ) {
    before += reader.small() + 1;
    if (before > UNREST_MAX) return undefined;
    thresholds.push(before);
  }
  const entropy = readModel(reader, (count + 1) * format.channels);
  if (entropy === undefined || !reader.ended()) return undefined;
  return { parameters: { decorrelated, middles, weights, unrestShift, thresholds }, entropy };
}

/** Differences have weights of their own. */
const weightsIn = (decorrelated: boolean): number => (decorrelated ? 2 : 1) * CLASSES * NEIGHBOURS;

/** A sample of 16 bits, or a difference of two with its sign. */
const MIDDLE_BITS = 18;
const MIDDLE_MASK = (1 << MIDDLE_BITS) - 1;
const SHIFT_BITS = 4;

/** Contexts of four planes fit in a byte. */
const THRESHOLDS_MAX = 63;
