import { assert } from "../base/assert.js";
import type { Range } from "../base/range-set.js";
import type { Partition } from "./partition.js";
import { type Band, partsIn } from "./raster.js";
import { type Region, RegionSweep, type Span } from "./regions.js";

/** Tiles side by side: [x, endX) on `rows` rows from `y` on, every one or, with two fields, every other. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly x: number;
  readonly endX: number;
  readonly y: number;
  readonly rows: number;
}

/** The pieces that are missing, as far as counting asks. */
export interface MissingPieces {
  readonly size: number;
  has(piece: number): boolean;
}

/** How many pixels the missing pieces hold; exact. Only the smaller tiles at the edges are looked at one by one. */
export function missingPixels(partition: Partition, missing: MissingPieces): number {
  const { columns, fields, tileWidth, tileHeight } = partition;
  const full = tileWidth * tileHeight;
  let pixels = missing.size * full;
  const correct = (field: number, tileRow: number, column: number): void => {
    const piece = partition.pieceOf(partition.tileAt(field, tileRow, column));
    if (missing.has(piece)) pixels -= full - partition.pixelsOf(piece);
  };
  for (let field = 0; field < fields; field += 1) {
    const last = partition.tileRows(field) - 1;
    for (let tileRow = 0; tileRow < last; tileRow += 1) correct(field, tileRow, columns - 1);
    for (let column = 0; column < columns && last >= 0; column += 1) correct(field, last, column);
  }
  return pixels;
}

/** One byte per pixel in raster order: 255 where the pixel is missing, else 0. */
export function missingMask(partition: Partition, missing: Iterable<Range>): Uint8Array {
  const mask = new Uint8Array(partition.width * partition.height);
  for (const run of runs(partition, missing)) {
    for (let row = 0; row < run.rows; row += 1) {
      const line = (run.y + row * partition.fields) * partition.width;
      mask.fill(255, line + run.x, line + run.endX);
    }
  }
  return mask;
}

/** The same for a band of the picture. */
export function missingMaskIn(
  partition: Partition,
  band: Band,
  isMissing: (piece: number) => boolean,
): Uint8Array {
  const mask = new Uint8Array((band.endY - band.y) * partition.width);
  for (const { piece, start, stride, length, count } of partsIn(partition, 1, band)) {
    if (!isMissing(piece)) continue;
    for (let row = 0; row < count; row += 1) {
      mask.fill(255, start + row * stride, start + row * stride + length);
    }
  }
  return mask;
}

/** The missing pixels as `RegionSweep` gives them: rectangles that cover them exactly and never overlap. */
export function missingRegions(
  partition: Partition,
  missing: Iterable<Range>,
  causeOf: (piece: number) => string,
): Region[] {
  const spans = spansByTileRow(partition, missing, causeOf);
  const sweep = new RegionSweep();
  for (const { field, tileRow, y, height } of bands(partition)) {
    sweep.add(y, height, spans.get(tileRowKey(field, tileRow)) ?? []);
  }
  return sweep.end();
}

/**
 * The share of pixels present (0..1) in each cell of a grid laid over the
 * picture, row by row. A picture smaller than the grid shows its pixels more than once.
 */
export function blockMap(
  partition: Partition,
  missing: Iterable<Range>,
  columns: number,
  rows: number,
): Float64Array {
  assert(columns >= 1 && rows >= 1, "a block map has at least one cell");
  const across = cells(partition.width, columns);
  const down = cells(partition.height, rows);
  const holes = new Float64Array(columns * rows);
  for (const run of runs(partition, missing)) addRun(holes, run, partition.fields, across, down);
  return holes.map((hole, index) => {
    const column = index % columns;
    const row = (index - column) / columns;
    return 1 - hole / (sizeOf(across, column) * sizeOf(down, row));
  });
}

interface Cells {
  readonly pixels: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

function cells(pixels: number, count: number): Cells {
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) {
    const start = Math.floor((i * pixels) / count);
    starts[i] = start;
    ends[i] = Math.max(start + 1, Math.floor(((i + 1) * pixels) / count));
  }
  return { pixels, starts, ends };
}

function sizeOf(axis: Cells, index: number): number {
  return (axis.ends[index] as number) - (axis.starts[index] as number);
}

