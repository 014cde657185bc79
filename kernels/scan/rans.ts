// The entropy coder: src/codec/entropy/rans.ts, with static tables.

import {
  ESCAPE_TOKEN,
  FREQUENCY_BITS,
  LEAST,
  makeTables,
  RAW_BITS,
  RAW_MASK,
  RECIPROCAL_BITS,
  rawBitsOf,
  STATE_LOW,
  TOKEN_ROOM_BITS,
  tokenOf,
  turnRound,
} from "../entropy/tables";
import {
  COSTS,
  FREQUENCIES,
  PAYLOAD,
  PLACES,
  PUT,
  TAKEN,
  TURNED,
  WORDS,
  WORDS_BYTES,
} from "./memory";

/** What a decoder holds between lines: its state, the next word, the payload's end, and how many raw bits were taken. */
export let state: u32 = 0;
export let front: usize = 0;
export let end: usize = 0;
export let taken: u32 = 0;

/** What an encoder keeps of each value: the token's place in the tables, and the value in the low 19 bits. */
let kept: usize = 0;
let keptCount: i32 = 0;

/** Takes the frequencies of so many tables, which the host has filled. */
export function setModel(tables: i32): void {
  makeTables(tables, FREQUENCIES, TAKEN, PUT, PLACES);
}

/** Values are kept from an address on. */
export function beginKeeping(at: usize): void {
  kept = at;
  keptCount = 0;
}

/** A payload of some bytes lies at `PAYLOAD`. */
export function beginPayload(bytes: i32): void {
  end = PAYLOAD + <usize>bytes;
  // What is read past the end is 0.
  store<u64>(end, 0);
  turnRound(PAYLOAD, <usize>bytes, TURNED);
  state = load<u32>(PAYLOAD);
  front = PAYLOAD + 4;
  taken = 0;
}

/** The next value, by a table. */
export function take(table: usize): i32 {
  const place = state & 4095;
  const token = <usize>load<u8>(PLACES + (table << FREQUENCY_BITS) + <usize>place);
  const entry = TAKEN + (table << (TOKEN_ROOM_BITS + 2)) + token;
  state = <u32>load<u16>(entry) * (state >>> FREQUENCY_BITS) + place - <u32>load<u16>(entry, 2);
  if (state < STATE_LOW) {
    state = (state << 16) | <u32>load<u16>(min(front, end));
    front += 2;
  }
  const from = TURNED + <usize>min(taken >>> 3, <u32>(end - PAYLOAD));
  const held = load<u32>(from) >>> (taken & 7);
  taken += load<u32>(RAW_BITS + token);
  return load<i32>(LEAST + token) + <i32>(held & load<u32>(RAW_MASK + token));
}

/** Keeps what a decoder holds for its next line. */
export function hold(next: u32, word: usize, bits: u32): void {
  state = next;
  front = word;
  taken = bits;
}

/** Whether the payload ends where its values do. */
export function ended(): bool {
  const whole = <usize>((taken + 7) >>> 3);
  if (state !== STATE_LOW || front + whole !== end) return false;
  const left = taken & 7;
  return left === 0 || <u32>load<u8>(TURNED + whole - 1) >>> left === 0;
}

/** Keeps a value for `finish`; returns what it costs. */
export function keep(table: usize, value: i32): u32 {
  let token = tokenOf(value);
  const row = (<i32>table) << TOKEN_ROOM_BITS;
  const cost = load<u32>(COSTS + ((<usize>(row + token)) << 2));
  if (load<u16>(FREQUENCIES + ((<usize>(row + token)) << 1)) === 0) token = ESCAPE_TOKEN;
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
    const entry = PUT + ((<usize>slot) << 4);
    const frequency = load<u32>(entry, 8);
    rawBits += rawBitsOf(<i32>(slot & 63));
    if (<u64>coder >= (<u64>frequency) << 20) {
      written += 2;
      if (written > capacity) return 0;
      at -= 2;
      store<u16>(at, <u16>coder);
      coder >>= 16;
    }
    const quotient = <u32>((<u64>coder * load<u64>(entry)) >>> RECIPROCAL_BITS);
    coder += quotient * ((1 << FREQUENCY_BITS) - frequency) + load<u32>(entry, 12);
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
