import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { assert } from "../base/assert.js";
import { PieceSet } from "../base/piece-set.js";
import { isRuled, type RuledManifest } from "../wire/manifest.js";
import { decodeManifest, encodeManifest } from "../wire/manifest-bytes.js";
import { FollowingDigest } from "./digest.js";
import { diskError, syncFolder, writeAtomically } from "./disk.js";
import type { LacunaError } from "./errors.js";
import { FolderLock } from "./folder-lock.js";
import { pieceLengths, storeKey } from "./piece-lengths.js";
import { WriteQueue } from "./write-queue.js";

export interface PieceStoreEvents {
  /** That many bytes of pieces have reached the file. */
  onWritten?(bytes: number): void;
  /** The disk failed: LACUNA_DISK_FULL, LACUNA_NO_PERMISSION or LACUNA_DISK_ERROR. Later writes are ignored. */
  onError?(error: LacunaError): void;
}

/** What a resume folder holds, without opening it for writing. */
export interface StoreContents {
  readonly manifest: RuledManifest;
  readonly held: PieceSet;
}

/**
 * The pieces of one image on disk, from the first to the last, across
 * interruptions.
 *
 * A folder holds `pieces` (piece k lies at k * pieceBytes, so a plain file's
 * pieces are that file), the encoded manifest, and `held`, the bitmap of pieces
 * that were safe on the disk at the last checkpoint. What does not fit
 * together, or belongs to another image, is thrown away and begun anew.
 */
export class PieceStore {
  /** Pieces written or being written; those found on the disk at first. */
  readonly held: PieceSet;
  readonly pieceCount: number;
  private readonly lengthOf: (piece: number) => number;
  private readonly queue: WriteQueue;
  /** Pieces that have reached the file. */
  private readonly written = new PieceSet();
  /** Every piece before this has reached the file. */
  private writtenBefore = 0;
  private readonly following: FollowingDigest;
  private readonly onError: (error: unknown) => void;
  /** Bytes written that the disk has not been asked for yet. */
  private unsyncedBytes = 0;
  private isSyncing = false;
  /** Whether the folder has the manifest. Without `held` it says nothing, so it comes with the first checkpoint. */
  private hasManifest: boolean;
  private checkpointing: Promise<void> = Promise.resolve();
  private isOpen = true;

  private constructor(
    readonly folder: string,
    readonly manifest: RuledManifest,
    /** Read and write; the store closes it. */
    readonly file: FileHandle,
    private readonly lock: FolderLock,
    held: PieceSet | undefined,
    events: PieceStoreEvents,
  ) {
    this.hasManifest = held !== undefined;
    this.held = held ?? new PieceSet();
    for (const { start, end } of this.held.ranges()) this.written.add(start, end);
    this.pieceCount = manifest.pieceCount;
    this.lengthOf = pieceLengths(manifest);
    this.following = new FollowingDigest(file);
    this.queue = new WriteQueue(file, manifest.pieceBytes, {
      onWritten: (start, end, payload, bytes) => {
        this.written.add(start, end);
        this.followWritten(start, bytes);
        this.syncAhead(payload);
        events.onWritten?.(payload);
      },
      onError: (error) => this.onError(error),
    });
    this.onError = (error) => events.onError?.(diskError(error, folder));
  }

  /** The folder for an image's pieces inside the folder for received files. */
  static folderFor(out: string, manifest: RuledManifest): string {
    return join(out, STORE_FOLDER, storeKey(manifest));
  }

  /**
   * Opens or makes the store of this image. Throws LACUNA_IN_USE when another
   * receiver has it open, LACUNA_DISK_FULL, LACUNA_NO_PERMISSION or LACUNA_DISK_ERROR.
   */
  static async open(
    folder: string,
    manifest: RuledManifest,
    events: PieceStoreEvents = {},
  ): Promise<PieceStore> {
    let lock: FolderLock | undefined;
    let file: FileHandle | undefined;
    try {
      await mkdir(folder, { recursive: true });
      lock = await FolderLock.take(folder);
      const held = await heldIn(folder, encodeManifest(manifest), manifest);
      if (held === undefined) await empty(folder);
      file = await open(join(folder, PIECES_FILE), held === undefined ? "wx+" : "r+");
      if (held === undefined) await file.truncate(fileBytes(manifest));
      return new PieceStore(folder, manifest, file, lock, held, events);
    } catch (error) {
      await file?.close();
      await lock?.release();
      throw diskError(error, folder);
    }
  }

