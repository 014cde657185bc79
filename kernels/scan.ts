// The inner loops of scan pieces: src/codec/scan/{model,coder}.ts and src/codec/entropy/rans.ts, bit for bit.
// The host fills the tables at the addresses that are told, calls `begin`, then `decodeRow` or `encodeRow` for each row.

const MARGIN: i32 = 2;
const NEIGHBOURS: i32 = 8;
const GROUP: i32 = 3 * NEIGHBOURS;
const UNREST_MAX: i32 = 4095;
const FIRST_UNREST: i32 = 1 << 20;
const TOKENS_DIRECT: i32 = 16;
const ESCAPE_TOKEN: i32 = 46;
const VALUE_BITS: i32 = 19;
const FREQUENCY_BITS: u32 = 12;
const STATE_LOW: u32 = 0x10000;

/** i32: 2 groups of planes, 3 classes, 8 neighbours. */
export const WEIGHTS = memory.data(2 * 3 * 8 * 4);
/** i32 for each plane. */
export const MIDDLES = memory.data(4 * 4);
/** u8: the level of each unrest. */
export const LEVELS = memory.data(4096);
/** u8: the table of each context. */
export const TABLES = memory.data(256);
/** u16: frequency and start of each token of each table. */
export const FREQUENCIES = memory.data(64 * 64 * 2);
export const STARTS = memory.data(64 * 64 * 2);
/** u32: what each token costs. */
export const COSTS = memory.data(64 * 64 * 4);
/** u8: the token at each place of each table. */
export const PLACES = memory.data(64 * 4096);
/** Coded bytes: a payload. */
export const PAYLOAD = memory.data(0x40000 + 16);
/** Words while they are written, from the end of the room to its front. */
const words = memory.data(0x40000 + 16);


let planes: i32 = 1;
let levels: i32 = 1;
let shift: i32 = 0;
let top: i32 = 255;
let sampleBytes: i32 = 1;
let decorrelated: bool = false;
/** Moves a difference up so far that its sign is the highest bit. */
let spare: i32 = 23;

let width: i32 = 0;
let row: i32 = 0;
/** Bytes of a line: a row of one plane as i32, with its margins. */
let lineBytes: usize = 0;
/** Where lines begin: of each plane three of numbers and two of errors. */
let lines: usize = 0;
/** Pixels of some rows, behind the lines. */
let pixels: usize = 0;
/** What an encoder keeps of each value, behind the pixels: the token's place in the tables, and the value in the low 19 bits. */
let kept: usize = 0;
let keptCount: i32 = 0;
/** Which of the three lines of numbers, and the two of errors, is the newest. */
let newest: i32 = 0;
let newestErrors: i32 = 0;

let state: u32 = 0;
let front: usize = 0;
let back: usize = 0;
let end: usize = 0;
let held: u32 = 0;
let heldBits: u32 = 0;

export function configure(planeCount: i32, levelCount: i32, unrestShift: i32, bits: i32, colours: i32): void {
  planes = planeCount;
  levels = levelCount;
  shift = unrestShift;
  top = (1 << bits) - 1;
  sampleBytes = bits >> 3;
  decorrelated = colours != 0;
  spare = 31 - bits;
}

/** Bytes that a rectangle takes in all: tables, lines, rows of pixels, and values kept. */
export function roomFor(pixelCount: i32, rows: i32, values: i32): usize {
  const linesBytes = <usize>(planes * 5) * <usize>((pixelCount + 2 * MARGIN) * 4);
  const pixelBytes = <usize>(rows * pixelCount * planes * sampleBytes);
  return __heap_base + 64 + linesBytes + pixelBytes + <usize>values * 4;
}

/** A new rectangle; returns where its pixels are put or found, `rows` rows at a time. */
export function begin(pixelCount: i32, rows: i32): usize {
  width = pixelCount;
  row = 0;
  newest = 0;
  newestErrors = 0;
  lineBytes = <usize>((pixelCount + 2 * MARGIN) * 4);
  lines = (__heap_base + 15) & ~15;
  pixels = lines + <usize>(planes * 5) * lineBytes;
  kept = (pixels + <usize>(rows * pixelCount * planes * sampleBytes) + 15) & ~15;
  keptCount = 0;
  return pixels;
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
  state |= word() << 16;
}

