import { lowOf, type Plane, type PlaneSet } from "./colours.js";
import { Grid } from "./grid.js";
import { type Lattices, Neighbourhood, noiseBeside, TAPS_MAX } from "./taps.js";

/** What prediction and contexts of a picture depend on. */
export interface Filters {
  /** Weights of taps in 1 / 64; those of filter f begin at `f * TAPS_MAX`. See `filterOf`. */
  readonly weights: Int16Array;
  /** Energies are divided by 2 to this power. */
  readonly energyShift: number;
  /** Whether residuals change their sign where rounding made the prediction larger: small ones are then more often of one sign. */
  readonly folded: boolean;
}

/** A sample about to be coded. */
export interface Site {
  plane: number;
  /** Where it is in its plane. */
  at: number;
  context: number;
  predicted: number;
  /** Whether its residual is coded with the other sign. */
  flip: boolean;
}

/** Gives the residual of a sample: what its value is more than predicted. */
export type Residual = (site: Site) => number;

/** Goes through the samples of pieces in the order in which they are coded. */
export class Walk {
  private readonly values: Lattices[];
  private readonly residuals: Lattices[];
  private readonly site: Site = {
    plane: 0,
    at: 0,
    context: 0,
    predicted: 0,
    flip: false,
  };
  private readonly near = new Neighbourhood();
  private planes: readonly Plane[] = [];
  private width = 0;
  private height = 0;
  private outside = false;

  constructor(
    private readonly set: PlaneSet,
    private readonly filters: Filters,
  ) {
    const lattices = (): Lattices => ({
      C: new Grid(),
      A: new Grid(),
      B: new Grid(),
      D: new Grid(),
      next: new Grid(),
    });
    const each = Array.from({ length: set.count });
    this.values = each.map(lattices);
    this.residuals = each.map(lattices);
  }

  /**
   * Asks for the residual of every sample of a piece, and writes each sample, predicted + residual, to its plane.
   * False when a sample leaves the range of its plane: the residuals are then none of a picture.
   */
  run(planes: readonly Plane[], width: number, height: number, residual: Residual): boolean {
    this.planes = planes;
    this.width = width;
    this.height = height;
    this.outside = false;
    for (let plane = 0; plane < this.set.count; plane += 1) this.coarsest(plane, residual);
    for (let step = STEP_COARSEST; step > 1; step /= 2) {
      for (let plane = 0; plane < this.set.count; plane += 1) this.refine(plane, step, residual);
    }
    return !this.outside;
  }

  /** Lattice C of the first level, predicted from left and above (the median edge detector of JPEG-LS, ITU-T T.87 A.4). */
  private coarsest(plane: number, residual: Residual): void {
    const { C } = this.lattices(plane);
    const rest = this.rest(plane).C;
    for (const grid of [C, rest]) {
      grid.resize(Math.ceil(this.width / STEP_COARSEST), Math.ceil(this.height / STEP_COARSEST));
    }
    for (let row = 0; row < C.height; row += 1) {
      for (let column = 0; column < C.width; column += 1) {
        const at = C.row(row) + column;
        this.predictCoarsest(plane, C, at, column, row);
        this.code(plane, C, rest, at, column * STEP_COARSEST, row * STEP_COARSEST, residual);
      }
    }
  }

  private predictCoarsest(
    plane: number,
    { data, stride }: Grid,
    at: number,
    column: number,
    row: number,
  ): void {
    const { site, set } = this;
    const left = data[at - 1] ?? 0;
    const above = data[at - stride] ?? 0;
    const corner = data[at - stride - 1] ?? 0;
    let energy = ENERGY_EDGE;
    if (row > 0 && column > 0) {
      site.predicted = median(left, above, corner);
      energy = Math.abs(left - corner) + Math.abs(above - corner);
    } else if (row > 0 || column > 0) {
      site.predicted = column > 0 ? left : above;
    } else {
      site.predicted = lowOf(set, plane) < 0 ? 0 : (set.high + 1) >> 1;
      energy = ENERGY_UNKNOWN;
    }
    site.flip = false;
    if (this.isLaterColour(plane)) energy += 2 * Math.abs(this.rest(0).C.data[at] ?? 0);
    site.context = contextOf(0, 0, plane, energy >> this.filters.energyShift, 0);
  }

  /** Codes lattices A, B and D of a level and joins all to lattice C of the next. */
  private refine(plane: number, step: number, residual: Residual): void {
    const lattices = this.lattices(plane);
    const rest = this.rest(plane);
    const half = step / 2;
    const width = Math.ceil(this.width / half);
    const height = Math.ceil(this.height / half);
    lattices.C.extend();
    rest.C.extend();
    for (const { A, B, D } of [lattices, rest]) {
      A.resize(width >> 1, height >> 1);
      B.resize(width >> 1, (height + 1) >> 1);
      D.resize((width + 1) >> 1, height >> 1);
    }
    const level = step === 2 ? 1 : 0;
    for (const [phase, name] of (["A", "B", "D"] as const).entries()) {
      const grid = lattices[name];
      for (let row = 0; row < grid.height; row += 1) {
        for (let column = 0; column < grid.width; column += 1) {
          this.predict(plane, level, phase, name, column, row);
          const x = column * step + (phase === 2 ? 0 : half);
          const y = row * step + (phase === 1 ? 0 : half);
          this.code(plane, grid, rest[name], grid.row(row) + column, x, y, residual);
        }
      }
      grid.extend();
      rest[name].extend();
    }
    if (half === 1) return;
    join(lattices, width, height);
    join(rest, width, height);
  }