/** The first cell that reaches beyond `pixel`. */
function cellAt(axis: Cells, pixel: number): number {
  let index = Math.max(0, Math.floor((pixel * axis.starts.length) / axis.pixels) - 1);
  while ((axis.ends[index] as number) <= pixel) index += 1;
  return index;
}

function addRun(holes: Float64Array, run: Run, step: number, across: Cells, down: Cells): void {
  const columns = across.starts.length;
  const endY = run.y + (run.rows - 1) * step + 1;
  for (let row = cellAt(down, run.y); row < down.starts.length; row += 1) {
    const top = down.starts[row] as number;
    if (top >= endY) break;
    const rowCount = stepsBelow(run, step, down.ends[row] as number) - stepsBelow(run, step, top);
    for (let column = cellAt(across, run.x); column < columns; column += 1) {
      const left = across.starts[column] as number;
      if (left >= run.endX) break;
      const wide = Math.min(run.endX, across.ends[column] as number) - Math.max(run.x, left);
      holes[row * columns + column] = (holes[row * columns + column] as number) + wide * rowCount;
    }
  }
}

/** How many rows of the run lie above row `y` of the picture. */
function stepsBelow(run: Run, step: number, y: number): number {
  return Math.max(0, Math.min(run.rows, Math.ceil((y - run.y) / step)));
}

/** The same pieces as ranges of tiles, which lie side by side in the picture. */
function tileRanges(partition: Partition, pieces: Iterable<Range>): Iterable<Range> {
  if (partition.order === "raster") return pieces;
  const marks = new Uint8Array(partition.pieceCount);
  for (const { start, end } of pieces) {
    for (let piece = start; piece < end; piece += 1) marks[partition.tileOf(piece)] = 1;
  }
  const ranges: Range[] = [];
  for (let start = marks.indexOf(1); start >= 0; ) {
    const gap = marks.indexOf(0, start);
    const end = gap < 0 ? marks.length : gap;
    ranges.push({ start, end });
    start = marks.indexOf(1, end);
  }
  return ranges;
}

/** Splits the missing pieces into stretches of tiles that lie in one tile row. */
function* runs(partition: Partition, missing: Iterable<Range>): IterableIterator<Run> {
  for (const range of tileRanges(partition, missing)) {
    for (let start = range.start; start < range.end; ) {
      const first = partition.rectOfTile(start);
      const left = partition.columns - first.x / partition.tileWidth;
      const end = Math.min(range.end, start + left);
      const endX = Math.min(partition.width, first.x + (end - start) * partition.tileWidth);
      yield { start, end, x: first.x, endX, y: first.y, rows: first.height };
      start = end;
    }
  }
}

function tileRowKey(field: number, tileRow: number): number {
  return tileRow * 2 + field;
}

/** For every tile row that lacks something: its missing stretches by rising x, merged where the cause is equal. */
function spansByTileRow(
  partition: Partition,
  missing: Iterable<Range>,
  causeOf: (piece: number) => string,
): Map<number, Span[]> {
  const rows = new Map<number, Span[]>();
  for (const run of runs(partition, missing)) {
    const field = run.y % partition.fields;
    const tileRow = (run.y - field) / partition.fields / partition.tileHeight;
    const key = tileRowKey(field, tileRow);
    const spans = rows.get(key) ?? [];
    rows.set(key, spans);
    for (let tile = run.start; tile < run.end; tile += 1) {
      const x = run.x + (tile - run.start) * partition.tileWidth;
      const endX = Math.min(partition.width, x + partition.tileWidth);
      const cause = causeOf(partition.pieceOf(tile));
      const last = spans[spans.length - 1];
      if (last !== undefined && last.endX === x && last.cause === cause) {
        spans[spans.length - 1] = { x: last.x, endX, cause };
      } else {
        spans.push({ x, endX, cause });
      }
    }
  }
  return rows;
}

interface FieldBand {
  readonly field: number;
  readonly tileRow: number;
  readonly y: number;
  readonly height: number;
}

/** The picture from top to bottom in bands whose rows belong to one tile row: with two fields, single rows. */
function* bands(partition: Partition): IterableIterator<FieldBand> {
  const { fields, height, tileHeight } = partition;
  const step = fields === 2 ? 1 : tileHeight;
  for (let y = 0; y < height; y += step) {
    const field = y % fields;
    const tileRow = Math.floor((y - field) / fields / tileHeight);
    yield { field, tileRow, y, height: Math.min(step, height - y) };
  }
}
