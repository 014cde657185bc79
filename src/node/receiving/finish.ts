import { createHash, type Hash } from "node:crypto";
import { link, open, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../base/assert.js";
import type { CodedContent, JpegContent, Manifest, PixelContent } from "../../wire/manifest.js";
import { digestOf, digestOfBands } from "../digest.js";
import { diskError, syncFolder } from "../disk.js";
import { LacunaError } from "../errors.js";
import type { LiveRaster } from "../live/raster.js";
import { memoryLimits } from "../memory.js";
import { decodePixels, hasLayout, type PixelLayout, unpackPixels } from "../pictures/image-file.js";
import { savedFormatOf, savedNameOf, savePicture } from "../pictures/image-save.js";
import { type AssembledRaster, assembledRaster } from "./assemble.js";
import { writeJpeg } from "./finish-jpeg.js";
import { numberedName, safeName } from "./names.js";
import { removePartial } from "./partial.js";
import type { PieceStore } from "./piece-store.js";
import { PiecesDamaged } from "./slot-file.js";

/** What happens when the name is taken: another name, nothing, or the older file gives way. */
export type OnExisting = "rename" | "skip" | "overwrite";

export interface FinishOptions {
  /** The folder for received files. */
  readonly out: string;
  readonly onExisting: OnExisting;
  /** `MEMORY_MB_DEFAULT` when absent. */
  readonly memoryMb?: number | undefined;
  /** The pixels, as far as they have been decoded already. */
  readonly live?: LiveRaster | undefined;
  /** Called when the file at `path` is whole and about to get its name. */
  beforeNaming?(path: string): Promise<void>;
}

/** `sha256` is the hex digest of what was received: pixels in raster order, or the file's bytes. */
export type FinishResult =
  | { readonly outcome: "saved"; readonly path: string; readonly sha256: string }
  /** The name is taken, and `skip` was asked for; nothing was written. */
  | { readonly outcome: "exists"; readonly path: string; readonly sha256: string }
  /** The pieces are not those of the announced image; nothing was written. */
  | { readonly outcome: "digest-differs" };

/**
 * Makes the finished file of a store that holds every piece.
 *
 * The digest is checked, the file is written beside the pieces, read back and
 * compared, and only then put under its name, in one step and never over another
 * file (but with `overwrite`). The store stays open and is discarded by the
 * caller; a saved plain file has taken its pieces along.
 * Throws LACUNA_DISK_FULL, LACUNA_NO_PERMISSION, LACUNA_DISK_ERROR, or
 * LACUNA_NAME_TAKEN when a folder stands where a file was to be overwritten.
 */
export async function finishImage(
  store: PieceStore,
  manifest: Manifest,
  options: FinishOptions,
): Promise<FinishResult> {
  await store.flush();
  assert(store.held.size === store.pieceCount, "an image is finished when every piece is held");
  try {
    const result = await makeFile(store, manifest, options);
    if (result.outcome === "saved") await removePartial(options.out, manifest);
    return result;
  } catch (error) {
    const cause = error instanceof LacunaError ? error.cause : error;
    if (cause instanceof PiecesDamaged) return { outcome: "digest-differs" };
    throw diskError(error, options.out);
  }
}

async function makeFile(
  store: PieceStore,
  manifest: Manifest,
  options: FinishOptions,
): Promise<FinishResult> {
  const { content } = manifest;
  switch (content.mode) {
    case "file":
      return finishPlainFile(store, manifest, options);
    case "jpeg":
      return finishJpeg(store, manifest, content, options);
    case "pixels":
    case "coded":
      return finishPicture(store, manifest, content, options);
  }
}

/** The name that the finished file gets when nothing is in its way. */
export function finishedName({ name, content }: Manifest, memoryMb?: number): string {
  if (content.mode === "file" || content.mode === "jpeg") return safeName(name);
  const saved = savedFormatOf(content, memoryLimits(memoryMb));
  return savedNameOf(safeName(name), content, saved);
}

async function finishPlainFile(
  store: PieceStore,
  manifest: Manifest,
  options: FinishOptions,
): Promise<FinishResult> {
  // The disk and the digest take about as long, and neither waits for the other.
  const [digest] = await Promise.all([store.fileDigest(), store.file.sync()]);
  const sha256 = hex(digest);
  if (sha256 !== hex(manifest.digest)) return { outcome: "digest-differs" };
  return { ...(await publish(store.piecesPath, safeName(manifest.name), options)), sha256 };
}

async function finishJpeg(
  store: PieceStore,
  manifest: Manifest,
  content: JpegContent,
  options: FinishOptions,
): Promise<FinishResult> {
  const passing = join(store.folder, PASSING_NAME);
  try {
    const sha256 = hex(await writeJpeg(passing, store, content));
    if (sha256 !== hex(manifest.digest)) return { outcome: "digest-differs" };
    return { ...(await publish(passing, safeName(manifest.name), options)), sha256 };
  } finally {
    await rm(passing, { force: true });
  }
}

async function finishPicture(
  store: PieceStore,
  manifest: Manifest,
  content: PixelContent | CodedContent,
  options: FinishOptions,
): Promise<FinishResult> {
  const limits = memoryLimits(options.memoryMb);
  let raster: AssembledRaster | undefined;
  raster = assembledRaster(store, content, limits.rasterBytes, options.live);
  const { isSmall } = raster;
  const announced = hex(manifest.digest);
  let sha256 = isSmall ? hex(await digestOfBands(bytesOf(raster))) : undefined;
  if (sha256 !== undefined && sha256 !== announced) return { outcome: "digest-differs" };
  const passing = join(store.folder, PASSING_NAME);
  const saved = savedFormatOf(content, limits);
  const { metadata } = content;
  try {
    // Of a large picture, another pass over its pixels costs more than a file in vain.
    const hash = createHash("sha256");
    const bands = isSmall ? bytesOf(raster) : hashed(bytesOf(raster), hash);
    await savePicture(passing, saved, { layout: content, metadata, isSmall, bands });
    sha256 ??= hash.digest("hex");
    if (sha256 !== announced) return { outcome: "digest-differs" };
    // Reading it back needs as much memory again.
    raster = undefined;
    const written = await digestOfPicture(passing, content, isSmall);
    if (written === undefined || hex(written) !== sha256) {
      throw new LacunaError("LACUNA_DISK_ERROR", `${passing} does not read back as it was written`);
    }
    const name = savedNameOf(safeName(manifest.name), content, saved);
    return { ...(await publish(passing, name, options)), sha256 };
  } finally {
    await rm(passing, { force: true });
  }
}

async function* bytesOf(raster: AssembledRaster): AsyncIterable<Uint8Array> {
  for await (const { bytes } of raster.bands()) yield bytes;
}

async function* hashed(bands: AsyncIterable<Uint8Array>, hash: Hash): AsyncIterable<Uint8Array> {
  for await (const band of bands) {
    hash.update(band);
    yield band;
  }
}

/** Of the pixels in a file; undefined when it has another layout or cannot be read. */
async function digestOfPicture(
  path: string,
  layout: PixelLayout,
  isSmall: boolean,
): Promise<Uint8Array | undefined> {
  try {
    if (!(await hasLayout(path, layout))) return undefined;
    if (isSmall) return await digestOf(await decodePixels(path, layout));
    const unpacked = await unpackPixels(path, layout, path);
    return await unpacked.digest().finally(() => unpacked.remove());
  } catch (error) {
    if (error instanceof LacunaError && error.code === "LACUNA_NOT_AN_IMAGE") return undefined;
    throw error;
  }
}

/** Moves a complete, durable file to its name; with `exists` it stays where it was. */
async function publish(
  from: string,
  name: string,
  { out, onExisting, beforeNaming }: FinishOptions,
): Promise<{ outcome: "saved" | "exists"; path: string }> {
  await beforeNaming?.(from);
  if (onExisting === "overwrite") {
    const path = join(out, name);
    await overwrite(from, path);
    await syncFolder(out);
    return { outcome: "saved", path };
  }
  for (let number = 1; ; number += 1) {
    const path = join(out, numberedName(name, number));
    if (await linkUnlessTaken(from, path)) {
      // A second name would let a later change of the file reach the store.
      await rm(from, { force: true });
      await syncFolder(out);
      return { outcome: "saved", path };
    }
    if (onExisting === "skip") return { outcome: "exists", path };
  }
}

async function overwrite(from: string, path: string): Promise<void> {
  try {
    await rename(from, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EISDIR" && code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    throw new LacunaError("LACUNA_NAME_TAKEN", `a folder is named ${path}`, { path });
  }
}

/** False when the name is taken. Linking is the one step that names a file and never replaces another. */
async function linkUnlessTaken(from: string, path: string): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (!LINK_REFUSALS.has(code)) throw error;
  }
  return renameUnlessTaken(from, path);
}

/** For file systems without links: an empty file holds the name for the instant until the rename. */
async function renameUnlessTaken(from: string, path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    await rename(from, path);
  } catch (error) {
    await unlink(path);
    throw error;
  }
  return true;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const PASSING_NAME = "finished";
const LINK_REFUSALS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "ENOSYS",
  "EMLINK",
  "EXDEV",
]);
