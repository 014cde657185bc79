// The inner loops of scan pieces: src/codec/scan/{model,coder}.ts and src/codec/entropy/rans.ts, bit for bit.
// The host fills the tables at the addresses that are told, calls `begin`, then `decodeRow` or `encodeRow` for each row.

import { LEVELS, MIDDLES, TABLES, WEIGHTS } from "./scan/memory";
import { beginKeeping, keep, takeValue } from "./scan/rans";

export {
  COSTS,
  FREQUENCIES,
  LEVELS,
  MIDDLES,
  PAYLOAD,
  PLACES,
  STARTS,
  TABLES,
  WEIGHTS,
} from "./scan/memory";
export { beginPayload, ended, finish, valueCount } from "./scan/rans";

const MARGIN: i32 = 2;
const NEIGHBOURS: i32 = 8;
const GROUP: i32 = 3 * NEIGHBOURS;
const UNREST_MAX: i32 = 4095;
const FIRST_UNREST: i32 = 1 << 20;

let planes: i32 = 1;
let levels: i32 = 1;
let shift: i32 = 0;
let top: i32 = 255;
let sampleBytes: i32 = 1;
let decorrelated: bool = false;
/** Moves a difference up so far that its sign is the highest bit. */
let spare: i32 = 23;

let width: i32 = 0;
let row: i32 = 0;
/** Bytes of a line: a row of one plane as i32, with its margins. */
let lineBytes: usize = 0;
/** Where lines begin: of each plane three of numbers and two of errors. */
let lines: usize = 0;
/** Pixels of some rows, behind the lines. */
let pixels: usize = 0;
/** Which of the three lines of numbers, and the two of errors, is the newest. */
let newest: i32 = 0;
let newestErrors: i32 = 0;
/** Whether the line under work is of differences, and whether its numbers are known. */
let difference: bool = false;
let coding: bool = false;
/** What the values of the newest row cost. */
let cost: u32 = 0;

export function configure(
  planeCount: i32,
  levelCount: i32,
  unrestShift: i32,
  bits: i32,
  colours: i32,
): void {
  planes = planeCount;
  levels = levelCount;
  shift = unrestShift;
  top = (1 << bits) - 1;
  sampleBytes = bits >> 3;
  decorrelated = colours !== 0;
  spare = 31 - bits;
}

/** Bytes that a rectangle takes in all: tables, lines, rows of pixels, and values kept. */
export function roomFor(pixelCount: i32, rows: i32, values: i32): usize {
  const linesBytes = <usize>(planes * 5) * <usize>((pixelCount + 2 * MARGIN) * 4);
  const pixelBytes = <usize>(rows * pixelCount * planes * sampleBytes);
  return __heap_base + 64 + linesBytes + pixelBytes + <usize>values * 4;
}

/** A new rectangle; returns where its pixels are put or found, `rows` rows at a time. */
export function begin(pixelCount: i32, rows: i32): usize {
  width = pixelCount;
  row = 0;
  newest = 0;
  newestErrors = 0;
  lineBytes = <usize>((pixelCount + 2 * MARGIN) * 4);
  lines = (__heap_base + 15) & ~15;
  pixels = lines + <usize>(planes * 5) * lineBytes;
  beginKeeping((pixels + <usize>(rows * pixelCount * planes * sampleBytes) + 15) & ~15);
  return pixels;
}

function lineOf(plane: i32, index: i32): usize {
  return lines + <usize>(plane * 5 + index) * lineBytes + (MARGIN << 2);
}

function errorsOf(plane: i32, index: i32): usize {
  return lineOf(plane, 3 + index);
}

/** Codes one plane of the newest row, its numbers known or to be known. */
function codeLine(plane: i32, encodes: bool): void {
  difference = decorrelated && (plane === 1 || plane === 2);
  coding = encodes;
  if (row === 0) codeFirstLine(plane);
  else codeLineBelow(plane);
}

function codeFirstLine(plane: i32): void {
  const line = lineOf(plane, newest);
  const errors = errorsOf(plane, newestErrors);
  let west = load<i32>(MIDDLES + ((<usize>plane) << 2));
  let unrest = FIRST_UNREST;
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    const table = tableFor(plane, at, unrest);
    west = codeNumber(line + at, errors + at, table, west);
    unrest = 3 * load<i32>(errors + at);
  }
}

function codeLineBelow(plane: i32): void {
  const line = lineOf(plane, newest);
  const above = lineOf(plane, (newest + 2) % 3);
  const above2 = lineOf(plane, (newest + 1) % 3);
  const errors = errorsOf(plane, newestErrors);
  const errorsAbove = errorsOf(plane, newestErrors ^ 1);
  const group = WEIGHTS + <usize>(difference ? GROUP * 4 : 0);
  const least = difference ? -top : 0;
  // Left of a row stands what is above its first pixel.
  let northEast = load<i32>(above);
  let north = northEast;
  let northWest = northEast;
  let west = northEast;
  let west2 = northEast;
  let errorNorthEast = load<i32>(errorsAbove);
  let errorNorth = errorNorthEast;
  let errorWest = errorNorthEast;
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    const northWest2 = northWest;
    northWest = north;
    north = northEast;
    northEast = load<i32>(above + at + 4);
    const errorNorthWest = errorNorth;
    errorNorth = errorNorthEast;
    errorNorthEast = load<i32>(errorsAbove + at + 4);
    const across = abs(north - northWest);
    const down = abs(west - northWest);
    const base = median(west, north, northWest);
    const w = group + <usize>(classOf(across, down) * NEIGHBOURS * 4);
    const sum =
      load<i32>(w) * (west - base) +
      load<i32>(w, 4) * (north - base) +
      load<i32>(w, 8) * (northWest - base) +
      load<i32>(w, 12) * (northEast - base) +
      load<i32>(w, 16) * (west2 - base) +
      load<i32>(w, 20) * (load<i32>(above2 + at) - base) +
      load<i32>(w, 24) * (northWest2 - base) +
      load<i32>(w, 28) * (load<i32>(above2 + at + 4) - base);
    const prediction = max(least, min(top, base + ((sum + 128) >> 8)));
    const unrest =
      across +
      down +
      abs(north - northEast) +
      2 * errorWest +
      errorNorth +
      ((errorNorthWest + errorNorthEast) >> 1);
    west2 = west;
    west = codeNumber(line + at, errors + at, tableFor(plane, at, unrest), prediction);
    errorWest = load<i32>(errors + at);
  }
}

