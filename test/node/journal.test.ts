import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  decodeJournal,
  encodeBatch,
  type JournalEntry,
} from "../../src/node/receiving/journal-bytes.js";
import { stateOf } from "../../src/node/receiving/journal-state.js";
import { fileImage } from "./contents.js";

const { manifest } = fileImage(new Uint8Array(30_000), { width: 10, height: 10 });
const ENTRIES: readonly JournalEntry[] = [
  { kind: "counted", pieceCount: 100 },
  { kind: "written", start: 0, end: 5, crc: 0xfedcba98 },
  { kind: "written", start: 90, end: 100, crc: 7 },
  { kind: "synced", entries: 2 },
  { kind: "dropped", start: 3, end: 4 },
  { kind: "written", start: 3, end: 4, crc: 0 },
];

function journalOf(seed: number): { bytes: Uint8Array; ends: number[] } {
  const parts: Uint8Array[] = [];
  const ends = [0];
  let chain = seed;
  for (const entry of ENTRIES) {
    const batch = encodeBatch([entry], chain);
    chain = batch.chain;
    parts.push(batch.bytes);
    ends.push((ends.at(-1) as number) + batch.bytes.length);
  }
  return { bytes: Buffer.concat(parts), ends };
}

test("a journal that is cut anywhere says what its whole batches say", () => {
  const { bytes, ends } = journalOf(3);
  for (let length = 0; length <= bytes.length; length += 1) {
    const whole = ends.filter((end) => end <= length).length - 1;
    const { entries, end } = decodeJournal(bytes.subarray(0, length), 3);
    expect(entries).toEqual(ENTRIES.slice(0, whole));
    expect(end).toBe(ends[whole]);
  }
});

test("a damaged byte ends the journal at its batch", () => {
  const { bytes, ends } = journalOf(3);
  const random = new Random(5);
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = (damaged[at] as number) ^ random.between(1, 255);
    const whole = ends.filter((end) => end <= at).length - 1;
    expect(decodeJournal(damaged, 3).entries).toEqual(ENTRIES.slice(0, whole));
  }
});

test("another image's journal, and a batch from another place, say nothing", () => {
  const { bytes, ends } = journalOf(3);
  expect(decodeJournal(bytes, 4).entries).toEqual([]);
  expect(decodeJournal(bytes.subarray(ends[1]), 3).entries).toEqual([]);
});

test("what is told later counts, and what comes behind the last sync is unsure", () => {
  const { runs, unsure, held } = stateOf(ENTRIES, manifest);
  expect([...held.ranges()]).toEqual([
    { start: 3, end: 4 },
    { start: 90, end: 100 },
  ]);
  expect(runs).toHaveLength(2);
  expect(unsure).toEqual([
    { start: 3, end: 4, crc: 0 },
    { start: 90, end: 100, crc: 7 },
  ]);
});
