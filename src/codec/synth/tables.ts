import { bytesPerPixel } from "../pixels.js";
import type { PixelFormat } from "../types.js";
import { PALETTE_MAX } from "./palette.js";
import { type BitCoder, RangeDecoder, RangeEncoder } from "./range-coder.js";
import { RowModel } from "./row-model.js";

/** What a model learns before the first piece, from which its tables are written. */
export interface Lessons {
  /** The colour outside the picture, as the pixel's bytes. */
  readonly opening: Uint8Array;
  /** Pixels one after the other, by rank; at most 4,095. */
  readonly palette: Uint8Array;
  /** All of one size; at most 1,023. */
  readonly primer: Primer;
}

export interface Primer {
  /** 1 to 64. */
  readonly width: number;
  readonly height: number;
  /** Pixels of each patch, row by row without gaps. */
  readonly patches: readonly Uint8Array[];
}

export interface WrittenTables {
  readonly tables: Uint8Array;
  /** The model, ready for pieces. */
  readonly model: RowModel;
}

/** Writes the tables of a picture; undefined when they would be longer than `bytesMax`. */
export function writeTables(
  format: PixelFormat,
  lessons: Lessons,
  bytesMax: number,
): WrittenTables | undefined {
  const pixelBytes = bytesPerPixel(format);
  const head = pixelBytes + HEAD_BYTES;
  const out = new Uint8Array(bytesMax);
  const { palette, primer } = lessons;
  const paletteSize = palette.length / pixelBytes;
  if (head >= bytesMax || paletteSize > PALETTE_MAX || primer.patches.length > PATCHES_MAX) {
    return undefined;
  }
  out.set(lessons.opening);
  out[pixelBytes] = paletteSize >>> 8;
  out[pixelBytes + 1] = paletteSize & 0xff;
  out[pixelBytes + 2] = primer.patches.length >>> 8;
  out[pixelBytes + 3] = primer.patches.length & 0xff;
  out[pixelBytes + 4] = primer.width;
  out[pixelBytes + 5] = primer.height;
  const encoder = new RangeEncoder(out.subarray(head));
  const model = new RowModel(format);
  model.opening = model.colours.read(lessons.opening, 0);
  const keys = keysOf(palette, pixelBytes, model);
  if (!codePalette(model, encoder, keys)) return undefined;
  for (const patch of primer.patches) {
    model.beginPatch(primer.width);
    for (let row = 0; row < primer.height; row += 1) {
      const at = row * primer.width * pixelBytes;
      const pixels = patch.subarray(at, at + primer.width * pixelBytes);
      if (!model.codeRow(encoder, keysOf(pixels, pixelBytes, model))) return undefined;
    }
  }
  model.freeze();
  return { tables: out.slice(0, head + encoder.finish()), model };
}

/** Makes the model that tables describe; undefined when nobody writes such tables for the format. */
export function readTables(format: PixelFormat, tables: Uint8Array): RowModel | undefined {
  const pixelBytes = bytesPerPixel(format);
  const head = pixelBytes + HEAD_BYTES;
  if (tables.length < head) return undefined;
  const byte = (index: number): number => tables[pixelBytes + index] as number;
  const paletteSize = (byte(0) << 8) | byte(1);
  const patches = (byte(2) << 8) | byte(3);
  const width = byte(4);
  const height = byte(5);
  if (paletteSize > PALETTE_MAX || patches > PATCHES_MAX) return undefined;
  if (Math.min(width, height) < 1 || Math.max(width, height) > PATCH_SIDE_MAX) return undefined;
  const decoder = new RangeDecoder(tables.subarray(head));
  const model = new RowModel(format);
  model.opening = model.colours.read(tables, 0);
  if (!codePalette(model, decoder, new Int32Array(paletteSize))) return undefined;
  const row = new Int32Array(width);
  for (let patch = 0; patch < patches; patch += 1) {
    model.beginPatch(width);
    for (let y = 0; y < height; y += 1) {
      row.fill(model.opening);
      if (!model.codeRow(decoder, row)) return undefined;
    }
  }
  model.freeze();
  return model;
}

/** Codes the palette's keys, each from the one before it, and gives them to the model. False when the coder is full. */
function codePalette(model: RowModel, coder: BitCoder, keys: Int32Array): boolean {
  let before = model.opening;
  for (let rank = 0; rank < keys.length; rank += 1) {
    before = model.literals.codeNext(model.bits, coder, keys[rank] as number, before);
    keys[rank] = before;
    if (coder.full) return false;
  }
  model.palette.set([...keys]);
  return true;
}

function keysOf(pixels: Uint8Array, pixelBytes: number, model: RowModel): Int32Array {
  const { length } = pixels;
  return Int32Array.from({ length: length / pixelBytes }, (_, index) =>
    model.colours.read(pixels, index * pixelBytes),
  );
}

/** Palette's size, number of patches, their width and height. */
const HEAD_BYTES = 6;
export const PATCHES_MAX = 1023;
export const PATCH_SIDE_MAX = 64;
