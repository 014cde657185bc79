import { bitsAt, valueAt } from "./bits.js";
import type { EntropyBytes } from "./entropy-bytes.js";
import type { Scan } from "./frame.js";
import { type HuffmanTable, STEP_BITS } from "./huffman.js";

/** What a decoder must know to begin at a unit. */
export interface WalkState {
  /** The unit's first bit, in the data without stuffing. */
  readonly at: number;
  /** Of each component of the scan, the DC coefficient before. */
  readonly predictions: Int32Array;
  /** Progressive: blocks of the present band, this one among them, that are known to end at once. */
  readonly blocksEnded: number;
}

/** Steps over a scan's units, keeping only what a decoder must know to begin at the next. */
export interface ScanWalk extends WalkState {
  /** Set once a unit's bits mean nothing. */
  readonly failed: boolean;
  /**
   * Steps over units from `unit` on, but not over `end`, as long as their bits end at `bitsMax` or before. Returns the first that is not
   * stepped over: the state is the one to begin there.
   */
  pass(unit: number, end: number, bitsMax: number): number;
  /** Goes on at a bit behind a restart marker. */
  restart(at: number): void;
}

/** Passes units that are no more than their bits and predictions. */
export abstract class PredictedWalk implements ScanWalk {
  at = 0;
  readonly blocksEnded = 0;
  failed = false;
  readonly predictions: Int32Array;
  /** Of each block of a unit, its component's place in the scan. */
  protected readonly blocks: readonly number[];
  private readonly kept: Int32Array;

  constructor(
    scan: Scan,
    protected readonly data: EntropyBytes,
  ) {
    this.predictions = new Int32Array(scan.components.length);
    this.kept = this.predictions.slice();
    this.blocks = blocksOfUnit(scan);
  }

  pass(unit: number, end: number, bitsMax: number): number {
    const { predictions, kept } = this;
    for (let next = unit; next < end; next += 1) {
      const { at } = this;
      for (let i = 0; i < kept.length; i += 1) kept[i] = predictions[i] as number;
      this.failed = !this.step();
      if (this.failed) return next;
      if (this.at <= bitsMax) continue;
      this.at = at;
      predictions.set(kept);
      return next;
    }
    return end;
  }

  restart(at: number): void {
    this.at = at;
    this.predictions.fill(0);
  }

  /** Steps over a unit. False when its bits mean nothing. */
  protected abstract step(): boolean;
}

/** Baseline and extended sequential scans. ITU-T T.81 section F.2. */
export class SequentialWalk extends PredictedWalk {
  private readonly dcTables: readonly HuffmanTable[];
  private readonly acTables: readonly HuffmanTable[];

  constructor(scan: Scan, data: EntropyBytes) {
    super(scan, data);
    this.dcTables = scan.components.map(({ dc }) => dc as HuffmanTable);
    this.acTables = scan.components.map(({ ac }) => ac as HuffmanTable);
  }

  protected step(): boolean {
    const { bytes } = this.data;
    let at = this.at;
    for (const place of this.blocks) {
      const entry = (this.dcTables[place] as HuffmanTable).find(bitsAt(bytes, at));
      if (entry === 0) return false;
      at += entry >>> 8;
      const size = entry & 255;
      if (size > DC_SIZE_MAX) return false;
      if (size > 0) {
        const prediction = (this.predictions[place] as number) + valueAt(bytes, at, size);
        if (prediction < -DC_MAX || prediction > DC_MAX) return false;
        this.predictions[place] = prediction;
        at += size;
      }
      at = skipAc(bytes, at, this.acTables[place] as HuffmanTable);
      if (at < 0) return false;
    }
    this.at = at;
    return true;
  }
}

/** Steps over a block's AC coefficients: the bit behind them, or -1. */
function skipAc(bytes: Uint8Array, start: number, table: HuffmanTable): number {
  const steps = table.steps();
  let at = start;
  let place = 1;
  while (place < 64) {
    const bits = bitsAt(bytes, at);
    const step = steps[bits >>> (16 - STEP_BITS)] as number;
    const next = place + ((step >>> 8) & 255);
    // Several steps at once may have looked past the block's end: only what surely ends inside is taken.
    if (step !== 0 && (next < 64 || (next === 64 && step >>> 16 === 0))) {
      at += step & 255;
      if (step >>> 16 !== 0) return at;
      place = next;
      continue;
    }
    const entry = table.find(bits);
    const size = entry & 15;
    at += (entry >>> 8) + size;
    if (entry === 0) return -1;
    if (size === 0 && (entry & 255) !== 0xf0) return at;
    place += ((entry >>> 4) & 15) + 1;
    if (place > 64) return -1;
  }
  return at;
}

/** Of each block of a unit, in the order of the data, its component's place in the scan. ITU-T T.81 section A.2. */
export function blocksOfUnit(scan: Scan): number[] {
  if (scan.components.length === 1) return [0];
  return scan.components.flatMap(({ component: { h, v } }, place) =>
    Array.from({ length: h * v }, () => place),
  );
}

/** Categories of differences of DC coefficients of 8-bit samples end at 11 (T.81 table F.1); some encoders go one farther. */
export const DC_SIZE_MAX = 12;

/** Ours: twice what 8-bit samples can give, so that no sum runs away. */
export const DC_MAX = 4_095;
