import { COST_UNIT } from "../entropy/model.js";
import { STATE_BYTES } from "../entropy/rans.js";
import { PIXEL_BITS_UNIT } from "./tables.js";

/** What each row of a piece costs. */
export type RowCosts = Float64Array | Uint32Array;

/**
 * Finds how many rows of a strip fit a piece. Each try tells what its rows cost; as a row costs about the same whatever the
 * rows below, the next try is near. Numbers of rows tried are even, or all rows.
 */
export class RowSearch {
  /** Rows to try now; 0 when the search is over. */
  rows: number;
  /** The most rows known to fit. */
  private fitting = 0;
  /** The fewest known not to fit. */
  private failing: number;
  private tries = 0;
  private readonly capacityBits: number;

  constructor(
    private readonly size: { readonly width: number; readonly height: number },
    capacity: number,
    pixelBits: number,
  ) {
    this.capacityBits = 8 * (capacity - STATE_BYTES);
    this.failing = Math.min(size.height, pieceRowsMax(size.width)) + 1;
    const usual = (this.capacityBits * PIXEL_BITS_UNIT) / (Math.max(1, pixelBits) * size.width);
    this.rows = this.capacityBits < 0 ? 0 : this.allowed(Math.max(usual, 2));
  }

  /** Whether rows of these costs, in 1 / `COST_UNIT` bits, may fit; coding them tells. */
  mayFit(costs: RowCosts): boolean {
    const bits = total(costs) / COST_UNIT;
    return bits < this.capacityBits * (2 - CAUTION) + 64;
  }

  /** Takes what each of the rows tried costs, and whether they fit; sets `rows`. */
  next(costs: RowCosts, fit: boolean): void {
    const tried = this.rows;
    this.tries += 1;
    if (fit) this.fitting = tried;
    else this.failing = tried;
    const wanted = this.affordable(costs, tried);
    const rows = this.allowed(fit ? wanted : Math.min(wanted, tried - 2));
    const worth = !fit || this.tries < TRIES_GROWING;
    this.rows = worth && rows > this.fitting ? rows : 0;
  }

  /** How many rows the capacity pays for, when those below the ones tried cost as the last of them. */
  private affordable(costs: RowCosts, tried: number): number {
    let left = this.capacityBits * COST_UNIT * CAUTION;
    let row = 0;
    while (row < tried && left >= (costs[row] ?? 0)) {
      left -= costs[row] ?? 0;
      row += 1;
    }
    if (row < tried) return row;
    const last = costs.subarray(Math.floor(tried / 2));
    const mean = total(last) / Math.max(1, last.length);
    return tried + Math.min(3 * tried + 2, left / Math.max(1, mean));
  }

  /** The even number of rows, or all, next below `rows` and below those that failed; at least 2 where that may fit. */
  private allowed(rows: number): number {
    const most = this.failing - 1;
    if (rows >= this.size.height && most === this.size.height) return most;
    const even = 2 * Math.floor(Math.min(rows, most) / 2);
    if (even >= 2) return even;
    return most >= 2 ? 2 : most === this.size.height ? most : 0;
  }
}

function total(costs: RowCosts): number {
  let sum = 0;
  for (const cost of costs) sum += cost;
  return sum;
}

/** The most rows of a piece. One of flat pixels could take in a whole unit: its planes would be large, and its loss dear. */
export const pieceRowsMax = (width: number): number => Math.max(2, Math.floor(PIXELS_MAX / width));

/** Pixels of a piece at most, where two rows of it have no more. */
const PIXELS_MAX = 1 << 16;
/** Tries after which a piece that fits is not made larger. */
const TRIES_GROWING = 3;
/** The share of a capacity that costs may fill: margins at the lower edge and the coder's rounding take the rest. */
const CAUTION = 0.997;
