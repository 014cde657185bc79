import { Partition } from "../picture/partition.js";
import { placePiece } from "../picture/raster.js";
import type { PixelContent } from "../wire/manifest.js";
import { diskError } from "./disk.js";
import { bytesPerPixel } from "./image-file.js";
import type { PieceStore } from "./piece-store.js";

/** Puts a picture's raster together from the pieces that are held; the pixels of all others are zero. */
export async function assembleRaster(
  store: PieceStore,
  content: PixelContent,
): Promise<Uint8Array> {
  await store.flush();
  const partition = new Partition(content);
  const pixelBytes = bytesPerPixel(content);
  const { pieceBytes } = store.manifest;
  const raster = new Uint8Array(content.width * content.height * pixelBytes);
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