/** The median of west, north and the plane through all three. */
function median(west: i32, north: i32, northWest: i32): i32 {
  const low = min(west, north);
  const high = max(west, north);
  if (northWest >= high) return low;
  return northWest <= low ? high : west + north - northWest;
}

function classOf(across: i32, down: i32): i32 {
  if (across > 2 * down + 1) return 1;
  return down > 2 * across + 1 ? 2 : 0;
}

/** The table of a pixel's context: what is around it is that unrestful, beside what planes before were off by here. */
function tableFor(plane: i32, at: usize, around: i32): i32 {
  let unrest = around;
  if (plane > 0) {
    unrest += 2 * load<i32>(errorsOf(0, newestErrors) + at);
    if (plane === 2) unrest += 2 * load<i32>(errorsOf(1, newestErrors) + at);
  }
  unrest >>= shift;
  const level = <i32>load<u8>(LEVELS + <usize>(unrest < UNREST_MAX ? unrest : UNREST_MAX));
  return <i32>load<u8>(TABLES + <usize>(plane * levels + level));
}

/** Codes a number of a line, and notes how far off its prediction was. Returns it. */
function codeNumber(number: usize, error: usize, table: i32, prediction: i32): i32 {
  let value: i32;
  let residual: i32;
  if (coding) {
    value = load<i32>(number);
    residual = value - prediction;
    cost += keep(table, (residual << 1) ^ (residual >> 31));
  } else {
    const coded = takeValue(table);
    residual = (coded >>> 1) ^ -(coded & 1);
    value = prediction + residual;
    value = difference ? (value << spare) >> spare : value & top;
    store<i32>(number, value);
  }
  store<i32>(error, abs(residual));
  return value;
}

/** Writes what lies beside the rows, for those below, and goes to the next row. */
function endRow(): void {
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    const last = (<usize>(width - 1)) << 2;
    const start = load<i32>(line);
    store<i32>(line - 4, start);
    store<i32>(line - 8, start);
    store<i32>(line + last + 4, load<i32>(line + last));
    const errors = errorsOf(plane, newestErrors);
    store<i32>(errors - 4, load<i32>(errors));
    store<i32>(errors + last + 4, load<i32>(errors + last));
    // Above the second row, two rows up, is the first.
    if (row === 0) memory.copy(lineOf(plane, (newest + 2) % 3) - 8, line - 8, lineBytes);
  }
  newest = (newest + 1) % 3;
  newestErrors ^= 1;
  row += 1;
}

/** Decodes rows to where `begin` said. */
export function decodeRows(rows: i32): void {
  let to = pixels;
  for (let i = 0; i < rows; i += 1) {
    for (let plane = 0; plane < planes; plane += 1) codeLine(plane, false);
    to = writePixels(to);
    endRow();
  }
}

/** Takes the next row from where `begin` said; returns what its values cost. */
export function encodeRow(): u32 {
  readPixels();
  cost = 0;
  for (let plane = 0; plane < planes; plane += 1) codeLine(plane, true);
  endRow();
  return cost;
}

function readPixels(): void {
  const step = <usize>(planes * sampleBytes);
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    let from = pixels + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, from += step) {
      store<i32>(
        line + ((<usize>x) << 2),
        sampleBytes === 1 ? <i32>load<u8>(from) : <i32>load<u16>(from),
      );
    }
  }
  if (!decorrelated) return;
  const reds = lineOf(0, newest),
    greens = lineOf(1, newest),
    blues = lineOf(2, newest);
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    const blue = load<i32>(blues + at);
    const co = load<i32>(reds + at) - blue;
    const middle = blue + (co >> 1);
    const cg = load<i32>(greens + at) - middle;
    store<i32>(reds + at, middle + (cg >> 1));
    store<i32>(greens + at, cg);
    store<i32>(blues + at, co);
  }
}

/** Returns where the row after it begins. */
function writePixels(start: usize): usize {
  const step = <usize>(planes * sampleBytes);
  if (decorrelated) {
    const lumas = lineOf(0, newest),
      greens = lineOf(1, newest),
      oranges = lineOf(2, newest);
    let to = start;
    for (let x = 0; x < width; x += 1, to += step) {
      const at = (<usize>x) << 2;
      const cg = load<i32>(greens + at);
      const co = load<i32>(oranges + at);
      const middle = load<i32>(lumas + at) - (cg >> 1);
      const blue = middle - (co >> 1);
      put(to, blue + co);
      put(to + sampleBytes, cg + middle);
      put(to + 2 * sampleBytes, blue);
    }
  }
  for (let plane = decorrelated ? 3 : 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    let to = start + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, to += step) put(to, load<i32>(line + ((<usize>x) << 2)));
  }
  return start + <usize>width * step;
}

function put(to: usize, value: i32): void {
  if (sampleBytes === 1) store<u8>(to, <u8>value);
  else store<u16>(to, <u16>value);
}