  /** What is in a resume folder; `undefined` when it is none, or is damaged. */
  static async inspect(folder: string): Promise<StoreContents | undefined> {
    const saved = await readFile(join(folder, MANIFEST_FILE)).catch(() => undefined);
    const manifest = saved === undefined ? undefined : decodeManifest(saved);
    if (saved === undefined || manifest === undefined || !isRuled(manifest)) return undefined;
    const held = await heldIn(folder, saved, manifest);
    return held === undefined ? undefined : { manifest, held };
  }

  /** Where the pieces lie: of a plain file, once all are held, that file. */
  get piecesPath(): string {
    return join(this.folder, PIECES_FILE);
  }

  /** Bytes taken in that are not in the file yet. */
  get pendingBytes(): number {
    return this.queue.pendingBytes;
  }

  /** Takes a copy of a piece, to be written soon; a piece held already is left alone. */
  write(piece: number, bytes: Uint8Array): void {
    assert(this.isOpen, "pieces are written to an open store");
    assert(piece >= 0 && piece < this.pieceCount, "the piece is one of the image's");
    assert(bytes.length === this.lengthOf(piece), "the piece has its full length");
    if (this.held.add(piece) === 0) return;
    this.queue.write(piece, bytes);
  }

  /** Copies a held piece to `target` from `offset` on; returns its length. Throws LACUNA_DISK_ERROR. */
  readPiece(piece: number, target: Uint8Array, offset: number): number {
    assert(this.held.has(piece), "the piece is held");
    const length = this.lengthOf(piece);
    const pending = this.queue.find(piece, length);
    if (pending !== undefined) {
      target.set(pending, offset);
      return length;
    }
    let done = 0;
    try {
      while (done < length) {
        const position = piece * this.manifest.pieceBytes + done;
        const read = readSync(this.file.fd, target, offset + done, length - done, position);
        if (read === 0) throw new Error("the file of pieces has become shorter");
        done += read;
      }
    } catch (error) {
      throw diskError(error, this.folder);
    }
    return length;
  }

  /** SHA-256 of a plain file whose pieces are all held and flushed. Throws what the file system says. */
  fileDigest(): Promise<Uint8Array> {
    assert(this.written.size === this.pieceCount, "a digest is of all pieces");
    this.followWritten();
    return this.following.finish();
  }

  /** Resolves when every piece taken in has reached the file, or the disk has failed. */
  async flush(): Promise<void> {
    await this.queue.flush();
  }

  /** Makes the pieces that have reached the file survive a crash. Throws the codes of `diskError`. */
  checkpoint(): Promise<void> {
    const next = this.checkpointing.then(
      () => this.save(),
      () => this.save(),
    );
    this.checkpointing = next;
    return next;
  }

  /** Flushes, saves what is held and lets go of the folder, which stays for the next time. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      await this.flush();
      await this.checkpoint();
    } finally {
      await this.letGo();
    }
  }

  /** Removes the folder with all pieces, and the folder above when it was the last. */
  async discard(): Promise<void> {
    if (this.isOpen) {
      this.isOpen = false;
      await this.flush();
      await this.checkpointing.catch(() => undefined);
      await this.letGo();
    }
    try {
      await rm(this.folder, { recursive: true, force: true });
    } catch (error) {
      throw diskError(error, this.folder);
    }
    const parent = dirname(this.folder);
    // Other images may still be under way in there; then it stays.
    if (basename(parent) === STORE_FOLDER) await rmdir(parent).catch(() => undefined);
  }

  /** The disk begins with what has come, so that the end has not to wait for all of it. */
  private syncAhead(bytes: number): void {
    this.unsyncedBytes += bytes;
    if (this.isSyncing || this.unsyncedBytes < SYNC_AHEAD_BYTES) return;
    this.unsyncedBytes = 0;
    this.isSyncing = true;
    // A failure is told once by the system, and would be missing at the end.
    this.file.datasync().then(() => {
      this.isSyncing = false;
    }, this.onError);
  }

