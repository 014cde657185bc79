import type { PieceSet } from "../../base/piece-set.js";
import { missingMaskIn } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import { type Band, bandsOf, partsIn, placePart, placePiece } from "../../picture/raster.js";
import type { CodedContent, PixelContent } from "../../wire/manifest.js";
import type { LiveRaster } from "../live/raster.js";
import { bytesPerPixel, rasterBytes } from "../memory.js";
import { CodedRaster } from "./assemble-coded.js";
import { type CauseOf, lackingOfPixels } from "./lacking.js";
import type { PieceStore } from "./piece-store.js";
import type { Lacking } from "./report.js";

/** Rows of a picture; the pixels that are missing are zero. */
export interface FilledBand extends Band {
  /** Good until the next band is asked for. */
  readonly bytes: Uint8Array;
}

/**
 * A picture's raster, put together from the exact pieces that are held: a small one as a whole and once, a large one
 * band by band and anew each time.
 */
export interface AssembledRaster {
  readonly isSmall: boolean;
  /** From top to bottom. */
  bands(): AsyncIterable<FilledBand>;
  /** Of rows that `bands` has given: a byte for each pixel, 255 where it is missing, else 0. */
  missingIn(band: Band): Uint8Array;
  /** What is missing, once `bands` has given all. */
  lacking(causeOf: CauseOf): Promise<Lacking>;
}

/** @param bytesMax a raster of more bytes than this is a large one */
export function assembledRaster(
  store: PieceStore,
  content: PixelContent | CodedContent,
  bytesMax: number,
  live?: LiveRaster,
): AssembledRaster {
  const isSmall = rasterBytes(content) <= bytesMax;
  return content.mode === "coded"
    ? new CodedRaster(store, content, isSmall, live)
    : new RawRaster(store, content, isSmall);
}

/** Of pieces that are plain pixels, cut by rule. */
class RawRaster implements AssembledRaster {
  private whole: Uint8Array | undefined;
  private readonly partition: Partition;
  /** More may come meanwhile. */
  private readonly held: PieceSet;

  constructor(
    private readonly store: PieceStore,
    private readonly content: PixelContent,
    readonly isSmall: boolean,
  ) {
    this.partition = Partition.of(content);
    this.held = store.held.copy();
  }

  async *bands(): AsyncIterable<FilledBand> {
    if (this.isSmall) {
      this.whole ??= await assembleRaw(this.store, this.content);
      yield { y: 0, endY: this.content.height, bytes: this.whole };
    } else yield* assembleBands(this.store, this.content);
  }

  missingIn(band: Band): Uint8Array {
    return missingMaskIn(this.partition, band, (piece) => !this.held.has(piece));
  }

  lacking(causeOf: CauseOf): Promise<Lacking> {
    return Promise.resolve(lackingOfPixels(this.content, this.held, causeOf));
  }
}

/** As a whole, whatever its size. */
async function assembleRaw(store: PieceStore, content: PixelContent): Promise<Uint8Array> {
  const partition = Partition.of(content);
  const pixelBytes = bytesPerPixel(content);
  const raster = new Uint8Array(rasterBytes(content));
  for await (const { first, pieces } of store.runs()) {
    pieces.forEach((bytes, index) => {
      placePiece(raster, partition, pixelBytes, first + index, bytes);
    });
  }
  return raster;
}

/** Neighbours in the picture lie far apart in the store, so each piece is a read of its own: about 1 µs from the system's cache. */
async function* assembleBands(store: PieceStore, content: PixelContent): AsyncIterable<FilledBand> {
  await store.flush();
  const partition = Partition.of(content);
  const pixelBytes = bytesPerPixel(content);
  const lineBytes = content.width * pixelBytes;
  const buffer = new Uint8Array(Math.max(BAND_BYTES, lineBytes));
  const piece = new Uint8Array(store.manifest.pieceBytes);
  for (const band of bandsOf(partition, pixelBytes, BAND_BYTES)) {
    const bytes = buffer.subarray(0, (band.endY - band.y) * lineBytes).fill(0);
    let done = 0;
    for (const part of partsIn(partition, pixelBytes, band)) {
      if (!store.held.has(part.piece)) continue;
      store.readPiece(part.piece, piece, 0);
      placePart(bytes, part, piece, part.skip);
      done += 1;
      if (done % PIECES_AT_ONCE === 0) await new Promise(setImmediate);
    }
    yield { ...band, bytes };
  }
}

/** Ours: a row of tiles of most pictures. */
const BAND_BYTES = 4 * 2 ** 20;
const PIECES_AT_ONCE = 512;
