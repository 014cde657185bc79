import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import { coderOf } from "./families.js";
import { PieceFiller } from "./piece-filler.js";
import { PieceHeads } from "./piece-head.js";
import { bytesPerPixel, newView, partOf } from "./pixels.js";
import { cellEdges, joinCells, type Region } from "./regions.js";
import { probePlaces, rawStripWidth, stripWidth } from "./strips.js";
import { decodeTables, Family } from "./tables.js";
import { Trial } from "./trial.js";
import type { CodedRows, PixelView, StripCoder } from "./types.js";
import { type PictureShape, type Unit, UnitGrid } from "./units.js";
import { LevelMapper } from "./value-map.js";

/** The shortest pieces that may be asked for: their head and four pixels of 8 bytes fit. */
export const PIECE_BYTES_MIN = 64;

/** A unit under work: its pixels as values and as the coders see them, and who takes its pieces. */
interface Work {
  readonly unit: number;
  readonly values: PixelView;
  readonly levels: PixelView;
  readonly emit: (piece: Uint8Array) => void;
}

/**
 * Codes a picture unit by unit. What it makes of a unit depends on the unit, the tables and the length of pieces alone,
 * so that units may be coded anywhere, in any order.
 */
export class UnitEncoder {
  private readonly filler: PieceFiller;
  private readonly pixelBytes: number;
  private readonly mapper: LevelMapper | undefined;
  private readonly levelBytes: number;
  private readonly coders = new Map<Family, StripCoder>();
  private readonly trial: Trial;
  /** For payloads that only their length is asked of. */
  private readonly spare: Uint8Array;

  /** `tables` as `analyse` made them for this picture; `pieceBytes` is the longest piece allowed, head included. */
  constructor(shape: PictureShape, tables: Uint8Array, pieceBytes: number) {
    assert(pieceBytes >= PIECE_BYTES_MIN, "a piece has room for its head and some pixels");
    const read = decodeTables(tables, shape.bits);
    assert(read !== undefined, "an encoder gets the tables that were made for it");
    this.mapper = read.values.kind === "same" ? undefined : new LevelMapper(read.values, shape);
    const format = this.mapper?.format ?? shape;
    this.addCoder(Family.raw, coderOf(Family.raw, shape, new Uint8Array()));
    for (const { family, bytes } of read.sections) {
      this.addCoder(family, coderOf(family, format, bytes));
    }
    this.filler = new PieceFiller(new PieceHeads(new UnitGrid(shape, read.unitSize)), pieceBytes);
    this.pixelBytes = bytesPerPixel(shape);
    this.levelBytes = bytesPerPixel(format);
    this.trial = new Trial(this.levelBytes);
    this.spare = new Uint8Array(this.filler.capacity);
  }

  /**
   * Codes the pixels of a unit (of its field alone: row r of `view` is row r of the unit). `emit` is called with
   * each piece in turn; the bytes are its own to keep.
   */
  encode(view: PixelView, unit: Unit, emit: (piece: Uint8Array) => void): void {
    assert(view.width === unit.width && view.height === unit.height, "a view shows its unit");
    const { mapper } = this;
    const levels = mapper ? newView(view.width, view.height, this.levelBytes) : view;
    const mapped = mapper ? mapper.toLevels(view, levels) : view.height;
    const work = { unit: unit.index, values: view, levels, emit };
    // Below a value that has no level everything goes raw.
    const coded = mapped === unit.height ? mapped : mapped - (mapped % 2);
    const { width, height } = unit;
    if (coded > 0) this.encodeLevels(work, coded);
    if (coded < height) this.encodeRaw(work, { x: 0, y: coded, width, height: height - coded });
    this.flush(work);
  }

  /** Codes all rows that have levels. */
  private encodeLevels(work: Work, height: number): void {
    const { width } = work.levels;
    const [family, ...others] = [...this.coders.keys()].filter((one) => one !== Family.raw);
    if (family === undefined) this.encodeRaw(work, { x: 0, y: 0, width, height });
    else if (others.length === 0) {
      this.encodeRegion(work, { x: 0, y: 0, width, height, family });
    } else {
      for (const region of this.regionsOf(work, height, [family, ...others])) {
        this.encodeRegion(work, region);
      }
    }
  }

  /** Where the tables have several families: tries each on all cells of a grid. */
  private regionsOf(work: Work, height: number, families: readonly Family[]): Region<Family>[] {
    const across = cellEdges(work.levels.width);
    const down = cellEdges(height);
    const costs = down.slice(1).map((bottom, row) =>
      across.slice(1).map((right, column) => {
        const [x, y] = [across[column] as number, down[row] as number];
        const cell = partOf(
          work.levels,
          { x, y, width: right - x, height: bottom - y },
          this.levelBytes,
        );
        return families.map((family) => this.trial.bytesOf(this.coderFor(family), cell));
      }),
    );
    const totals = families.map((_, index) =>
      costs.flat().reduce((sum, cell) => sum + (cell[index] as number), 0),
    );
    const usual = totals.indexOf(Math.min(...totals));
    return joinCells(across, down, (row, column) => {
      const cell = costs[row]?.[column] as number[];
      const best = cell.indexOf(Math.min(...cell));
      const clearly = (cell[best] as number) < CLEARLY * (cell[usual] as number);
      return families[clearly ? best : usual] as Family;
    });
  }

