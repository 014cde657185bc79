import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PieceSet } from "../../base/piece-set.js";
import type { Range } from "../../base/range-set.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import type { OpenFile } from "../disk.js";
import type { WrittenRun } from "./journal-bytes.js";
import { endOfHeld } from "./journal-state.js";
import { exactLengths } from "./piece-lengths.js";
import {
  SlotFile,
  type SlotFileEvents,
  type SlotRun,
  type SlotShape,
  slotBytesOf,
} from "./slot-file.js";

/** One file of pieces: those from `first` on, up to, not including, `end`. */
interface Part {
  readonly name: string;
  readonly first: number;
  readonly end: number;
  readonly shape: SlotShape;
  /** Of the file, when all its slots are known. */
  readonly bytes: number | undefined;
}

interface OpenPart extends Part {
  readonly slots: SlotFile;
}

/**
 * The files that hold an image's pieces, by number: `pieces` with the exact ones, which of a plain file are that file,
 * and `preview` with those of the preview. A file is as long as all its slots, or, while their number is
 * not known, as those written.
 */
export class PieceFiles {
  private constructor(
    private readonly parts: readonly OpenPart[],
    private readonly relay: { to: SlotFileEvents },
  ) {}

  /**
   * Opens the files of a folder: "new" makes them, and they must not be there; "old" reads and writes, "read" only
   * reads what is there. Throws what the file system says.
   */
  static async open(
    folder: string,
    manifest: Manifest,
    how: "new" | "old" | "read",
    openFile: OpenFile = open,
  ): Promise<PieceFiles> {
    const parts: OpenPart[] = [];
    const relay = { to: UNHEARD };
    try {
      for (const part of partsOf(manifest)) {
        const file = await openFile(join(folder, part.name), FLAGS[how]);
        parts.push({ ...part, slots: new SlotFile(file, part.shape, eventsOf(relay, part.first)) });
        if (how === "new" && part.bytes !== undefined) await file.truncate(part.bytes);
      }
      return new PieceFiles(parts, relay);
    } catch (error) {
      await Promise.all(parts.map(({ slots }) => slots.file.close()));
      throw error;
    }
  }

  /** Whether the files in a folder are as long as pieces held in them ask for. */
  static async haveLengths(folder: string, manifest: Manifest, held: PieceSet): Promise<boolean> {
    for (const { name, bytes, shape } of partsOf(manifest)) {
      const facts = await stat(join(folder, name)).catch(() => undefined);
      if (facts === undefined) return false;
      const fits =
        bytes === undefined
          ? facts.size >= (endOfHeld(held) - previewPiecesOf(manifest.content)) * slotBytesOf(shape)
          : facts.size === bytes;
      if (!fits) return false;
    }
    return true;
  }

  static async remove(folder: string): Promise<void> {
    const names = [EXACT_FILE, PREVIEW_FILE];
    await Promise.all(
      names.map((name) => rm(join(folder, name), { recursive: true, force: true })),
    );
  }

  /** What happens from now on is told, by piece, to `events`. */
  listen(events: SlotFileEvents): void {
    this.relay.to = events;
  }

  /** The file with the exact pieces. */
  get exact(): FileHandle {
    return this.partOf(Number.POSITIVE_INFINITY).slots.file;
  }

  get pendingBytes(): number {
    return this.parts.reduce((sum, { slots }) => sum + slots.pendingBytes, 0);
  }

  /** Takes a copy of a piece, to be written soon. */
  write(piece: number, bytes: Uint8Array): void {
    const { slots, first } = this.partOf(piece);
    slots.write(piece - first, bytes);
  }

  /** Copies a piece to `target` from `offset` on; returns its length. Throws when the file cannot be read, or is damaged. */
  read(piece: number, target: Uint8Array, offset: number): number {
    const { slots, first } = this.partOf(piece);
    return slots.read(piece - first, target, offset);
  }

  /** All pieces of some ranges, many at a time; they must have reached their file. Throws as `read` does. */
  async *runs(ranges: Iterable<Range>): AsyncIterable<SlotRun> {
    for (const range of ranges) {
      for (const { first, end, slots } of this.parts) {
        const from = Math.max(first, range.start);
        const until = Math.min(end, range.end);
        if (from >= until) continue;
        for await (const run of slots.runs(from - first, until - first)) {
          yield { first: run.first + first, pieces: run.pieces };
        }
      }
    }
  }

  /** Those of some runs that are not in the files as they were written; what cannot be read is not. */
  async damagedOf(runs: Iterable<WrittenRun>): Promise<WrittenRun[]> {
    const damaged: WrittenRun[] = [];
    for (const run of runs) {
      const { slots, first, end } = this.partOf(run.start);
      const fits = run.end <= end;
      const intact = fits && (await slots.isIntact(run.start - first, run.end - first, run.crc));
      if (!intact) damaged.push(run);
    }
    return damaged;
  }

  async flush(): Promise<void> {
    await Promise.all(this.parts.map(({ slots }) => slots.flush()));
  }

  /** What has reached the files survives a power cut. */
  async sync(): Promise<void> {
    await Promise.all(this.parts.map(({ slots }) => slots.file.datasync()));
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map(({ slots }) => slots.file.close()));
  }

  /** The exact pieces come last. */
  private partOf(piece: number): OpenPart {
    const [first, second] = this.parts as [OpenPart, OpenPart | undefined];
    return second === undefined || piece < second.first ? first : second;
  }
}

/** In the order of their pieces. */
function partsOf(manifest: Manifest): Part[] {
  const { content, pieceCount, pieceBytes } = manifest;
  const preview = previewPiecesOf(content);
  const shape = { pieceBytes, lengthOf: exactLengths(manifest) };
  const exactBytes =
    content.mode === "file"
      ? content.bytes
      : pieceCount && (pieceCount - preview) * slotBytesOf(shape);
  const end = Number.POSITIVE_INFINITY;
  const exact = { name: EXACT_FILE, first: preview, end, shape, bytes: exactBytes };
  if (preview === 0) return [exact];
  const bytes = preview * slotBytesOf({ pieceBytes });
  const ahead = { name: PREVIEW_FILE, first: 0, end: preview, shape: { pieceBytes }, bytes };
  return [ahead, exact];
}

function eventsOf(relay: { readonly to: SlotFileEvents }, first: number): SlotFileEvents {
  return {
    onWritten: (start, end, ...what) => relay.to.onWritten(start + first, end + first, ...what),
    onError: (error) => relay.to.onError(error),
  };
}

const UNHEARD: SlotFileEvents = { onWritten: () => undefined, onError: () => undefined };
export const EXACT_FILE = "pieces";
const PREVIEW_FILE = "preview";
const FLAGS = { new: "wx+", old: "r+", read: "r" } as const;
