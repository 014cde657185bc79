import { EntropyBytes } from "./entropy-bytes.js";
import { hasPredictions, type Scan, type ScanComponent } from "./frame.js";
import { AcWalk, DcWalk, type NonzeroMaps } from "./progressive-walk.js";
import { type ScanWalk, SequentialWalk, type WalkState } from "./sequential-walk.js";

/** Units of one scan that lie together in the file, and what a decoder must know to begin with them. */
export interface Run {
  /** The scan's number in the file. */
  readonly scan: number;
  readonly first: number;
  readonly count: number;
  /** Its bytes in the file: those in which its bits lie, with restart markers that stand behind it. */
  readonly start: number;
  readonly end: number;
  /** The first bit, in the first byte: 0 is the highest. */
  readonly bit: number;
  readonly predictions: readonly number[];
  readonly blocksEnded: number;
}

/** Units of one run, at most: what a receiver does for one piece has a bound. */
export const RUN_UNITS_MAX = 0xffff;

export interface ScanRuns {
  readonly runs: readonly Run[];
  /** One past the last run's last byte in the file. */
  readonly end: number;
  /** Where the marker stands that ends the scan's data, or the file's end. */
  readonly sourceEnd: number;
}

/**
 * Cuts one scan into runs of as many units as have room in `capacity` bytes.
 *
 * One pass over the data, which begin at `start`; `capacity` is the longest run, in bytes of the file; `maps` are a progressive
 * file's, as the scans before have left them; `scratch` has room for the data. Returns why the scan cannot be cut, if so.
 */
export function cutScan(
  source: Uint8Array,
  start: number,
  scan: Scan,
  scanNumber: number,
  capacity: number,
  maps: NonzeroMaps | undefined,
  scratch: Uint8Array,
): ScanRuns | string {
  const data = new EntropyBytes(source, start, source.length, scratch);
  const cutter = new ScanCutter(data, scan, scanNumber, capacity);
  const wrong = cutter.cut(walkOver(scan, data, maps));
  return wrong ?? { runs: cutter.runs, end: cutter.end, sourceEnd: data.sourceEnd };
}

function walkOver(scan: Scan, data: EntropyBytes, maps: NonzeroMaps | undefined): ScanWalk {
  if (maps === undefined) return new SequentialWalk(scan, data);
  if (scan.bandStart === 0) return new DcWalk(scan, data);
  return new AcWalk(scan, data, maps.of((scan.components[0] as ScanComponent).component));
}

class ScanCutter {
  readonly runs: Run[] = [];
  private interval = 0;
  /** The run that grows. */
  private first = 0;
  private begin: Omit<Run, "count" | "end" | "first">;
  /** Up to which bit its data may reach. */
  private bitsMax: number;
  /** One past the last bit of the units that it has. */
  private lastBit = 0;

  constructor(
    private readonly data: EntropyBytes,
    private readonly scan: Scan,
    private readonly scanNumber: number,
    private readonly capacity: number,
  ) {
    const predictions = scan.components.map(() => 0);
    const start = data.sourceOf(0);
    this.begin = { scan: scanNumber, start, bit: 0, predictions, blocksEnded: 0 };
    this.bitsMax = this.bitsUpTo(start + capacity, 0);
  }

  /** One past the last run's last byte in the file. */
  get end(): number {
    return this.endAt(this.lastBit);
  }

  /** Walks over the whole scan. Returns why that fails, if it does. */
  cut(walk: ScanWalk): string | undefined {
    const { data } = this;
    const { restartInterval, units } = this.scan;
    let restart = restartInterval > 0 ? restartInterval : units;
    for (let unit = 0; unit < units; ) {
      if (unit === restart) {
        const wrong = this.restart(walk);
        if (wrong !== undefined) return wrong;
        restart += restartInterval;
      }
      if (unit - this.first === RUN_UNITS_MAX) {
        const wrong = this.startAt(unit, walk);
        if (wrong !== undefined) return wrong;
      }
      const end = Math.min(restart, units, this.first + RUN_UNITS_MAX);
      const next = walk.pass(unit, end, this.bitsMax);
      if (walk.failed) return `damaged data at ${this.placeOf(next)}`;
      if (next > unit) this.lastBit = walk.at;
      const wrong = next < end ? this.overflow(next, walk) : undefined;
      if (wrong !== undefined) return wrong;
      unit = next;
    }
    if (this.interval !== data.restarts.length) return "restart markers without a restart interval";
    this.runs.push({ ...this.begin, first: this.first, count: units - this.first, end: this.end });
    return undefined;
  }

  /** Begins another run with a unit that does not fit. Returns why that cannot be, if so. */
  private overflow(unit: number, walk: WalkState): string | undefined {
    if (this.bitsMax === 8 * this.data.length) return `data that end at ${this.placeOf(unit)}`;
    return unit === this.first ? "a block too long for a piece" : this.startAt(unit, walk);
  }

  /**
   * Ends the run before a unit, so that no byte is left between it and the next, which begins with the unit. Returns why that cannot
   * be, if so.
   */
  private startAt(unit: number, { at, predictions, blocksEnded }: WalkState): string | undefined {
    const { data, capacity, scanNumber } = this;
    const start = data.sourceOf(at >>> 3);
    const end = Math.max(this.end, start);
    const isLong = end - this.begin.start > capacity;
    this.runs.push({ ...this.begin, first: this.first, count: unit - this.first, end });
    this.first = unit;
    this.begin = {
      scan: scanNumber,
      start,
      bit: at & 7,
      predictions: hasPredictions(this.scan) ? [...predictions] : [],
      blocksEnded,
    };
    this.bitsMax = this.bitsUpTo(start + capacity, at >>> 3);
    return isLong ? "bytes between its data" : undefined;
  }

  /** One past the byte in which the last bit before `at` lies, and past what is stuffed or marked behind it. */
  private endAt(at: number): number {
    return Math.min(this.data.sourceOf((at + 7) >>> 3), this.data.sourceEnd);
  }

  /** The most bits whose end, as `endAt` tells it, is at most `end` in the file; `place` is a byte of the data that lies before. */
  private bitsUpTo(end: number, place: number): number {
    const { data } = this;
    if (end >= data.sourceEnd) return 8 * data.length;
    let last = Math.min(data.length, place + end - data.sourceOf(place));
    while (data.sourceOf(last) > end) last -= 1;
    return 8 * last;
  }

  /** Steps over the restart marker that is due. */
  private restart(walk: ScanWalk): string | undefined {
    const { data } = this;
    const number = data.restarts[this.interval];
    const next = data.intervals[this.interval + 1];
    if (next === undefined || number !== (this.interval & 7)) return "a restart marker missing";
    if (walk.at > next * 8) return "a restart marker too early";
    this.interval += 1;
    walk.restart(next * 8);
    return undefined;
  }

  private placeOf(unit: number): string {
    const { unitsAcross, unitWidth, unitHeight } = this.scan;
    const row = Math.floor(unit / unitsAcross);
    return `pixel ${(unit - row * unitsAcross) * unitWidth}, ${row * unitHeight}`;
  }
}
