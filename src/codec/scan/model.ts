import type { PixelFormat } from "../types.js";
import { Planes } from "./planes.js";

/** What scan pieces of one picture have in common, beside the code of their residuals. */
export interface ScanParameters {
  /** Luma and colour differences in place of red, green and blue. */
  readonly decorrelated: boolean;
  /** For each plane: what is expected of the first pixel. */
  readonly middles: readonly number[];
  /** For each group of planes (0: those with the picture's own values or luma; 1: differences), class and neighbour: parts of 256. */
  readonly weights: Int16Array;
  /** How far unrest is shifted right before it is compared; 0 to 15. */
  readonly unrestShift: number;
  /** Ascending, at most 4,095: context i has unrest from thresholds[i - 1] up to, not including, thresholds[i]. */
  readonly thresholds: readonly number[];
}

/**
 * Predicts the pixels of a rectangle row by row, and tells by what surrounds each how far off that may be.
 *
 * Use: `begin`, then for each row `beginRow`; for each plane and each pixel of its row in turn `predict`, and `learn` what it
 * really is; `endRow`. The numbers of the newest row stand in `rows`, from index `MARGIN` on.
 */
export class ScanModel {
  readonly planes: Planes;
  /** What the last `predict` found. */
  prediction = 0;
  /** Of the code: thresholds + 1 for each plane. */
  context = 0;
  /** How far off the prediction may be, in steps of 2^unrestShift. */
  unrest = 0;
  /** The newest row of each plane. */
  rows: Int32Array[];
  private above: Int32Array[];
  private above2: Int32Array[];
  /** Magnitudes of residuals, of the newest row and the one above. */
  private errors: Int32Array[];
  private errorsAbove: Int32Array[];
  /** The level of each unrest. */
  readonly levelOf = new Uint8Array(UNREST_MAX + 1);
  private readonly levels: number;
  private readonly top: number;
  private row = 0;

  constructor(
    format: PixelFormat,
    private readonly parameters: ScanParameters,
  ) {
    this.planes = new Planes(format, parameters.decorrelated);
    this.levels = parameters.thresholds.length + 1;
    this.top = 2 ** format.bits - 1;
    let level = 0;
    for (let unrest = 0; unrest <= UNREST_MAX; unrest += 1) {
      while (level < this.levels - 1 && unrest >= (parameters.thresholds[level] as number))
        level += 1;
      this.levelOf[unrest] = level;
    }
    this.rows = this.lines(0);
    this.above = this.lines(0);
    this.above2 = this.lines(0);
    this.errors = this.lines(0);
    this.errorsAbove = this.lines(0);
  }

  get contexts(): number {
    return this.levels * this.planes.count;
  }

  /** Forgets what was; rows of `width` pixels follow. */
  begin(width: number): void {
    this.row = 0;
    if ((this.rows[0] as Int32Array).length >= width + 2 * MARGIN) return;
    this.rows = this.lines(width);
    this.above = this.lines(width);
    this.above2 = this.lines(width);
    this.errors = this.lines(width);
    this.errorsAbove = this.lines(width);
  }

  /** Left of a row stands what is above its first pixel. */
  beginRow(): void {
    if (this.row === 0) return;
    for (let plane = 0; plane < this.planes.count; plane += 1) {
      const first = (this.above[plane] as Int32Array)[MARGIN] as number;
      const line = this.rows[plane] as Int32Array;
      line[0] = first;
      line[1] = first;
      (this.errors[plane] as Int32Array)[1] = (this.errorsAbove[plane] as Int32Array)[
        MARGIN
      ] as number;
    }
  }

  predict(plane: number, x: number): void {
    const at = x + MARGIN;
    let unrest = this.row === 0 ? this.predictFirstRow(plane, at) : this.predictBelow(plane, at);
    if (plane > 0) {
      unrest += 2 * ((this.errors[0] as Int32Array)[at] as number);
      if (plane === 2) unrest += 2 * ((this.errors[1] as Int32Array)[at] as number);
    }
    this.unrest = unrest >> this.parameters.unrestShift;
    const level = this.levelOf[this.unrest < UNREST_MAX ? this.unrest : UNREST_MAX] as number;
    this.context = plane * this.levels + level;
  }

  /** Takes the residual of what was predicted last, and returns the pixel's number in the plane. */
  learn(plane: number, x: number, residual: number): number {
    const value = this.kept(plane, this.prediction + residual);
    (this.rows[plane] as Int32Array)[x + MARGIN] = value;
    (this.errors[plane] as Int32Array)[x + MARGIN] = residual < 0 ? -residual : residual;
    return value;
  }

