// The range coder of src/codec/synth/range-coder.ts, both ways, and the adding up of what decisions would cost.
import { COSTS } from "./memory";

const RANGE_MIN: u32 = 1 << 24;

export let decoding: bool = false;
/** Whether decisions are only weighed. */
export let weighing: bool = false;
/** What decisions that were weighed cost, in 1/65536 bit. */
export let cost: f64 = 0;
let payload: usize = 0;
let payloadBytes: i32 = 0;
let range: u32 = 0;
let value: u32 = 0;
let low: u64 = 0;
let held: u32 = 0;
let heldBytes: i32 = 0;
let at: i32 = 0;
// Where an encoder can go back to.
let keptRange: u32 = 0;
let keptLow: u64 = 0;
let keptHeld: u32 = 0;
let keptHeldBytes: i32 = 0;
let keptAt: i32 = 0;

/** Begins a payload at a place: of so many bytes, or at most so many. */
export function start(place: usize, bytes: i32, decode: bool): void {
  payload = place;
  payloadBytes = bytes;
  decoding = decode;
  weighing = false;
  range = 0xffffffff;
  low = 0;
  held = 0;
  heldBytes = 1;
  at = decode ? 0 : -1;
  value = 0;
  if (decode) for (let byte = 0; byte < 4; byte += 1) readByte();
}

/** From now on decisions are weighed, beginning at no cost. */
export function weigh(): void {
  decoding = false;
  weighing = true;
  cost = 0;
}

export function keep(): void {
  keptRange = range;
  keptLow = low;
  keptHeld = held;
  keptHeldBytes = heldBytes;
  keptAt = at;
}

/** Ends a payload with what was last kept; returns its bytes. */
export function finish(): i32 {
  range = keptRange;
  low = keptLow;
  held = keptHeld;
  heldBytes = keptHeldBytes;
  at = keptAt;
  const end = low + <u64>range;
  let told = 0;
  for (; told < 4; told += 1) {
    const step: u64 = (<u64>1) << (<u64>(32 - 8 * told));
    const rounded = (low + step - 1) & ~(step - 1);
    if (rounded < end) {
      low = rounded;
      break;
    }
  }
  for (let byte = 0; byte <= told; byte += 1) shift();
  return at;
}

export function isFull(): bool {
  if (weighing) return false;
  return decoding ? at > payloadBytes + 4 : at + heldBytes + 4 > payloadBytes;
}

function readByte(): void {
  value = (value << 8) | (at < payloadBytes ? <u32>load<u8>(payload + <usize>at) : 0);
  at += 1;
}

function shift(): void {
  if (low < 0xff000000 || low > 0xffffffff) {
    const carry = <u32>(low >> 32);
    let byte = held;
    for (; heldBytes > 0; heldBytes -= 1) {
      if (<u32>at < <u32>payloadBytes) store<u8>(payload + <usize>at, <u8>(byte + carry));
      at += 1;
      byte = 0xff;
    }
    held = <u32>(low >> 24) & 0xff;
  }
  heldBytes += 1;
  low = (low & 0xffffff) << 8;
}

/** Codes a decision that is 1 with probability `ones` / 65536, and returns it. */
export function code(bit: i32, ones: u32): i32 {
  const zeros = (range >> 16) * (65536 - ones);
  // Without branches on the bit: what is coded is hard to foresee.
  if (decoding) {
    const coded = value >= zeros;
    value -= select(zeros, 0, coded);
    range = select(range - zeros, zeros, coded);
    while (range < RANGE_MIN) {
      range <<= 8;
      readByte();
    }
    return i32(coded);
  }
  if (weighing) {
    cost += <f64>load<i32>(COSTS + ((<usize>(bit === 0 ? 65536 - ones : ones) >> 4) << 2));
    return bit;
  }
  low += <u64>select(zeros, 0, bit !== 0);
  range = select(range - zeros, zeros, bit !== 0);
  while (range < RANGE_MIN) {
    range <<= 8;
    shift();
  }
  return bit;
}
