// Photographic pieces: the inner loops of src/codec/photo, whose reference says what is done here, and of src/codec/entropy.
// The host (src/codec/photo/photo-kernel.ts) writes tables to the fixed places below, calls `prepare` for the piece's size, and copies
// pixels and payloads to and from where the `...At` functions say.

const MARGIN: i32 = 2;
const TAPS_MAX: i32 = 6;
const TOKEN_ROOM_BITS: i32 = 6;
const FREQUENCY_BITS: i32 = 12;
const STATE_LOW: u32 = 0x1_0000;
const TOKENS_DIRECT: i32 = 16;
const ESCAPE_TOKEN: i32 = 46;
const VALUE_BITS: i32 = 19;
const ENERGY_MAX: u32 = 1023;
const ENERGY_EDGE: i32 = 60;
const ENERGY_UNKNOWN: i32 = 1 << 20;
const STEP_COARSEST: i32 = 8;

/** i32 weights, as `Filters.weights`. */
export const WEIGHTS: usize = 0x1_0000;
/** u8 number of the table, for each context group of 1,024 energies. */
export const TABLE_OF: usize = 0x2_0000;
/** u32 frequency + 65,536 start, 64 a table. */
export const ENTRIES: usize = 0x3_0000;
/** u32 costs, 64 a table. */
export const COSTS: usize = 0x4_0000;
/** u8 token of each place, 4,096 a table. */
export const TOKENS: usize = 0x5_0000;
/** u32 how often each token occurred in each context, 64 a context. */
export const HISTOGRAMS: usize = 0x10_0000;
/** f64 sums of products of deviations, for each filter a matrix of 6 by 6; only its lower half is filled. */
export const PRODUCTS: usize = 0x14_0000;
/** f64 sums of products of deviations and of what they are to predict, 6 a filter. */
export const TARGETS: usize = 0x14_8000;
/** f64 deviations of the sample under study. */
const DEVIATIONS: usize = 0x14_f000;
/** Pieces' memory begins here. */
const PIECE: usize = 0x15_0000;

// The format.
let planeCount: i32 = 0;
let colours: i32 = 0;
let transformed: bool = false;
let wide: bool = false;
let highest: i32 = 0;
let energyShift: i32 = 0;
let folded: bool = false;

// The piece.
let width: i32 = 0;
let height: i32 = 0;
let pixels: usize = 0;
let planes: usize = 0;
let planeBytes: usize = 0;
let grids: usize = 0;
let gridBytes: usize = 0;
let rowCosts: usize = 0;
let slots: usize = 0;
let words: usize = 0;
let raws: usize = 0;
let payload: usize = 0;
let memoryEnd: usize = 0;

export function setFormat(
  count: i32,
  colourCount: i32,
  transform: bool,
  high: i32,
  shift: i32,
  fold: bool,
): void {
  planeCount = count;
  colours = colourCount;
  transformed = transform;
  highest = high;
  wide = high > 255;
  energyShift = shift;
  folded = fold;
}

