// Tokens and raw bits of src/codec/entropy, both ways.
import {
  COSTS,
  ENTRIES,
  HISTOGRAMS,
  height,
  payload,
  raws,
  rowCosts,
  slots,
  TOKEN_ROOM_BITS,
  TOKENS,
} from "./memory";

const FREQUENCY_BITS: i32 = 12;
const STATE_LOW: u32 = 0x1_0000;
const TOKENS_DIRECT: i32 = 16;
const ESCAPE_TOKEN: i32 = 46;
const VALUE_BITS: i32 = 19;

// Entropy decoding.
let state: u32 = 0;
let front: usize = 0;
let frontEnd: usize = 0;
let back: usize = 0;
let backEnd: usize = 0;
let takenHeld: u32 = 0;
let takenBits: i32 = 0;

export function beginDecoding(bytes: i32): void {
  front = payload;
  backEnd = payload;
  back = payload + bytes;
  frontEnd = back;
  takenHeld = 0;
  takenBits = 0;
  state = 0;
  state = nextWord();
  state |= nextWord() << 16;
}

/** Whether the payload ended where it must. */
export function hasEndedWell(): bool {
  return state === STATE_LOW && front === back && takenHeld === 0;
}

function nextWord(): u32 {
  const word: u32 = front + 2 <= frontEnd ? load<u16>(front) : 0;
  front += 2;
  return word;
}

export function take(table: usize): i32 {
  const place = state & 4095;
  const token = <i32>load<u8>(TOKENS + (table << FREQUENCY_BITS) + <usize>place);
  const entry = load<u32>(ENTRIES + (((table << TOKEN_ROOM_BITS) + <usize>token) << 2));
  let next = (entry & 0xffff) * (state >>> FREQUENCY_BITS) + place - (entry >>> 16);
  if (next < STATE_LOW) next = (next << 16) | nextWord();
  state = next;
  return token < TOKENS_DIRECT ? token : takeLarge(token);
}

function takeLarge(token: i32): i32 {
  const escaped = token >= ESCAPE_TOKEN;
  const count = escaped ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
  while (takenBits < count) {
    back -= 1;
    if (back >= backEnd) takenHeld |= (<u32>load<u8>(back)) << takenBits;
    takenBits += 8;
  }
  const raw = <i32>(takenHeld & ((1 << count) - 1));
  takenHeld >>>= count;
  takenBits -= count;
  return escaped ? raw : ((2 | ((token - TOKENS_DIRECT) & 1)) << count) | raw;
}

// Entropy encoding.
let slotAt: usize = 0;
let rawAt: usize = 0;
let rawHeld: u64 = 0;
let rawBits: i32 = 0;
let rowCost: u32 = 0;

export function beginEncoding(): void {
  memory.fill(rowCosts, 0, (<usize>height) << 2);
  slotAt = slots;
  rawAt = raws;
  rawHeld = 0;
  rawBits = 0;
}

export function startRow(): void {
  rowCost = 0;
}

function tokenOf(value: i32): i32 {
  if (value < TOKENS_DIRECT) return value;
  const top = 31 - clz(value);
  return TOKENS_DIRECT + 2 * (top - 4) + ((value >> (top - 1)) & 1);
}

export function put(table: usize, value: i32): void {
  const row = table << TOKEN_ROOM_BITS;
  let token = tokenOf(value);
  rowCost += load<u32>(COSTS + ((row + <usize>token) << 2));
  if (load<u16>(ENTRIES + ((row + <usize>token) << 2)) === 0) token = ESCAPE_TOKEN;
  store<u16>(slotAt, <u16>(row + <usize>token));
  slotAt += 2;
  if (token >= TOKENS_DIRECT) putRaw(token, value);
}

function putRaw(token: i32, value: i32): void {
  const count = token === ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
  rawHeld |= (<u64>(value & ((1 << count) - 1))) << rawBits;
  rawBits += count;
  while (rawBits >= 8) {
    store<u8>(rawAt, <u8>rawHeld);
    rawAt += 1;
    rawHeld >>>= 8;
    rawBits -= 8;
  }
}

/** Writes the payload; its length, or -1 when it is longer than `capacity`. */
export function finish(capacity: i32): i32 {
  const end: usize = raws;
  let word: usize = end;
  let coding: u32 = STATE_LOW;
  for (let slot = slotAt; slot > slots; ) {
    slot -= 2;
    const entry = load<u32>(ENTRIES + ((<usize>load<u16>(slot)) << 2));
    const frequency = entry & 0xffff;
    if (<u64>coding >= (<u64>frequency) << 20) {
      word -= 2;
      store<u16>(word, <u16>coding);
      coding >>>= 16;
    }
    const quotient = coding / frequency;
    coding = (quotient << FREQUENCY_BITS) + (coding - quotient * frequency) + (entry >>> 16);
  }
  const rawWhole: usize = rawAt - raws;
  const rawBytes: usize = rawWhole + <usize>(rawBits > 0);
  const bytes: usize = end - word + rawBytes + 4;
  if (bytes > <usize>capacity) return -1;
  store<u32>(payload, coding);
  memory.copy(payload + 4, word, end - word);
  const to: usize = payload + bytes - 1;
  for (let i: usize = 0; i < rawWhole; i += 1) store<u8>(to - i, load<u8>(raws + i));
  if (rawBits > 0) store<u8>(to - rawWhole, <u8>rawHeld);
  return <i32>bytes;
}

export function count(context: usize, value: i32): void {
  const place = HISTOGRAMS + (((context << TOKEN_ROOM_BITS) + <usize>tokenOf(value)) << 2);
  store<u32>(place, load<u32>(place) + 1);
}

export function chargeRow(y: i32): void {
  const place = rowCosts + ((<usize>y) << 2);
  store<u32>(place, load<u32>(place) + rowCost);
}