  endRow(width: number): void {
    const end = width + MARGIN;
    for (let plane = 0; plane < this.planes.count; plane += 1) {
      const line = this.rows[plane] as Int32Array;
      line[0] = line[MARGIN] as number;
      line[1] = line[MARGIN] as number;
      line[end] = line[end - 1] as number;
      const errors = this.errors[plane] as Int32Array;
      errors[1] = errors[MARGIN] as number;
      errors[end] = errors[end - 1] as number;
      // Above the second row, two rows up, is the first.
      if (this.row === 0) (this.above[plane] as Int32Array).set(line);
    }
    [this.rows, this.above, this.above2] = [this.above2, this.rows, this.above];
    [this.errors, this.errorsAbove] = [this.errorsAbove, this.errors];
    this.row += 1;
  }

  private predictFirstRow(plane: number, at: number): number {
    if (at === MARGIN) {
      this.prediction = this.parameters.middles[plane] as number;
      return FIRST_UNREST;
    }
    this.prediction = (this.rows[plane] as Int32Array)[at - 1] as number;
    return 3 * ((this.errors[plane] as Int32Array)[at - 1] as number);
  }

  /** The median of west, north and the plane through them, corrected by what weights make of all neighbours. */
  private predictBelow(plane: number, at: number): number {
    const line = this.rows[plane] as Int32Array;
    const above = this.above[plane] as Int32Array;
    const above2 = this.above2[plane] as Int32Array;
    const west = line[at - 1] as number;
    const north = above[at] as number;
    const northWest = above[at - 1] as number;
    const northEast = above[at + 1] as number;
    const across = Math.abs(north - northWest);
    const down = Math.abs(west - northWest);
    const low = west < north ? west : north;
    const high = west < north ? north : west;
    const base = northWest >= high ? low : northWest <= low ? high : west + north - northWest;
    const { weights } = this.parameters;
    const group = this.planes.isDifference(plane) ? CLASSES : 0;
    const w = (group + classOf(across, down)) * NEIGHBOURS;
    const sum =
      (weights[w] as number) * (west - base) +
      (weights[w + 1] as number) * (north - base) +
      (weights[w + 2] as number) * (northWest - base) +
      (weights[w + 3] as number) * (northEast - base) +
      (weights[w + 4] as number) * ((line[at - 2] as number) - base) +
      (weights[w + 5] as number) * ((above2[at] as number) - base) +
      (weights[w + 6] as number) * ((above[at - 2] as number) - base) +
      (weights[w + 7] as number) * ((above2[at + 1] as number) - base);
    const predicted = base + ((sum + 128) >> 8);
    const least = group === 0 ? 0 : -this.top;
    this.prediction = predicted < least ? least : predicted > this.top ? this.top : predicted;
    const errors = this.errors[plane] as Int32Array;
    const errorsAbove = this.errorsAbove[plane] as Int32Array;
    const around = (errorsAbove[at - 1] as number) + (errorsAbove[at + 1] as number);
    return (
      across +
      down +
      Math.abs(north - northEast) +
      2 * (errors[at - 1] as number) +
      (errorsAbove[at] as number) +
      (around >> 1)
    );
  }

  /** A number of the plane's range, whatever a damaged piece adds up to. */
  private kept(plane: number, value: number): number {
    if (!this.planes.isDifference(plane)) return value & this.top;
    const spare = 31 - (32 - Math.clz32(this.top));
    return (value << spare) >> spare;
  }

  private lines(width: number): Int32Array[] {
    return Array.from({ length: this.planes.count }, () => new Int32Array(width + 2 * MARGIN));
  }
}

/** 1 where the picture changes along the row much more than down, 2 the other way round, 0 elsewhere. */
export function classOf(across: number, down: number): 0 | 1 | 2 {
  if (across > 2 * down + 1) return 1;
  return down > 2 * across + 1 ? 2 : 0;
}

/** Numbers left of a row's first and right of its last. */
export const MARGIN = 2;

export const CLASSES = 3;

/** West, north, north-west, north-east, two west, two north, two west of north, and east of two north. */
export const NEIGHBOURS = 8;

/** Ours: what an encoder keeps of a piece, samples at most. */
export const VALUES_MAX = 1 << 18;

/** Ours: unrest is told apart up to this. */
export const UNREST_MAX = 4_095;

/** Ours: nothing is known of a rectangle's first pixel. */
const FIRST_UNREST = 1 << 20;
