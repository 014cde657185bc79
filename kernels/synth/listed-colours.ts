// Keys of pixels that have more than 4 bytes, as the colours that src/codec/synth/colours.ts lists.
import { COLOUR_BITS, COLOURS } from "./memory";

const COLOURS_MAX: i32 = 65536;
const MASK: u32 = (1 << COLOUR_BITS) - 1;
/** The stamp of colours that the primer or the palette has. */
const LASTING: u32 = 1;
const STAMPS_MAX: u32 = 1 << 30;

let stamp: u32 = LASTING;
let met: i32 = 0;
let metLasting: i32 = 0;
/** More colours were met than there may be. */
export let tooMany: bool = false;

/** Forgets all colours; those that come now will last. */
export function beginColours(): void {
  memory.fill(COLOURS, 0, (<usize>16) << COLOUR_BITS);
  stamp = LASTING;
  met = 0;
  metLasting = 0;
  tooMany = false;
}

/** Those met until here last. */
export function keepColours(): void {
  metLasting = met;
}

/** Forgets the colours of the piece before. */
export function forgetColours(): void {
  stamp += 1;
  met = metLasting;
  tooMany = false;
  if (stamp < STAMPS_MAX) return;
  stamp = LASTING + 1;
  for (let index: u32 = 0; index <= MASK; index += 1) {
    const entry = COLOURS + ((<usize>index) << 4);
    if (load<u32>(entry, 12) !== LASTING) store<u32>(entry, 0, 12);
  }
}

/** The entry of a key, or that in which it is to go. */
function entryOf(key: i32): usize {
  let index = <u32>(key * <i32>0x9e3779b1) >> (32 - COLOUR_BITS);
  let entry = COLOURS + ((<usize>index) << 4);
  while (isTaken(entry) && load<i32>(entry) !== key) {
    index = (index + 1) & MASK;
    entry = COLOURS + ((<usize>index) << 4);
  }
  return entry;
}

function isTaken(entry: usize): bool {
  const own = load<u32>(entry, 12);
  return own === LASTING || own === stamp;
}

/** The key of a pixel, by its bytes 0 to 3 and the others. */
export function keyOf(low: i32, high: i32): i32 {
  const sum = low * <i32>0x9e3779b1 + high * <i32>0x85ebca6b;
  let key = sum ^ <i32>(<u32>sum >> 15);
  let entry = entryOf(key);
  while (isTaken(entry) && (load<i32>(entry, 4) !== low || load<i32>(entry, 8) !== high)) {
    key += 1;
    entry = entryOf(key);
  }
  if (isTaken(entry)) return key;
  if (met === COLOURS_MAX) {
    tooMany = true;
    return key;
  }
  met += 1;
  store<i32>(entry, key);
  store<i32>(entry, low, 4);
  store<i32>(entry, high, 8);
  store<u32>(entry, stamp, 12);
  return key;
}

/** The bytes of a key's pixel, the first one lowest; 0 for a key that was not met. */
export function bytesOf(key: i32): u64 {
  const entry = entryOf(key);
  return isTaken(entry) ? load<u64>(entry, 4) : 0;
}