/** Makes room for a piece of a size and for its payload; false when there is not so much memory. */
export function prepare(pieceWidth: i32, pieceHeight: i32, payloadBytes: i32): bool {
  width = pieceWidth;
  height = pieceHeight;
  const count = <usize>width * <usize>height;
  const samples = count * <usize>planeCount;
  planeBytes = count << 2;
  gridBytes = ((<usize>((width + 1) >> 1) + 4) * (<usize>((height + 1) >> 1) + 4)) << 2;
  pixels = PIECE;
  planes = rounded(pixels + samples * 2);
  grids = planes + planeBytes * <usize>planeCount;
  rowCosts = grids + gridBytes * 10 * <usize>planeCount;
  slots = rowCosts + ((<usize>height) << 2);
  words = rounded(slots + samples * 2);
  raws = rounded(words + samples * 2 + 16);
  payload = rounded(raws + samples * 3 + 16);
  memoryEnd = payload + <usize>payloadBytes + 16;
  const pages = <i32>((memoryEnd + 0xffff) >>> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

export function pixelsAt(): usize {
  return pixels;
}

export function payloadAt(): usize {
  return payload;
}

export function rowCostsAt(): usize {
  return rowCosts;
}

/** Puts the values of all samples into the coder, and notes what each row costs. */
export function look(): void {
  splitPlanes();
  memory.fill(rowCosts, 0, (<usize>height) << 2);
  slotAt = slots;
  rawAt = raws;
  rawHeld = 0;
  rawBits = 0;
  walk<u32>();
}

/** Adds a piece to the equations of the filters, all of whose weights must be 0. */
export function learnFilters(): void {
  splitPlanes();
  walk<f64>();
}

/** Counts the tokens of a piece by their contexts; `TABLE_OF` must hold the levels of energies. */
export function countTokens(): void {
  splitPlanes();
  walk<f32>();
}

/** Sum and number of the energies that `learnFilters` saw. */
export function energySum(): f64 {
  return energies;
}

export function energyCount(): f64 {
  return energyNumber;
}

/** Writes the payload; its length, or -1 when it is longer than `capacity`. */
export function finish(capacity: i32): i32 {
  const end: usize = raws;
  let word: usize = end;
  let coding: u32 = STATE_LOW;
  for (let slot = slotAt; slot > slots; ) {
    slot -= 2;
    const entry = load<u32>(ENTRIES + ((<usize>load<u16>(slot)) << 2));
    const frequency = entry & 0xffff;
    if (<u64>coding >= (<u64>frequency) << 20) {
      word -= 2;
      store<u16>(word, <u16>coding);
      coding >>>= 16;
    }
    const quotient = coding / frequency;
    coding = (quotient << FREQUENCY_BITS) + (coding - quotient * frequency) + (entry >>> 16);
  }
  const rawWhole: usize = rawAt - raws;
  const rawBytes: usize = rawWhole + <usize>(rawBits > 0);
  const bytes: usize = end - word + rawBytes + 4;
  if (bytes > <usize>capacity) return -1;
  store<u32>(payload, coding);
  memory.copy(payload + 4, word, end - word);
  const to: usize = payload + bytes - 1;
  for (let i: usize = 0; i < rawWhole; i += 1) store<u8>(to - i, load<u8>(raws + i));
  if (rawBits > 0) store<u8>(to - rawWhole, <u8>rawHeld);
  return <i32>bytes;
}

/** Fills the pixels from the payload; false when it is none of this picture. */
export function decode(bytes: i32): bool {
  front = payload;
  backEnd = payload;
  back = payload + bytes;
  frontEnd = back;
  takenHeld = 0;
  takenBits = 0;
  outside = 0;
  state = 0;
  state = nextWord();
  state |= nextWord() << 16;
  walk<i32>();
  if (outside < 0 || state !== STATE_LOW || front !== back || takenHeld !== 0) return false;
  return joinPlanes();
}

// Entropy decoding.
let state: u32 = 0;
let front: usize = 0;
let frontEnd: usize = 0;
let back: usize = 0;
let backEnd: usize = 0;
let takenHeld: u32 = 0;
let takenBits: i32 = 0;
let outside: i32 = 0;

function nextWord(): u32 {
  const word: u32 = front + 2 <= frontEnd ? load<u16>(front) : 0;
  front += 2;
  return word;
}

function take(table: usize): i32 {
  const place = state & 4095;
  const token = <i32>load<u8>(TOKENS + (table << FREQUENCY_BITS) + <usize>place);
  const entry = load<u32>(ENTRIES + (((table << TOKEN_ROOM_BITS) + <usize>token) << 2));
  let next = (entry & 0xffff) * (state >>> FREQUENCY_BITS) + place - (entry >>> 16);
  if (next < STATE_LOW) next = (next << 16) | nextWord();
  state = next;
  return token < TOKENS_DIRECT ? token : takeLarge(token);
}

function takeLarge(token: i32): i32 {
  const escaped = token >= ESCAPE_TOKEN;
  const count = escaped ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
  while (takenBits < count) {
    back -= 1;
    if (back >= backEnd) takenHeld |= (<u32>load<u8>(back)) << takenBits;
    takenBits += 8;
  }
  const raw = <i32>(takenHeld & ((1 << count) - 1));
  takenHeld >>>= count;
  takenBits -= count;
  return escaped ? raw : ((2 | ((token - TOKENS_DIRECT) & 1)) << count) | raw;
}

// Entropy encoding.
let slotAt: usize = 0;
let rawAt: usize = 0;
let rawHeld: u64 = 0;
let rawBits: i32 = 0;
let rowCost: u32 = 0;

function tokenOf(value: i32): i32 {
  if (value < TOKENS_DIRECT) return value;
  const top = 31 - clz(value);
  return TOKENS_DIRECT + 2 * (top - 4) + ((value >> (top - 1)) & 1);
}

function put(table: usize, value: i32): void {
  const row = table << TOKEN_ROOM_BITS;
  let token = tokenOf(value);
  rowCost += load<u32>(COSTS + ((row + <usize>token) << 2));
  if (load<u16>(ENTRIES + ((row + <usize>token) << 2)) === 0) token = ESCAPE_TOKEN;
  store<u16>(slotAt, <u16>(row + <usize>token));
  slotAt += 2;
  if (token >= TOKENS_DIRECT) putRaw(token, value);
}

function putRaw(token: i32, value: i32): void {
  const count = token === ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
  rawHeld |= (<u64>(value & ((1 << count) - 1))) << rawBits;
  rawBits += count;
  while (rawBits >= 8) {
    store<u8>(rawAt, <u8>rawHeld);
    rawAt += 1;
    rawHeld >>>= 8;
    rawBits -= 8;
  }
}

// Grids of a plane: 0 C, 1 A, 2 B, 3 D, 4 the next C, of values; 5 to 9 of residuals. C and the next change places.
let swapped: i32 = 0;

function grid(plane: i32, kind: i32): usize {
  const own =
    swapped !== 0 && (kind % 5 === 0 || kind % 5 === 4) ? kind ^ (kind < 5 ? 4 : 12) : kind;
  return grids + gridBytes * <usize>(plane * 10 + own);
}

function at(base: usize, index: i32): i32 {
  return load<i32>(base + ((<usize>index) << 2));
}

function size(base: usize, index: i32): i32 {
  return magnitude(at(base, index));
}

// Without branches: signs of differences are not to be foreseen.
function magnitude(value: i32): i32 {
  const sign = value >> 31;
  return (value ^ sign) - sign;
}

function directionOf(first: i32, second: i32): i32 {
  return <i32>(first > 2 * second + 1) | ((<i32>(second > 2 * first + 1)) << 1);
}

function lowOf(plane: i32): i32 {
  return transformed && (plane === 1 || plane === 2) ? -highest : 0;
}

function walk<T>(): void {
  swapped = 0;
  for (let plane = 0; plane < planeCount; plane += 1) coarsest<T>(plane);
  for (let step = STEP_COARSEST; step > 1; step >>= 1) {
    const half = step >> 1;
    const columns = (width + half - 1) / half;
    const rows = (height + half - 1) / half;
    for (let plane = 0; plane < planeCount; plane += 1) refine<T>(plane, step, columns, rows);
    if (half > 1) swapped ^= 1;
  }
}

/** Takes one sample (u32: encodes it, i32: decodes it, f32: counts its token, f64: only looks); its residual. */
function code<T>(predicted: i32, flip: i32, group: usize, energy: i32, sample: usize): i32 {
  if (!isInteger<T>() || !isSigned<T>()) {
    const residual = load<i32>(sample) - predicted;
    const turned = (residual ^ flip) - flip;
    const value = (turned << 1) ^ (turned >> 31);
    if (isInteger<T>()) put(tableOf(group, energy), value);
    else if (sizeof<T>() === 4) count(((group - TABLE_OF) >> 6) + tableOf(group, energy), value);
    return residual;
  }
  const value = take(tableOf(group, energy));
  const turned = (value >>> 1) ^ -(value & 1);
  const residual = (turned ^ flip) - flip;
  const decoded = predicted + residual;
  outside |= (decoded - low) | (highest - decoded);
  store<i32>(sample, decoded);
  return residual;
}

function count(context: usize, value: i32): void {
  const place = HISTOGRAMS + (((context << TOKEN_ROOM_BITS) + <usize>tokenOf(value)) << 2);
  store<u32>(place, load<u32>(place) + 1);
}

function tableOf(group: usize, energy: i32): usize {
  const place = min<u32>(<u32>(energy >> energyShift), ENERGY_MAX);
  return <usize>load<u8>(group + <usize>place);
}

function chargeRow(y: i32): void {
  const place = rowCosts + ((<usize>y) << 2);
  store<u32>(place, load<u32>(place) + rowCost);
}

function median(C: usize, o: i32, stride: i32): i32 {
  const left = at(C, o - 1);
  const above = at(C, o - stride);
  const corner = at(C, o - stride - 1);
  const least = min(left, above);
  const most = max(left, above);
  return corner >= most ? least : corner <= least ? most : left + above - corner;
}

function turnOf(C: usize, o: i32, stride: i32): i32 {
  const corner = at(C, o - stride - 1);
  return magnitude(at(C, o - 1) - corner) + magnitude(at(C, o - stride) - corner);
}

function coarsest<T>(plane: i32): void {
  C = grid(plane, 0);
  restC = grid(plane, 5);
  const helper = grid(0, 5);
  const helped = plane > 0 && plane < colours;
  const columns = (width + 7) >> 3;
  const rows = (height + 7) >> 3;
  const stride = columns + 2 * MARGIN;
  low = lowOf(plane);
  const group = TABLE_OF + ((<usize>(plane * 7 * 2)) << 10);
  const samples = planes + planeBytes * <usize>plane;
  for (let row = 0; row < rows; row += 1) {
    rowCost = 0;
    for (let column = 0; column < columns; column += 1) {
      const o = (row + MARGIN) * stride + MARGIN + column;
      let predicted = low < 0 ? 0 : (highest + 1) >> 1;
      let energy = ENERGY_UNKNOWN;
      if (row > 0 && column > 0) {
        predicted = median(C, o, stride);
        energy = turnOf(C, o, stride);
      } else if (row > 0 || column > 0) {
        predicted = at(C, column > 0 ? o - 1 : o - stride);
        energy = ENERGY_EDGE;
      }
      if (helped) energy += 2 * size(helper, o);
      const sample = samples + ((<usize>(row * 8 * width + column * 8)) << 2);
      const residual = code<T>(predicted, 0, group, energy, sample);
      store<i32>(restC + ((<usize>o) << 2), residual);
      store<i32>(C + ((<usize>o) << 2), predicted + residual);
    }
    if (isInteger<T>() && !isSigned<T>()) chargeRow(row * 8);
  }
}

/** Copies the outermost samples of a grid into its margins. */
function extend(base: usize, columns: i32, rows: i32): void {
  if (columns === 0 || rows === 0) return;
  const stride = columns + 2 * MARGIN;
  for (let row = 0; row < rows; row += 1) {
    const start = base + ((<usize>((row + MARGIN) * stride)) << 2);
    const first = load<i32>(start + 8);
    store<i32>(start, first);
    store<i32>(start + 4, first);
    const end = start + ((<usize>(columns + 1)) << 2);
    const last = load<i32>(end);
    store<i32>(end + 4, last);
    store<i32>(end + 8, last);
  }
  const bytes = (<usize>stride) << 2;
  const top = base + bytes * MARGIN;
  const bottom = base + bytes * <usize>(rows + 1);
  memory.copy(top - bytes, top, bytes);
  memory.copy(top - 2 * bytes, top, bytes);
  memory.copy(bottom + bytes, bottom, bytes);
  memory.copy(bottom + 2 * bytes, bottom, bytes);
}

function refine<T>(plane: i32, step: i32, columns: i32, rows: i32): void {
  const across = columns >> 1;
  const down = rows >> 1;
  const acrossC = (columns + 1) >> 1;
  const downC = (rows + 1) >> 1;
  extend(grid(plane, 0), acrossC, downC);
  extend(grid(plane, 5), acrossC, downC);
  phase<T>(plane, step, 0, across, down, acrossC, across);
  extend(grid(plane, 1), across, down);
  extend(grid(plane, 6), across, down);
  phase<T>(plane, step, 1, across, downC, acrossC, across);
  extend(grid(plane, 2), across, downC);
  extend(grid(plane, 7), across, downC);
  phase<T>(plane, step, 2, acrossC, down, acrossC, across);
  if (step === 2) return;
  join(plane, 0, columns, rows, acrossC, across);
  join(plane, 5, columns, rows, acrossC, across);
}

// The phase of a level that is being coded: which lattices it reads, and where it writes.
let C: usize = 0;
let A: usize = 0;
let B: usize = 0;
let restC: usize = 0;
let restA: usize = 0;
let restB: usize = 0;
let hasA: bool = false;
let strideC: i32 = 0;
let strideA: i32 = 0;
let values: usize = 0;
let rest: usize = 0;
/** How many planes help, and their residuals in this phase. */
let helpers: i32 = 0;
let helperOne: usize = 0;
let helperTwo: usize = 0;
let low: i32 = 0;
let weights: usize = 0;
let groups: usize = 0;
let sampleStep: usize = 0;

function phase<T>(
  plane: i32,
  step: i32,
  which: i32,
  columns: i32,
  rows: i32,
  acrossC: i32,
  across: i32,
): void {
  const level = step === 2 ? 1 : 0;
  hasA = across > 0 && height > step >> 1;
  strideC = acrossC + 2 * MARGIN;
  strideA = across + 2 * MARGIN;
  C = grid(plane, 0);
  A = grid(plane, 1);
  B = grid(plane, 2);
  restC = grid(plane, 5);
  restA = grid(plane, 6);
  restB = grid(plane, 7);
  values = grid(plane, 1 + which);
  rest = grid(plane, 6 + which);
  helpers = plane < colours ? min(plane, 2) : 0;
  helperOne = grid(0, 6 + which);
  helperTwo = grid(max(plane - 1, 0), 6 + which);
  low = lowOf(plane);
  weights = WEIGHTS + ((<usize>(((plane * 2 + level) * 3 + which) * 3 * TAPS_MAX)) << 2);
  groups = TABLE_OF + ((<usize>((plane * 7 + level * 3 + 1 + which) * 2)) << 10);
  sampleStep = (<usize>step) << 2;
  const stride = columns + 2 * MARGIN;
  const left = which === 2 ? 0 : step >> 1;
  const top = which === 1 ? 0 : step >> 1;
  const samples = planes + planeBytes * <usize>plane;
  for (let row = 0; row < rows; row += 1) {
    rowCost = 0;
    const y = row * step + top;
    const sample = samples + ((<usize>(y * width + left)) << 2);
    const o = (row + MARGIN) * stride + MARGIN;
    const c = (row + MARGIN) * strideC + MARGIN;
    const a = (row + MARGIN) * strideA + MARGIN;
    if (which === 0) centreRow<T>(columns, c, o, sample);
    else if (which === 1) betweenRow<T>(columns, c, o, sample);
    else belowRow<T>(columns, c, a, o, sample);
    if (isInteger<T>() && !isSigned<T>()) chargeRow(y);
  }
}

/** Samples in the centre of four of C. */
function centreRow<T>(columns: i32, from: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const below = c + strideC;
    const v0 = at(C, c);
    const v1 = at(C, c + 1);
    const v2 = at(C, below);
    const v3 = at(C, below + 1);
    const beside = at(C, c - 1) + at(C, c + 2) + at(C, below - 1) + at(C, below + 2);
    const over = c - strideC;
    const far = below + strideC;
    const above = at(C, over) + at(C, over + 1) + at(C, far) + at(C, far + 1);
    const sum = v0 + v1 + v2 + v3;
    const e0 = magnitude(v0 - v3);
    const e1 = magnitude(v1 - v2);
    const turned = magnitude(v0 + v1 - v2 - v3) + magnitude(v0 + v2 - v1 - v3);
    const noise = size(restC, c) + size(restC, c + 1) + size(restC, below) + size(restC, below + 1);
    const filter = weights + <usize>(directionOf(e0, e1) * TAPS_MAX * 4);
    const weighed =
      (sum << 4) +
      load<i32>(filter) * (v0 + v3 - v1 - v2) +
      load<i32>(filter, 4) * (beside - sum) +
      load<i32>(filter, 8) * (above - sum);
    const energy = (((e0 + e1 + (turned >> 1)) * 3) >> 2) + noise;
    if (isStudy<T>()) noteDeviations(v0 + v3 - v1 - v2, beside - sum, above - sum, 0);
    finishSample<T>(weighed, filter + 12, energy, to + column, sample);
    sample += sampleStep;
  }
}

/** Samples between two of C in a row; A has the same columns as these. */
function betweenRow<T>(columns: i32, from: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const left = at(C, c);
    const right = at(C, c + 1);
    let up = left;
    let down = right;
    let around = 2 * (left + right);
    let noise = 0;
    if (hasA) {
      const a = to + column;
      const over = a - strideA;
      up = at(A, over);
      down = at(A, a);
      around = at(A, over - 1) + at(A, over + 1) + at(A, a - 1) + at(A, a + 1);
      noise = size(restA, a) + size(restA, over);
    }
    const far = at(C, c - 1) + at(C, c + 2);
    const above = c - strideC;
    const below = c + strideC;
    const corners = at(C, above) + at(C, above + 1) + at(C, below) + at(C, below + 1);
    crossSample<T>(left, right, up, down, far, corners, around, noise, to + column, sample);
    sample += sampleStep;
  }
}

