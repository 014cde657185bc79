import { crc32c } from "@node-rs/crc32";
import type { Range } from "../../base/range-set.js";
import { PICTURE_PIECES_MAX } from "../../wire/frames/image.js";

/** Pieces that were written at once, and the CRC-32C of the bytes that they take in their file. */
export interface WrittenRun extends Range {
  readonly crc: number;
}

/** What can be told of a store of pieces, in the order in which it came to be. */
export type JournalEntry =
  /** The bytes are in the file, though the disk may not have them yet. */
  | ({ readonly kind: "written" } & WrittenRun)
  /** These pieces cannot be trusted, whatever was told of them before. */
  | ({ readonly kind: "dropped" } & Range)
  /** The image has that many pieces. */
  | { readonly kind: "counted"; readonly pieceCount: number }
  /** What the first so many entries tell of is on the disk. */
  | { readonly kind: "synced"; readonly entries: number };

/** What bytes of a journal say, up to the first that make no sense. */
export interface DecodedJournal {
  readonly entries: readonly JournalEntry[];
  /** Where the next batch goes. */
  readonly end: number;
  /** What the next batch's guard goes on from. */
  readonly chain: number;
}

/**
 * A batch of entries: a CRC-32C of the rest that goes on from that of the batch before, their number, and for each
 * its kind and three values; all of four bytes, little-endian.
 *
 * @param chain the guard of the batch before; of the first, what binds the journal to its image
 */
export function encodeBatch(
  entries: readonly JournalEntry[],
  chain: number,
): { readonly bytes: Uint8Array; readonly chain: number } {
  const bytes = new Uint8Array(HEAD_BYTES + entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(COUNT_AT, entries.length, true);
  entries.forEach((entry, index) => {
    const at = HEAD_BYTES + index * ENTRY_BYTES;
    view.setUint32(at, KINDS.indexOf(entry.kind), true);
    valuesOf(entry).forEach((value, place) => {
      view.setUint32(at + 4 * (place + 1), value, true);
    });
  });
  const guard = crc32c(bytes.subarray(COUNT_AT), chain);
  view.setUint32(0, guard, true);
  return { bytes, chain: guard };
}

/** Reads batches until the first that is cut short or damaged, or follows another than it was written behind. */
export function decodeJournal(bytes: Uint8Array, seed: number): DecodedJournal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: JournalEntry[] = [];
  let at = 0;
  let chain = seed;
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + HEAD_BYTES + view.getUint32(at + COUNT_AT, true) * ENTRY_BYTES;
    if (end > bytes.length) break;
    const guard = crc32c(bytes.subarray(at + COUNT_AT, end), chain);
    if (guard !== view.getUint32(at, true)) break;
    const batch: JournalEntry[] = [];
    for (let place = at + HEAD_BYTES; place < end; place += ENTRY_BYTES) {
      const entry = decodeEntry(view, place);
      if (entry === undefined) return { entries, end: at, chain };
      batch.push(entry);
    }
    for (const entry of batch) entries.push(entry);
    at = end;
    chain = guard;
  }
  return { entries, end: at, chain };
}

function valuesOf(entry: JournalEntry): number[] {
  switch (entry.kind) {
    case "written":
      return [entry.start, entry.end, entry.crc];
    case "dropped":
      return [entry.start, entry.end];
    case "counted":
      return [entry.pieceCount];
    case "synced":
      return [entry.entries];
  }
}

function decodeEntry(view: DataView, at: number): JournalEntry | undefined {
  const [first, end, crc] = [4, 8, 12].map((place) => view.getUint32(at + place, true)) as [
    number,
    number,
    number,
  ];
  const kind = KINDS[view.getUint32(at, true)];
  switch (kind) {
    case "written":
    case "dropped": {
      if (first >= end || end > PICTURE_PIECES_MAX) return undefined;
      const range = { start: first, end };
      return kind === "written" ? { kind, ...range, crc } : { kind, ...range };
    }
    case "counted":
      return first >= 1 && first <= PICTURE_PIECES_MAX ? { kind, pieceCount: first } : undefined;
    case "synced":
      return { kind, entries: first };
    default:
      return undefined;
  }
}

const KINDS = ["written", "dropped", "counted", "synced"] as const;
const COUNT_AT = 4;
const HEAD_BYTES = 8;
const ENTRY_BYTES = 16;
