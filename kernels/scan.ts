// The inner loops of scan pieces: src/codec/scan/{model,coder}.ts and src/codec/entropy/rans.ts, bit for bit.
// The host fills the tables at the addresses that are told, calls `begin`, then `decodeRows`, `encodeRow` or `studyRow` for the rows.

import {
  beginLines,
  endRow,
  errorsOf,
  isDifference,
  lineOf,
  linesRoom,
  planes,
  readPixels,
  row,
  setFormat,
  top,
  width,
  writePixels,
} from "./scan/lines";
import { MIDDLES, TABLES, WEIGHTS } from "./scan/memory";
import { beginKeeping, keep, takeValue } from "./scan/rans";
import { classOf, count, learnRow, medianOf } from "./scan/study";

export {
  COSTS,
  COUNTS,
  ENTRIES,
  MIDDLES,
  PAYLOAD,
  PLACES,
  PRODUCTS,
  STEPS,
  TABLES,
  WEIGHTS,
} from "./scan/memory";
export { beginPayload, ended, finish, valueCount } from "./scan/rans";

const NEIGHBOURS: i32 = 8;
const GROUP: i32 = 3 * NEIGHBOURS;
const UNREST_MAX: i32 = 4095;
const FIRST_UNREST: i32 = 1 << 20;

/** What becomes of numbers. */
const DECODING: i32 = 0;
const ENCODING: i32 = 1;
const COUNTING: i32 = 2;

/** i32: of each group, 8 neighbours and then their sum, one lane for each class. */
const LANES = memory.data(2 * 9 * 16, 16);
/** i32: for each class, what the neighbours but the west add up to. */
const SUMS = memory.data(16, 16);

let shift: i32 = 0;
let work: i32 = DECODING;
/** Whether the line under work is of differences. */
let difference: bool = false;
/** Moves a difference up so far that its sign is the highest bit. */
let spare: i32 = 23;
/** What the values of the newest row cost. */
let cost: u32 = 0;

/** Takes the format, and the weights that the host has filled. */
export function configure(planeCount: i32, unrestShift: i32, bits: i32, colours: bool): void {
  setFormat(planeCount, bits, colours);
  shift = unrestShift;
  spare = 31 - bits;
  for (let group = 0; group < 2; group += 1) {
    for (let lane = 0; lane < 3; lane += 1) {
      const from = WEIGHTS + <usize>((group * GROUP + lane * NEIGHBOURS) * 4);
      const to = LANES + <usize>(group * 144 + lane * 4);
      let sum = 0;
      for (let index = 0; index < NEIGHBOURS; index += 1) {
        const weight = load<i32>(from + <usize>(index * 4));
        store<i32>(to + <usize>(index * 16), weight);
        sum += weight;
      }
      store<i32>(to, sum, 128);
    }
  }
}

/** Bytes that a rectangle takes in all: tables, lines, rows of pixels, and values kept. */
export function roomFor(pixelCount: i32, rows: i32, values: i32): usize {
  return linesRoom(pixelCount, rows) + 32 + <usize>values * 4;
}

/** A new rectangle; returns where its pixels are put or found, `rows` rows at a time. */
export function begin(pixelCount: i32, rows: i32): usize {
  beginKeeping((linesRoom(pixelCount, rows) + 15) & ~15);
  return beginLines(pixelCount);
}

/** Works through the planes of the newest row, its numbers known or to be known. */
function codeLines(): void {
  for (let plane = 0; plane < planes; plane += 1) {
    difference = isDifference(plane);
    if (row === 0) codeFirstLine(plane);
    else codeLineBelow(plane);
  }
}

function codeFirstLine(plane: i32): void {
  const line = lineOf(plane, 0);
  const errors = errorsOf(plane, 0);
  let west = load<i32>(MIDDLES + ((<usize>plane) << 2));
  let unrest = FIRST_UNREST;
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    west = codeNumber(plane, line + at, errors + at, unrest + helped(plane, at), west);
    unrest = 3 * load<i32>(errors + at);
  }
}