/** Samples between two of C in a column; B has the same columns as A. */
function belowRow<T>(columns: i32, from: i32, fromA: i32, to: i32, first: usize): void {
  let sample = first;
  for (let column = 0; column < columns; column += 1) {
    const c = from + column;
    const up = at(C, c);
    const down = at(C, c + strideC);
    let left = up;
    let right = down;
    let corners = 2 * (up + down);
    let beside = up + down;
    let noise = 0;
    if (hasA) {
      const a = fromA + column;
      const below = a + strideA;
      left = at(A, a - 1);
      right = at(A, a);
      beside = at(A, a - 2) + at(A, a + 1);
      corners = at(B, a - 1) + at(B, a) + at(B, below - 1) + at(B, below);
      noise = size(restA, a) + size(restA, a - 1) + size(restB, a - 1) + size(restB, a);
      noise += size(restB, below - 1) + size(restB, below);
    }
    const far = at(C, c - strideC) + at(C, c + 2 * strideC);
    crossSample<T>(left, right, up, down, far, corners, 2 * beside, noise, to + column, sample);
    sample += sampleStep;
  }
}

function crossSample<T>(
  left: i32,
  right: i32,
  up: i32,
  down: i32,
  far: i32,
  second: i32,
  third: i32,
  noise: i32,
  o: i32,
  sample: usize,
): void {
  const sum = left + right + up + down;
  const across = left + right - up - down;
  const e0 = magnitude(left - right);
  const e1 = magnitude(up - down);
  const filter = weights + <usize>(directionOf(e0, e1) * TAPS_MAX * 4);
  const weighed =
    (sum << 4) +
    load<i32>(filter) * across +
    load<i32>(filter, 4) * (2 * far - sum) +
    load<i32>(filter, 8) * (second - sum) +
    load<i32>(filter, 12) * (third - sum);
  if (isStudy<T>()) noteDeviations(across, 2 * far - sum, second - sum, third - sum);
  finishSample<T>(weighed, filter + 16, e0 + e1 + magnitude(across) + noise, o, sample);
}

