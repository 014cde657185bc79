import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { PictureShape } from "../../codec/picture-coder.js";
import type { CodedContent, Manifest } from "../../wire/manifest.js";
import { LacunaError } from "../errors.js";
import type { ImageFacts } from "../events.js";
import { rasterBytes } from "../memory.js";
import { type DecodeOptions, decodePicture } from "../pictures/decoded-picture.js";
import type { DescribedImage } from "../pictures/image-file.js";
import { CodedPieces } from "./coded-pieces.js";
import type { CoderPool } from "./coder-pool.js";
import { factsOf } from "./image-facts.js";
import { type Preview, previewOfRaster } from "./picture-preview.js";
import type { Source, Supply } from "./source.js";

export interface CodedOptions extends DecodeOptions {
  /** The most bytes a piece may have. */
  readonly pieceBytes: number;
  /** 2: even rows before odd rows. */
  readonly fields: 1 | 2;
  /** Codes the picture. */
  readonly pool: CoderPool;
  /** Pixels that take more than these are left to somebody else. */
  readonly bytesMax: number;
  /** What a person should know of it. */
  readonly notes: readonly string[];
  /** Called when the source is closed. */
  whenClosed(): void;
}

/** Why a picture is not sent as coded pixels: they take so many bytes. */
export interface TooLong {
  readonly tooLong: number;
  readonly preview: Preview | undefined;
}

/**
 * Opens a picture to be sent as coded pixels. A small one is coded when this returns; of a large one the preview is
 * there, and the rest follows. Throws LACUNA_NOT_AN_IMAGE, LACUNA_NO_SCRATCH_ROOM or LACUNA_CODER_FAILED.
 */
export async function openCoded(
  path: string,
  image: DescribedImage,
  options: CodedOptions,
): Promise<Source<Manifest> | TooLong> {
  const { pool, fields, pieceBytes, cacheFolder, bytesMax } = options;
  const shape: PictureShape = { ...image, fields };
  // The threads get ready while the picture is being decoded.
  pool.prepare(shape);
  const picture = await decodePicture(path, image, options);
  let pieces: CodedPieces | undefined;
  try {
    const { raster } = picture;
    const guess = await guessedBytes(path, image);
    const [{ tables, estimatedBytes, note }, preview, digest] = await Promise.all([
      pool.analyse({ raster: raster.place, shape }),
      previewOfRaster(raster, image, guess, pieceBytes),
      raster.digest,
    ]);
    const isOpen = image.width * image.height > COUNTED_PIXELS_MAX;
    if (isOpen && estimatedBytes > bytesMax) {
      await picture.close();
      return { tooLong: estimatedBytes, preview };
    }
    const made = { shape, tables, preview, pieceBytes };
    pieces = new CodedPieces({ ...made, picture, isOpen, cacheFolder, pool });
    if (!isOpen) await pieces.complete;
    const { pieceCount, available, exactBytes } = pieces.supply;
    if (exactBytes > bytesMax) {
      await pieces.close();
      return { tooLong: exactBytes, preview };
    }
    const estimate = available + Math.ceil(estimatedBytes / (pieceBytes * FILLED_SHARE));
    const manifest: Manifest = {
      name: basename(path),
      digest,
      pieceCount,
      ...(pieceCount === undefined ? { pieceEstimate: estimate } : {}),
      pieceBytes,
      content: contentOf(image, fields, tables, preview),
    };
    const why = `pixels in pieces that decode alone: ${note}`;
    return new CodedSource(path, manifest, pieces, { ...options, why, estimatedBytes });
  } catch (error) {
    await (pieces ?? picture).close();
    throw error;
  }
}

interface About extends Pick<CodedOptions, "notes" | "whenClosed"> {
  readonly why: string;
  readonly estimatedBytes: number;
}

class CodedSource implements Source<Manifest> {
  readonly notes: readonly string[];
  readonly why: string;

  constructor(
    private readonly path: string,
    readonly manifest: Manifest,
    private readonly pieces: CodedPieces,
    private readonly about: About,
  ) {
    this.notes = about.notes;
    this.why = about.why;
  }

  get supply(): Supply {
    return this.pieces.supply;
  }

  get complete(): Promise<void> {
    return this.pieces.complete;
  }

  get facts(): ImageFacts {
    const { pieceCount, available, exactBytes } = this.supply;
    const facts = factsOf(this.manifest);
    if (pieceCount !== undefined) return { ...facts, pieces: pieceCount, bytes: exactBytes };
    const pieces = Math.max(facts.pieces, available);
    return { ...facts, pieces, bytes: Math.max(this.about.estimatedBytes, exactBytes) };
  }

  onGrowth(listener: () => void): void {
    this.pieces.onGrowth(listener);
  }

  readonly pieceLength = (piece: number): number => this.pieces.lengthOf(piece);

  readonly readPiece = (piece: number, target: Uint8Array, offset: number): number => {
    const length = this.pieces.read(piece, target, offset);
    if (length !== undefined) return length;
    throw new LacunaError("LACUNA_READ_FAILED", `cannot read what was coded of ${this.path}`);
  };

  close(): void {
    this.pieces
      .close()
      .catch(() => undefined)
      .finally(() => this.about.whenClosed());
  }
}

function contentOf(
  { width, height, channels, bits, colour, format, metadata }: DescribedImage,
  fields: 1 | 2,
  tables: Uint8Array,
  preview: Preview | undefined,
): CodedContent {
  const facts = { width, height, channels, bits, colour, fields, format, metadata };
  const ahead = preview === undefined ? {} : { preview: preview.content };
  return { mode: "coded", ...facts, tables, ...ahead };
}

/** What the pixels take, about, before anything is known of them but the file. */
async function guessedBytes(path: string, image: DescribedImage): Promise<number> {
  const usual = rasterBytes(image) * RASTER_SHARE;
  // The file of a format that may have lost something tells nothing.
  return image.format === "png" ? Math.min((await stat(path)).size * PNG_SHARE, usual) : usual;
}

/** Ours: what is coded in a few tenths of a second is coded first, for then the best order is known, and the count. */
const COUNTED_PIXELS_MAX = 2 ** 20;
/** How full pieces are, about. */
const FILLED_SHARE = 0.94;
/** What the corpus of docs/codec.md takes of its PNG files, and about what photographs take of their pixels. */
const PNG_SHARE = 0.65;
const RASTER_SHARE = 0.45;
