import type { PieceSet } from "../base/piece-set.js";
import { missingMask } from "../picture/hole-map.js";
import { Partition } from "../picture/partition.js";
import { placePiece } from "../picture/raster.js";
import type { Manifest, PixelContent } from "../wire/manifest.js";
import type { Snapshot } from "./api-types.js";
import { assembleRaster } from "./assemble.js";
import { bytesPerPixel } from "./memory.js";
import type { PieceStore } from "./piece-store.js";
import type { Source } from "./source.js";

/** The picture as a receiver has it; undefined for what is no picture. */
export async function snapshotOfStore(
  id: string,
  manifest: Manifest,
  store: PieceStore,
): Promise<Snapshot | undefined> {
  const { content, name } = manifest;
  if (content.mode !== "pixels") return undefined;
  const held = store.held.copy();
  return snapshotOf(id, name, content, held, await assembleRaster(store, content));
}

/** The picture as a sender knows that its receiver has it; undefined for what is no picture. */
export function snapshotOfSource(id: string, source: Source, held: PieceSet): Snapshot | undefined {
  const { content, name, pieceBytes } = source.manifest;
  if (content.mode !== "pixels") return undefined;
  const partition = Partition.of(content);
  const pixelBytes = bytesPerPixel(content);
  const pixels = new Uint8Array(content.width * content.height * pixelBytes);
  const bytes = new Uint8Array(pieceBytes);
  for (const { start, end } of held.ranges()) {
    for (let piece = start; piece < end; piece += 1) {
      source.readPiece(piece, bytes, 0);
      placePiece(pixels, partition, pixelBytes, piece, bytes);
    }
  }
  return snapshotOf(id, name, content, held, pixels);
}

function snapshotOf(
  id: string,
  name: string,
  content: PixelContent,
  held: PieceSet,
  pixels: Uint8Array,
): Snapshot {
  const { width, height, channels, bits } = content;
  // The mask of the held pieces: white where a pixel is present.
  const mask = missingMask(Partition.of(content), held.ranges());
  return { id, name, width, height, channels, bits, pixels, mask };
}
