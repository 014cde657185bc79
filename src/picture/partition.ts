import { assert } from "../base/assert.js";
import { dispersedOrder } from "../base/dispersal.js";

/** Where a piece lies: row r of its `height` rows is the picture's row `y + r * rowStep`. */
export interface PieceRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rowStep: 1 | 2;
}

export interface PartitionShape {
  /** The picture, 1..65,535 pixels each way. */
  readonly width: number;
  readonly height: number;
  /** A full piece, in pixels of its field. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** 1: rows in order. 2: even rows, then odd rows. */
  readonly fields: 1 | 2;
  /** How the tiles of a field are numbered: left to right, top to bottom, or spread over the picture. */
  readonly order: PieceOrder;
}

export type PieceOrder = "raster" | "dispersed";

export interface ChooseOptions {
  readonly width: number;
  readonly height: number;
  readonly fields: 1 | 2;
  readonly bytesPerPixel: number;
  /** The most bytes that a piece may have; at least one pixel. */
  readonly capacity: number;
  readonly order: PieceOrder;
}

/**
 * Cuts a picture into numbered rectangles that cover each pixel exactly once.
 *
 * Field 0 comes first (all rows, or the even ones), then field 1 (the odd
 * ones); inside a field the order decides. A piece's tile is its place in raster order: tile rows
 * of field 0, then of field 1. Tiles at the right and bottom edge are smaller. No answer costs
 * more than a few divisions, whatever the number of pieces.
 */
export class Partition implements PartitionShape {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly fields: 1 | 2;
  readonly order: PieceOrder;
  /** Tiles side by side in a tile row. */
  readonly columns: number;
  readonly pieceCount: number;
  /** Pixels of the largest piece. */
  readonly piecePixelsMax: number;
  /** Pieces below this number belong to field 0. */
  private readonly fieldStart: number;
  /** Dispersed order only: the tile of each piece, and the piece of each tile. */
  private readonly tiles: Uint32Array | undefined;
  private readonly pieces: Uint32Array | undefined;

  constructor(shape: PartitionShape) {
    const { width, height, tileWidth, tileHeight, fields, order } = shape;
    assert(isSide(width) && isSide(height), "a picture has 1 to 65,535 pixels each way");
    assert(isSide(tileWidth) && isSide(tileHeight), "a tile has 1 to 65,535 pixels each way");
    this.width = width;
    this.height = height;
    this.tileWidth = tileWidth;
    this.tileHeight = tileHeight;
    this.fields = fields;
    this.order = order;
    this.columns = Math.ceil(width / tileWidth);
    this.fieldStart = this.columns * this.tileRows(0);
    this.pieceCount = this.fieldStart + (fields === 2 ? this.columns * this.tileRows(1) : 0);
    this.piecePixelsMax = Math.min(width, tileWidth) * Math.min(this.fieldRows(0), tileHeight);
    if (order === "raster") return;
    this.tiles = new Uint32Array(this.pieceCount);
    this.tiles.set(dispersedOrder(this.columns, this.tileRows(0)));
    if (fields === 2 && height > 1) {
      const second = dispersedOrder(this.columns, this.tileRows(1));
      this.tiles.set(
        second.map((tile) => tile + this.fieldStart),
        this.fieldStart,
      );
    }
    this.pieces = new Uint32Array(this.pieceCount);
    for (let piece = 0; piece < this.pieceCount; piece += 1) {
      this.pieces[this.tiles[piece] as number] = piece;
    }
  }

  /** The partition of one description; asked again for the same object, the same one, for its tables are large. */
  static of(shape: PartitionShape): Partition {
    const known = partitions.get(shape) ?? new Partition(shape);
    partitions.set(shape, known);
    return known;
  }

  /**
   * The tile nearest to a square among those that need the fewest pieces, give or take a hundredth:
   * a square loses less of a face than a long strip does, and 1 % more headers is a fair price.
   */
  static choose(options: ChooseOptions): Partition {
    const candidates = tilings(options);
    const fewest = Math.min(...candidates.map((candidate) => candidate.pieceCount));
    const allowed = Math.floor(fewest * (1 + SPARE_PIECES_SHARE));
    let best: Partition | undefined;
    for (const candidate of candidates) {
      if (candidate.pieceCount > allowed) continue;
      if (best === undefined || oblongness(candidate) < oblongness(best)) best = candidate;
    }
    assert(best !== undefined, "the tiling with the fewest pieces is allowed");
    return options.order === "raster" ? best : new Partition({ ...best, order: options.order });
  }

