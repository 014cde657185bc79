import { BitReader, BitWriter } from "../entropy/bits.js";
import type { EntropyModel } from "../entropy/model.js";
import { readModel, writeModel } from "../entropy/model-bits.js";
import type { PixelFormat } from "../types.js";
import { planeSetOf } from "./colours.js";
import { WEIGHT_MAX } from "./least-squares.js";
import { TAPS_MAX } from "./taps.js";
import { contextCount, type Filters, filterCount, tapsOf } from "./walk.js";

/** All that the photographic pieces of a picture have in common. */
export interface PhotoTables extends Filters {
  readonly model: EntropyModel;
  /** Bits that a pixel takes on the average, in 1 / `PIXEL_BITS_UNIT`: where the search for the rows of a piece begins. */
  readonly pixelBits: number;
}

/** The unit of `pixelBits`, of a bit. */
export const PIXEL_BITS_UNIT = 16;

/** Tables in bytes: docs/codec.md, "Photographic pieces". */
export function encodePhotoTables(tables: PhotoTables, format: PixelFormat): Uint8Array {
  const set = planeSetOf(format);
  const out = new BitWriter();
  out.bits(tables.energyShift, 4);
  out.bits(tables.folded ? 1 : 0, 1);
  out.bits(tables.pixelBits, 12);
  for (let filter = 0; filter < filterCount(set); filter += 1) {
    for (let tap = 0; tap < tapsOf(set, filter); tap += 1) {
      out.signed(tables.weights[filter * TAPS_MAX + tap] ?? 0);
    }
  }
  writeModel(tables.model, out);
  return out.finish();
}

/** The reverse; undefined when the bytes are no tables of this format. */
export function decodePhotoTables(bytes: Uint8Array, format: PixelFormat): PhotoTables | undefined {
  const set = planeSetOf(format);
  const bits = new BitReader(bytes);
  const energyShift = bits.bits(4);
  const folded = bits.bits(1) === 1;
  const pixelBits = bits.bits(12);
  const weights = new Int16Array(filterCount(set) * TAPS_MAX);
  for (let filter = 0; filter < filterCount(set); filter += 1) {
    for (let tap = 0; tap < tapsOf(set, filter); tap += 1) {
      const weight = bits.signed();
      if (Math.abs(weight) > WEIGHT_MAX) return undefined;
      weights[filter * TAPS_MAX + tap] = weight;
    }
  }
  const model = readModel(bits, contextCount(set));
  if (model === undefined || !bits.ended()) return undefined;
  return { energyShift, folded, pixelBits, weights, model };
}
