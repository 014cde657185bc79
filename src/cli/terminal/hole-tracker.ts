import type { Rect } from "../../base/geometry.js";
import { PieceSet } from "../../base/piece-set.js";
import type { Range } from "../../base/range-set.js";
import type { ReceiveObserver } from "../../node/observer.js";
import { blockMap } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import { Preview } from "../../picture/preview.js";
import type { RuledManifest } from "../../wire/manifest.js";
import { type Grid, gridFor } from "./hole-art.js";
import type { PictureMap } from "./picture-art.js";

export interface HoleMap {
  readonly grid: Grid;
  /** Share present (0..1) of each cell, row by row. */
  readonly shares: ArrayLike<number>;
}

/** Watches a receiver and knows, for each image under way, where its holes are. */
export class HoleTracker implements ReceiveObserver {
  private readonly images = new Map<string, ImageHoles>();

  /** @param pictures whether pictures are wanted as such, where there are any */
  constructor(private readonly pictures = false) {}

  onImage(id: string, manifest: RuledManifest): void {
    this.images.set(id, new ImageHoles(manifest, this.pictures));
  }

  onPiece(id: string, piece: number, bytes: Uint8Array): void {
    this.images.get(id)?.place(piece, bytes);
  }

  /** No more maps of this image are wanted. */
  forget(id: string): void {
    this.images.delete(id);
  }

  /** The map that fits into `room`; undefined for an image that is not known. */
  mapOf(id: string, room: Grid, nowMs: number): HoleMap | PictureMap | undefined {
    return this.images.get(id)?.mapIn(room, nowMs);
  }
}

/** The last map, kept until drawing another is due. */
interface Drawn {
  readonly map: HoleMap | PictureMap;
  readonly room: Grid;
  readonly staleMs: number;
}

class ImageHoles {
  private readonly missing = new PieceSet();
  private readonly partition: Partition | undefined;
  private readonly preview: Preview | undefined;
  private last: Drawn | undefined;

  constructor(
    private readonly manifest: RuledManifest,
    pictures: boolean,
  ) {
    if (manifest.pieceCount > 0) this.missing.add(0, manifest.pieceCount);
    const { content } = manifest;
    if (content.mode === "file") return;
    const partition = Partition.of(content);
    this.partition = partition;
    const { channels, bits, colour } = content;
    if (pictures) {
      this.preview = new Preview({ partition, channels, bits, colour }, PREVIEW_SIDE);
    }
  }

  place(piece: number, bytes: Uint8Array): void {
    this.missing.delete(piece);
    this.preview?.place(piece, bytes);
  }

  mapIn(room: Grid, nowMs: number): HoleMap | PictureMap {
    const { last } = this;
    const fits = last?.room.columns === room.columns && last.room.rows === room.rows;
    if (last !== undefined && fits && nowMs < last.staleMs) return last.map;
    const startMs = performance.now();
    const map = this.partition ? this.pictureMap(this.partition, room) : this.fileMap(room);
    const costMs = performance.now() - startMs;
    // A map of very many holes is dear; it may take a twentieth of the time at most.
    this.last = { map, room, staleMs: nowMs + MAP_COST_SHARE_INVERSE * costMs };
    return map;
  }

  private pictureMap(partition: Partition, room: Grid): HoleMap | PictureMap {
    const grid = gridFor(partition.width, partition.height, room);
    const { columns, rows } = grid;
    const missing = this.missing.ranges();
    // With fewer rows than halves of characters, a picture would be stretched.
    const isHighEnough = this.preview !== undefined && partition.height >= 2 * rows;
    if (this.preview === undefined || !isHighEnough) {
      return { grid, shares: blockMap(partition, missing, columns, rows) };
    }
    const shares = blockMap(partition, missing, columns, 2 * rows);
    return { grid, shares, rgb: meanColours(this.preview, columns, 2 * rows) };
  }

  /** A file has no shape: its pieces in reading order over two lines. */
  private fileMap(room: Grid): HoleMap {
    const pieces = this.manifest.pieceCount;
    const rows = Math.min(FILE_MAP_ROWS, room.rows);
    const columns = Math.max(1, Math.min(room.columns, Math.ceil(pieces / rows)));
    return { grid: { columns, rows }, shares: pieceShares(this.missing, pieces, columns * rows) };
  }
}

/** Of each cell of a grid over the preview, the mean colour of the pixels that are present, on black. */
function meanColours(preview: Preview, columns: number, rows: number): Uint8Array {
  const out = new Uint8Array(columns * rows * 3);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      out.set(
        meanColour(preview, cellRect(preview, column, row, columns, rows)),
        (row * columns + column) * 3,
      );
    }
  }
  return out;
}

function meanColour(preview: Preview, { x, y, width, height }: Rect): number[] {
  const sum: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let line = y; line < y + height; line += 1) {
    for (
      let pixel = line * preview.width + x;
      pixel < line * preview.width + x + width;
      pixel += 1
    ) {
      if (preview.presence[pixel] === 0) continue;
      count += 1;
      const alpha = (preview.rgba[pixel * 4 + 3] as number) / 255;
      for (const i of [0, 1, 2] as const) sum[i] += (preview.rgba[pixel * 4 + i] as number) * alpha;
    }
  }
  return sum.map((value) => Math.round(value / Math.max(1, count)));
}

/** The cell's rectangle of preview pixels: one at least, for a picture may have fewer than there are cells. */
function cellRect(
  preview: Preview,
  column: number,
  row: number,
  columns: number,
  rows: number,
): Rect {
  const [x, right] = [column, column + 1].map((i) => Math.floor((i * preview.width) / columns));
  const [y, bottom] = [row, row + 1].map((i) => Math.floor((i * preview.height) / rows));
  const [left, top] = [x as number, y as number];
  return {
    x: left,
    y: top,
    width: Math.max(1, (right as number) - left),
    height: Math.max(1, (bottom as number) - top),
  };
}

/** The share of present pieces in each of `cells` equal stretches; stretches beyond the last piece are whole. */
function pieceShares(missing: PieceSet, pieces: number, cells: number): Float64Array {
  const shares = new Float64Array(cells).fill(1);
  for (let cell = 0; cell < cells; cell += 1) {
    const stretch = stretchOf(cell, cells, pieces);
    const size = stretch.end - stretch.start;
    if (size > 0) shares[cell] = 1 - missing.countIn(stretch.start, stretch.end) / size;
  }
  return shares;
}

function stretchOf(cell: number, cells: number, pieces: number): Range {
  const per = Math.max(1, pieces / cells);
  return {
    start: Math.min(pieces, Math.floor(cell * per)),
    end: Math.min(pieces, Math.floor((cell + 1) * per)),
  };
}

const FILE_MAP_ROWS = 2;
/** Pixels: about three for each cell of the largest map. */
const PREVIEW_SIDE = 256;
const MAP_COST_SHARE_INVERSE = 20;
