import { type FileHandle, lstat, mkdir, open, readFile, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { assert } from "../../base/assert.js";
import { PieceSet } from "../../base/piece-set.js";
import type { Range } from "../../base/range-set.js";
import { PICTURE_PIECES_MAX } from "../../wire/frames/image.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import { decodeManifest, encodeManifest } from "../../wire/manifest-bytes.js";
import { FollowingDigest } from "../digest.js";
import { diskError, type OpenFile, syncFolder, writeAll } from "../disk.js";
import { LacunaError } from "../errors.js";
import { FolderLock } from "./folder-lock.js";
import { JOURNAL_FILE, Journal } from "./journal.js";
import type { DecodedJournal, WrittenRun } from "./journal-bytes.js";
import { type HeldState, stateOf } from "./journal-state.js";
import { EXACT_FILE, PieceFiles } from "./piece-files.js";
import { storeKey } from "./piece-lengths.js";
import type { SlotRun } from "./slot-file.js";

export interface PieceStoreEvents {
  /** That many bytes of pieces have reached the file. */
  onWritten?(bytes: number): void;
  /** The disk failed: LACUNA_DISK_FULL, LACUNA_NO_PERMISSION or LACUNA_DISK_ERROR. Later writes are ignored. */
  onError?(error: LacunaError): void;
}

/** What a resume folder holds, without opening it for writing. */
export interface StoreContents extends HeldState {
  readonly manifest: Manifest;
}

/**
 * The pieces of one image on disk, from the first to the last, across
 * interruptions.
 *
 * A folder holds the files of pieces, the encoded manifest, and the journal, which tells after each write what was
 * written, with its CRC-32C, and after each sync what the disk has. On opening, pieces that were synced are trusted,
 * and the few that came after are read and compared: a process that was killed loses next to nothing, and a power
 * cut what the disk did not have. What does not fit together, or belongs to another image, is thrown away and begun
 * anew.
 */
export class PieceStore {
  /** Pieces written or being written; those found on the disk at first. */
  readonly held: PieceSet;
  private count: number | undefined;
  /** Pieces that have reached the file. */
  private readonly written = new PieceSet();
  /** Every exact piece before this has reached the file. */
  private writtenBefore: number;
  private following: FollowingDigest;
  /** Bytes written that the disk has not been asked for yet. */
  private unsyncedBytes = 0;
  private isSyncing = false;
  /** Whether the names of the files in the folder survive a power cut. */
  private hasNames = false;
  /** Entries of the journal when all that it told of was on the disk. */
  private settledCount: number | undefined;
  private checkpointing: Promise<void> = Promise.resolve();
  private isOpen = true;

  private constructor(
    readonly folder: string,
    readonly manifest: Manifest,
    private readonly files: PieceFiles,
    private readonly lock: FolderLock,
    private readonly journal: Journal,
    found: FoundStore | undefined,
    private readonly events: PieceStoreEvents,
    private readonly openFile: OpenFile,
  ) {
    this.held = found?.held ?? new PieceSet();
    for (const { start, end } of this.held.ranges()) this.written.add(start, end);
    for (const { start, end } of found?.lost ?? []) journal.note({ kind: "dropped", start, end });
    this.count = manifest.pieceCount;
    this.writtenBefore = previewPiecesOf(manifest.content);
    this.following = new FollowingDigest(files.exact);
    files.listen({
      onWritten: (start, end, payload, bytes) => {
        this.written.add(start, end);
        this.journal.note({ kind: "written", start, end, crc: crc32c(bytes) });
        this.followWritten(start, bytes);
        this.syncAhead(payload);
        events.onWritten?.(payload);
      },
      onError: this.onError,
    });
  }

  /** The folder for an image's pieces inside the folder for received files. */
  static folderFor(out: string, manifest: Manifest): string {
    return join(out, STORE_FOLDER, storeKey(manifest));
  }

  /**
   * Opens or makes the store of this image. Throws LACUNA_IN_USE when another
   * receiver has it open, LACUNA_DISK_FULL, LACUNA_NO_PERMISSION or LACUNA_DISK_ERROR.
   */
  static async open(
    folder: string,
    manifest: Manifest,
    events: PieceStoreEvents = {},
    openFile: OpenFile = open,
  ): Promise<PieceStore> {
    let lock: FolderLock | undefined;
    let files: PieceFiles | undefined;
    try {
      await makeOwnFolder(folder);
      lock = await FolderLock.take(folder);
      const found = await foundIn(folder, encodeManifest(manifest), manifest);
      if (found === undefined) await begin(folder, manifest, openFile);
      const how = found === undefined ? "new" : "old";
      files = await PieceFiles.open(folder, manifest, how, openFile);
      const onError = (error: unknown): void => events.onError?.(diskError(error, folder));
      const journal = await Journal.open(openFile, folder, manifest, found?.journal, onError);
      return new PieceStore(folder, manifest, files, lock, journal, found, events, openFile);
    } catch (error) {
      await files?.close();
      await lock?.release();
      throw diskError(error, folder);
    }
  }

  /** What is in a resume folder; `undefined` when it is none, or is damaged. */
  static async inspect(folder: string): Promise<StoreContents | undefined> {
    const saved = await readFile(join(folder, MANIFEST_FILE)).catch(() => undefined);
    const manifest = saved === undefined ? undefined : decodeManifest(saved);
    if (saved === undefined || manifest === undefined) return undefined;
    const found = await foundIn(folder, saved, manifest);
    return found && { manifest, held: found.held, pieceCount: found.pieceCount };
  }

  /** How many pieces there are; undefined while nobody knows. */
  get pieceCount(): number | undefined {
    return this.count;
  }

  /** The file with the exact pieces; the store closes it. */
  get file(): FileHandle {
    return this.files.exact;
  }

  /** Where the exact pieces lie: of a plain file, once all are held, that file. */
  get piecesPath(): string {
    return join(this.folder, EXACT_FILE);
  }

  /** Bytes taken in that are not in the file yet. */
  get pendingBytes(): number {
    return this.files.pendingBytes;
  }

  /** Learns how many pieces there are. What an earlier time has left beyond is none of this image's. */
  learnCount(pieceCount: number): void {
    if (this.count !== undefined) return;
    this.count = pieceCount;
    this.journal.note({ kind: "counted", pieceCount });
    for (const pieces of [this.held, this.written]) pieces.delete(pieceCount, PICTURE_PIECES_MAX);
  }

  /** Takes a copy of a piece, to be written soon; a piece held already is left alone. */
  write(piece: number, bytes: Uint8Array): void {
    assert(this.isOpen, "pieces are written to an open store");
    const end = this.count ?? PICTURE_PIECES_MAX;
    assert(piece >= 0 && piece < end, "the piece is one of the image's");
    if (this.held.add(piece) === 0) return;
    this.files.write(piece, bytes);
  }

  /** Copies a held piece to `target` from `offset` on; returns its length. Throws LACUNA_DISK_ERROR. */
  readPiece(piece: number, target: Uint8Array, offset: number): number {
    assert(this.held.has(piece), "the piece is held");
    try {
      return this.files.read(piece, target, offset);
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }

  /**
   * The pieces in [start, end) that have reached the disk by now, in the order of their numbers and many at a time. They are
   * good until the next are asked for. Throws LACUNA_DISK_ERROR.
   */
  async *runs(start = 0, end = Number.POSITIVE_INFINITY): AsyncIterable<SlotRun> {
    await this.flush();
    const within = { start, end: Math.min(end, PICTURE_PIECES_MAX) };
    // While one file was flushed, more may have come for another.
    const ranges: Range[] = [...this.written.within(within.start, within.end)];
    try {
      yield* this.files.runs(ranges);
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }

  /** SHA-256 of a plain file whose exact pieces are all held and flushed. Throws what the file system says. */
  fileDigest(): Promise<Uint8Array> {
    assert(this.written.size === this.count, "a digest is of all pieces");
    this.followWritten();
    return this.following.finish();
  }

  /**
   * Finds the pieces that are not on the disk as they were written, by reading all, and holds them no longer.
   *
   * @returns whether there were any. Throws the codes of `diskError`.
   */
  async dropDamaged(): Promise<boolean> {
    await this.flush();
    await this.following.finish().catch(() => undefined);
    const told = await Journal.read(this.folder, this.manifest);
    if (told === undefined) return false;
    const damaged = await this.files.damagedOf(stateOf(told.entries, this.manifest).runs);
    for (const { start, end } of damaged) {
      this.journal.note({ kind: "dropped", start, end });
      for (const pieces of [this.held, this.written]) pieces.delete(start, end);
    }
    this.writtenBefore = previewPiecesOf(this.manifest.content);
    this.following = new FollowingDigest(this.files.exact);
    await this.checkpoint();
    return damaged.length > 0;
  }

  /** Resolves when every piece taken in has reached the file and the journal, or the disk has failed. */
  async flush(): Promise<void> {
    await this.files.flush();
    await this.journal.flush();
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
    await PieceStore.remove(this.folder);
  }

  /** Removes a folder that nobody has open, and the folder above when it was the last. */
  static async remove(folder: string): Promise<void> {
    try {
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      throw diskError(error, folder);
    }
    const parent = dirname(folder);
    // Other images may still be under way in there; then it stays.
    if (basename(parent) === STORE_FOLDER) await rmdir(parent).catch(() => undefined);
  }

  private readonly onError = (error: unknown): void => {
    this.events.onError?.(diskError(error, this.folder));
  };

  /** The disk begins with what has come, so that the end has not to wait for all of it. */
  private syncAhead(bytes: number): void {
    this.unsyncedBytes += bytes;
    if (this.isSyncing || this.unsyncedBytes < SYNC_AHEAD_BYTES) return;
    this.unsyncedBytes = 0;
    this.isSyncing = true;
    // A failure is told once by the system, and would be missing at the end.
    this.syncWritten().then(() => {
      this.isSyncing = false;
    }, this.onError);
  }

  /** @param bytes those written last, from piece `start` on */
  private followWritten(start = 0, bytes?: Uint8Array): void {
    const { content, pieceBytes } = this.manifest;
    if (content.mode !== "file") return;
    const preview = previewPiecesOf(content);
    this.writtenBefore = this.written.endOfRangeAt(this.writtenBefore) ?? this.writtenBefore;
    const end = Math.min((this.writtenBefore - preview) * pieceBytes, content.bytes);
    if (start < preview) this.following.follow(end);
    else this.following.follow(end, (start - preview) * pieceBytes, bytes);
  }

  /** What has been written by now is on the disk after this; the journal says so, and of how many entries. */
  private async syncWritten(): Promise<number> {
    const entries = this.journal.count;
    await this.files.sync();
    this.journal.note({ kind: "synced", entries });
    return entries;
  }

  private async letGo(): Promise<void> {
    await Promise.all([this.files.close(), this.journal.close(), this.lock.release()]);
  }

  private async syncNames(): Promise<void> {
    const file = await this.openFile(join(this.folder, MANIFEST_FILE), "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(this.folder);
  }

  private async save(): Promise<void> {
    if (this.journal.count === this.settledCount) return;
    try {
      const entries = await this.syncWritten();
      await this.journal.sync();
      if (!this.hasNames) await this.syncNames();
      this.hasNames = true;
      // The last entry says that it was so.
      this.settledCount = entries + 1;
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }
}

/** What was found in a folder. */
interface FoundStore extends HeldState {
  readonly journal: DecodedJournal;
  /** Pieces that the journal tells of and that are not on the disk. */
  readonly lost: readonly WrittenRun[];
}

/** What a folder holds of the image whose encoded manifest is given; `undefined` when it cannot be trusted. */
async function foundIn(
  folder: string,
  encoded: Uint8Array,
  manifest: Manifest,
): Promise<FoundStore | undefined> {
  const saved = await readFile(join(folder, MANIFEST_FILE)).catch(() => undefined);
  if (saved?.equals(encoded) !== true) return undefined;
  const journal = await Journal.read(folder, manifest);
  if (journal === undefined) return undefined;
  const { held, pieceCount, unsure } = stateOf(journal.entries, manifest);
  const files = await PieceFiles.open(folder, manifest, "read").catch(() => undefined);
  if (files === undefined) return undefined;
  try {
    const lost = await files.damagedOf(unsure);
    for (const { start, end } of lost) held.delete(start, end);
    if (!(await PieceFiles.haveLengths(folder, manifest, held))) return undefined;
    return { held, pieceCount, journal, lost };
  } finally {
    await files.close();
  }
}

/** Makes the folder and the one above for this user alone; a link in the place of either leads nobody elsewhere. */
async function makeOwnFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const path of [dirname(folder), folder]) {
    if ((await lstat(path)).isDirectory()) continue;
    throw new LacunaError("LACUNA_DISK_ERROR", `${path} is a link, and not followed`, { path });
  }
}

/** Removes what an earlier image, or a damaged store, has left, and puts the manifest there. */
async function begin(folder: string, manifest: Manifest, openFile: OpenFile): Promise<void> {
  const names = [JOURNAL_FILE, MANIFEST_FILE];
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  await PieceFiles.remove(folder);
  const file = await openFile(join(folder, MANIFEST_FILE), "wx");
  try {
    await writeAll(file, encodeManifest(manifest), 0);
  } finally {
    await file.close();
  }
}

/** Hidden, inside the folder for received files. */
export const STORE_FOLDER = ".lacuna";
const MANIFEST_FILE = "manifest";
/** Ours: a third of a second at 100 Mbit/s. The rest is what a sender waits for at the end. */
const SYNC_AHEAD_BYTES = 4 * 2 ** 20;
