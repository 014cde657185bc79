import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PieceSet } from "../base/piece-set.js";
import { missingMaskIn } from "../picture/hole-map.js";
import { Partition } from "../picture/partition.js";
import { type Band, bandsOf } from "../picture/raster.js";
import type { PixelContent, RuledManifest } from "../wire/manifest.js";
import { AssembledRaster, BAND_BYTES } from "./assemble.js";
import { diskError, syncFolder, writeAtomically } from "./disk.js";
import { PNG_QUICK, type Rows, savePng } from "./image-save.js";
import { memoryLimits } from "./memory.js";
import { safeName, splitName } from "./names.js";
import type { PieceStore } from "./piece-store.js";
import { type PartialReport, partialReport, type ReportExtras, reportText } from "./report.js";

export interface PartialOptions extends Omit<ReportExtras, "resume"> {
  /** The folder for received files. */
  readonly out: string;
  /** Why a piece is missing. */
  readonly causeOf: (piece: number) => string;
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
  manifest: RuledManifest,
  options: PartialOptions,
): Promise<PartialResult> {
  const { out, causeOf, memoryMb, ...extras } = options;
  const paths = partialPaths(out, manifest);
  try {
    await store.flush();
    const missing = PieceSet.of(store.held.gaps(0, manifest.pieceCount));
    const resume = store.folder;
    const report = partialReport(manifest, missing, causeOf, { ...extras, resume });
    const { content } = manifest;
    if (content.mode === "pixels") await writePictures(store, content, paths, memoryMb);
    const passing = join(store.folder, PASSING_NAME);
    await writeAtomically(paths.report, passing, reportText(report));
    await syncFolder(out);
    return { path: paths.report, report };
  } catch (error) {
    throw diskError(error, out);
  }
}

/** Takes an earlier partial result away, once the image is complete. */
export async function removePartial(out: string, manifest: RuledManifest): Promise<void> {
  const { picture, mask, report } = partialPaths(out, manifest);
  await Promise.all([picture, mask, report].map((path) => rm(path, { force: true })));
}

export function partialPaths(out: string, manifest: RuledManifest): PartialPaths {
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
  paths: PartialPaths,
  memoryMb: number | undefined,
): Promise<void> {
  // An alpha channel and a mask are made of it.
  const bytesMax = memoryLimits(memoryMb).rasterBytes / 2;
  const raster = new AssembledRaster(store, content, bytesMax);
  const picture = join(store.folder, `${PASSING_NAME}.picture`);
  const mask = join(store.folder, `${PASSING_NAME}.mask`);
  try {
    await savePng(picture, shownRows(raster, store, content), PNG_QUICK);
    await savePng(mask, maskRows(raster.isSmall, store, content), PNG_QUICK);
    await rename(picture, paths.picture);
    await rename(mask, paths.mask);
  } finally {
    await rm(picture, { force: true });
    await rm(mask, { force: true });
  }
}

/** White where a pixel is missing. */
function maskRows(isSmall: boolean, store: PieceStore, content: PixelContent): Rows {
  const { width, height } = content;
  const layout = { width, height, channels: 1, bits: 8, colour: "gray" } as const;
  async function* bands(): AsyncIterable<Uint8Array> {
    const bytesMax = isSmall ? Number.POSITIVE_INFINITY : BAND_BYTES;
    for (const band of bandsOf(Partition.of(content), 1, bytesMax)) {
      yield maskOf(store, content, band);
      await new Promise(setImmediate);
    }
  }
  return { layout, metadata: [], isSmall, bands: bands() };
}

/** The picture with an alpha channel that is zero, like all else, where the mask is not. */
function shownRows(raster: AssembledRaster, store: PieceStore, content: PixelContent): Rows {
  const { channels, bits, colour, metadata } = content;
  const { isSmall } = raster;
  if (colour === "cmyk") {
    const layout = { ...content, colour: "rgb", channels: 4 } as const;
    // The profile describes inks, not this picture.
    const kept = metadata.filter(({ kind }) => kind !== "icc");
    return { layout, metadata: kept, isSmall, bands: converted(rgbaOfCmyk) };
  }
  // Where nothing has come the raster is zero, alpha included.
  if (channels === 2 || channels === 4) {
    return { layout: content, metadata, isSmall, bands: converted((bytes) => bytes) };
  }
  const layout = { ...content, channels: channels === 1 ? 2 : 4 } as const;
  const bands = converted((bytes, mask) => withAlpha(bytes, mask, channels, bits / 8));
  return { layout, metadata, isSmall, bands };

  async function* converted(
    convert: (bytes: Uint8Array, mask: Uint8Array) => Uint8Array,
  ): AsyncIterable<Uint8Array> {
    for await (const band of raster.bands()) {
      yield convert(band.bytes, maskOf(store, content, band));
    }
  }
}

function maskOf(store: PieceStore, content: PixelContent, band: Band): Uint8Array {
  return missingMaskIn(Partition.of(content), band, (piece) => !store.held.has(piece));
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
