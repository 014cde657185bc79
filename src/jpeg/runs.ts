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
  /** One past the last run's last byte in the file. */
  end: number;
  private interval = 0;
  /** The run that grows. */
  private first = 0;
  private begin: Omit<Run, "count" | "end" | "first">;
  /** What a decoder must know to begin with the present unit. */
  private readonly before: WalkState;

  constructor(
    private readonly data: EntropyBytes,
    private readonly scan: Scan,
    private readonly scanNumber: number,
    private readonly capacity: number,
  ) {
    this.end = data.sourceOf(0);
    const predictions = scan.components.map(() => 0);
    this.begin = { scan: scanNumber, start: this.end, bit: 0, predictions, blocksEnded: 0 };
    const predicted = hasPredictions(scan) ? predictions.length : 0;
    this.before = { at: 0, predictions: new Int32Array(predicted), blocksEnded: 0 };
  }

  /** Walks over the whole scan. Returns why that fails, if it does. */
  cut(walk: ScanWalk): string | undefined {
    const { data, before } = this;
    const { restartInterval, units } = this.scan;
    const bits = data.length * 8;
    for (let unit = 0; unit < units; unit += 1) {
      if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
        const wrong = this.restart(walk);
        if (wrong !== undefined) return wrong;
      }
      this.remember(walk);
      if (!walk.step(unit)) return `damaged data at ${this.placeOf(unit)}`;
      if (walk.at > bits) return `data that end at ${this.placeOf(unit)}`;
      // A block that ends by a bit of one before has none of its own.
      if (walk.at === before.at && unit - this.first < RUN_UNITS_MAX) continue;
      const wrong = this.extend(unit, this.endAt(walk.at));
      if (wrong !== undefined) return wrong;
    }
    if (this.interval !== data.restarts.length) return "restart markers without a restart interval";
    this.runs.push({ ...this.begin, first: this.first, count: units - this.first, end: this.end });
    return undefined;
  }

  /** Notes what a decoder must know that begins here. */
  private remember(walk: ScanWalk): void {
    const { before } = this;
    before.at = walk.at;
    before.blocksEnded = walk.blocksEnded;
    for (let i = 0; i < before.predictions.length; i += 1) {
      before.predictions[i] = walk.predictions[i] as number;
    }
  }

  /** Takes a unit whose bytes reach to `end` into the run, or begins another with it. Returns why neither can be, if so. */
  private extend(unit: number, end: number): string | undefined {
    const isFull = (): boolean => end - this.begin.start > this.capacity;
    if (isFull() || unit - this.first === RUN_UNITS_MAX) {
      if (unit > this.first && !this.finish(unit)) return "bytes between its data";
      this.start(unit);
      if (isFull()) return "a block too long for a piece";
    }
    this.end = end;
    return undefined;
  }

  /** One past the byte in which the last bit before `at` lies, and past what is stuffed or marked behind it. */
  private endAt(at: number): number {
    return Math.min(this.data.sourceOf((at + 7) >>> 3), this.data.sourceEnd);
  }

  /** Steps over the restart marker that is due. */
  private restart(walk: ScanWalk): string | undefined {
    const { data } = this;
    const number = data.restarts[this.interval];
    const next = data.intervals[this.interval + 1];
    if (next === undefined || number !== (this.interval & 7)) return "a restart marker missing";
    if (walk.at > next * 8) return "a restart marker too early";
    this.interval += 1;
    walk.at = next * 8;
    walk.predictions.fill(0);
    walk.blocksEnded = 0;
    return undefined;
  }

  /** Begins a run with a unit. */
  private start(first: number): void {
    const { at, predictions, blocksEnded } = this.before;
    this.first = first;
    this.begin = {
      scan: this.scanNumber,
      start: this.data.sourceOf(at >>> 3),
      bit: at & 7,
      predictions: [...predictions],
      blocksEnded,
    };
  }

  /** Ends the run before a unit, so that no byte is left between it and the next. False if it is too long. */
  private finish(unit: number): boolean {
    const end = Math.max(this.end, this.data.sourceOf(this.before.at >>> 3));
    this.runs.push({ ...this.begin, first: this.first, count: unit - this.first, end });
    return end - this.begin.start <= this.capacity;
  }

  private placeOf(unit: number): string {
    const { unitsAcross, unitWidth, unitHeight } = this.scan;
    const row = Math.floor(unit / unitsAcross);
    return `pixel ${(unit - row * unitsAcross) * unitWidth}, ${row * unitHeight}`;
  }
}
