import {
  type Analysis,
  analyse,
  type PictureShape,
  sampleAreas,
  type Unit,
  UnitEncoder,
} from "../../codec/picture-coder.js";
import { type RasterPlace, RasterReader } from "../pictures/shared-raster.js";

/** What a thread must know to see a picture. */
export interface AnalysisSetup {
  readonly raster: RasterPlace;
  readonly shape: PictureShape;
}

/** What it must know to code units of it. */
export interface CodingSetup extends AnalysisSetup {
  readonly tables: Uint8Array;
  /** The most bytes that a piece may have. */
  readonly pieceBytes: number;
}

/** The pieces of one unit. */
export interface CodedUnit {
  /** One after another, without gaps. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of each piece, in bytes. */
  readonly lengths: Uint16Array<ArrayBuffer>;
}

/** Chooses how to code a picture, by parts of it. Throws what the file system says when it lies on the disk. */
export function analysePicture({ raster, shape }: AnalysisSetup): Analysis {
  const samples = sampleAreas(shape).map((area) =>
    // A reader of its own each: what it reads from a file is good until its next reading.
    new RasterReader(raster, shape).view(area),
  );
  return analyse(shape, samples);
}

/** Codes units of one picture, each by itself. */
export class PictureCoding {
  private readonly reader: RasterReader;
  private readonly encoder: UnitEncoder;

  constructor({ raster, shape, tables, pieceBytes }: CodingSetup) {
    this.reader = new RasterReader(raster, shape);
    this.encoder = new UnitEncoder(shape, tables, pieceBytes);
  }

  /** Throws what the file system says when the picture lies on the disk. */
  code(unit: Unit): CodedUnit {
    const view = this.reader.view(unit);
    const lengths: number[] = [];
    let bytes = new Uint8Array(FIRST_BYTES);
    let filled = 0;
    this.encoder.encode(view, unit, (piece) => {
      if (filled + piece.length > bytes.length) bytes = doubled(bytes, filled + piece.length);
      bytes.set(piece, filled);
      filled += piece.length;
      lengths.push(piece.length);
    });
    return { bytes: bytes.slice(0, filled), lengths: Uint16Array.from(lengths) };
  }
}

function doubled(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(least, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}

/** Ours: what a unit of a photograph takes, about. */
const FIRST_BYTES = 2 ** 18;
