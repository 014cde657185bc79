// The tables of src/codec/synth/match-tables.ts. Slots hold numbers of entries, which lie one behind the other as they were noted:
// what a piece looks up is near together so. The entries of the primer come first.
import { ENTRIES, SLOT_TABLE_BYTES, SLOTS } from "./memory";

const TIMES_MAX: i32 = 6;
const TIMES_FIRM: i32 = 3;
/** A slot is an entry's number above some bits of its check, so that most others are told apart without a look at the entry. */
const TAG_BITS: u32 = 14;
const TAG_MASK: u32 = (1 << TAG_BITS) - 1;
/** Fields of an entry: check, first, second, 2 * times + (there is a second), its slot, and what this held before. */
const ENTRY_LOG2: usize = 5;

let priming: bool = false;
/** The first entry of the piece, and the next one; 0 is none. */
let firstOwn: u32 = 1;
let next: u32 = 1;
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
  memory.fill(SLOTS, 0, 3 * SLOT_TABLE_BYTES);
  priming = true;
  firstOwn = 1;
  next = 1;
}

/** Goes back to what the primer left. */
export function nextPiece(): void {
  if (priming) {
    priming = false;
    firstOwn = next;
    return;
  }
  const end = entryOf(next);
  for (let entry = entryOf(firstOwn); entry < end; entry += 1 << ENTRY_LOG2) {
    store<u32>(load<usize>(entry, 16), load<u32>(entry, 20));
  }
  next = firstOwn;
}

function entryOf(number: u32): usize {
  return ENTRIES + ((<usize>number) << ENTRY_LOG2);
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
  slotA = SLOTS + ((<usize>(hashA >> 17)) << 2);
  slotB = SLOTS + SLOT_TABLE_BYTES + ((<usize>(hashB >> 17)) << 2);
  slotC = SLOTS + 2 * SLOT_TABLE_BYTES + ((<usize>(hashC >> 17)) << 2);
  foundA = found(slotA, checkA);
  foundB = found(slotB, checkB);
  foundC = found(slotC, checkC);
}

function tagOf(check: u32): u32 {
  return (check >> 1) & TAG_MASK;
}

/** The entry of a slot; 0 when it is of other surroundings. */
function found(slot: usize, check: u32): usize {
  const held = load<u32>(slot);
  if ((held & TAG_MASK) !== tagOf(check)) return 0;
  const entry = entryOf(held >> TAG_BITS);
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
    times = load<i32>(entry, 12);
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
  const own = ownEntry(slot, check);
  store<u32>(own, check);
  store<i32>(own, first, 4);
  store<i32>(own, second, 8);
  store<i32>(own, times, 12);
}

/** The entry of a slot that the piece may write: the one it has there, or a new one. */
function ownEntry(slot: usize, check: u32): usize {
  const held = load<u32>(slot);
  let number = held >> TAG_BITS;
  if (number < firstOwn) {
    number = next;
    next += 1;
    store<usize>(entryOf(number), slot, 16);
    store<u32>(entryOf(number), held, 20);
  }
  store<u32>(slot, (number << TAG_BITS) | tagOf(check));
  return entryOf(number);
}

export function first(entry: usize): i32 {
  return load<i32>(entry, 4);
}

export function second(entry: usize): i32 {
  return load<i32>(entry, 8);
}

export function hasSecond(entry: usize): bool {
  return entry !== 0 && (load<i32>(entry, 12) & 1) === 1;
}

export function standing(entry: usize, candidate: i32): i32 {
  if (entry === 0) return 0;
  const times = load<i32>(entry, 12);
  if (load<i32>(entry, 4) === candidate) return 3 + min(3, times >> 1);
  return (times & 1) === 1 && load<i32>(entry, 8) === candidate ? 2 : 1;
}