// Filters are studied with weights of 0, so that a prediction is the mean of the four neighbours.
let energies: f64 = 0;
let energyNumber: f64 = 0;

function isStudy<T>(): bool {
  return isFloat<T>() && sizeof<T>() === 8;
}

function noteDeviations(first: i32, second: i32, third: i32, fourth: i32): void {
  store<f64>(DEVIATIONS, <f64>first);
  store<f64>(DEVIATIONS, <f64>second, 8);
  store<f64>(DEVIATIONS, <f64>third, 16);
  store<f64>(DEVIATIONS, <f64>fourth, 24);
}

/** The weights' places, from which the filter and the number of its taps are told. */
function filterAt(taps: usize): usize {
  return (taps - WEIGHTS) / (TAPS_MAX * 4);
}

function noteHelpers(taps: usize, one: i32, two: i32): void {
  const from = DEVIATIONS + (((taps - WEIGHTS) % (TAPS_MAX * 4)) << 1);
  store<f64>(from, <f64>one);
  store<f64>(from, <f64>two, 8);
}

/** Adds a sample. Where neighbours differ much, a residual weighs less: its bits grow with its logarithm. */
function learn(taps: usize, target: f64, energy: i32): void {
  const filter = filterAt(taps);
  const count = <i32>(((taps - WEIGHTS) % (TAPS_MAX * 4)) >> 2) + helpers;
  const around = <f64>energy;
  energies += around;
  energyNumber += 1;
  const weight = 1 / (6 + around + 0.06 * around * around);
  let products = PRODUCTS + filter * (TAPS_MAX * TAPS_MAX * 8);
  let targets = TARGETS + filter * (TAPS_MAX * 8);
  for (let i = 0; i < count; i += 1) {
    const weighed = load<f64>(DEVIATIONS + ((<usize>i) << 3)) * weight;
    store<f64>(targets, load<f64>(targets) + weighed * target);
    targets += 8;
    for (let j = 0; j <= i; j += 1) {
      const place = products + ((<usize>j) << 3);
      store<f64>(place, load<f64>(place) + weighed * load<f64>(DEVIATIONS + ((<usize>j) << 3)));
    }
    products += TAPS_MAX * 8;
  }
}

