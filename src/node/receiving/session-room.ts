import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type Manifest, toldPieces } from "../../wire/manifest.js";
import { LacunaError } from "../errors.js";
import { memoryLimits, rasterBytes } from "../memory.js";
import { RASTER_BYTES_MAX } from "../pictures/image-file.js";
import { finishedName, type OnExisting } from "./finish.js";
import { PieceStore, type PieceStoreEvents } from "./piece-store.js";

export interface RoomOptions {
  /** The folder for received files. */
  readonly out: string;
  readonly onExisting: OnExisting;
  readonly memoryMb: number | undefined;
}

/** Refuses what cannot end well: LACUNA_NAME_TAKEN, LACUNA_IMAGE_TOO_LARGE or LACUNA_DISK_FULL. */
export async function checkRoom(
  manifest: Manifest,
  { out, onExisting, memoryMb }: RoomOptions,
): Promise<void> {
  const { name, content } = manifest;
  if (onExisting === "skip") {
    const path = join(out, finishedName(manifest, memoryMb));
    if (await stat(path).catch(() => undefined)) throw nameTaken(path);
  }
  const pixelBytes = pixelBytesOf(content);
  if (pixelBytes > RASTER_BYTES_MAX) {
    const message = `${name} has ${pixelBytes} bytes of pixels; at most ${RASTER_BYTES_MAX} are taken`;
    throw new LacunaError("LACUNA_IMAGE_TOO_LARGE", message, { name, bytes: pixelBytes });
  }
  const disk = await statfs(out);
  const free = disk.bavail * disk.bsize;
  const needed = storeBytesOf(manifest) + fileBytesOf(content, memoryLimits(memoryMb).rasterBytes);
  if (needed > free) {
    const message = `${name} needs ${needed} bytes; ${out} has room for ${free}`;
    throw new LacunaError("LACUNA_DISK_FULL", message, { name, bytes: needed, free });
  }
}

/** The image's own folder, or one beside it when another sender sends the same image right now. */
export async function openStore(
  out: string,
  manifest: Manifest,
  events: PieceStoreEvents,
): Promise<PieceStore> {
  const folder = PieceStore.folderFor(out, manifest);
  for (let copy = 1; ; copy += 1) {
    try {
      const path = copy === 1 ? folder : `${folder}-${copy}`;
      return await PieceStore.open(path, manifest, events);
    } catch (error) {
      const inUse = error instanceof LacunaError && error.code === "LACUNA_IN_USE";
      if (!inUse || copy === COPIES_MAX) throw error;
    }
  }
}

export function nameTaken(path: string): LacunaError {
  return new LacunaError("LACUNA_NAME_TAKEN", `${path} is there already`, { path });
}

/** Bytes of the raster that an image becomes; 0 for what is no raster. */
function pixelBytesOf(content: Content): number {
  return content.mode === "pixels" || content.mode === "coded" ? rasterBytes(content) : 0;
}

/** About what all pieces take. */
function storeBytesOf(manifest: Manifest): number {
  const { content, pieceBytes } = manifest;
  return content.mode === "file" ? content.bytes : toldPieces(manifest) * pieceBytes;
}

/** What the finished file takes beside its pieces. */
function fileBytesOf(content: Content, smallMax: number): number {
  if (content.mode === "file") return 0;
  if (content.mode === "jpeg") return content.bytes;
  const bytes = rasterBytes(content);
  return bytes > smallMax ? LARGE_PICTURE_COPIES * bytes : bytes;
}

/** Senders of one and the same image at the same time: as many as there can be connections. */
const COPIES_MAX = 256;
/** A large picture's file is made on the disk: at most two of its plain rows, the file, and what is read back, at a time. */
const LARGE_PICTURE_COPIES = 2;
