import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RangeSet } from "../base/range-set.js";
import { missingMask } from "../picture/hole-map.js";
import { Partition } from "../picture/partition.js";
import type { Manifest, Metadata, PixelContent } from "../wire/manifest.js";
import { assembleRaster } from "./assemble.js";
import { diskError, syncFolder, writeAtomically } from "./disk.js";
import type { PixelLayout } from "./image-file.js";
import { pngOf } from "./image-save.js";
import { safeName, splitName } from "./names.js";
import type { PieceStore } from "./piece-store.js";
import { type PartialReport, partialReport, type ReportExtras } from "./report.js";

export interface PartialOptions extends Omit<ReportExtras, "resume"> {
  /** The folder for received files. */
  readonly out: string;
  /** Why a piece is missing. */
  readonly causeOf: (piece: number) => string;
}

export interface PartialResult {
  /** Path of NAME.report.json. */
  readonly path: string;
  readonly report: PartialReport;
}

export interface PartialPaths {
  readonly picture: string;
  readonly mask: string;
  readonly report: string;
}

/**
 * Keeps what has come of an image: NAME.partial.png with transparent holes,
 * NAME.missing.png (white where pixels are missing) and NAME.report.json; of a
 * plain file the report only. An earlier partial result of the same name is
 * replaced. The store stays as it is, for the rest to come.
 *
 * A CMYK picture is shown in RGB, which PNG knows. Throws the codes of `diskError`.
 */
export async function keepPartial(
  store: PieceStore,
  manifest: Manifest,
  options: PartialOptions,
): Promise<PartialResult> {
  const { out, causeOf, ...extras } = options;
  const paths = partialPaths(out, manifest);
  try {
    await store.flush();
    const missing = RangeSet.of(...store.held.gaps(0, manifest.pieceCount));
    const resume = store.folder;
    const report = partialReport(manifest, missing, causeOf, { ...extras, resume });
    const { content } = manifest;
    if (content.mode === "pixels") await writePictures(store, content, missing, paths);
    const text = `${JSON.stringify(report, undefined, 1)}\n`;
    const passing = join(store.folder, PASSING_NAME);
    await writeAtomically(paths.report, passing, [Buffer.from(text)]);
    await syncFolder(out);
    return { path: paths.report, report };
  } catch (error) {
    throw diskError(error, out);
  }
}

/** Takes an earlier partial result away, once the image is complete. */
export async function removePartial(out: string, manifest: Manifest): Promise<void> {
  const { picture, mask, report } = partialPaths(out, manifest);
  for (const path of [picture, mask, report]) await rm(path, { force: true });
}

export function partialPaths(out: string, manifest: Manifest): PartialPaths {
  const { stem } = splitName(safeName(manifest.name));
  const path = (ending: string) => join(out, `${stem}.${ending}`);
  return {
    picture: path("partial.png"),
    mask: path("missing.png"),
    report: path("report.json"),
  };
}

async function writePictures(
  store: PieceStore,
  content: PixelContent,
  missing: RangeSet,
  paths: PartialPaths,
): Promise<void> {
  const passing = join(store.folder, PASSING_NAME);
  const mask = missingMask(new Partition(content), missing.ranges());
  const { width, height } = content;
  const maskLayout = { width, height, channels: 1, bits: 8, colour: "gray" } as const;
  const maskPng = await pngOf(maskLayout, mask, []);
  const raster = await assembleRaster(store, content);
  const shown = withHoles(content, raster, mask);
  const picturePng = await pngOf(shown.layout, shown.raster, shown.metadata);
  await writeAtomically(paths.picture, passing, picturePng);
  await writeAtomically(paths.mask, passing, maskPng);
}

/** The raster with an alpha channel that is zero, like all else, where the mask is not. */
function withHoles(
  content: PixelContent,
  raster: Uint8Array,
  mask: Uint8Array,
): { layout: PixelLayout; raster: Uint8Array; metadata: readonly Metadata[] } {
  if (content.colour === "cmyk") {
    const layout = { ...content, colour: "rgb", channels: 4 } as const;
    // The profile describes inks, not this picture.
    const metadata = content.metadata.filter(({ kind }) => kind !== "icc");
    return { layout, raster: rgbaOfCmyk(raster, mask), metadata };
  }
  const { channels, metadata } = content;
  // Where nothing has come the raster is zero, alpha included.
  if (channels === 2 || channels === 4) return { layout: content, raster, metadata };
  const layout = { ...content, channels: channels === 1 ? 2 : 4 } as const;
  return { layout, raster: withAlpha(raster, mask, channels, content.bits / 8), metadata };
}

function withAlpha(
  raster: Uint8Array,
  mask: Uint8Array,
  channels: number,
  sampleBytes: number,
): Uint8Array {
  const pixelBytes = channels * sampleBytes;
  const out = new Uint8Array(mask.length * (pixelBytes + sampleBytes));
  for (let pixel = 0, from = 0, to = 0; pixel < mask.length; pixel += 1) {
    for (let i = 0; i < pixelBytes; i += 1) out[to++] = raster[from++] as number;
    const alpha = 255 - (mask[pixel] as number);
    for (let i = 0; i < sampleBytes; i += 1) out[to++] = alpha;
  }
  return out;
}

/** Plain subtraction of inks: good enough to see where the holes are. */
function rgbaOfCmyk(raster: Uint8Array, mask: Uint8Array): Uint8Array {
  const out = new Uint8Array(raster.length);
  for (let i = 0; i < raster.length; i += 4) {
    if (mask[i / 4] !== 0) continue;
    const light = 255 - (raster[i + 3] as number);
    for (let ink = 0; ink < 3; ink += 1) {
      out[i + ink] = Math.round(((255 - (raster[i + ink] as number)) * light) / 255);
    }
    out[i + 3] = 255;
  }
  return out;
}

const PASSING_NAME = "partial";
