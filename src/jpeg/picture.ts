import type { Rect } from "../base/geometry.js";
import { Coefficients, keptSide } from "./coefficients.js";
import { writeColours } from "./colour.js";
import { JpegCoverage } from "./coverage.js";
import { areasOfRun, type Scan } from "./frame.js";
import { type RunPart, readPiece } from "./piece-head.js";
import { type JpegScale, Plane } from "./planes.js";
import { decodeProgressiveRun } from "./progressive-decode.js";
import { type BlockSink, decodeSequentialRun } from "./sequential-decode.js";
import { type JpegTables, readTables } from "./tables.js";
import { upsampleRow } from "./upsampling.js";
import { WaitingPieces } from "./waiting.js";

export interface JpegPictureOptions {
  /** Decode 1/scale of the pixels each way, for showing large pictures; 1 unless told. */
  readonly scale?: JpegScale;
  /** The most bytes that the picture's samples and maps may take. */
  readonly bytesMax: number;
}

/** What a piece has changed. Rectangles are in pixels of the whole picture, whatever the scale, and clipped to it. */
export interface PlacedPiece {
  /** Pixels that are shown now, or better than before; empty for a piece of plain bytes. */
  readonly shown: readonly Rect[];
  /** Pixels of which all data have come, that lacked some before. */
  readonly exact: readonly Rect[];
  /** Progressive files: a part of the piece refines what has not come, and the piece must be placed again once its number is told by `ready`. */
  readonly waits: boolean;
  /** Numbers of pieces that waited and can be placed now. */
  readonly ready: readonly number[];
}

/** The picture of those pieces of a JPEG that have come, in any order, as libjpeg would show them. */
export class JpegPicture {
  /** The whole picture. */
  readonly width: number;
  readonly height: number;
  readonly scale: JpegScale;
  /** The picture as it is rendered: `width` and `height` over `scale`, rounded up. */
  readonly shownWidth: number;
  readonly shownHeight: number;
  /** Bytes of a rendered pixel: gray, or red, green and blue. */
  readonly channels: 1 | 3;
  private readonly planes: readonly Plane[];
  private readonly coverage: JpegCoverage;
  private readonly waiting: WaitingPieces;
  /** Of each component; none in sequential files, whose blocks come whole. */
  private readonly coefficients: readonly Coefficients[];
  private readonly block = new Int32Array(64);

  private constructor(
    private readonly tables: JpegTables,
    scale: JpegScale,
  ) {
    const { frame } = tables;
    this.width = frame.width;
    this.height = frame.height;
    this.scale = scale;
    this.shownWidth = Math.ceil(frame.width / scale);
    this.shownHeight = Math.ceil(frame.height / scale);
    this.channels = tables.colour === "gray" ? 1 : 3;
    this.planes = frame.components.map((component) => new Plane(frame, component, scale));
    this.coverage = new JpegCoverage(tables);
    this.waiting = new WaitingPieces(tables.scans, this.coverage);
    const kept = frame.progressive ? frame.components : [];
    this.coefficients = kept.map((component) => new Coefficients(component, keptSide(scale)));
  }

  /** Undefined when the tables, from a manifest, are no JPEG's, or the picture would take more than it may. Never throws. */
  static of(tables: Uint8Array, options: JpegPictureOptions): JpegPicture | undefined {
    const read = readTables(tables);
    const scale = options.scale ?? 1;
    if (read === undefined || bytesFor(read, scale) > options.bytesMax) return undefined;
    return new JpegPicture(read, scale);
  }

  /**
   * Takes a piece; `number` is what `ready` calls it by, should it have to wait, and is not needed by who places all pieces in
   * rising order. One that has been placed changes nothing. Undefined when it is malformed; pixels of its area are then
   * undefined. Never throws.
   */
  place(piece: Uint8Array, number?: number): PlacedPiece | undefined {
    const { frame, scans } = this.tables;
    const shown: Rect[] = [];
    const exact: Rect[] = [];
    const ready: number[] = [];
    const waiting: RunPart[] = [];
    const parts = readPiece(this.tables, piece);
    if (parts === undefined) return undefined;
    for (const run of parts) {
      if (run.kind === "bytes") continue;
      const { first, count } = run;
      const held = this.coverage.held(run.scan, first, count);
      if (held === count) continue;
      if (held > 0) return undefined;
      if (this.waiting.mustWait(run)) {
        waiting.push(run);
        continue;
      }
      const scan = scans[run.scan] as Scan;
      if (!this.decode(scan, run)) return undefined;
      shown.push(...areasOfRun(frame, scan, first, count));
      for (const rect of this.coverage.addPart(run)) exact.push(rect);
      ready.push(...this.waiting.takeReady(run));
    }
    if (waiting.length > 0 && number !== undefined) this.waiting.keep(number, waiting);
    return { shown, exact, waits: waiting.length > 0, ready };
  }

  private decode(scan: Scan, run: RunPart): boolean {
    if (!this.tables.frame.progressive) return decodeSequentialRun(scan, run, this.showBlock);
    return decodeProgressiveRun(scan, run, this.coefficients, (component, column, row) => {
      const coefficients = this.coefficients[component] as Coefficients;
      const flat = coefficients.load(coefficients.blockAt(column, row), this.block);
      this.showBlock(component, column, row, this.block, flat);
    });
  }

  /**
   * Writes the pixels of a rectangle (in rendered pixels, inside the picture), `stride` bytes from row to row, the first at
   * `offset`. Pixels of which nothing has come are undefined. Where colour has fewer samples than the picture, pixels one
   * beside a piece's area change with it, so render a rectangle larger by one pixel each way.
   */
  render(
    rect: Rect,
    target: Uint8Array | Uint8ClampedArray,
    offset = 0,
    stride = rect.width * this.channels,
  ): void {
    const rows = this.planes.map(() => new Uint8Array(rect.width));
    for (let y = 0; y < rect.height; y += 1) {
      this.planes.forEach((plane, i) => {
        upsampleRow(plane, rect.x, rect.y + y, rows[i] as Uint8Array);
      });
      writeColours(this.tables.colour, rows, target, offset + y * stride);
    }
  }

  private readonly showBlock: BlockSink = (component, column, row, coefficients, flat) => {
    (this.planes[component] as Plane).showBlock(column, row, coefficients, flat);
  };
}

function bytesFor(tables: JpegTables, scale: JpegScale): number {
  const { components, progressive } = tables.frame;
  let bytes = JpegCoverage.bytesFor(tables);
  for (const component of components) {
    bytes += Plane.bytesFor(component, scale);
    if (progressive) bytes += Coefficients.bytesFor(component, keptSide(scale));
  }
  return bytes;
}
