import { decoderOf } from "./families.js";
import { PieceHeads } from "./piece-head.js";
import { bytesPerPixel, copyPixels, newView, partOf } from "./pixels.js";
import { decodeTables, Family } from "./tables.js";
import type { PieceArea, PixelView, StripDecoder } from "./types.js";
import { type PictureShape, UnitGrid } from "./units.js";

/** Decodes the pieces of one picture, each alone and in any order. Whatever the bytes, it decodes or refuses. */
export class PieceDecoder {
  private readonly pixelBytes: number;

  private constructor(
    shape: PictureShape,
    private readonly heads: PieceHeads,
    private readonly families: ReadonlyMap<Family, StripDecoder>,
  ) {
    this.pixelBytes = bytesPerPixel(shape);
  }

  /** Undefined when the tables are none that this version writes for such a picture. */
  static of(shape: PictureShape, tables: Uint8Array): PieceDecoder | undefined {
    const read = decodeTables(tables);
    if (read === undefined) return undefined;
    const families = new Map<Family, StripDecoder>();
    for (const family of [Family.raw, ...read.sections.map((section) => section.family)]) {
      const decoder = decoderOf(family, shape, read.sections);
      if (decoder === undefined) return undefined;
      families.set(family, decoder);
    }
    return new PieceDecoder(shape, new PieceHeads(new UnitGrid(shape, read.unitSize)), families);
  }

  /** The pixels that a piece says it holds, all inside the picture; undefined when its head is refused. */
  areaOf(piece: Uint8Array): PieceArea | undefined {
    const head = this.heads.read(piece);
    return head !== undefined && this.families.has(head.family) ? head.area : undefined;
  }

  /**
   * Decodes a piece into a part of the picture: the raster's first pixel is (originX, originY), its rows are the
   * picture's, all fields together. Only pixels of the piece that lie in the raster are written.
   * Returns the whole area of the piece; undefined when the piece is refused, its pixels are then undefined.
   */
  decode(
    piece: Uint8Array,
    raster: PixelView,
    originX: number,
    originY: number,
  ): PieceArea | undefined {
    const head = this.heads.read(piece);
    const decoder = head && this.families.get(head.family);
    if (head === undefined || decoder === undefined) return undefined;
    const { area } = head;
    const payload = piece.subarray(this.heads.bytes);
    const columns = span(area.x - originX, area.width, 1, raster.width);
    const rows = span(area.y - originY, area.height, area.rowStep, raster.height);
    const whole = columns.count === area.width && rows.count === area.height;
    const view = whole
      ? this.placeOf(area, raster, originX, originY)
      : newView(area.width, area.height, this.pixelBytes);
    if (!decoder.decode(payload, view)) return undefined;
    if (!whole && columns.count > 0 && rows.count > 0) {
      const inside = {
        x: columns.first,
        y: rows.first,
        width: columns.count,
        height: rows.count,
      };
      const place = this.placeOf(
        {
          x: area.x + inside.x,
          y: area.y + inside.y * area.rowStep,
          width: inside.width,
          height: inside.height,
          rowStep: area.rowStep,
        },
        raster,
        originX,
        originY,
      );
      copyPixels(partOf(view, inside, this.pixelBytes), place, this.pixelBytes);
    }
    return area;
  }

  /** The pixels of an area that lies in the raster. */
  private placeOf(area: PieceArea, raster: PixelView, originX: number, originY: number): PixelView {
    return {
      bytes: raster.bytes,
      offset:
        raster.offset + (area.y - originY) * raster.stride + (area.x - originX) * this.pixelBytes,
      stride: raster.stride * area.rowStep,
      width: area.width,
      height: area.height,
    };
  }
}

/** Which of the `count` places start, start + step, ... lie from 0 up to, not including, `end`. */
function span(
  start: number,
  count: number,
  step: number,
  end: number,
): { first: number; count: number } {
  const first = Math.min(count, Math.max(0, Math.ceil(-start / step)));
  const last = Math.min(count, Math.max(first, Math.ceil((end - start) / step)));
  return { first, count: last - first };
}