  private predict(
    plane: number,
    level: number,
    phase: number,
    name: "A" | "B" | "D",
    column: number,
    row: number,
  ): void {
    const { site, set, near } = this;
    const lattices = this.lattices(plane);
    if (phase === 0) near.centre(lattices, column, row);
    else if (phase === 1) near.between(lattices, column, row);
    else near.below(lattices, column, row);
    const at = lattices[name].row(row) + column;
    let energy = near.energy + noiseBeside(this.rest(plane), phase, column, row);
    let exact = 0;
    if (this.isLaterColour(plane)) {
      // Plane 0 helps all later colours, and the last but one the last.
      for (let helper = 0; helper < plane; helper += Math.max(1, plane - 1)) {
        const beside = this.rest(helper)[name].data[at] ?? 0;
        near.deviations[near.taps++] = beside;
        energy += 2 * Math.abs(beside);
        exact = beside === 0 ? 1 : 0;
      }
    }
    const from = filterOf(plane, level, phase, near.direction) * TAPS_MAX;
    let sum = near.sum << 4;
    for (let tap = 0; tap < near.taps; tap += 1) {
      sum += (this.filters.weights[from + tap] ?? 0) * (near.deviations[tap] ?? 0);
    }
    const rounded = sum + 32;
    const predicted = rounded >> 6;
    site.flip = this.filters.folded && (rounded & 63) < 32;
    site.predicted = Math.max(lowOf(set, plane), Math.min(set.high, predicted));
    site.context = contextOf(level + 1, phase, plane, energy >> this.filters.energyShift, exact);
  }

  private code(
    plane: number,
    values: Grid,
    rest: Grid,
    at: number,
    x: number,
    y: number,
    residual: Residual,
  ): void {
    const { site, set } = this;
    site.plane = plane;
    site.at = y * this.width + x;
    const own = residual(site);
    const value = site.predicted + own;
    if (value > set.high || value < lowOf(set, plane)) this.outside = true;
    values.data[at] = value;
    rest.data[at] = own;
    const target = this.planes[plane];
    if (target !== undefined) target[site.at] = value;
  }

  private lattices(plane: number): Lattices {
    return this.values[plane] as Lattices;
  }

  private rest(plane: number): Lattices {
    return this.residuals[plane] as Lattices;
  }

  private isLaterColour(plane: number): boolean {
    return plane > 0 && plane < this.set.colours;
  }
}

/** Makes the lattices of a level lattice C of the next. */
function join(lattices: Lattices, width: number, height: number): void {
  const { C, A, B, D, next } = lattices;
  next.resize(width, height);
  for (let row = 0; row < height; row += 1) {
    const [even, odd] = row % 2 ? [D, A] : [C, B];
    const to = next.row(row);
    const fromEven = even.row(row >> 1);
    const fromOdd = odd.row(row >> 1);
    for (let column = 0; column < width; column += 1) {
      const half = column >> 1;
      const sample = column % 2 ? odd.data[fromOdd + half] : even.data[fromEven + half];
      next.data[to + column] = sample ?? 0;
    }
  }
  lattices.C = next;
  lattices.next = C;
}

function median(left: number, above: number, corner: number): number {
  const low = Math.min(left, above);
  const high = Math.max(left, above);
  return corner >= high ? low : corner <= low ? high : left + above - corner;
}

/** The filter of samples of a plane, by level (0 coarse, 1 finest), phase (0 A, 1 B, 2 D) and direction. */
export function filterOf(plane: number, level: number, phase: number, direction: number): number {
  return ((plane * 2 + level) * 3 + phase) * 3 + direction;
}

export const filterCount = (set: PlaneSet): number => filterOf(set.count, 0, 0, 0);

/** How many taps a filter has: three in A, four in B and D, and one for each plane that helps. */
export function tapsOf(set: PlaneSet, filter: number): number {
  const plane = Math.floor(filter / filterOf(1, 0, 0, 0));
  const helpers = plane < set.colours ? Math.min(plane, 2) : 0;
  return (Math.floor(filter / 3) % 3 === 0 ? 3 : 4) + helpers;
}

/** The context of a sample: by plane, level (0 coarsest), phase, energy, and whether the residual beside it is 0. */
export function contextOf(
  level: number,
  phase: number,
  plane: number,
  energy: number,
  exact: number,
): number {
  const place = ENERGY_LEVELS[Math.min(energy, ENERGY_MAX)] ?? 0;
  return ((plane * 7 + (level === 0 ? 0 : level * 3 - 2 + phase)) * 2 + exact) * ENERGIES + place;
}

/** The table of every energy from 0 to 1,023, in a group of contexts that differ in their energy alone. */
export const tableOfEnergy = (map: Uint8Array, group: number): Uint8Array =>
  ENERGY_LEVELS.map((level) => map[group * ENERGIES + level] ?? 0);

/** Groups of contexts that differ in their energy alone. */
export const contextGroups = (set: PlaneSet): number => set.count * 7 * 2;

export const contextCount = (set: PlaneSet): number => contextGroups(set) * ENERGIES;

const STEP_COARSEST = 8;
const ENERGY_MAX = 1023;
const ENERGY_EDGE = 60;
const ENERGY_UNKNOWN = 1 << 20;
const THRESHOLDS = [1, 2, 3, 5, 7, 10, 14, 20, 29, 42, 62, 92, 140, 210, 320];
const ENERGIES = THRESHOLDS.length + 1;
/** The level of every energy from 0 to 1,023. */
export const ENERGY_LEVELS = Uint8Array.from({ length: ENERGY_MAX + 1 }, (_, energy) => {
  const above = THRESHOLDS.findIndex((threshold) => energy < threshold);
  return above < 0 ? THRESHOLDS.length : above;
});
