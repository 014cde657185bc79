import { assert } from "./assert.js";

/** Whole numbers from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A set of whole numbers kept as sorted, disjoint, non-touching ranges.
 *
 * Adding next to the last range costs O(1); elsewhere O(log n) to find the
 * place and O(n) to make room, n being the number of ranges, not of members.
 */
export class RangeSet {
  private starts: number[] = [];
  private ends: number[] = [];
  private count = 0;

  static of(...ranges: Range[]): RangeSet {
    const set = new RangeSet();
    for (const range of ranges) set.add(range.start, range.end);
    return set;
  }

  copy(): RangeSet {
    const copy = new RangeSet();
    copy.starts = [...this.starts];
    copy.ends = [...this.ends];
    copy.count = this.count;
    return copy;
  }

  /** How many numbers the set holds. */
  get size(): number {
    return this.count;
  }

  get rangeCount(): number {
    return this.starts.length;
  }

  get first(): number | undefined {
    return this.starts[0];
  }

  get last(): number | undefined {
    const end = this.ends[this.ends.length - 1];
    return end === undefined ? undefined : end - 1;
  }

  rangeAt(index: number): Range | undefined {
    const start = this.starts[index];
    const end = this.ends[index];
    return start === undefined || end === undefined ? undefined : { start, end };
  }

  has(value: number): boolean {
    const index = this.firstEndingAfter(value);
    const start = this.starts[index];
    return start !== undefined && start <= value;
  }

  /** The end of the range that `value` lies in; undefined when the set does not hold it. */
  endOfRangeAt(value: number): number | undefined {
    const index = this.firstEndingAfter(value);
    const start = this.starts[index];
    return start !== undefined && start <= value ? this.ends[index] : undefined;
  }

  /** Adds `start` up to, not including, `end`; tells how many members are new. */
  add(start: number, end: number = start + 1): number {
    assert(start < end, "a range to add is not empty");
    const lastIndex = this.starts.length - 1;
    const lastEnd = this.ends[lastIndex];
    if (lastEnd === undefined || start >= lastEnd) {
      if (start === lastEnd) this.ends[lastIndex] = end;
      else {
        this.starts.push(start);
        this.ends.push(end);
      }
      this.count += end - start;
      return end - start;
    }
    const from = this.firstEndingAtOrAfter(start);
    let to = from;
    let mergedStart = start;
    let mergedEnd = end;
    let covered = 0;
    for (; to < this.starts.length; to += 1) {
      const otherStart = this.starts[to] as number;
      const otherEnd = this.ends[to] as number;
      if (otherStart > end) break;
      mergedStart = Math.min(mergedStart, otherStart);
      mergedEnd = Math.max(mergedEnd, otherEnd);
      covered += otherEnd - otherStart;
    }
    if (to === from + 1) {
      this.starts[from] = mergedStart;
      this.ends[from] = mergedEnd;
    } else {
      this.starts.splice(from, to - from, mergedStart);
      this.ends.splice(from, to - from, mergedEnd);
    }
    const added = mergedEnd - mergedStart - covered;
    this.count += added;
    return added;
  }

  /** Takes out `start` up to, not including, `end`; tells how many members left. */
  delete(start: number, end: number = start + 1): number {
    assert(start < end, "a range to delete is not empty");
    const from = this.firstEndingAfter(start);
    const isApart = from === this.starts.length || (this.starts[from] as number) >= end;
    if (isApart) return 0;
    let to = from;
    let removed = 0;
    const keptStarts: number[] = [];
    const keptEnds: number[] = [];
    for (; to < this.starts.length; to += 1) {
      const otherStart = this.starts[to] as number;
      const otherEnd = this.ends[to] as number;
      if (otherStart >= end) break;
      removed += Math.min(end, otherEnd) - Math.max(start, otherStart);
      if (otherStart < start) {
        keptStarts.push(otherStart);
        keptEnds.push(start);
      }
      if (otherEnd > end) {
        keptStarts.push(end);
        keptEnds.push(otherEnd);
      }
    }
    this.starts.splice(from, to - from, ...keptStarts);
    this.ends.splice(from, to - from, ...keptEnds);
    this.count -= removed;
    return removed;
  }

  /** The ranges in rising order. */
  *ranges(): IterableIterator<Range> {
    for (let i = 0; i < this.starts.length; i += 1) {
      yield { start: this.starts[i] as number, end: this.ends[i] as number };
    }
  }

  /** The ranges of numbers in [start, end) that the set does not hold, in rising order. */
  *gaps(start: number, end: number): IterableIterator<Range> {
    let from = start;
    for (let i = this.firstEndingAfter(start); i < this.starts.length && from < end; i += 1) {
      const held = this.starts[i] as number;
      if (held >= end) break;
      if (held > from) yield { start: from, end: held };
      from = this.ends[i] as number;
    }
    if (from < end) yield { start: from, end };
  }

  /** The ranges of numbers in [start, end) that the set holds, in rising order. */
  *within(start: number, end: number): IterableIterator<Range> {
    if (start >= end) return;
    for (let i = this.firstEndingAfter(start); i < this.starts.length; i += 1) {
      const held = this.starts[i] as number;
      if (held >= end) return;
      yield { start: Math.max(start, held), end: Math.min(end, this.ends[i] as number) };
    }
  }

  /** How many numbers in [start, end) the set holds. */
  countIn(start: number, end: number): number {
    let held = 0;
    for (const range of this.within(start, end)) held += range.end - range.start;
    return held;
  }

  clear(): void {
    this.starts = [];
    this.ends = [];
    this.count = 0;
  }

  private firstEndingAfter(value: number): number {
    return this.firstEndingAtOrAfter(value + 1);
  }

  private firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
