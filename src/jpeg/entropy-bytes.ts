import { isRestart, MARKER_PREFIX } from "./marker.js";

/** Bytes behind the end that may be looked at: zeros. */
const PADDING = 8;

/**
 * Entropy coded data without the bytes that are stuffed into them and without restart markers, so that bits lie at plain
 * places. ITU-T T.81 section B.1.1.5.
 */
export class EntropyBytes {
  /** The data, and zeros behind them. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Where each restart interval begins; the first at 0. */
  readonly intervals: readonly number[];
  /** The numbers (0 to 7) of the restart markers before the second interval and those behind it. */
  readonly restarts: readonly number[];
  /** Where reading stopped in the source: at the marker that ends the data, or at the source's end. */
  readonly sourceEnd: number;
  /** From `gaps[k]` on, a byte here lies `shifts[k]` farther in the source. */
  private readonly gaps: number[] = [0];
  private readonly shifts: number[];
  private cursor = 0;

  /** Reads from `start` to a marker other than a restart, or to `end`; into `scratch`, if given, which then is the data's. */
  constructor(
    source: Uint8Array,
    start: number,
    end: number,
    scratch = EntropyBytes.scratch(end - start),
  ) {
    const bytes = scratch;
    const intervals = [0];
    const restarts: number[] = [];
    this.shifts = [start];
    let length = 0;
    let at = start;
    while (at < end) {
      const prefix = source.indexOf(MARKER_PREFIX, at);
      const stop = prefix < 0 || prefix >= end ? end : prefix;
      // One byte at a time for short runs would be slower still: `set` takes a view of any length.
      bytes.set(source.subarray(at, stop), length);
      length += stop - at;
      at = stop;
      if (stop === end) break;
      const next = source[stop + 1] as number;
      if (next === 0 || stop + 1 >= end) {
        bytes[length] = MARKER_PREFIX;
        length += 1;
        at = Math.min(end, stop + 2);
      } else {
        const marker = skipFill(source, stop, end);
        if (!isRestart(source[marker] ?? 0)) break;
        restarts.push((source[marker] as number) & 7);
        intervals.push(length);
        at = marker + 1;
      }
      this.gaps.push(length);
      this.shifts.push(at - length);
    }
    bytes.fill(0, length, length + PADDING);
    this.bytes = bytes;
    this.length = length;
    this.intervals = intervals;
    this.restarts = restarts;
    this.sourceEnd = at;
  }

  /** Memory for data that take so many bytes of the source. */
  static scratch(sourceBytes: number): Uint8Array {
    return new Uint8Array(sourceBytes + PADDING);
  }

  /** Where a byte lies in the source; quick when asked for places that rise. */
  sourceOf(place: number): number {
    const { gaps } = this;
    while (this.cursor > 0 && (gaps[this.cursor] as number) > place) this.cursor -= 1;
    while ((gaps[this.cursor + 1] ?? Number.POSITIVE_INFINITY) <= place) this.cursor += 1;
    return place + (this.shifts[this.cursor] as number);
  }
}

/** From a prefix to the marker's own byte, over prefixes that merely fill. */
function skipFill(source: Uint8Array, prefix: number, end: number): number {
  let at = prefix + 1;
  while (at < end && source[at] === MARKER_PREFIX) at += 1;
  return at;
}