/** Whether the payload ends where its values do. */
export function ended(): bool {
  return state == STATE_LOW && front == back && held == 0;
}

// @ts-ignore: decorator
@inline
function word(): u32 {
  let value: u32 = 0;
  if (front < end) value = <u32>load<u16>(front);
  front += 2;
  return value;
}

// @ts-ignore: decorator
@inline
function takeRaw(count: u32): u32 {
  while (heldBits < count) {
    back -= 1;
    if (back >= PAYLOAD && back < end) held |= <u32>load<u8>(back) << heldBits;
    heldBits += 8;
  }
  const value = held & ((1 << count) - 1);
  held >>= count;
  heldBits -= count;
  return value;
}

// @ts-ignore: decorator
@inline
function takeValue(table: i32): i32 {
  const place = state & 4095;
  const token = <i32>load<u8>(PLACES + (<usize>table << 12) + <usize>place);
  const slot = <usize>((table << 6) + token) << 1;
  state = <u32>load<u16>(FREQUENCIES + slot) * (state >> FREQUENCY_BITS) + place - <u32>load<u16>(STARTS + slot);
  if (state < STATE_LOW) state = (state << 16) | word();
  if (token < TOKENS_DIRECT) return token;
  if (token == ESCAPE_TOKEN) return <i32>takeRaw(VALUE_BITS);
  const below = (token - TOKENS_DIRECT) & 1;
  const count = ((token - TOKENS_DIRECT) >> 1) + 3;
  return ((2 | below) << count) | <i32>takeRaw(count);
}

// @ts-ignore: decorator
@inline
function lineOf(plane: i32, index: i32): usize {
  return lines + <usize>(plane * 5 + index) * lineBytes + (MARGIN << 2);
}

// @ts-ignore: decorator
@inline
function errorsOf(plane: i32, index: i32): usize {
  return lineOf(plane, 3 + index);
}

// @ts-ignore: decorator
@inline
function isDifference(plane: i32): bool {
  return decorrelated && (plane == 1 || plane == 2);
}

