import { PieceSet } from "../../base/piece-set.js";
import type { Range } from "../../base/range-set.js";
import type { LivePicture } from "../../node/live/picture.js";
import type { ReceiveObserver } from "../../node/receiving/observer.js";
import { blockMap } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import type { ViewPlanes } from "../../picture/reduced-view.js";
import { type Manifest, toldPieces } from "../../wire/manifest.js";
import { type Grid, gridFor } from "./hole-art.js";
import type { PictureMap } from "./picture-art.js";
import { cellsOf } from "./view-cells.js";

export interface HoleMap {
  readonly grid: Grid;
  /** Share present (0..1) of each cell, row by row; in a picture, of exact pixels. */
  readonly shares: ArrayLike<number>;
  /** Share of each cell that only a preview stands for; absent where there is none. */
  readonly approximate?: ArrayLike<number>;
}

/** Watches a receiver and knows, for each image under way, where its holes are. */
export class HoleTracker implements ReceiveObserver {
  private readonly images = new Map<string, ImageHoles>();

  /** @param pictures whether pictures are wanted as such, where there are any */
  constructor(private readonly pictures = false) {}

  onImage(id: string, manifest: Manifest): void {
    this.images.set(id, new ImageHoles(manifest, this.pictures));
  }

  onPiece(id: string, piece: number): void {
    this.images.get(id)?.place(piece);
  }

  onPicture(id: string, picture: LivePicture): void {
    this.images.get(id)?.show(picture);
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
  /** Where each piece lies, when that is known before it comes. */
  private readonly partition: Partition | undefined;
  private picture: LivePicture | undefined;
  private last: Drawn | undefined;

  constructor(
    private readonly manifest: Manifest,
    private readonly pictures: boolean,
  ) {
    const pieces = toldPieces(manifest);
    if (pieces > 0) this.missing.add(0, pieces);
    const { content } = manifest;
    if (content.mode === "pixels") this.partition = Partition.of(content);
  }

  place(piece: number): void {
    this.missing.delete(piece);
  }

  show(picture: LivePicture): void {
    this.picture = picture;
  }

  mapIn(room: Grid, nowMs: number): HoleMap | PictureMap {
    const { last } = this;
    const fits = last?.room.columns === room.columns && last.room.rows === room.rows;
    if (last !== undefined && fits && nowMs < last.staleMs) return last.map;
    const startMs = performance.now();
    const map = this.drawn(room);
    const costMs = performance.now() - startMs;
    // A map of very many holes is dear; it may take a twentieth of the time at most.
    this.last = { map, room, staleMs: nowMs + MAP_COST_SHARE_INVERSE * costMs };
    return map;
  }

  private drawn(room: Grid): HoleMap | PictureMap {
    if (this.picture !== undefined) return this.pictureMap(this.picture.view, room);
    if (this.partition === undefined) return this.fileMap(room);
    const grid = gridFor(this.partition.width, this.partition.height, room);
    return { grid, shares: this.exactShares(this.partition, grid) };
  }

  private pictureMap(view: ViewPlanes, room: Grid): HoleMap | PictureMap {
    const grid = gridFor(view.width, view.height, room);
    // With fewer rows than halves of characters, a picture would be stretched.
    const inHalves = this.pictures && view.height >= 2 * grid.rows;
    const cells = { columns: grid.columns, rows: inHalves ? 2 * grid.rows : grid.rows };
    const { exact, approximate, rgb } = cellsOf(view, cells.columns, cells.rows);
    // Where it is known what each piece holds, the smallest hole is known, too, that the view does not show.
    const shares = this.partition === undefined ? exact : this.exactShares(this.partition, cells);
    return { grid, shares, approximate, ...(inHalves && { rgb }) };
  }

  private exactShares(partition: Partition, { columns, rows }: Grid): Float64Array {
    return blockMap(partition, this.missing.ranges(), columns, rows);
  }

  /** A file has no shape: its pieces in reading order over two lines. */
  private fileMap(room: Grid): HoleMap {
    const pieces = toldPieces(this.manifest);
    const rows = Math.min(FILE_MAP_ROWS, room.rows);
    const columns = Math.max(1, Math.min(room.columns, Math.ceil(pieces / rows)));
    return { grid: { columns, rows }, shares: pieceShares(this.missing, pieces, columns * rows) };
  }
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
const MAP_COST_SHARE_INVERSE = 20;
