// The entropy coder: src/codec/entropy/rans.ts, with static tables.

import { COSTS, ENTRIES, PAYLOAD, PLACES, WORDS, WORDS_BYTES } from "./memory";

const TOKENS_DIRECT: i32 = 16;
const ESCAPE_TOKEN: i32 = 46;
const VALUE_BITS: i32 = 19;
const FREQUENCY_BITS: u32 = 12;
const STATE_LOW: u32 = 0x10000;

let state: u32 = 0;
let front: usize = 0;
let back: usize = 0;
let end: usize = 0;
let held: u32 = 0;
let heldBits: u32 = 0;

/** What an encoder keeps of each value: the token's place in the tables, and the value in the low 19 bits. */
let kept: usize = 0;
let keptCount: i32 = 0;

/** Values are kept from an address on. */
export function beginKeeping(at: usize): void {
  kept = at;
  keptCount = 0;
}

/** A payload of some bytes lies at `PAYLOAD`. */
export function beginPayload(bytes: i32): void {
  front = PAYLOAD;
  end = PAYLOAD + <usize>bytes;
  back = end;
  held = 0;
  heldBits = 0;
  // What is read past the end is 0.
  store<u64>(end, 0);
  state = word();
  front += 2;
  state |= word() << 16;
  front += 2;
}

/** Whether the payload ends where its values do. */
export function ended(): bool {
  return state === STATE_LOW && front === back && held === 0;
}

/** The word at `front`; beyond the end 0. */
function word(): u32 {
  return <u32>load<u16>(min(front, end));
}

function takeRaw(count: u32): u32 {
  while (heldBits < count) {
    back -= 1;
    if (back >= PAYLOAD && back < end) held |= (<u32>load<u8>(back)) << heldBits;
    heldBits += 8;
  }
  const value = held & ((1 << count) - 1);
  held >>= count;
  heldBits -= count;
  return value;
}

export function takeValue(table: i32): i32 {
  const place = state & 4095;
  const token = <i32>load<u8>(PLACES + ((<usize>table) << 12) + <usize>place);
  const entry = load<u32>(ENTRIES + ((<usize>((table << 6) + token)) << 2));
  const next = (entry & 0xffff) * (state >> FREQUENCY_BITS) + place - (entry >> 16);
  // Without branches: when a word is due is hard to foresee.
  const due = next < STATE_LOW;
  state = select((next << 16) | word(), next, due);
  front += (<usize>due) << 1;
  if (token < TOKENS_DIRECT) return token;
  if (token === ESCAPE_TOKEN) return <i32>takeRaw(VALUE_BITS);
  const below = (token - TOKENS_DIRECT) & 1;
  const count = ((token - TOKENS_DIRECT) >> 1) + 3;
  return ((2 | below) << count) | <i32>takeRaw(count);
}

/** The token of a value; its other bits go raw. */
export function tokenOf(value: i32): i32 {
  if (value < TOKENS_DIRECT) return value;
  const highest = 31 - clz(value);
  return TOKENS_DIRECT + 2 * (highest - 4) + ((value >>> (highest - 1)) & 1);
}

/** Keeps a value for `finish`; returns what it costs. */
export function keep(table: i32, value: i32): u32 {
  let token = tokenOf(value);
  const row = table << 6;
  const cost = load<u32>(COSTS + ((<usize>(row + token)) << 2));
  if (load<u16>(ENTRIES + ((<usize>(row + token)) << 2)) === 0) token = ESCAPE_TOKEN;
  store<u32>(kept + ((<usize>keptCount) << 2), ((<u32>(row + token)) << 19) | <u32>value);
  keptCount += 1;
  return cost;
}

/** How many values rows until now have. */
export function valueCount(): i32 {
  return keptCount;
}

/** Writes the payload of the first `count` values; its length, or 0 when it is longer than `capacity`. */
export function finish(count: i32, capacity: i32): i32 {
  let at: usize = WORDS + WORDS_BYTES;
  let written = 4;
  let rawBits: i32 = 0;
  let coder: u32 = STATE_LOW;
  for (let index = count - 1; index >= 0; index -= 1) {
    const slot = load<u32>(kept + ((<usize>index) << 2)) >> 19;
    const entry = load<u32>(ENTRIES + ((<usize>slot) << 2));
    const frequency = entry & 0xffff;
    rawBits += rawBitsOf(<i32>(slot & 63));
    if (coder >= frequency << 20) {
      written += 2;
      if (written > capacity) return 0;
      at -= 2;
      store<u16>(at, <u16>coder);
      coder >>= 16;
    }
    const quotient = coder / frequency;
    coder = (quotient << FREQUENCY_BITS) + (coder - quotient * frequency) + (entry >> 16);
  }
  const bytes = written + ((rawBits + 7) >> 3);
  if (bytes > capacity) return 0;
  store<u32>(PAYLOAD, coder);
  memory.copy(PAYLOAD + 4, at, <usize>(written - 4));
  writeRaw(count, PAYLOAD + <usize>bytes);
  return bytes;
}

/** Raw bits go from the payload's end to its front. */
function writeRaw(count: i32, past: usize): void {
  let to = past;
  let gathered: u32 = 0;
  let bits: u32 = 0;
  for (let index = 0; index < count; index += 1) {
    const one = load<u32>(kept + ((<usize>index) << 2));
    const left = <u32>rawBitsOf(<i32>((one >> 19) & 63));
    if (left === 0) continue;
    gathered |= (one & ((1 << left) - 1)) << bits;
    bits += left;
    while (bits >= 8) {
      to -= 1;
      store<u8>(to, <u8>gathered);
      gathered >>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) store<u8>(to - 1, <u8>gathered);
}

function rawBitsOf(token: i32): i32 {
  if (token < TOKENS_DIRECT) return 0;
  return token === ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
}
