import { basename } from "node:path";
import { assert } from "../base/assert.js";
import {
  type Analysis,
  analyse,
  type PictureShape,
  sampleAreas,
  type Unit,
  UnitGrid,
} from "../codec/picture-coder.js";
import type { PixelView } from "../codec/types.js";
import type { CoderPool, TakeUnit } from "./coder-pool.js";
import {
  type DecodedPicture,
  type DecodeOptions,
  decodePicture,
  noRoom,
} from "./decoded-picture.js";
import { LacunaError } from "./errors.js";
import type { DescribedImage } from "./image-file.js";
import type { CodedUnit } from "./picture-coding.js";
import type { PiecePile } from "./piece-pile.js";
import { type RasterPlace, RasterReader } from "./shared-raster.js";
import type { CountedManifest, PieceSource } from "./source.js";

export interface CodedOptions extends DecodeOptions {
  /** The most bytes a piece may have. */
  readonly pieceBytes: number;
  /** 2: even rows before odd rows. */
  readonly fields: 1 | 2;
  /** Codes the picture. */
  readonly pool: CoderPool;
}

/**
 * Opens a picture to be sent as coded pixels. Throws LACUNA_NOT_AN_IMAGE, LACUNA_NO_SCRATCH_ROOM or
 * LACUNA_CODER_FAILED.
 */
export async function openCoded(
  path: string,
  image: DescribedImage,
  options: CodedOptions,
): Promise<PieceSource> {
  const { pool, fields, pieceBytes } = options;
  const shape: PictureShape = { ...image, fields };
  // The threads get ready while the picture is being decoded.
  pool.prepare(shape);
  const picture = await decodePicture(path, image, options);
  try {
    const { raster, pile } = picture;
    const { tables } = analysisOf(raster.place, shape);
    const units = UnitGrid.of(shape, tables)?.all();
    assert(units !== undefined, "the tables are for this picture");
    let oddRowsFrom: number | undefined;
    const take: TakeUnit = (coded, place) => {
      if (oddRowsFrom === undefined && isOfOddRows(units[place] as Unit)) oddRowsFrom = pile.count;
      addTo(pile, coded);
    };
    const setup = { raster: raster.place, shape, tables, pieceBytes };
    await pool.code(setup, units, take).done;
    await raster.close();
    const { width, height, channels, bits, colour, format, metadata } = image;
    const facts = { width, height, channels, bits, colour, fields, format, metadata };
    const manifest: CountedManifest = {
      name: basename(path),
      digest: raster.digest,
      pieceCount: pile.count,
      pieceBytes,
      content: { mode: "coded", ...facts, tables },
    };
    return sourceOf(path, manifest, picture, oddRowsFrom);
  } catch (error) {
    await picture.close();
    throw noRoom(error, options.cacheFolder);
  }
}

function sourceOf(
  path: string,
  manifest: CountedManifest,
  picture: DecodedPicture,
  oddRowsFrom: number | undefined,
): PieceSource {
  const { pile } = picture;
  return {
    manifest,
    oddRowsFrom,
    pieceLength: (piece) => pile.lengthOf(piece),
    readPiece: (piece, target, offset) => {
      const length = pile.read(piece, target, offset);
      if (length !== undefined) return length;
      throw new LacunaError("LACUNA_READ_FAILED", `cannot read what was coded of ${path}`);
    },
    close: () => {
      picture.close().catch(() => undefined);
    },
  };
}

const isOfOddRows = ({ y, rowStep }: Unit): boolean => rowStep === 2 && y % 2 === 1;

function addTo(pile: PiecePile, { bytes, lengths }: CodedUnit): void {
  let from = 0;
  for (const length of lengths) {
    pile.add(bytes.subarray(from, from + length));
    from += length;
  }
}

function analysisOf(place: RasterPlace, shape: PictureShape): Analysis {
  const samples: PixelView[] = sampleAreas(shape).map((area) =>
    // A reader of its own each: what it reads from a file is good until its next reading.
    new RasterReader(place, shape).view(area),
  );
  return analyse(shape, samples);
}
