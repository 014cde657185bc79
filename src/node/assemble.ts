import { Partition } from "../picture/partition.js";
import { type Band, bandsOf, partsIn, placePart, placePiece } from "../picture/raster.js";
import type { PixelContent } from "../wire/manifest.js";
import { diskError } from "./disk.js";
import { bytesPerPixel, rasterBytes } from "./memory.js";
import type { PieceStore } from "./piece-store.js";

/** Rows of a picture; the pixels that are missing are zero. */
export interface FilledBand extends Band {
  /** Good until the next band is asked for. */
  readonly bytes: Uint8Array;
}

/**
 * A picture's raster, put together from the pieces that are held: a small one as a whole and once, a large one
 * band by band and anew each time.
 */
export class AssembledRaster {
  readonly isSmall: boolean;
  private whole: Uint8Array | undefined;

  constructor(
    private readonly store: PieceStore,
    private readonly content: PixelContent,
    /** A raster of more bytes than this is a large one. */
    bytesMax: number,
  ) {
    this.isSmall = rasterBytes(content) <= bytesMax;
  }

  /** From top to bottom. */
  async *bands(): AsyncIterable<FilledBand> {
    if (this.isSmall) {
      this.whole ??= await assembleRaster(this.store, this.content);
      yield { y: 0, endY: this.content.height, bytes: this.whole };
    } else yield* assembleBands(this.store, this.content);
  }
}

/** As a whole, whatever its size. */
export async function assembleRaster(
  store: PieceStore,
  content: PixelContent,
): Promise<Uint8Array> {
  await store.flush();
  const partition = Partition.of(content);
  const pixelBytes = bytesPerPixel(content);
  const { pieceBytes } = store.manifest;
  const raster = new Uint8Array(rasterBytes(content));
  const piecesAtOnce = Math.max(1, Math.floor(BLOCK_BYTES / pieceBytes));
  const block = new Uint8Array(piecesAtOnce * pieceBytes);
  for (const range of store.held.ranges()) {
    for (let first = range.start; first < range.end; first += piecesAtOnce) {
      const end = Math.min(range.end, first + piecesAtOnce);
      await readBlock(store, block.subarray(0, (end - first) * pieceBytes), first * pieceBytes);
      for (let piece = first; piece < end; piece += 1) {
        placePiece(raster, partition, pixelBytes, piece, block, (piece - first) * pieceBytes);
      }
    }
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

async function readBlock(store: PieceStore, block: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < block.length; ) {
      const at = position + done;
      const { bytesRead } = await store.file.read(block, done, block.length - done, at);
      if (bytesRead === 0) throw new Error("the file of pieces has become shorter");
      done += bytesRead;
    }
  } catch (error) {
    throw diskError(error, store.folder);
  }
}

/** Ours: a few milliseconds of copying between two looks at the network. */
const BLOCK_BYTES = 2 ** 20;
/** Ours: a row of tiles of most pictures. */
export const BAND_BYTES = 4 * 2 ** 20;
const PIECES_AT_ONCE = 512;
