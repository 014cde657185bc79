import { decoderOf } from "./families.js";
import { PieceHeads } from "./piece-head.js";
import { bytesPerPixel, copyPixels, newView, partOf } from "./pixels.js";
import { decodeTables, Family } from "./tables.js";
import type { PieceArea, PixelView, StripDecoder } from "./types.js";
import { type PictureShape, UnitGrid } from "./units.js";
import { LevelMapper } from "./value-map.js";

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
    const read = decodeTables(tables, shape.bits);
    if (read === undefined) return undefined;
    const mapper = read.values.kind === "same" ? undefined : new LevelMapper(read.values, shape);
    const families = new Map<Family, StripDecoder>();
    const raw = decoderOf(Family.raw, shape, new Uint8Array());
    if (raw !== undefined) families.set(Family.raw, raw);
    for (const { family, bytes } of read.sections) {
      const decoder = decoderOf(family, mapper?.format ?? shape, bytes);
      if (decoder === undefined) return undefined;
      families.set(family, mapper ? new LevelsDecoder(decoder, mapper) : decoder);
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
    const inside = { x: columns.first, y: rows.first, width: columns.count, height: rows.count };
    const place = {
      bytes: raster.bytes,
      offset:
        raster.offset +
        (area.y + inside.y * area.rowStep - originY) * raster.stride +
        (area.x + inside.x - originX) * this.pixelBytes,
      stride: raster.stride * area.rowStep,
      width: inside.width,
      height: inside.height,
    };
    if (inside.width === area.width && inside.height === area.height) {
      return decoder.decode(payload, place) ? area : undefined;
    }
    const whole = newView(area.width, area.height, this.pixelBytes);
    if (!decoder.decode(payload, whole)) return undefined;
    if (inside.width > 0 && inside.height > 0) {
      copyPixels(partOf(whole, inside, this.pixelBytes), place, this.pixelBytes);
    }
    return area;
  }
}

/** A family that codes levels in place of the picture's values. */
class LevelsDecoder implements StripDecoder {
  constructor(
    private readonly family: StripDecoder,
    private readonly mapper: LevelMapper,
  ) {}

  decode(payload: Uint8Array, view: PixelView): boolean {
    const levels = newView(view.width, view.height, bytesPerPixel(this.mapper.format));
    return this.family.decode(payload, levels) && this.mapper.toValues(levels, view);
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
