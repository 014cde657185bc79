// Numbers of a row, one after another: decoded (i32), kept for encoding (u32) or counted (f32).
import {
  FREQUENCY_BITS,
  LEAST,
  RAW_BITS,
  RAW_MASK,
  STATE_LOW,
  TOKEN_ROOM_BITS,
} from "../entropy/tables";
import { acrossLine, noteKnown, rowWeights, unrestLine, weighedLine } from "./known";
import { errorsOf, isDifference, lineBytes, lineOf, planes, row, top, width } from "./lines";
import { MIDDLES, PAYLOAD, PLACES, TABLES, TAKEN, TURNED } from "./memory";
import { end, front, hold, keep, state, take, taken } from "./rans";
import { classOf, count, medianOf } from "./study";

const UNREST_MAX: i32 = 4095;
const FIRST_UNREST: i32 = 1 << 20;

let shift: i32 = 0;
/** Moves a difference up so far that its sign is the highest bit. */
let spare: i32 = 23;

/** Unrest is divided by 2 to the power of `unrestShift`; samples have so many bits. */
export function setUnrest(unrestShift: i32, bits: i32): void {
  shift = unrestShift;
  spare = 31 - bits;
}

/** Works through the planes of the newest row, its numbers known or to be known; what its values cost, if they are kept. */
export function codeRow<T>(): u32 {
  let cost: u32 = 0;
  for (let plane = 0; plane < planes; plane += 1) {
    cost += row === 0 ? codeFirst<T>(plane) : codeBelow<T>(plane);
  }
  return cost;
}

function codeFirst<T>(plane: i32): u32 {
  const line = lineOf(plane, 0);
  const errors = errorsOf(plane, 0);
  let cost: u32 = 0;
  let prediction = load<i32>(MIDDLES + ((<usize>plane) << 2));
  let near = FIRST_UNREST;
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    let unrest = near;
    if (plane > 0) unrest += 2 * load<i32>(errorsOf(0, 0) + at);
    if (plane === 2) unrest += 2 * load<i32>(errorsOf(1, 0) + at);
    const table = tableOf(plane, unrest);
    if (isSigned<T>() && isInteger<T>()) {
      const value = take(table);
      const number = prediction + ((value >>> 1) ^ -(value & 1));
      store<i32>(line + at, isDifference(plane) ? (number << spare) >> spare : number & top);
      store<i32>(errors + at, (value + 1) >>> 1);
    } else {
      const residual = load<i32>(line + at) - prediction;
      const value = (residual << 1) ^ (residual >> 31);
      if (isInteger<T>()) cost += keep(table, value);
      else count(plane, unrest, value);
      store<i32>(errors + at, abs(residual));
    }
    prediction = load<i32>(line + at);
    near = 3 * load<i32>(errors + at);
  }
  return cost;
}

function codeBelow<T>(plane: i32): u32 {
  const difference = isDifference(plane);
  noteKnown(plane, difference);
  const line = lineOf(plane, 0);
  const above = lineOf(plane, 1);
  const errors = errorsOf(plane, 0);
  const weighed = weighedLine();
  const across = acrossLine();
  const unrests = unrestLine();
  const lanes = rowWeights(difference);
  const classBytes = lineBytes;
  const least = difference ? -top : 0;
  const limit = <u32>(end - PAYLOAD);
  let coder = state;
  let word = front;
  let bits = taken;
  let cost: u32 = 0;
  // Left of a row stands what is above its first pixel.
  let west = load<i32>(above);
  let west2 = west;
  let northWest = west;
  let errorWest = load<i32>(errorsOf(plane, 1));
  for (let at: usize = 0; at < (<usize>width) << 2; at += 4) {
    const north = load<i32>(above + at);
    const down = abs(west - northWest);
    const base = medianOf(west, north, northWest);
    const kind = <usize>classOf(load<i32>(across + at), down);
    const lane = lanes + (kind << 4);
    const beside = load<i32>(lane) * west + load<i32>(lane, 4) * west2;
    const sum = load<i32>(weighed + kind * classBytes + at) + beside - load<i32>(lane, 8) * base;
    const prediction = max(least, min(top, base + ((sum + 128) >> 8)));
    const unrest = load<i32>(unrests + at) + down + 2 * errorWest;
    const table = tableOf(plane, unrest);
    northWest = north;
    west2 = west;
    let residual: i32;
    if (isSigned<T>() && isInteger<T>()) {
      // As `take` does, but without memory between numbers.
      const place = coder & 4095;
      const token = <usize>load<u8>(PLACES + (table << FREQUENCY_BITS) + <usize>place);
      const entry = TAKEN + (table << (TOKEN_ROOM_BITS + 2)) + token;
      coder = <u32>load<u16>(entry) * (coder >>> FREQUENCY_BITS) + place - <u32>load<u16>(entry, 2);
      // Without branches: when a word is due is hard to foresee.
      const due = coder < STATE_LOW;
      coder = select((coder << 16) | <u32>load<u16>(min(word, end)), coder, due);
      word += (<usize>due) << 1;
      const held = load<u32>(TURNED + <usize>min(bits >>> 3, limit)) >>> (bits & 7);
      bits += load<u32>(RAW_BITS + token);
      const value = load<i32>(LEAST + token) + <i32>(held & load<u32>(RAW_MASK + token));
      residual = (value >>> 1) ^ -(value & 1);
      west = prediction + residual;
      west = difference ? (west << spare) >> spare : west & top;
      store<i32>(line + at, west);
    } else {
      west = load<i32>(line + at);
      residual = west - prediction;
      const value = (residual << 1) ^ (residual >> 31);
      if (isInteger<T>()) cost += keep(table, value);
      else count(plane, unrest, value);
    }
    errorWest = abs(residual);
    store<i32>(errors + at, errorWest);
  }
  hold(coder, word, bits);
  return cost;
}

function tableOf(plane: i32, unrest: i32): usize {
  return <usize>load<u8>(TABLES + <usize>((plane << 12) + min(unrest >> shift, UNREST_MAX)));
}