/** Codes one plane of the newest row, its numbers known or to be known. Returns what an encoder's values cost. */
function codeLine(plane: i32, encodes: bool): u32 {
  const line = lineOf(plane, newest);
  const above = lineOf(plane, (newest + 2) % 3);
  const above2 = lineOf(plane, (newest + 1) % 3);
  const errors = errorsOf(plane, newestErrors);
  const errorsAbove = errorsOf(plane, newestErrors ^ 1);
  const errors0 = errorsOf(0, newestErrors);
  const errors1 = errorsOf(planes > 1 ? 1 : 0, newestErrors);
  const difference = isDifference(plane);
  const group = WEIGHTS + <usize>(difference ? GROUP * 4 : 0);
  const least = difference ? -top : 0;
  const first = row == 0;
  let cost: u32 = 0;

  let west2: i32 = 0, west: i32 = 0, north: i32 = 0, northWest: i32 = 0, northWest2: i32 = 0;
  let northEast: i32 = 0, errorWest: i32 = 0, errorNorth: i32 = 0, errorNorthWest: i32 = 0, errorNorthEast: i32 = 0;
  if (first) {
    west = load<i32>(MIDDLES + (<usize>plane << 2));
  } else {
    // Left of a row stands what is above its first pixel.
    northEast = load<i32>(above);
    north = northEast;
    northWest = northEast;
    west = northEast;
    west2 = northEast;
    errorNorthEast = load<i32>(errorsAbove);
    errorNorth = errorNorthEast;
    errorWest = errorNorthEast;
  }
  for (let x = 0; x < width; x += 1) {
    const at = <usize>x << 2;
    let prediction = west;
    let unrest = 0;
    if (first) {
      unrest = x == 0 ? FIRST_UNREST : 3 * errorWest;
    } else {
      northWest2 = northWest;
      northWest = north;
      north = northEast;
      northEast = load<i32>(above + at + 4);
      errorNorthWest = errorNorth;
      errorNorth = errorNorthEast;
      errorNorthEast = load<i32>(errorsAbove + at + 4);
      const across = abs(north - northWest);
      const down = abs(west - northWest);
      const low = min(west, north);
      const high = max(west, north);
      const base = northWest >= high ? low : northWest <= low ? high : west + north - northWest;
      const kind = across > 2 * down + 1 ? 1 : down > 2 * across + 1 ? 2 : 0;
      const w = group + <usize>(kind * NEIGHBOURS * 4);
      const sum =
        load<i32>(w) * (west - base) +
        load<i32>(w, 4) * (north - base) +
        load<i32>(w, 8) * (northWest - base) +
        load<i32>(w, 12) * (northEast - base) +
        load<i32>(w, 16) * (west2 - base) +
        load<i32>(w, 20) * (load<i32>(above2 + at) - base) +
        load<i32>(w, 24) * (northWest2 - base) +
        load<i32>(w, 28) * (load<i32>(above2 + at + 4) - base);
      prediction = max(least, min(top, base + ((sum + 128) >> 8)));
      unrest =
        across +
        down +
        abs(north - northEast) +
        2 * errorWest +
        errorNorth +
        ((errorNorthWest + errorNorthEast) >> 1);
    }
    if (plane > 0) {
      unrest += 2 * load<i32>(errors0 + at);
      if (plane == 2) unrest += 2 * load<i32>(errors1 + at);
    }
    const whole = unrest >> shift;
    const level = <i32>load<u8>(LEVELS + <usize>(whole < UNREST_MAX ? whole : UNREST_MAX));
    const table = <i32>load<u8>(TABLES + <usize>(plane * levels + level));
    let residual: i32, value: i32;
    if (encodes) {
      value = load<i32>(line + at);
      residual = value - prediction;
      cost += keep(table, (residual << 1) ^ (residual >> 31));
    } else {
      const coded = takeValue(table);
      residual = (coded >>> 1) ^ -(coded & 1);
      value = prediction + residual;
      value = difference ? (value << spare) >> spare : value & top;
      store<i32>(line + at, value);
    }
    errorWest = abs(residual);
    store<i32>(errors + at, errorWest);
    west2 = west;
    west = value;
  }
  return cost;
}

/** Keeps a value for `finish`; returns what it costs. */
// @ts-ignore: decorator
@inline
function keep(table: i32, value: i32): u32 {
  let token = value;
  if (value >= TOKENS_DIRECT) {
    const highest = 31 - clz(value);
    token = TOKENS_DIRECT + 2 * (highest - 4) + ((value >>> (highest - 1)) & 1);
  }
  const row = table << 6;
  const cost = load<u32>(COSTS + (<usize>(row + token) << 2));
  if (load<u16>(FREQUENCIES + (<usize>(row + token) << 1)) == 0) token = ESCAPE_TOKEN;
  store<u32>(kept + (<usize>keptCount << 2), (<u32>(row + token) << 19) | <u32>value);
  keptCount += 1;
  return cost;
}

/** Writes what lies beside the rows, for those below, and goes to the next row. */
function endRow(): void {
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    const last = <usize>(width - 1) << 2;
    const start = load<i32>(line);
    store<i32>(line - 4, start);
    store<i32>(line - 8, start);
    store<i32>(line + last + 4, load<i32>(line + last));
    const errors = errorsOf(plane, newestErrors);
    store<i32>(errors - 4, load<i32>(errors));
    store<i32>(errors + last + 4, load<i32>(errors + last));
    // Above the second row, two rows up, is the first.
    if (row == 0) memory.copy(lineOf(plane, (newest + 2) % 3) - 8, line - 8, lineBytes);
  }
  newest = (newest + 1) % 3;
  newestErrors ^= 1;
  row += 1;
}

