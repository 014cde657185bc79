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

/** What stands in tables before the code of palette and primer. */
export interface Head {
  readonly paletteSize: number;
  readonly patches: number;
  readonly width: number;
  readonly height: number;
}

/** Writes the opening colour and the head; undefined when there is more than tables may hold. */
export function writeHead(
  { opening, palette, primer }: Lessons,
  pixelBytes: number,
): Uint8Array | undefined {
  const paletteSize = palette.length / pixelBytes;
  const { patches, width, height } = primer;
  if (paletteSize > PALETTE_MAX || patches.length > PATCHES_MAX) return undefined;
  const counts = [paletteSize >>> 8, paletteSize & 0xff, patches.length >>> 8];
  return Uint8Array.of(...opening, ...counts, patches.length & 0xff, width, height);
}

/** Reads the head; undefined when nobody writes such tables. */
export function readHead(tables: Uint8Array, pixelBytes: number): Head | undefined {
  if (tables.length < pixelBytes + HEAD_BYTES) return undefined;
  const byte = (index: number): number => tables[pixelBytes + index] as number;
  const paletteSize = (byte(0) << 8) | byte(1);
  const patches = (byte(2) << 8) | byte(3);
  const [width, height] = [byte(4), byte(5)];
  if (paletteSize > PALETTE_MAX || patches > PATCHES_MAX) return undefined;
  if (Math.min(width, height) < 1 || Math.max(width, height) > PATCH_SIDE_MAX) return undefined;
  return { paletteSize, patches, width, height };
}

/** Writes the tables of a picture, as the tests hold the kernel against it; undefined when they would be longer than `bytesMax`. */
export function writeTables(
  format: PixelFormat,
  lessons: Lessons,
  bytesMax: number,
): WrittenTables | undefined {
  const pixelBytes = bytesPerPixel(format);
  const { palette, primer } = lessons;
  const written = writeHead(lessons, pixelBytes);
  const head = pixelBytes + HEAD_BYTES;
  if (written === undefined || head >= bytesMax) return undefined;
  const out = new Uint8Array(bytesMax);
  out.set(written);
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
  const read = readHead(tables, pixelBytes);
  if (read === undefined) return undefined;
  const { paletteSize, patches, width, height } = read;
  const decoder = new RangeDecoder(tables.subarray(pixelBytes + HEAD_BYTES));
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
    if (coder.full || model.colours.full) return false;
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
export const HEAD_BYTES = 6;
const PATCHES_MAX = 1023;
const PATCH_SIDE_MAX = 64;
