import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import { coderOf } from "./families.js";
import { PieceHeads } from "./piece-head.js";
import { bytesPerPixel, partOf } from "./pixels.js";
import { rawStripWidth } from "./strips.js";
import { decodeTables, Family } from "./tables.js";
import type { PixelView, StripCoder } from "./types.js";
import { type PictureShape, type Unit, UnitGrid } from "./units.js";

/** The shortest pieces that may be asked for: their head and four pixels of 8 bytes fit. */
export const PIECE_BYTES_MIN = 64;

/**
 * Codes a picture unit by unit. What it makes of a unit depends on the unit, the tables and the length of pieces alone,
 * so that units may be coded anywhere, in any order.
 */
export class UnitEncoder {
  private readonly heads: PieceHeads;
  private readonly pixelBytes: number;
  private readonly raw: StripCoder;
  /** The piece under work. */
  private readonly piece: Uint8Array;

  /** `tables` as `analyse` made them for this picture; `pieceBytes` is the longest piece allowed, head included. */
  constructor(
    shape: PictureShape,
    tables: Uint8Array,
    private readonly pieceBytes: number,
  ) {
    assert(pieceBytes >= PIECE_BYTES_MIN, "a piece has room for its head and some pixels");
    const read = decodeTables(tables);
    assert(read !== undefined, "an encoder gets the tables that were made for it");
    const raw = coderOf(Family.raw, shape, read.sections);
    assert(raw !== undefined, "raw pieces need no tables");
    this.raw = raw;
    this.heads = new PieceHeads(new UnitGrid(shape, read.unitSize));
    this.pixelBytes = bytesPerPixel(shape);
    this.piece = new Uint8Array(pieceBytes);
  }

  /**
   * Codes the pixels of a unit (of its field alone: row r of `view` is row r of the unit). `emit` is called with
   * each piece in turn; the bytes are its own to keep.
   */
  encode(view: PixelView, unit: Unit, emit: (piece: Uint8Array) => void): void {
    assert(view.width === unit.width && view.height === unit.height, "a view shows its unit");
    const capacity = Math.floor((this.pieceBytes - this.heads.bytes) / this.pixelBytes);
    const width = rawStripWidth(capacity, unit);
    for (let x = 0; x < unit.width; x += width) {
      const strip = { x, y: 0, width: Math.min(width, unit.width - x), height: unit.height };
      this.encodeStrip(view, unit.index, strip, emit);
    }
  }

  private encodeStrip(
    view: PixelView,
    unit: number,
    strip: Rect,
    emit: (piece: Uint8Array) => void,
  ): void {
    let { y } = strip;
    const end = strip.y + strip.height;
    while (y < end) {
      const rest = { ...strip, y, height: end - y };
      const part = partOf(view, rest, this.pixelBytes);
      const { bytes: headBytes } = this.heads;
      const capacity = this.pieceBytes - headBytes;
      const { rows, bytes } = this.raw.encode(part, this.piece, headBytes, capacity);
      assert(rows > 0, "strips are so narrow that two raw rows fit");
      this.heads.write(this.piece, Family.raw, unit, { ...rest, height: rows });
      emit(this.piece.slice(0, headBytes + bytes));
      y += rows;
    }
  }
}