/** Decodes rows to where `begin` said. */
export function decodeRows(rows: i32): void {
  let to = pixels;
  for (let i = 0; i < rows; i += 1) {
    for (let plane = 0; plane < planes; plane += 1) codeLine(plane, false);
    to = writePixels(to);
    endRow();
  }
}

/** Takes the next row from where `begin` said; returns what its values cost. */
export function encodeRow(): u32 {
  readPixels();
  let cost: u32 = 0;
  for (let plane = 0; plane < planes; plane += 1) cost += codeLine(plane, true);
  endRow();
  return cost;
}

/** How many values rows until now have. */
export function valueCount(): i32 {
  return keptCount;
}

/** Writes the payload of the first `count` values; its length, or 0 when it is longer than `capacity`. */
export function finish(count: i32, capacity: i32): i32 {
  let at: usize = words + 0x40000;
  let written = 4;
  let rawBits: i32 = 0;
  let coder: u32 = STATE_LOW;
  for (let index = count - 1; index >= 0; index -= 1) {
    const slot = load<u32>(kept + (<usize>index << 2)) >> 19;
    const frequency = <u32>load<u16>(FREQUENCIES + (<usize>slot << 1));
    rawBits += rawBitsOf(<i32>(slot & 63));
    if (coder >= frequency << 20) {
      written += 2;
      if (written > capacity) return 0;
      at -= 2;
      store<u16>(at, <u16>coder);
      coder >>= 16;
    }
    const quotient = coder / frequency;
    coder = (quotient << FREQUENCY_BITS) + (coder - quotient * frequency) + <u32>load<u16>(STARTS + (<usize>slot << 1));
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
    const one = load<u32>(kept + (<usize>index << 2));
    let left = <u32>rawBitsOf(<i32>((one >> 19) & 63));
    if (left == 0) continue;
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

// @ts-ignore: decorator
@inline
function rawBitsOf(token: i32): i32 {
  if (token < TOKENS_DIRECT) return 0;
  return token == ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
}

function readPixels(): void {
  const step = <usize>(planes * sampleBytes);
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    let from = pixels + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, from += step) {
      store<i32>(line + (<usize>x << 2), sampleBytes == 1 ? <i32>load<u8>(from) : <i32>load<u16>(from));
    }
  }
  if (!decorrelated) return;
  const reds = lineOf(0, newest), greens = lineOf(1, newest), blues = lineOf(2, newest);
  for (let x = 0; x < width; x += 1) {
    const at = <usize>x << 2;
    const blue = load<i32>(blues + at);
    const co = load<i32>(reds + at) - blue;
    const middle = blue + (co >> 1);
    const cg = load<i32>(greens + at) - middle;
    store<i32>(reds + at, middle + (cg >> 1));
    store<i32>(greens + at, cg);
    store<i32>(blues + at, co);
  }
}

/** Returns where the row after it begins. */
function writePixels(start: usize): usize {
  const step = <usize>(planes * sampleBytes);
  if (decorrelated) {
    const lumas = lineOf(0, newest), greens = lineOf(1, newest), oranges = lineOf(2, newest);
    let to = start;
    for (let x = 0; x < width; x += 1, to += step) {
      const at = <usize>x << 2;
      const cg = load<i32>(greens + at);
      const co = load<i32>(oranges + at);
      const middle = load<i32>(lumas + at) - (cg >> 1);
      const blue = middle - (co >> 1);
      put(to, blue + co);
      put(to + sampleBytes, cg + middle);
      put(to + 2 * sampleBytes, blue);
    }
  }
  for (let plane = decorrelated ? 3 : 0; plane < planes; plane += 1) {
    const line = lineOf(plane, newest);
    let to = start + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, to += step) put(to, load<i32>(line + (<usize>x << 2)));
  }
  return start + <usize>width * step;
}

// @ts-ignore: decorator
@inline
function put(to: usize, value: i32): void {
  if (sampleBytes == 1) store<u8>(to, <u8>value);
  else store<u16>(to, <u16>value);
}
