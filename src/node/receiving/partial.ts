import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../base/assert.js";
import type { JpegContent, Manifest } from "../../wire/manifest.js";
import { diskError, syncFolder, writeAtomically } from "../disk.js";
import { memoryLimits } from "../memory.js";
import type { PixelLayout } from "../pictures/image-file.js";
import { PNG_QUICK, type Rows, savePng } from "../pictures/image-save.js";
import { type AssembledRaster, assembledRaster } from "./assemble.js";
import { JpegRaster } from "./assemble-jpeg.js";
import { type CauseOf, lackingOfFile, sharedCause } from "./lacking.js";
import { countHeld, JpegCounter } from "./missing-counter.js";
import { safeName, splitName } from "./names.js";
import type { PieceStore } from "./piece-store.js";
import {
  type Lacking,
  type PartialReport,
  partialReport,
  type ReportExtras,
  reportText,
} from "./report.js";

export interface PartialOptions extends Omit<ReportExtras, "resume"> {
  /** The folder for received files. */
  readonly out: string;
  /** Why a piece is missing. */
  readonly causeOf: CauseOf;
  /** `MEMORY_MB_DEFAULT` when absent. */
  readonly memoryMb?: number | undefined;
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
  const { out, causeOf, memoryMb, ...extras } = options;
  const paths = partialPaths(out, manifest);
  try {
    await store.flush();
    const held = store.held.copy();
    const lacking = await keepPictures(store, manifest, paths, { causeOf, memoryMb });
    const resume = store.folder;
    const { pieceCount } = store;
    const report = partialReport(manifest, pieceCount, held.size, lacking, { ...extras, resume });
    const passing = join(store.folder, PASSING_NAME);
    await writeAtomically(paths.report, passing, reportText(report));
    await syncFolder(out);
    return { path: paths.report, report };
  } catch (error) {
    throw diskError(error, out);
  }
}

/** Takes an earlier partial result away, once the image is complete. */
export async function removePartial(out: string, manifest: Manifest): Promise<void> {
  const { picture, mask, report } = partialPaths(out, manifest);
  await Promise.all([picture, mask, report].map((path) => rm(path, { force: true })));
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

/** Writes the pictures, if the image is one, and tells what they lack. */
async function keepPictures(
  store: PieceStore,
  manifest: Manifest,
  paths: PartialPaths,
  { causeOf, memoryMb }: Pick<PartialOptions, "causeOf" | "memoryMb">,
): Promise<Lacking> {
  const { content } = manifest;
  const held = store.held.copy();
  switch (content.mode) {
    case "file":
      return lackingOfFile(manifest, content, held, causeOf);
    case "jpeg":
      return keepJpeg(store, content, paths, { causeOf, memoryMb });
    case "pixels":
    case "coded": {
      // An alpha channel and a mask are made of it.
      const bytesMax = memoryLimits(memoryMb).rasterBytes / 2;
      const raster = assembledRaster(store, content, bytesMax);
      await writePictures(store.folder, raster, content, paths);
      return raster.lacking(causeOf);
    }
  }
}

async function keepJpeg(
  store: PieceStore,
  content: JpegContent,
  paths: PartialPaths,
  { causeOf, memoryMb }: Pick<PartialOptions, "causeOf" | "memoryMb">,
): Promise<Lacking> {
  const raster = await JpegRaster.of(store, content, memoryLimits(memoryMb).decoderBytes / 2);
  if (raster === undefined) return lackingByHeads(store, content, causeOf);
  await writePictures(store.folder, raster, { ...raster.layout, metadata: [] }, paths);
  return raster.lacking(causeOf);
}

/** Of a picture that is too large to be drawn in memory. */
async function lackingByHeads(
  store: PieceStore,
  content: JpegContent,
  causeOf: CauseOf,
): Promise<Lacking> {
  const counter = JpegCounter.of(content);
  assert(counter !== undefined, "an image with other tables is refused when it is offered");
  await countHeld(counter, store);
  return counter.pieces.lacking(sharedCause(store.held, store.pieceCount, causeOf));
}

async function writePictures(
  folder: string,
  raster: AssembledRaster,
  picture: ShownPicture,
  paths: PartialPaths,
): Promise<void> {
  const shown = join(folder, `${PASSING_NAME}.picture`);
  const mask = join(folder, `${PASSING_NAME}.mask`);
  try {
    await savePng(shown, shownRows(raster, picture), PNG_QUICK);
    await savePng(mask, maskRows(raster, picture), PNG_QUICK);
    await rename(shown, paths.picture);
    await rename(mask, paths.mask);
  } finally {
    await rm(shown, { force: true });
    await rm(mask, { force: true });
  }
}

/** What rows are shown as. */
type ShownPicture = PixelLayout & Pick<Rows, "metadata">;

/** White where a pixel is missing. */
function maskRows(raster: AssembledRaster, { width, height }: ShownPicture): Rows {
  const layout = { width, height, channels: 1, bits: 8, colour: "gray" } as const;
  const { isSmall } = raster;
  const rows = isSmall ? height : Math.max(1, Math.floor(MASK_BYTES / width));
  async function* bands(): AsyncIterable<Uint8Array> {
    for (let y = 0; y < height; y += rows) {
      yield raster.missingIn({ y, endY: Math.min(height, y + rows) });
      await new Promise(setImmediate);
    }
  }
  return { layout, metadata: [], isSmall, bands: bands() };
}

/** The picture with an alpha channel that is zero, like all else, where the mask is not. */
function shownRows(raster: AssembledRaster, picture: ShownPicture): Rows {
  const { channels, bits, colour, metadata } = picture;
  const { isSmall } = raster;
  if (colour === "cmyk") {
    const layout = { ...picture, colour: "rgb", channels: 4 } as const;
    // The profile describes inks, not this picture.
    const kept = metadata.filter(({ kind }) => kind !== "icc");
    return { layout, metadata: kept, isSmall, bands: converted(rgbaOfCmyk) };
  }
  // Where nothing has come the raster is zero, alpha included.
  if (channels === 2 || channels === 4) {
    return { layout: picture, metadata, isSmall, bands: converted((bytes) => bytes) };
  }
  const layout = { ...picture, channels: channels === 1 ? 2 : 4 } as const;
  const bands = converted((bytes, mask) => withAlpha(bytes, mask, channels, bits / 8));
  return { layout, metadata, isSmall, bands };

  async function* converted(
    convert: (bytes: Uint8Array, mask: Uint8Array) => Uint8Array,
  ): AsyncIterable<Uint8Array> {
    for await (const band of raster.bands()) {
      yield convert(band.bytes, raster.missingIn(band));
    }
  }
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
/** Ours: a few milliseconds of work at a time. */
const MASK_BYTES = 4 * 2 ** 20;
