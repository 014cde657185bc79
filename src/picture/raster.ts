import { assert } from "../base/assert.js";
import type { Partition } from "./partition.js";

/** Rows of a picture from `y` up to, not including, `endY`: what is held of it at a time. */
export interface Band {
  readonly y: number;
  readonly endY: number;
}

/** The rows of one piece that lie in a band, in bytes. */
export interface PiecePart {
  readonly piece: number;
  /** Bytes of the piece that lie above the band. */
  readonly skip: number;
  /** Where the first row begins in the band. */
  readonly start: number;
  /** From row to row in the band. */
  readonly stride: number;
  /** Of a row. */
  readonly length: number;
  /** Rows. */
  readonly count: number;
}

/**
 * Copies one piece out of the raster: its rows one after another, without gaps.
 *
 * The raster is interleaved, `width * height * bytesPerPixel` bytes. Returns
 * how many bytes were written to `target` from `offset` on.
 */
export function cutPiece(
  raster: Uint8Array,
  partition: Partition,
  bytesPerPixel: number,
  piece: number,
  target: Uint8Array,
  offset: number,
): number {
  return cutPart(
    raster,
    partOf(partition, bytesPerPixel, piece, wholeOf(partition)),
    target,
    offset,
  );
}

/** The reverse of `cutPiece`: puts a piece found at `offset` of `source` into the raster. Returns its length in bytes. */
export function placePiece(
  raster: Uint8Array,
  partition: Partition,
  bytesPerPixel: number,
  piece: number,
  source: Uint8Array,
  offset = 0,
): number {
  const part = partOf(partition, bytesPerPixel, piece, wholeOf(partition));
  return placePart(raster, part, source, offset);
}

/** Copies what a band holds of a piece; returns how many bytes that is. */
export function cutPart(
  band: Uint8Array,
  part: PiecePart,
  target: Uint8Array,
  offset: number,
): number {
  let to = offset;
  for (let row = 0, from = part.start; row < part.count; row += 1, from += part.stride) {
    copy(band, from, target, to, part.length);
    to += part.length;
  }
  return to - offset;
}

/** The reverse of `cutPart`: `offset` is where the part begins in `source`. Returns its length in bytes. */
export function placePart(
  band: Uint8Array,
  part: PiecePart,
  source: Uint8Array,
  offset: number,
): number {
  let from = offset;
  for (let row = 0, to = part.start; row < part.count; row += 1, to += part.stride) {
    copy(source, from, band, to, part.length);
    from += part.length;
  }
  return from - offset;
}

/**
 * Cuts a picture into bands of at most `bytesMax` bytes each, but of one row at least. A band ends where a row
 * of tiles ends, as long as one fits.
 */
export function* bandsOf(
  partition: Partition,
  bytesPerPixel: number,
  bytesMax: number,
): IterableIterator<Band> {
  const { width, height, tileHeight, fields } = partition;
  const rowsMax = Math.max(1, Math.min(height, Math.floor(bytesMax / (width * bytesPerPixel))));
  const tileRows = tileHeight * fields;
  const isWhole = rowsMax === height || rowsMax < tileRows;
  const rows = isWhole ? rowsMax : rowsMax - (rowsMax % tileRows);
  for (let y = 0; y < height; y += rows) {
    yield { y, endY: Math.min(height, y + rows) };
  }
}

/** What lies in a band of each piece that reaches into it. */
export function* partsIn(
  partition: Partition,
  bytesPerPixel: number,
  band: Band,
): IterableIterator<PiecePart> {
  const { columns, fields, tileHeight } = partition;
  for (let field = 0; field < fields; field += 1) {
    const first = rowsAbove(partition, field, band.y);
    const end = rowsAbove(partition, field, band.endY);
    if (first === end) continue;
    const lastTileRow = Math.floor((end - 1) / tileHeight);
    for (let tileRow = Math.floor(first / tileHeight); tileRow <= lastTileRow; tileRow += 1) {
      for (let column = 0; column < columns; column += 1) {
        const piece = partition.pieceOf(partition.tileAt(field, tileRow, column));
        yield partOf(partition, bytesPerPixel, piece, band);
      }
    }
  }
}

function partOf(partition: Partition, bytesPerPixel: number, piece: number, band: Band): PiecePart {
  const rect = partition.rectOf(piece);
  const lineBytes = partition.width * bytesPerPixel;
  const length = rect.width * bytesPerPixel;
  const above = Math.max(0, Math.ceil((band.y - rect.y) / rect.rowStep));
  const until = Math.min(rect.height, Math.ceil((band.endY - rect.y) / rect.rowStep));
  assert(above < until, "the piece reaches into the band");
  return {
    piece,
    skip: above * length,
    start: (rect.y + above * rect.rowStep - band.y) * lineBytes + rect.x * bytesPerPixel,
    stride: rect.rowStep * lineBytes,
    length,
    count: until - above,
  };
}

/** How many rows of a field lie above row `y` of the picture. */
function rowsAbove({ fields }: Partition, field: number, y: number): number {
  return Math.max(0, Math.ceil((y - field) / fields));
}

function wholeOf({ height }: Partition): Band {
  return { y: 0, endY: height };
}

function copy(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  if (from + length > source.length || to + length > target.length) {
    throw new RangeError("the piece reaches beyond its buffer");
  }
  if (length > LOOP_BYTES_MAX) {
    target.set(source.subarray(from, from + length), to);
    return;
  }
  for (let i = 0; i < length; i += 1) target[to + i] = source[from + i] as number;
}

/** Below this a plain loop beats making a view of the source. Ours, measured on Node 20. */
const LOOP_BYTES_MAX = 128;
