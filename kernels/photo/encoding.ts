// Tokens and raw bits of src/codec/entropy, as they are put.
import {
  ESCAPE_TOKEN,
  FREQUENCY_BITS,
  RECIPROCAL_BITS,
  rawBitsOf,
  STATE_LOW,
  TOKEN_ROOM_BITS,
  TOKENS_DIRECT,
  tokenOf,
} from "../entropy/tables";
import {
  COSTS,
  contexts,
  HISTOGRAMS,
  height,
  PUT,
  payload,
  predictions,
  raws,
  rowCosts,
  slots,
} from "./memory";

const COST_MASK: u32 = 0x7fff_ffff;

let slotAt: usize = 0;
let rawAt: usize = 0;
let rawHeld: u64 = 0;
let rawBits: i32 = 0;

export function beginEncoding(): void {
  memory.fill(rowCosts, 0, (<usize>height) << 2);
  slotAt = slots;
  rawAt = raws;
  rawHeld = 0;
  rawBits = 0;
}

/** Puts a row of a phase, whose samples are `step` apart from `sample` on, and adds what it costs to row `y`. */
export function encodeRow(
  first: usize,
  last: usize,
  group: usize,
  values: usize,
  rest: usize,
  sample: usize,
  step: usize,
  y: i32,
): void {
  let from = sample;
  let to = slotAt;
  let cost: u32 = 0;
  for (let at = first; at < last; at += 4) {
    const word = load<i32>(predictions + at);
    const own = load<i32>(from);
    from += step;
    const residual = own - (word >> 1);
    store<i32>(rest + at, residual);
    store<i32>(values + at, own);
    const flip = -(word & 1);
    const turned = (residual ^ flip) - flip;
    const value = (turned << 1) ^ (turned >> 31);
    const table = <usize>load<u8>(group + <usize>load<u32>(contexts + at));
    const row = table << TOKEN_ROOM_BITS;
    let token = value;
    if (value >= TOKENS_DIRECT) token = tokenOf(value);
    const price = load<u32>(COSTS + ((row + <usize>token) << 2));
    cost += price & COST_MASK;
    if (<i32>price < 0) token = ESCAPE_TOKEN;
    if (token >= TOKENS_DIRECT) putRaw(rawBitsOf(token), value);
    store<u16>(to, <u16>(row + <usize>token));
    to += 2;
  }
  slotAt = to;
  const place = rowCosts + ((<usize>y) << 2);
  store<u32>(place, load<u32>(place) + cost);
}

function putRaw(count: i32, value: i32): void {
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
  let state: u32 = STATE_LOW;
  for (let slot = slotAt; slot > slots; ) {
    slot -= 2;
    const entry = PUT + ((<usize>load<u16>(slot)) << 4);
    const frequency = load<u32>(entry, 8);
    if (<u64>state >= (<u64>frequency) << 20) {
      word -= 2;
      store<u16>(word, <u16>state);
      state >>>= 16;
    }
    const quotient = <u32>((<u64>state * load<u64>(entry)) >>> RECIPROCAL_BITS);
    state += quotient * ((1 << FREQUENCY_BITS) - frequency) + load<u32>(entry, 12);
  }
  const rawWhole: usize = rawAt - raws;
  const rawBytes: usize = rawWhole + <usize>(rawBits > 0);
  const bytes: usize = end - word + rawBytes + 4;
  if (bytes > <usize>capacity) return -1;
  store<u32>(payload, state);
  memory.copy(payload + 4, word, end - word);
  const to: usize = payload + bytes - 1;
  for (let i: usize = 0; i < rawWhole; i += 1) store<u8>(to - i, load<u8>(raws + i));
  if (rawBits > 0) store<u8>(to - rawWhole, <u8>rawHeld);
  return <i32>bytes;
}

/** Counts the tokens of a row by their contexts, the first of which is `context`; otherwise as `encodeRow`. */
export function countRow(
  first: usize,
  last: usize,
  group: usize,
  context: usize,
  values: usize,
  rest: usize,
  sample: usize,
  step: usize,
): void {
  let from = sample;
  for (let at = first; at < last; at += 4) {
    const word = load<i32>(predictions + at);
    const own = load<i32>(from);
    from += step;
    const residual = own - (word >> 1);
    store<i32>(rest + at, residual);
    store<i32>(values + at, own);
    const flip = -(word & 1);
    const turned = (residual ^ flip) - flip;
    const token = tokenOf((turned << 1) ^ (turned >> 31));
    const energy = load<u32>(contexts + at);
    const met = context + ((energy >>> 10) << 4) + <usize>load<u8>(group + <usize>energy);
    const place = HISTOGRAMS + (((met << TOKEN_ROOM_BITS) + <usize>token) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
}
