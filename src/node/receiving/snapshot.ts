import type { PieceSet } from "../../base/piece-set.js";
import { missingMask } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import type { Manifest, PixelContent } from "../../wire/manifest.js";
import type { Snapshot } from "../api-types.js";
import { assembledRaster } from "./assemble.js";
import type { PieceStore } from "./piece-store.js";

/** The picture as a receiver has it; undefined for what is no picture. */
export async function snapshotOfStore(
  id: string,
  { content, name }: Manifest,
  store: PieceStore,
): Promise<Snapshot | undefined> {
  if (content.mode !== "pixels" && content.mode !== "coded") return undefined;
  const { width, height, channels, bits } = content;
  const raster = assembledRaster(store, content, Number.POSITIVE_INFINITY);
  for await (const { bytes: pixels, ...whole } of raster.bands()) {
    const mask = raster.missingIn(whole).map((missing) => 255 - missing);
    return { id, name, width, height, channels, bits, pixels, mask };
  }
  return undefined;
}

/** @param pixels the raster; of pieces that are not held, zeros */
export function snapshotOf(
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
