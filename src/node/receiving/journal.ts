import { type FileHandle, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import type { Manifest } from "../../wire/manifest.js";
import { type OpenFile, writeAll } from "../disk.js";
import {
  type DecodedJournal,
  decodeJournal,
  encodeBatch,
  type JournalEntry,
} from "./journal-bytes.js";
import { storeKey } from "./piece-lengths.js";

/**
 * The journal of a store of pieces: a file that only grows, and tells after each write what was written.
 *
 * Entries go out in the background, those of a few milliseconds in one batch. A process that is killed loses what it
 * had in memory, and nothing else; after a power cut, what was not synced may be there or not, and each batch's
 * guard tells.
 */
export class Journal {
  /** Entries noted so far, those of earlier times among them. */
  count: number;
  private waiting: JournalEntry[] = [];
  private writing: Promise<void> = Promise.resolve();
  private isWriting = false;
  /** Somebody waits for what was noted. */
  private isHurried = false;
  /** Ends the wait for more to come. */
  private hurry: () => void = () => undefined;
  private hasFailed = false;
  private isOpen = true;

  private constructor(
    private readonly file: FileHandle,
    private readonly onError: (error: unknown) => void,
    private end: number,
    private chain: number,
    count: number,
  ) {
    this.count = count;
  }

  /** Goes on behind what was found; without, begins. Throws what the file system says. */
  static async open(
    openFile: OpenFile,
    folder: string,
    manifest: Manifest,
    found: DecodedJournal | undefined,
    onError: (error: unknown) => void,
  ): Promise<Journal> {
    const file = await openFile(join(folder, JOURNAL_FILE), found === undefined ? "wx+" : "r+");
    if (found === undefined) return new Journal(file, onError, 0, seedOf(manifest), 0);
    try {
      // What stands behind it is damaged, and must not be taken for more of it.
      await file.truncate(found.end);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new Journal(file, onError, found.end, found.chain, found.entries.length);
  }

  /** What is in a folder's journal; undefined without one. */
  static async read(folder: string, manifest: Manifest): Promise<DecodedJournal | undefined> {
    const bytes = await readFile(join(folder, JOURNAL_FILE)).catch(() => undefined);
    return bytes && decodeJournal(bytes, seedOf(manifest));
  }

  /** To be written soon. After a failure, and once it is closed, nothing more is. */
  note(entry: JournalEntry): void {
    if (this.hasFailed || !this.isOpen) return;
    this.count += 1;
    this.waiting.push(entry);
    if (this.isWriting) return;
    this.isWriting = true;
    this.writing = this.drain();
  }

  /** Resolves when what was noted is in the file. */
  async flush(): Promise<void> {
    if (!this.isWriting) return;
    this.isHurried = true;
    this.hurry();
    await this.writing;
  }

  /** What was noted survives a power cut. Throws what the file system says. */
  async sync(): Promise<void> {
    await this.flush();
    await this.file.datasync();
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.flush();
    await this.file.close();
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        if (!this.isHurried) await this.gather();
        const { bytes, chain } = encodeBatch(this.waiting.splice(0), this.chain);
        await writeAll(this.file, bytes, this.end);
        this.end += bytes.length;
        this.chain = chain;
      }
    } catch (error) {
      // What comes behind a torn batch would not be found again.
      this.hasFailed = true;
      this.waiting = [];
      this.onError(error);
    }
    this.isWriting = false;
    this.isHurried = false;
  }

  private async gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Ours: a trip to the disk's thread for many writes of pieces, and little that a killed process loses. */
const GATHER_MS = 5;

/** Binds a journal to its image, and to this form. */
function seedOf(manifest: Manifest): number {
  return crc32c(`lacuna journal 1 ${storeKey(manifest)}`);
}

export const JOURNAL_FILE = "journal";
