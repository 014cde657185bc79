import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type Manifest, toldPieces } from "../../wire/manifest.js";
import { LacunaError } from "../errors.js";
import { memoryLimits, rasterBytes } from "../memory.js";
import { finishedName, type OnExisting } from "./finish.js";
import { PieceStore, type PieceStoreEvents } from "./piece-store.js";

/** About what an image takes of the disk before it is a file and its pieces are gone, beside `heldPieces` that are there. */
export function neededBytes(
  manifest: Manifest,
  heldPieces: number,
  memoryMb: number | undefined,
): number {
  const { content, pieceBytes } = manifest;
  const store = Math.max(0, storeBytesOf(manifest) - heldPieces * pieceBytes);
  return store + fileBytesOf(content, memoryLimits(memoryMb).rasterBytes);
}

/** What a piece adds to the files of pieces: its slot, or the blocks of it that are not empty. */
export function takenBytes({ pieceBytes }: Manifest, bytes: number): number {
  return Math.min(pieceBytes, bytes + BLOCK_BYTES);
}

/** Throws LACUNA_NAME_TAKEN when other files of that name are to be left alone. */
export async function refuseTakenName(
  manifest: Manifest,
  { out, onExisting, memoryMb }: NameOptions,
): Promise<void> {
  if (onExisting !== "skip") return;
  const path = join(out, finishedName(manifest, memoryMb));
  if (await stat(path).catch(() => undefined)) throw nameTaken(path);
}

export interface NameOptions {
  /** The folder for received files. */
  readonly out: string;
  readonly onExisting: OnExisting;
  readonly memoryMb: number | undefined;
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
/** Of most file systems. */
const BLOCK_BYTES = 4_096;

/** All pieces came twice, and made another image than was announced. */
export function digestDiffers(name: string): LacunaError {
  const message = `what arrived of ${name} is not what its sender announced`;
  return new LacunaError("LACUNA_DIGEST_DIFFERS", message, { name });
}