/** Adds what the planes that help tell, by the weights from `taps`, and codes the sample. */
function finishSample<T>(sum: i32, taps: usize, near: i32, o: i32, sample: usize): void {
  let weighed = sum;
  let energy = near;
  let group = groups;
  const place = (<usize>o) << 2;
  if (helpers > 0) {
    const one = load<i32>(helperOne + place);
    weighed += load<i32>(taps) * one;
    energy += 2 * magnitude(one);
    let last = one;
    if (helpers > 1) {
      last = load<i32>(helperTwo + place);
      weighed += load<i32>(taps, 4) * last;
      energy += 2 * magnitude(last);
    }
    if (last === 0) group += 1024;
    if (isStudy<T>()) noteHelpers(taps, one, last);
  }
  if (isStudy<T>()) learn(taps, <f64>load<i32>(sample) - <f64>weighed / 64, energy);
  const rounded = weighed + 32;
  const predicted = max(low, min(highest, rounded >> 6));
  const flip = folded ? -(<i32>((rounded & 63) < 32)) : 0;
  const residual = code<T>(predicted, flip, group, energy, sample);
  store<i32>(rest + place, residual);
  store<i32>(values + place, predicted + residual);
}

/** Makes the lattices of a level lattice C of the next; `kind` 0 values, 5 residuals. */
function join(plane: i32, kind: i32, columns: i32, rows: i32, acrossC: i32, across: i32): void {
  const target = grid(plane, kind + 4);
  const stride = columns + 2 * MARGIN;
  for (let row = 0; row < rows; row += 1) {
    const odd = (row & 1) !== 0;
    const half = (row >> 1) + MARGIN;
    const evens = grid(plane, odd ? kind + 3 : kind);
    const odds = grid(plane, odd ? kind + 1 : kind + 2);
    let even = evens + ((<usize>(half * (acrossC + 2 * MARGIN) + MARGIN)) << 2);
    let other = odds + ((<usize>(half * (across + 2 * MARGIN) + MARGIN)) << 2);
    let to = target + ((<usize>((row + MARGIN) * stride + MARGIN)) << 2);
    for (let column = 0; column < columns; column += 2) {
      store<i32>(to, load<i32>(even));
      if (column + 1 < columns) store<i32>(to, load<i32>(other), 4);
      to += 8;
      even += 4;
      other += 4;
    }
  }
}

