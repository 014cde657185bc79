// What training asks while pixels are weighed: which are dear, and which colours had to be told.
import { EVENTS, EVENTS_MAX, NOTE_BITS, NOTES } from "./memory";
import { cost } from "./range-coder";

/** In 1/65536 bit: cheaper pixels are not worth teaching. */
const EVENT_COST_MIN: f64 = 98304;
const MASK: u32 = (1 << NOTE_BITS) - 1;
const NOTES_MAX: i32 = 1 << (NOTE_BITS - 1);

let wantsEvents: bool = false;
let events: i32 = 0;
let notes: i32 = 0;
let costBefore: f64 = 0;
let costAtEscape: f64 = -1;
let left: i32 = 0;
let y: i32 = 0;

/** Forgets what was noted. What follows is dear pixels by colour and surroundings, or else colours that are told. */
export function beginNotes(dear: bool): void {
  memory.fill(NOTES, 0, (<usize>16) << NOTE_BITS);
  wantsEvents = dear;
  events = 0;
  notes = 0;
  costAtEscape = -1;
}

export function eventCount(): i32 {
  return events;
}

/** A row follows, whose first pixel lies there. */
export function noteRow(x: i32, row: i32): void {
  left = x;
  y = row;
  costBefore = cost;
}

/** No candidate was right: the colour itself follows. */
export function noteEscape(): void {
  costAtEscape = cost;
}

/** A pixel was coded that was not simply flat; `context` tells its six neighbours. */
export function notePixel(column: i32, context: i32, key: i32): void {
  if (wantsEvents) {
    const own = cost - costBefore;
    if (own > EVENT_COST_MIN) noteEvent(column, <i32>(<u32>context >> 11), key, <u32>own);
  } else if (costAtEscape >= 0) {
    noteEvent(column, 0, key, <u32>(cost - costAtEscape));
  }
  costAtEscape = -1;
  costBefore = cost;
}

/** Adds to the note of a key in a context, and tells where: always of dear pixels, of told colours only the first time. */
function noteEvent(column: i32, context: i32, key: i32, own: u32): void {
  if (events === EVENTS_MAX) return;
  const note = noteIn(context, key, own);
  if (note < 0 || (!wantsEvents && load<u32>(NOTES + ((<usize>note) << 4), 8) > 1)) return;
  const event = EVENTS + ((<usize>events) << 4);
  store<i32>(event, note);
  store<u32>(event, own, 4);
  store<i32>(event, left + column, 8);
  store<i32>(event, y, 12);
  events += 1;
}

/** Adds to what is noted of a key in a context; returns where that stands, -1 when there is no room. */
function noteIn(context: i32, key: i32, own: u32): i32 {
  const hash = (context * <i32>0x85ebca6b) ^ (key * <i32>0x9e3779b1);
  let index = <u32>(hash * <i32>0xc2b2ae35) >> (32 - NOTE_BITS);
  let note = NOTES + ((<usize>index) << 4);
  while (load<u32>(note, 8) > 0 && (load<i32>(note) !== context || load<i32>(note, 4) !== key)) {
    index = (index + 1) & MASK;
    note = NOTES + ((<usize>index) << 4);
  }
  const times = load<u32>(note, 8);
  if (times === 0) {
    if (notes === NOTES_MAX) return -1;
    notes += 1;
    store<i32>(note, context);
    store<i32>(note, key, 4);
  }
  store<u32>(note, times + 1, 8);
  // In 1/256 bit, so that a sum has room.
  store<u32>(note, load<u32>(note, 12) + (own >> 8), 12);
  return <i32>index;
}
