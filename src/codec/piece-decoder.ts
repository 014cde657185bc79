import { decoderOf } from "./families.js";
import { PieceHeads, type PiecePart } from "./piece-head.js";
import { bytesPerPixel, copyPixels, newView, partOf } from "./pixels.js";
import { decodeTables, Family } from "./tables.js";
import type { PieceArea, PixelView, StripDecoder } from "./types.js";
import { type PictureShape, UnitGrid } from "./units.js";
import { LevelMapper } from "./value-map.js";

/** A rectangle of a piece, and its pixels. */
export interface DecodedPart {
  readonly area: PieceArea;
  /** Row r of them is the picture's row `area.y + r * area.rowStep`. */
  readonly pixels: PixelView;
}

/** Decodes the pieces of one picture, each alone and in any order. Whatever the bytes, it decodes or refuses. */
export class PieceDecoder {
  private readonly pixelBytes: number;
  private spare = new Uint8Array();

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

  /** The pixels that a piece says it holds, rectangles inside the picture, at least one; undefined when its heads are refused. */
  areasOf(piece: Uint8Array): PieceArea[] | undefined {
    return this.partsOf(piece)?.map(({ area }) => area);
  }

  /**
   * Decodes a piece into a part of the picture: the raster's first pixel is (originX, originY), its rows are the
   * picture's, all fields together. Only pixels of the piece that lie in the raster are written.
   * Returns the whole areas of the piece; undefined when the piece is refused, their pixels are then undefined.
   */
  decode(
    piece: Uint8Array,
    raster: PixelView,
    originX: number,
    originY: number,
  ): PieceArea[] | undefined {
    const parts = this.partsOf(piece);
    const fits = parts?.every((part) => this.place(piece, part, raster, originX, originY));
    return fits === true ? parts?.map(({ area }) => area) : undefined;
  }

  /**
   * Decodes a piece into memory of this decoder: the pixels of each of its areas, good until the next call. Undefined when the piece is
   * refused.
   */
  decodeAlone(piece: Uint8Array): DecodedPart[] | undefined {
    const parts = this.partsOf(piece);
    if (parts === undefined) return undefined;
    const decoded: DecodedPart[] = [];
    let offset = 0;
    for (const { area } of parts) {
      const { width, height } = area;
      const stride = width * this.pixelBytes;
      decoded.push({ area, pixels: { bytes: this.spare, offset, stride, width, height } });
      offset += height * stride;
    }
    if (this.spare.length < offset) {
      this.spare = new Uint8Array(offset);
      return this.decodeAlone(piece);
    }
    const fits = parts.every((part, index) =>
      this.decodePart(piece, part, (decoded[index] as DecodedPart).pixels),
    );
    return fits ? decoded : undefined;
  }

  private partsOf(piece: Uint8Array): PiecePart[] | undefined {
    const parts = this.heads.read(piece);
    return parts?.every(({ family }) => this.families.has(family)) === true ? parts : undefined;
  }

  /** Decodes one part into a view of its size. Returns whether that is possible. */
  private decodePart(
    piece: Uint8Array,
    { family, start, end }: PiecePart,
    view: PixelView,
  ): boolean {
    return this.families.get(family)?.decode(piece.subarray(start, end), view) === true;
  }

  /** The same into what a raster shows of it. */
  private place(
    piece: Uint8Array,
    part: PiecePart,
    raster: PixelView,
    originX: number,
    originY: number,
  ): boolean {
    const { area } = part;
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
      return this.decodePart(piece, part, place);
    }
    const whole = newView(area.width, area.height, this.pixelBytes);
    if (!this.decodePart(piece, part, whole)) return false;
    if (inside.width > 0 && inside.height > 0) {
      copyPixels(partOf(whole, inside, this.pixelBytes), place, this.pixelBytes);
    }
    return true;
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