function splitPlanes(): void {
  const count = width * height;
  let from = pixels;
  for (let index = 0; index < count; index += 1) {
    const to = planes + ((<usize>index) << 2);
    for (let plane = 0; plane < planeCount; plane += 1) {
      const place = to + planeBytes * <usize>plane;
      if (wide) {
        store<i32>(place, <i32>load<u16>(from));
        from += 2;
      } else {
        store<i32>(place, <i32>load<u8>(from));
        from += 1;
      }
    }
    if (transformed) {
      const red = load<i32>(to);
      const blue = load<i32>(to + 2 * planeBytes);
      const orange = red - blue;
      const middle = blue + (orange >> 1);
      const green = load<i32>(to + planeBytes) - middle;
      store<i32>(to, middle + (green >> 1));
      store<i32>(to + planeBytes, green);
      store<i32>(to + 2 * planeBytes, orange);
    }
  }
}

function joinPlanes(): bool {
  const count = width * height;
  let to = pixels;
  let beyond = 0;
  for (let index = 0; index < count; index += 1) {
    const from = planes + ((<usize>index) << 2);
    if (transformed) {
      const green = load<i32>(from + planeBytes);
      const orange = load<i32>(from + 2 * planeBytes);
      const middle = load<i32>(from) - (green >> 1);
      const blue = middle - (orange >> 1);
      store<i32>(from, blue + orange);
      store<i32>(from + planeBytes, green + middle);
      store<i32>(from + 2 * planeBytes, blue);
    }
    for (let plane = 0; plane < planeCount; plane += 1) {
      const sample = load<i32>(from + planeBytes * <usize>plane);
      beyond |= sample & ~highest;
      if (wide) {
        store<u16>(to, <u16>sample);
        to += 2;
      } else {
        store<u8>(to, <u8>sample);
        to += 1;
      }
    }
  }
  return beyond === 0;
}

function rounded(place: usize): usize {
  return (place + 15) & ~15;
}
