import { assert } from "../../base/assert.js";
import { ESCAPE_TOKEN, rawBitsOf, TOKEN_ROOM } from "./tokens.js";

/**
 * Static statistics: each context uses one of a few tables of probabilities. They are made from a sample of the picture
 * (`fitModel`), travel in the manifest (`writeModel`, `readModel`), and are the same for all pieces.
 */
export interface EntropyModel {
  /** The table of each context. */
  readonly map: Uint8Array;
  /** How many tables there are; 1 to `TABLES_MAX`. */
  readonly tables: number;
  /**
   * Frequency of token `t` in table `g` at `g * TOKEN_ROOM + t`; a table's sum is `FREQUENCY_SUM`. That of `ESCAPE_TOKEN`
   * is never 0; where that of another token is, the token cannot be coded but by an escape.
   */
  readonly frequencies: Uint16Array;
}

/** How often each token occurred in each context. */
export class Histograms {
  /** Of token `t` in context `c` at `c * TOKEN_ROOM + t`. */
  readonly counts: Uint32Array;

  constructor(readonly contexts: number) {
    this.counts = new Uint32Array(contexts * TOKEN_ROOM);
  }

  add(context: number, token: number): void {
    const at = context * TOKEN_ROOM + token;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }
}

/**
 * What every token costs in every table, raw bits included, in 1 / `COST_UNIT` bits: at `g * TOKEN_ROOM + t`. The cost of a
 * token that the table does not hold is that of an escape.
 */
export function costsOf(model: EntropyModel): Uint32Array {
  const costs = new Uint32Array(model.tables * TOKEN_ROOM);
  for (let at = 0; at < costs.length; at += 1) {
    const token = at % TOKEN_ROOM;
    const own = model.frequencies[at] ?? 0;
    const coded = own > 0 ? token : ESCAPE_TOKEN;
    const frequency = model.frequencies[at - token + coded] ?? 0;
    const bits = Math.log2(FREQUENCY_SUM / frequency) + rawBitsOf(coded);
    costs[at] = Math.round(bits * COST_UNIT);
  }
  return costs;
}

/** Cumulative frequencies: where each token's part of its table's range begins. */
export function startsOf(model: EntropyModel): Uint16Array {
  const starts = new Uint16Array(model.frequencies.length);
  for (let table = 0; table < model.tables; table += 1) {
    let start = 0;
    for (let at = table * TOKEN_ROOM; at < (table + 1) * TOKEN_ROOM; at += 1) {
      starts[at] = start;
      start += model.frequencies[at] ?? 0;
    }
    assert(start === FREQUENCY_SUM, "a table's frequencies have one sum");
  }
  return starts;
}

/** The token of each of the `FREQUENCY_SUM` places in each table's range: at `g * FREQUENCY_SUM + place`. */
export function tokensByPlace(model: EntropyModel): Uint8Array {
  const tokens = new Uint8Array(model.tables * FREQUENCY_SUM);
  let at = 0;
  for (const [index, frequency] of model.frequencies.entries()) {
    tokens.fill(index % TOKEN_ROOM, at, at + frequency);
    at += frequency;
  }
  return tokens;
}

/** Frequencies are in parts of 2 to this power. */
export const FREQUENCY_BITS = 12;
export const FREQUENCY_SUM = 1 << FREQUENCY_BITS;
export const TABLES_MAX = 64;
/** Costs are in parts of a bit. */
export const COST_UNIT = 256;