  rectOf(piece: number): PieceRect {
    assert(piece >= 0 && piece < this.pieceCount, "the piece is one of the picture's");
    return this.rectOfTile(this.tileOf(piece));
  }

  /** The place of a piece in raster order. */
  tileOf(piece: number): number {
    return this.tiles?.[piece] ?? piece;
  }

  /** The piece at a place in raster order. */
  pieceOf(tile: number): number {
    return this.pieces?.[tile] ?? tile;
  }

  rectOfTile(tile: number): PieceRect {
    const field = tile < this.fieldStart ? 0 : 1;
    const index = field === 0 ? tile : tile - this.fieldStart;
    const tileRow = Math.floor(index / this.columns);
    const x = (index % this.columns) * this.tileWidth;
    const firstRow = tileRow * this.tileHeight;
    return {
      x,
      y: firstRow * this.fields + field,
      width: Math.min(this.tileWidth, this.width - x),
      height: Math.min(this.tileHeight, this.fieldRows(field) - firstRow),
      rowStep: this.fields,
    };
  }

  pixelsOf(piece: number): number {
    const { width, height } = this.rectOf(piece);
    return width * height;
  }

  /** The piece that holds the pixel. */
  pieceAt(x: number, y: number): number {
    assert(x >= 0 && x < this.width && y >= 0 && y < this.height, "the pixel is in the picture");
    const field = y % this.fields;
    const tileRow = Math.floor((y - field) / this.fields / this.tileHeight);
    return this.pieceOf(this.tileAt(field, tileRow, Math.floor(x / this.tileWidth)));
  }

  tileAt(field: number, tileRow: number, column: number): number {
    return field * this.fieldStart + tileRow * this.columns + column;
  }

  /** Rows of the picture that belong to the field. */
  fieldRows(field: number): number {
    return Math.ceil((this.height - field) / this.fields);
  }

  tileRows(field: number): number {
    return Math.ceil(this.fieldRows(field) / this.tileHeight);
  }
}

/** They go when their description goes. */
const partitions = new WeakMap<PartitionShape, Partition>();

function isSide(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= SIDE_MAX;
}

/** For every possible number of columns, the tiling with the fewest pieces. */
function tilings({ width, height, fields, bytesPerPixel, capacity }: ChooseOptions): Partition[] {
  const pixelsMax = Math.floor(capacity / bytesPerPixel);
  assert(pixelsMax >= 1, "a piece has room for at least one pixel");
  const found: Partition[] = [];
  for (let wide = 1; wide <= Math.min(width, pixelsMax); wide += 1) {
    // Evening the tiles out keeps their number and shrinks the largest.
    const tileWidth = Math.ceil(width / Math.ceil(width / wide));
    if (tileWidth !== wide) continue;
    const rows = Math.ceil(height / fields);
    const tall = Math.min(rows, Math.floor(pixelsMax / tileWidth));
    const shape = { width, height, tileWidth, fields, order: "raster" } as const;
    const full = new Partition({ ...shape, tileHeight: tall });
    const tileHeight = Math.ceil(rows / Math.ceil(rows / tall));
    const even = new Partition({ ...shape, tileHeight });
    // An odd picture's two fields differ by a row: evening the one may cost the other a tile row.
    found.push(even.pieceCount === full.pieceCount ? even : full);
  }
  return found;
}

/** 1 for a square; measured on the picture, where a field's rows lie `fields` apart. */
function oblongness({ tileWidth, tileHeight, fields }: Partition): number {
  const ratio = tileWidth / (tileHeight * fields);
  return ratio < 1 ? 1 / ratio : ratio;
}

/** The manifest keeps a side in 16 bits. */
const SIDE_MAX = 65_535;

/** Ours: see `Partition.choose`. */
const SPARE_PIECES_SHARE = 0.01;
