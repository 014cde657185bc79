import { assert } from "./assert.js";
import type { Range } from "./range-set.js";

/**
 * A set of whole numbers below 2^32 that may have holes everywhere: one bit a number, where it has holes, and
 * nothing where it holds all or none.
 *
 * A number costs O(1) to add, delete or ask for, whatever else is held; questions about a stretch cost its length
 * over 32, or over 32,768 where it is all or none. Memory is at most an eighth of a byte for each number up to the
 * largest. `RangeSet` answers the same questions and is smaller while ranges are few.
 */
export class PieceSet {
  private readonly chunks: Chunk[] = [];
  private count = 0;
  /** No chunk before this has a member. */
  private lowest = 0;

  static of(ranges: Iterable<Range>): PieceSet {
    const set = new PieceSet();
    for (const { start, end } of ranges) set.add(start, end);
    return set;
  }

  copy(): PieceSet {
    const copy = new PieceSet();
    for (const { count, words } of this.chunks) {
      copy.chunks.push({ count, words: words?.slice() });
    }
    copy.count = this.count;
    return copy;
  }

  /** How many numbers the set holds. */
  get size(): number {
    return this.count;
  }

  get first(): number | undefined {
    const first = this.memberFrom(this.lowest * CHUNK);
    this.lowest = Math.min(this.chunks.length, Math.floor(first / CHUNK));
    return first === NONE ? undefined : first;
  }

  has(value: number): boolean {
    const chunk = this.chunks[Math.floor(value / CHUNK)];
    if (chunk === undefined || chunk.count === 0) return false;
    return chunk.words === undefined || bitOf(chunk.words, value % CHUNK) !== 0;
  }

  /** The end of the range that `value` lies in; undefined when the set does not hold it. */
  endOfRangeAt(value: number): number | undefined {
    return this.has(value) ? this.holeFrom(value) : undefined;
  }

  /** Adds `start` up to, not including, `end`; tells how many members are new. */
  add(start: number, end: number = start + 1): number {
    assert(start < end, "a range to add is not empty");
    while (this.chunks.length * CHUNK < end) this.chunks.push({ count: 0, words: undefined });
    this.lowest = Math.min(this.lowest, Math.floor(start / CHUNK));
    return this.change(start, end, true);
  }

  /** Takes out `start` up to, not including, `end`; tells how many members left. */
  delete(start: number, end: number = start + 1): number {
    assert(start < end, "a range to delete is not empty");
    const last = Math.min(end, this.chunks.length * CHUNK);
    return start < last ? this.change(start, last, false) : 0;
  }

  /** The ranges in rising order. */
  ranges(): IterableIterator<Range> {
    return this.within(0, this.chunks.length * CHUNK);
  }

  /** The ranges of numbers in [start, end) that the set holds, in rising order. */
  *within(start: number, end: number): IterableIterator<Range> {
    for (let from = this.memberFrom(start); from < end; ) {
      const to = Math.min(end, this.holeFrom(from));
      yield { start: from, end: to };
      from = this.memberFrom(to);
    }
  }

  /** The ranges of numbers in [start, end) that the set does not hold, in rising order. */
  *gaps(start: number, end: number): IterableIterator<Range> {
    for (let from = this.holeFrom(start); from < end; ) {
      const to = Math.min(end, this.memberFrom(from));
      yield { start: from, end: to };
      from = this.holeFrom(to);
    }
  }

  /** How many numbers in [start, end) the set holds. */
  countIn(start: number, end: number): number {
    let held = 0;
    for (const range of this.within(start, end)) held += range.end - range.start;
    return held;
  }

  clear(): void {
    this.chunks.length = 0;
    this.count = 0;
    this.lowest = 0;
  }

