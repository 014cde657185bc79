import { type Range, RangeSet } from "../../base/range-set.js";
import type { ReceiveObserver } from "../../node/observer.js";
import { blockMap } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import type { Manifest } from "../../wire/manifest.js";
import { type Grid, gridFor } from "./hole-art.js";

export interface HoleMap {
  readonly grid: Grid;
  /** Share present (0..1) of each cell, row by row. */
  readonly shares: ArrayLike<number>;
}

/** Watches a receiver and knows, for each image under way, where its holes are. */
export class HoleTracker implements ReceiveObserver {
  private readonly images = new Map<string, ImageHoles>();

  onImage(id: string, manifest: Manifest): void {
    this.images.set(id, new ImageHoles(manifest));
  }

  onPiece(id: string, piece: number): void {
    this.images.get(id)?.missing.delete(piece);
  }

  /** No more maps of this image are wanted. */
  forget(id: string): void {
    this.images.delete(id);
  }

  /** The map that fits into `room`; undefined for an image that is not known. */
  mapOf(id: string, room: Grid, nowMs: number): HoleMap | undefined {
    return this.images.get(id)?.mapIn(room, nowMs);
  }
}

class ImageHoles {
  readonly missing = new RangeSet();
  private readonly partition: Partition | undefined;
  private last: (HoleMap & { readonly room: Grid; readonly staleMs: number }) | undefined;

  constructor(private readonly manifest: Manifest) {
    if (manifest.pieceCount > 0) this.missing.add(0, manifest.pieceCount);
    const { content } = manifest;
    if (content.mode === "pixels") this.partition = new Partition(content);
  }

  mapIn(room: Grid, nowMs: number): HoleMap {
    const { last } = this;
    const fits = last?.room.columns === room.columns && last.room.rows === room.rows;
    if (last !== undefined && fits && nowMs < last.staleMs) return last;
    const startMs = performance.now();
    const map = this.partition ? this.pictureMap(this.partition, room) : this.fileMap(room);
    const costMs = performance.now() - startMs;
    // A map of very many holes is dear; it may take a twentieth of the time at most.
    this.last = { ...map, room, staleMs: nowMs + MAP_COST_SHARE_INVERSE * costMs };
    return map;
  }

  private pictureMap(partition: Partition, room: Grid): HoleMap {
    const grid = gridFor(partition.width, partition.height, room);
    const shares = blockMap(partition, this.missing.ranges(), grid.columns, grid.rows);
    return { grid, shares };
  }

  /** A file has no shape: its pieces in reading order over two lines. */
  private fileMap(room: Grid): HoleMap {
    const pieces = this.manifest.pieceCount;
    const rows = Math.min(FILE_MAP_ROWS, room.rows);
    const columns = Math.max(1, Math.min(room.columns, Math.ceil(pieces / rows)));
    return { grid: { columns, rows }, shares: pieceShares(this.missing, pieces, columns * rows) };
  }
}

/** The share of present pieces in each of `cells` equal stretches; stretches beyond the last piece are whole. */
function pieceShares(missing: RangeSet, pieces: number, cells: number): Float64Array {
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
const MAP_COST_SHARE_INVERSE = 20;