  /** @param bytes those written last, from piece `start` on */
  private followWritten(start = 0, bytes?: Uint8Array): void {
    const { content, pieceBytes } = this.manifest;
    if (content.mode !== "file") return;
    this.writtenBefore = this.written.endOfRangeAt(this.writtenBefore) ?? this.writtenBefore;
    const end = Math.min(this.writtenBefore * pieceBytes, content.bytes);
    this.following.follow(end, start * pieceBytes, bytes);
  }

  private async letGo(): Promise<void> {
    await Promise.all([this.file.close(), this.lock.release()]);
  }

  private async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    await writeAtomically(path, `${path}.tmp`, [bytes]);
  }

  private async save(): Promise<void> {
    try {
      // What is in the file now is on the disk after this; what comes later waits for the next time.
      const bytes = heldToBytes(this.written, this.manifest);
      await this.file.datasync();
      if (!this.hasManifest) await this.put(MANIFEST_FILE, encodeManifest(this.manifest));
      this.hasManifest = true;
      await this.put(HELD_FILE, bytes);
      await syncFolder(this.folder);
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }
}

/** The pieces that a folder holds of the image whose encoded manifest is given; `undefined` when it cannot be trusted. */
async function heldIn(
  folder: string,
  encoded: Uint8Array,
  manifest: RuledManifest,
): Promise<PieceSet | undefined> {
  const saved = await readFile(join(folder, MANIFEST_FILE)).catch(() => undefined);
  if (saved?.equals(encoded) !== true) return undefined;
  const length = await stat(join(folder, PIECES_FILE)).then(
    (facts) => facts.size,
    () => undefined,
  );
  if (length !== fileBytes(manifest)) return undefined;
  const bytes = await readFile(join(folder, HELD_FILE)).catch(() => undefined);
  return bytes === undefined ? undefined : heldFromBytes(bytes, manifest);
}

/** Removes what an earlier image, or a damaged store, has left. */
async function empty(folder: string): Promise<void> {
  const names = [HELD_FILE, MANIFEST_FILE, PIECES_FILE];
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function fileBytes({ content, pieceCount, pieceBytes }: RuledManifest): number {
  return content.mode === "file" ? content.bytes : pieceCount * pieceBytes;
}

/** The bitmap, lowest bit first, behind the hash that guards it and binds it to this image. */
function heldToBytes(held: PieceSet, manifest: RuledManifest): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(manifest.pieceCount / 8));
  for (const { start, end } of held.ranges()) {
    for (let piece = start; piece < end; piece += 1) {
      bitmap[piece >>> 3] = (bitmap[piece >>> 3] as number) | (1 << (piece & 7));
    }
  }
  return Buffer.concat([guardOf(bitmap, manifest), bitmap]);
}

function heldFromBytes(bytes: Uint8Array, manifest: RuledManifest): PieceSet | undefined {
  const bitmap = bytes.subarray(GUARD_BYTES);
  if (bitmap.length !== Math.ceil(manifest.pieceCount / 8)) return undefined;
  const guard = guardOf(bitmap, manifest);
  if (!guard.equals(bytes.subarray(0, GUARD_BYTES))) return undefined;
  const held = new PieceSet();
  for (let piece = 0; piece < manifest.pieceCount; piece += 1) {
    if (((bitmap[piece >>> 3] as number) & (1 << (piece & 7))) !== 0) held.add(piece);
  }
  return held;
}

function guardOf(bitmap: Uint8Array, manifest: RuledManifest): Buffer {
  return createHash("sha256").update(storeKey(manifest)).update(bitmap).digest();
}

/** Hidden, inside the folder for received files. */
export const STORE_FOLDER = ".lacuna";
const PIECES_FILE = "pieces";
const MANIFEST_FILE = "manifest";
const HELD_FILE = "held";
/** Ours: a third of a second at 100 Mbit/s. The rest is what a sender waits for at the end. */
const SYNC_AHEAD_BYTES = 4 * 2 ** 20;
/** SHA-256. */
const GUARD_BYTES = 32;
