import { assert } from "../base/assert.js";
import { decodeTables } from "./tables.js";
import type { PieceArea, PixelFormat } from "./types.js";

/** What a picture is, as its manifest tells it. */
export interface PictureShape extends PixelFormat {
  /** 1..65,535 pixels each way. */
  readonly width: number;
  readonly height: number;
  /** 1: rows in order. 2: even rows and odd rows by themselves. */
  readonly fields: 1 | 2;
}

/** A part of the picture that is coded by itself: pieces never reach over its edges. */
export interface Unit extends PieceArea {
  /** 0, 1, ...: field 0 before field 1, in each left to right and top to bottom. */
  readonly index: number;
}

/** How large units are: about 2^log2Width pixels by 2^log2Height rows, each at least 8, together at most 22. */
export interface UnitSize {
  readonly log2Width: number;
  readonly log2Height: number;
}

/**
 * How a picture is cut in units; nothing is kept per unit.
 *
 * Each field is a grid of its own: columns of nearly the same width, and rows
 * of units of nearly the same height, every edge but the last at an even pixel
 * of the field. A picture narrower or lower than a unit gets units that are as much
 * taller or wider.
 */
export class UnitGrid {
  readonly count: number;
  /** Of the largest unit. */
  readonly widthMax: number;
  readonly heightMax: number;
  private readonly columns: number;
  /** Rows of units, in each field. */
  private readonly rows: readonly number[];

  constructor(
    private readonly shape: PictureShape,
    size: UnitSize,
  ) {
    const { width, fields } = shape;
    const fieldHeight = this.fieldHeight(0);
    const area = 2 ** (size.log2Width + size.log2Height);
    const wide = 2 ** size.log2Width;
    const tall = 2 ** size.log2Height;
    this.columns = parts(width, Math.max(wide, area / Math.min(fieldHeight, tall)));
    const rowHeight = Math.max(tall, area / Math.min(width, wide));
    this.rows = Array.from({ length: fields }, (_, field) =>
      parts(this.fieldHeight(field), rowHeight),
    );
    this.count = this.rows.reduce((sum, rows) => sum + rows * this.columns, 0);
    this.widthMax = longest(width, this.columns);
    const longestRows = this.rows.map((rows, field) => longest(this.fieldHeight(field), rows));
    this.heightMax = Math.max(...longestRows);
  }

  /** The grid that a picture's tables ask for; undefined when they are none of this version's. */
  static of(shape: PictureShape, tables: Uint8Array): UnitGrid | undefined {
    const read = decodeTables(tables, shape.bits);
    return read && new UnitGrid(shape, read.unitSize);
  }

  /** The unit of a number below `count`. */
  unit(index: number): Unit {
    assert(index >= 0 && index < this.count, "the unit is one of the picture's");
    const { columns, shape } = this;
    const before = columns * (this.rows[0] as number);
    const field = index < before ? 0 : 1;
    const place = index - field * before;
    const rows = this.rows[field] as number;
    const row = Math.floor(place / columns);
    const column = place - row * columns;
    const height = this.fieldHeight(field);
    const x = edge(shape.width, columns, column);
    const y = edge(height, rows, row);
    return {
      index,
      x,
      y: y * shape.fields + field,
      width: edge(shape.width, columns, column + 1) - x,
      height: edge(height, rows, row + 1) - y,
      rowStep: shape.fields,
    };
  }

  /** Every unit, in the order of their numbers. */
  all(): Unit[] {
    return Array.from({ length: this.count }, (_, index) => this.unit(index));
  }

  /** Rows of the picture that belong to the field. */
  private fieldHeight(field: number): number {
    return Math.ceil((this.shape.height - field) / this.shape.fields);
  }
}

/** How many parts of about `target` a side is cut in; 0 for a field without rows. */
function parts(side: number, target: number): number {
  return side === 0 ? 0 : Math.max(1, Math.round(side / target));
}

/** Where part `index` of `count` begins on a side: even, but for the end of the last. */
function edge(side: number, count: number, index: number): number {
  return index === count ? side : 2 * Math.floor((side * index) / (2 * count));
}

function longest(side: number, count: number): number {
  let most = 0;
  for (let index = 0; index < count; index += 1) {
    most = Math.max(most, edge(side, count, index + 1) - edge(side, count, index));
  }
  return most;
}
