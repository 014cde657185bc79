import { open } from "node:fs/promises";
import type { Metadata as LibraryMetadata } from "sharp";
import type { Metadata } from "../../wire/manifest.js";
import { densityBytes, limitMetadata, withoutExifName } from "./metadata-blocks.js";
import { readPngDensity } from "./metadata-png.js";
import { readTiffMetadata } from "./metadata-tiff.js";

/**
 * The blocks that travel with a picture. What the library does not tell of a
 * PNG (its exact density) or a TIFF (density, EXIF) is read from the file.
 */
export async function readMetadata(
  path: string,
  facts: LibraryMetadata,
): Promise<{ metadata: Metadata[]; notes: string[] }> {
  const found: Metadata[] = [];
  let exif = facts.exif === undefined ? undefined : withoutExifName(facts.exif);
  let density =
    facts.density === undefined ? undefined : { across: facts.density, down: facts.density };
  if (facts.format === "png" || facts.format === "tiff") {
    const file = await open(path, "r");
    try {
      if (facts.format === "png") {
        density = await readPngDensity(file);
      } else {
        const own = await readTiffMetadata(file);
        density = own.density;
        exif = own.exif;
      }
    } finally {
      await file.close();
    }
  }
  if (facts.icc !== undefined) found.push({ kind: "icc", bytes: facts.icc });
  if (exif !== undefined) found.push({ kind: "exif", bytes: exif });
  if (facts.xmp !== undefined) found.push({ kind: "xmp", bytes: facts.xmp });
  if (density !== undefined) found.push({ kind: "density", bytes: densityBytes(density) });
  return limitMetadata(found);
}
