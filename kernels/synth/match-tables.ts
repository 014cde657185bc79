// The tables of src/codec/synth/match-tables.ts. A slot holds what this piece noted and, beside it, what the primer left.
import { PRIMED, SLOT_BYTES, SLOTS, TABLE_BYTES } from "./memory";

const TIMES_MAX: i32 = 6;
const TIMES_FIRM: i32 = 3;
const PIECES_MAX: u32 = 1 << 28;

/** Of the piece under work; 0 while the primer is taught, which notes where pieces look for what it left. */
export let piece: u32 = 0;
let base: usize = SLOTS;
let checkA: u32 = 0;
let checkB: u32 = 0;
let checkC: u32 = 0;
let slotA: usize = 0;
let slotB: usize = 0;
let slotC: usize = 0;
// The entries that hold for the pixel looked up last; 0 where there is none.
export let foundA: usize = 0;
export let foundB: usize = 0;
export let foundC: usize = 0;

/** Forgets everything; the primer follows. */
export function beginPrimer(): void {
  memory.fill(SLOTS, 0, 3 * TABLE_BYTES);
  piece = 0;
  base = SLOTS + PRIMED;
}

/** Goes back to what the primer left. */
export function nextPiece(): void {
  base = SLOTS;
  piece += 1;
  if (piece !== PIECES_MAX) return;
  piece = 1;
  for (let slot = SLOTS; slot < SLOTS + 3 * TABLE_BYTES; slot += SLOT_BYTES) {
    store<u32>(slot, 0, 12);
  }
}

function stirred(sum: i32, factor: i32): u32 {
  const product = <u32>((sum ^ <i32>(<u32>sum >> 15)) * factor);
  return product ^ (product >> 13);
}

/** Finds the slots of a pixel's surroundings by three sums of neighbours. */
export function look(twelve: i32, six: i32, three: i32): void {
  const hashA = stirred(twelve, 0x2c1b3c6d);
  const hashB = stirred(six, 0x297a2d39);
  const hashC = stirred(three, 0x2c1b3c6d);
  checkA = hashA | 1;
  checkB = hashB | 1;
  checkC = hashC | 1;
  slotA = base + ((<usize>(hashA >> 17)) << 5);
  slotB = base + TABLE_BYTES + ((<usize>(hashB >> 17)) << 5);
  slotC = base + 2 * TABLE_BYTES + ((<usize>(hashC >> 17)) << 5);
  foundA = found(slotA, checkA);
  foundB = found(slotB, checkB);
  foundC = found(slotC, checkC);
}

/** The entry of a slot that holds now, the piece's own or the primer's; 0 when it is of other surroundings. */
function found(slot: usize, check: u32): usize {
  const entry = load<u32>(slot, 12) >> 4 === piece ? slot : slot + PRIMED;
  return load<u32>(entry) === check ? entry : 0;
}

/** Notes that a key followed. */
export function noteAll(key: i32): void {
  note(slotA, foundA, checkA, key);
  note(slotB, foundB, checkB, key);
  note(slotC, foundC, checkC, key);
}

function note(slot: usize, entry: usize, check: u32, key: i32): void {
  let first = key;
  let second = 0;
  let times = 0;
  if (entry !== 0) {
    first = load<i32>(entry, 4);
    second = load<i32>(entry, 8);
    times = load<i32>(entry, 12) & 15;
    if (first === key) {
      if (times < 2 * TIMES_MAX) times += 2;
    } else if (times >= 2 * TIMES_FIRM && !((times & 1) === 1 && second === key)) {
      second = key;
      times = ((times >> 2) << 1) | 1;
    } else {
      second = first;
      first = key;
      times = 1;
    }
  }
  store<u32>(slot, check);
  store<i32>(slot, first, 4);
  store<i32>(slot, second, 8);
  store<u32>(slot, (piece << 4) | <u32>times, 12);
}

export function first(entry: usize): i32 {
  return load<i32>(entry, 4);
}

export function second(entry: usize): i32 {
  return load<i32>(entry, 8);
}

export function hasSecond(entry: usize): bool {
  return entry !== 0 && (load<u32>(entry, 12) & 1) === 1;
}

export function standing(entry: usize, candidate: i32): i32 {
  if (entry === 0) return 0;
  const times = load<i32>(entry, 12) & 15;
  if (load<i32>(entry, 4) === candidate) return 3 + min(3, times >> 1);
  return (times & 1) === 1 && load<i32>(entry, 8) === candidate ? 2 : 1;
}
