// Tokens and raw bits of src/codec/entropy, as they are taken, a row at a time.
import {
  FREQUENCY_BITS,
  LEAST,
  RAW_BITS,
  RAW_MASK,
  STATE_LOW,
  TOKEN_ROOM_BITS,
  turnRound,
} from "../entropy/tables";
import { contexts, payload, predictions, raws, TAKEN, TOKENS } from "./memory";

let state: u32 = 0;
/** The next word; past the end of the payload lie zeros. */
let front: usize = 0;
let end: usize = 0;
/** How many raw bits were taken. */
let taken: u32 = 0;

export function beginDecoding(bytes: i32): void {
  end = payload + bytes;
  store<u64>(end, 0);
  turnRound(payload, <usize>bytes, raws);
  taken = 0;
  state = load<u32>(payload);
  front = payload + 4;
}

/** Whether the payload ended where it must. */
export function hasEndedWell(): bool {
  const whole = <usize>((taken + 7) >>> 3);
  const left = taken & 7;
  const rest = left > 0 ? <u32>load<u8>(raws + min(whole, end - payload) - 1) >>> left : 0;
  return state === STATE_LOW && front + whole === end && rest === 0;
}

/** Fills a row of a phase (at offsets from `first` up to `last`) and its residuals by tables of a group of contexts. */
export function decodeRow(
  first: usize,
  last: usize,
  group: usize,
  values: usize,
  rest: usize,
): void {
  const limit = <u32>(end - payload);
  const past = end;
  let x = state;
  let next = front;
  let bits = taken;
  for (let at = first; at < last; at += 4) {
    const table = <usize>load<u8>(group + <usize>load<u32>(contexts + at));
    const place = x & 4095;
    const token = <usize>load<u8>(TOKENS + (table << FREQUENCY_BITS) + <usize>place);
    const entry = TAKEN + (table << (TOKEN_ROOM_BITS + 2)) + token;
    x = <u32>load<u16>(entry) * (x >>> FREQUENCY_BITS) + place - <u32>load<u16>(entry, 2);
    // Without branches: when a word is due is hard to foresee.
    const due = x < STATE_LOW;
    x = select((x << 16) | <u32>load<u16>(min(next, past)), x, due);
    next += (<usize>due) << 1;
    const held = load<u32>(raws + <usize>min(bits >>> 3, limit)) >>> (bits & 7);
    bits += load<u32>(RAW_BITS + token);
    const value = load<u32>(LEAST + token) + (held & load<u32>(RAW_MASK + token));
    const word = load<i32>(predictions + at);
    const flip = -(word & 1);
    const residual = (<i32>(value >>> 1) ^ -(<i32>value & 1) ^ flip) - flip;
    store<i32>(rest + at, residual);
    store<i32>(values + at, (word >> 1) + residual);
  }
  state = x;
  front = next;
  taken = bits;
}
