import type { BitReader, BitWriter } from "./bits.js";
import { type EntropyModel, FREQUENCY_SUM } from "./model.js";
import { ESCAPE_TOKEN, TOKEN_ROOM } from "./tokens.js";

/**
 * Appends a model: 6 bits the number of tables less 1; each table; then the table of each context as the difference to that of the
 * context before it (0 at first), by `signed`, where a difference of 0 is followed by `small` of how many more there are.
 *
 * A table is 6 bits its last token but `ESCAPE_TOKEN`, 6 bits the token that is not told, and for each other token up to the last
 * a frequency; then that of the escape, unless it is not told. A frequency is its length in bits as the difference to the one
 * before it in the table (4 at first), by `signed`, and the up to `MANTISSA_BITS` bits below its highest.
 * The token that is not told has what is left of `FREQUENCY_SUM`.
 */
export function writeModel(model: EntropyModel, out: BitWriter): void {
  out.bits(model.tables - 1, 6);
  for (let table = 0; table < model.tables; table += 1) {
    writeTable(model.frequencies.subarray(table * TOKEN_ROOM, (table + 1) * TOKEN_ROOM), out);
  }
  const { map } = model;
  for (let at = 0, before = 0; at < map.length; at += 1) {
    const table = map[at] ?? 0;
    out.signed(table - before);
    if (table === before) {
      const from = at;
      while (at + 1 < map.length && map[at + 1] === table) at += 1;
      out.small(at - from);
    }
    before = table;
  }
}

/** The reverse, of a model with that many contexts; undefined when the bits are none. */
export function readModel(bits: BitReader, contexts: number): EntropyModel | undefined {
  const tables = bits.bits(6) + 1;
  const frequencies = new Uint16Array(tables * TOKEN_ROOM);
  for (let table = 0; table < tables; table += 1) {
    const own = frequencies.subarray(table * TOKEN_ROOM, (table + 1) * TOKEN_ROOM);
    if (!readTable(bits, own)) return undefined;
  }
  const map = new Uint8Array(contexts);
  for (let at = 0, before = 0; at < contexts; at += 1) {
    const change = bits.signed();
    const table = before + change;
    if (bits.failed || table < 0 || table >= tables) return undefined;
    const more = change === 0 ? bits.small() : 0;
    if (at + more >= contexts) return undefined;
    map.fill(table, at, at + more + 1);
    at += more;
    before = table;
  }
  return bits.failed ? undefined : { map, tables, frequencies };
}

function writeTable(frequencies: Uint16Array, out: BitWriter): void {
  const { last, untold } = shapeOf(frequencies);
  out.bits(last, 6);
  out.bits(untold, 6);
  let before = LENGTH_FIRST;
  for (const token of toldTokens(last, untold)) {
    const frequency = frequencies[token] ?? 0;
    const length = 32 - Math.clz32(frequency);
    const below = Math.min(MANTISSA_BITS, Math.max(0, length - 1));
    out.signed(length - before);
    out.bits(frequency >>> Math.max(0, length - 1 - below), below);
    before = length;
  }
}

function readTable(bits: BitReader, frequencies: Uint16Array): boolean {
  const last = bits.bits(6);
  const untold = bits.bits(6);
  if (last >= ESCAPE_TOKEN || (untold > last && untold !== ESCAPE_TOKEN)) return false;
  let before = LENGTH_FIRST;
  let rest = FREQUENCY_SUM;
  for (const token of toldTokens(last, untold)) {
    const length = before + bits.signed();
    if (bits.failed || length < 0 || length > LENGTH_MAX) return false;
    const below = Math.min(MANTISSA_BITS, Math.max(0, length - 1));
    const leading = length === 0 ? 0 : (1 << below) | bits.bits(below);
    frequencies[token] = leading << Math.max(0, length - 1 - below);
    rest -= frequencies[token] ?? 0;
    before = length;
  }
  frequencies[untold] = Math.max(0, rest);
  return rest > 0 && (frequencies[ESCAPE_TOKEN] ?? 0) > 0;
}

/** The last token, and the one that is not told: one that could not be, else the most frequent. */
function shapeOf(frequencies: Uint16Array): { last: number; untold: number } {
  const own = frequencies.subarray(0, ESCAPE_TOKEN);
  const last = Math.max(
    0,
    own.findLastIndex((frequency) => frequency > 0),
  );
  const most = frequencies.indexOf(frequencies.reduce((a, b) => Math.max(a, b), 0));
  const odd = frequencies.findIndex(
    (frequency) => frequency % 2 ** Math.max(0, 31 - Math.clz32(frequency) - MANTISSA_BITS) !== 0,
  );
  return { last, untold: odd < 0 ? most : odd };
}

/** The tokens whose frequencies are told. */
function* toldTokens(last: number, untold: number): Generator<number> {
  for (let token = 0; token <= last; token += 1) if (token !== untold) yield token;
  if (untold !== ESCAPE_TOKEN) yield ESCAPE_TOKEN;
}

/** Bits told of a frequency below its highest; the fit rounds to them, at a loss of about 0.001 bits a token. */
export const MANTISSA_BITS = 3;
/** What the first length of a table is told against. */
const LENGTH_FIRST = 4;
const LENGTH_MAX = 12;