  /** The first member from `value` on; NONE when there is none. */
  private memberFrom(value: number): number {
    for (let index = Math.floor(value / CHUNK); index < this.chunks.length; index += 1) {
      const base = index * CHUNK;
      const { count, words } = this.chunks[index] as Chunk;
      if (count === 0) continue;
      if (words === undefined) return Math.max(value, base);
      const found = nextBit(words, Math.max(0, value - base), 0);
      if (found < CHUNK) return base + found;
    }
    return NONE;
  }

  /** The first number from `value` on that is no member. */
  private holeFrom(value: number): number {
    for (let index = Math.floor(value / CHUNK); index < this.chunks.length; index += 1) {
      const base = index * CHUNK;
      const { count, words } = this.chunks[index] as Chunk;
      if (count === CHUNK) continue;
      if (words === undefined) return Math.max(value, base);
      const found = nextBit(words, Math.max(0, value - base), FULL);
      if (found < CHUNK) return base + found;
    }
    return Math.max(value, this.chunks.length * CHUNK);
  }

  private change(start: number, end: number, wanted: boolean): number {
    let changed = 0;
    for (let from = start; from < end; ) {
      const index = Math.floor(from / CHUNK);
      const base = index * CHUNK;
      const to = Math.min(end, base + CHUNK);
      changed += changeChunk(this.chunks[index] as Chunk, from - base, to - base, wanted);
      from = to;
    }
    this.count += wanted ? changed : -changed;
    return changed;
  }
}

/** A stretch of `CHUNK` numbers; without words, it has all of them or none. */
interface Chunk {
  count: number;
  words: Uint32Array | undefined;
}

/** Makes [from, to) members, or none; tells for how many that is news. */
function changeChunk(chunk: Chunk, from: number, to: number, wanted: boolean): number {
  const before = chunk.count;
  const settled = wanted ? CHUNK : 0;
  if (before === settled) return 0;
  if (to - from === CHUNK) chunk.count = settled;
  else {
    chunk.words ??= new Uint32Array(CHUNK / 32).fill(before === 0 ? 0 : FULL);
    chunk.count += setBits(chunk.words, from, to, wanted);
  }
  if (chunk.count === 0 || chunk.count === CHUNK) chunk.words = undefined;
  return Math.abs(chunk.count - before);
}

/** By how much the number of set bits grows; negative when it shrinks. */
function setBits(words: Uint32Array, from: number, to: number, wanted: boolean): number {
  let growth = 0;
  for (let at = from; at < to; ) {
    const index = at >>> 5;
    const end = Math.min(to, (index + 1) << 5);
    const mask = maskOf(at & 31, end - at);
    const word = words[index] as number;
    const next = wanted ? word | mask : word & ~mask;
    words[index] = next;
    growth += wanted ? bitsIn(next & ~word) : -bitsIn(word & ~next);
    at = end;
  }
  return growth;
}

/** The first bit from `from` on that is set in a word once `flip` is taken off it: 0 finds ones, FULL finds zeros. */
function nextBit(words: Uint32Array, from: number, flip: number): number {
  let index = from >>> 5;
  let word = ((words[index] as number) ^ flip) & ~maskOf(0, from & 31);
  while (word === 0) {
    index += 1;
    if (index === words.length) return CHUNK;
    word = (words[index] as number) ^ flip;
  }
  return (index << 5) + 31 - Math.clz32(word & -word);
}

function bitOf(words: Uint32Array, at: number): number {
  return ((words[at >>> 5] as number) >>> (at & 31)) & 1;
}

/** `length` ones from bit `from` on; 0 to 32 of them. */
function maskOf(from: number, length: number): number {
  return length === 32 ? -1 : ((1 << length) - 1) << from;
}

/** Hacker's Delight, section 5-1. */
function bitsIn(word: number): number {
  let sum = word - ((word >>> 1) & 0x5555_5555);
  sum = (sum & 0x3333_3333) + ((sum >>> 2) & 0x3333_3333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Ours: 4 KiB of bits, so that the table of a piece count of 2^26 has 2,048 entries. */
const CHUNK = 32_768;
const FULL = -1;
const NONE = Number.POSITIVE_INFINITY;