  private encodeRaw(work: Work, region: Rect): void {
    const width = rawStripWidth(Math.floor(this.filler.capacity / this.pixelBytes), region);
    for (let x = 0; x < region.width; x += width) {
      const wide = Math.min(width, region.width - x);
      this.encodeStrip(work, { ...region, x: region.x + x, width: wide }, Family.raw);
    }
  }

  private encodeRegion(work: Work, region: Region<Family>): void {
    const { family } = region;
    let pixels = this.probe(work, region, family);
    const end = region.x + region.width;
    for (let { x } = region; x < end; ) {
      const rest = { width: end - x, height: region.height };
      const strip = { ...region, x, width: stripWidth(pixels, rest, ASPECTS[family]) };
      const bytes = this.encodeStrip(work, strip, family);
      pixels = this.pixelsOfPiece(strip.width * strip.height, bytes);
      x += strip.width;
    }
  }

  /** About how many pixels of the region fill a piece, by some places that are spread over it. */
  private probe(work: Work, region: Rect, family: Family): number {
    let pixels = 0;
    let bytes = 0;
    for (const place of probePlaces(region)) {
      const part = this.partOf(work, place, family);
      const coded = this.coderFor(family).encode(part, this.spare, 0, this.spare.length);
      // Of what does not fit, all that is known is that a row fills a piece.
      pixels += Math.max(1, coded.rows) * place.width;
      bytes += coded.rows === 0 ? this.spare.length : coded.bytes;
    }
    return this.pixelsOfPiece(pixels, bytes);
  }

  private pixelsOfPiece(pixels: number, bytes: number): number {
    return (pixels * FILL_EXPECTED * this.filler.capacity) / Math.max(1, bytes);
  }

  /** Codes a strip from top to bottom; its first rows go into the piece that is begun. Returns the bytes of all its payloads. */
  private encodeStrip(work: Work, strip: Rect, family: Family): number {
    const { filler } = this;
    const end = strip.y + strip.height;
    let total = 0;
    for (let { y } = strip; y < end; ) {
      if (!filler.isEmpty && filler.room < ROOM_MIN * filler.capacity) this.flush(work);
      const rest = { ...strip, y, height: end - y };
      let chosen = family;
      let coded = this.code(work, rest, family);
      if (coded.rows * rest.width * this.pixelBytes <= coded.bytes && family !== Family.raw) {
        chosen = Family.raw;
        coded = this.code(work, rest, Family.raw);
      }
      if (coded.rows === 0 && !filler.isEmpty) {
        this.flush(work);
        continue;
      }
      const height = coded.rows > 0 ? coded.rows : Math.min(rest.height, NARROWED_ROWS);
      const block = { ...rest, height };
      if (coded.rows > 0) filler.add(chosen, work.unit, block, coded.bytes);
      total += coded.rows > 0 ? coded.bytes : this.encodeNarrower(work, block, family);
      y += height;
    }
    return total;
  }

  /** Where not even the fewest rows of a strip fit in a piece: two strips of half the width. */
  private encodeNarrower(work: Work, block: Rect, family: Family): number {
    const half = 2 * Math.ceil(block.width / 4);
    assert(half < block.width, "two raw rows of two pixels fit in every piece");
    const left = this.encodeStrip(work, { ...block, width: half }, family);
    const rest = { ...block, x: block.x + half, width: block.width - half };
    return left + this.encodeStrip(work, rest, family);
  }

  /** Codes as many of the rectangle's rows as fit into the piece that is begun. */
  private code(work: Work, rect: Rect, family: Family): CodedRows {
    const { bytes, start, room } = this.filler;
    return this.coderFor(family).encode(this.partOf(work, rect, family), bytes, start, room);
  }

  private partOf(work: Work, rect: Rect, family: Family): PixelView {
    return family === Family.raw
      ? partOf(work.values, rect, this.pixelBytes)
      : partOf(work.levels, rect, this.levelBytes);
  }

  private flush(work: Work): void {
    if (!this.filler.isEmpty) work.emit(this.filler.take());
  }

  private coderFor(family: Family): StripCoder {
    const coder = this.coders.get(family);
    assert(coder !== undefined, "families are those of the tables");
    return coder;
  }

  private addCoder(family: Family, coder: StripCoder | undefined): void {
    assert(coder !== undefined, "an encoder gets the tables that were made for it");
    this.coders.set(family, coder);
  }
}

/** Ours: how wide pieces are beside their height. Low rows fill a piece better; but matches of the synthetic family lie rather beside than above. */
const ASPECTS: Record<Family, number> = { 0: 1, 1: 0.7, 2: 0.7, 3: 1.7 };

/** Ours: a cell is taken out of its surroundings when that makes it so much smaller. */
const CLEARLY = 0.93;

/** Ours: how full pieces get that hold whole rows. */
const FILL_EXPECTED = 0.97;

/** Ours: a piece is filled on where so much of it is empty; less is not worth a head. */
const ROOM_MIN = 0.1;

/** Ours: where a strip is too wide for its pixels, it is narrowed for so many rows. */
const NARROWED_ROWS = 32;