function codeLineBelow(plane: i32): void {
  const line = lineOf(plane, 0);
  const above = lineOf(plane, 1);
  const above2 = lineOf(plane, 2);
  const errors = errorsOf(plane, 0);
  const errorsAbove = errorsOf(plane, 1);
  const lanes = LANES + <usize>(difference ? 144 : 0);
  const weightNorth = v128.load(lanes, 16);
  const weightNorthWest = v128.load(lanes, 32);
  const weightNorthEast = v128.load(lanes, 48);
  const weightWest2 = v128.load(lanes, 64);
  const weightNorth2 = v128.load(lanes, 80);
  const weightNorthWest2 = v128.load(lanes, 96);
  const weightNorthEast2 = v128.load(lanes, 112);
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
    // The west is known last: what does not need it goes first, for all classes at once.
    const sums = i32x4.add(
      i32x4.add(
        i32x4.add(
          i32x4.mul(weightNorth, i32x4.splat(north)),
          i32x4.mul(weightNorthWest, i32x4.splat(northWest)),
        ),
        i32x4.add(
          i32x4.mul(weightNorthEast, i32x4.splat(northEast)),
          i32x4.mul(weightNorthWest2, i32x4.splat(northWest2)),
        ),
      ),
      i32x4.add(
        i32x4.add(
          i32x4.mul(weightNorth2, i32x4.splat(load<i32>(above2 + at))),
          i32x4.mul(weightNorthEast2, i32x4.splat(load<i32>(above2 + at + 4))),
        ),
        i32x4.mul(weightWest2, i32x4.splat(west2)),
      ),
    );
    v128.store(SUMS, sums);
    const across = abs(north - northWest);
    const unrestKnown =
      across + abs(north - northEast) + errorNorth + ((errorNorthWest + errorNorthEast) >> 1);
    const down = abs(west - northWest);
    const base = medianOf(west, north, northWest);
    const lane = (<usize>classOf(across, down)) << 2;
    const sum =
      load<i32>(SUMS + lane) + load<i32>(lanes + lane) * west - load<i32>(lanes + lane, 128) * base;
    const prediction = max(least, min(top, base + ((sum + 128) >> 8)));
    const unrest = unrestKnown + down + 2 * errorWest + helped(plane, at);
    west2 = west;
    west = codeNumber(plane, line + at, errors + at, unrest, prediction);
    errorWest = load<i32>(errors + at);
  }
}

/** The unrest that the planes before have by their errors at the same pixel. */
function helped(plane: i32, at: usize): i32 {
  if (plane === 0) return 0;
  const first = 2 * load<i32>(errorsOf(0, 0) + at);
  return plane === 2 ? first + 2 * load<i32>(errorsOf(1, 0) + at) : first;
}

/** Works on a number of a line, and notes how far off its prediction was. Returns it. */
function codeNumber(plane: i32, number: usize, error: usize, unrest: i32, prediction: i32): i32 {
  let value: i32;
  let residual: i32;
  if (work === DECODING) {
    const coded = takeValue(tableOf(plane, unrest));
    residual = (coded >>> 1) ^ -(coded & 1);
    value = prediction + residual;
    value = difference ? (value << spare) >> spare : value & top;
    store<i32>(number, value);
  } else {
    value = load<i32>(number);
    residual = value - prediction;
    const kept = (residual << 1) ^ (residual >> 31);
    if (work === ENCODING) cost += keep(tableOf(plane, unrest), kept);
    else count(plane, unrest, kept);
  }
  store<i32>(error, abs(residual));
  return value;
}

function tableOf(plane: i32, unrest: i32): i32 {
  return <i32>load<u8>(TABLES + <usize>((plane << 12) + min(unrest >> shift, UNREST_MAX)));
}

/** Decodes rows to where `begin` said. */
export function decodeRows(start: usize, rows: i32): void {
  work = DECODING;
  let to = start;
  for (let i = 0; i < rows; i += 1) {
    codeLines();
    to = writePixels(to);
    endRow();
  }
}

/** Takes the next row from where `begin` said; returns what its values cost. */
export function encodeRow(): u32 {
  work = ENCODING;
  readPixels();
  cost = 0;
  codeLines();
  endRow();
  return cost;
}

/** Takes the next row from where `begin` said, and adds what it shows: to the sums for weights, or to the counts of tokens. */
export function studyRow(counts: bool): void {
  work = COUNTING;
  readPixels();
  if (counts) codeLines();
  else learnRow();
  endRow();
}
