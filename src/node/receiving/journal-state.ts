import { PieceSet } from "../../base/piece-set.js";
import { PICTURE_PIECES_MAX } from "../../wire/frames/image.js";
import type { Manifest } from "../../wire/manifest.js";
import type { JournalEntry, WrittenRun } from "./journal-bytes.js";

/** What a folder of pieces is known to hold. */
export interface HeldState {
  readonly held: PieceSet;
  /** Undefined while nobody knows how many pieces there are. */
  readonly pieceCount: number | undefined;
}

/** What a journal tells of its pieces. */
export interface JournalState extends HeldState {
  /** Those held, as they were written. */
  readonly runs: readonly WrittenRun[];
  /** Those among them that a power cut may have kept from the disk. */
  readonly unsure: readonly WrittenRun[];
}

/** Reads entries backwards: what was told later counts. */
export function stateOf(entries: readonly JournalEntry[], manifest: Manifest): JournalState {
  const runs: WrittenRun[] = [];
  const unsure: WrittenRun[] = [];
  const dropped = new PieceSet();
  let { pieceCount } = manifest;
  let synced = 0;
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index] as JournalEntry;
    switch (entry.kind) {
      case "written": {
        if (dropped.countIn(entry.start, entry.end) > 0) break;
        const { start, end, crc } = entry;
        runs.push({ start, end, crc });
        if (index >= synced) unsure.push({ start, end, crc });
        break;
      }
      case "dropped":
        dropped.add(entry.start, entry.end);
        break;
      case "counted":
        pieceCount ??= entry.pieceCount;
        break;
      case "synced":
        synced = Math.max(synced, entry.entries);
    }
  }
  const within = ({ end }: WrittenRun): boolean => end <= (pieceCount ?? PICTURE_PIECES_MAX);
  const held = new PieceSet();
  const trusted = runs.filter(within);
  for (const { start, end } of trusted) held.add(start, end);
  return { held, pieceCount, runs: trusted, unsure: unsure.filter(within) };
}

/** One past the highest piece that is held. */
export function endOfHeld(held: PieceSet): number {
  let end = 0;
  for (const range of held.ranges()) end = range.end;
  return end;
}
