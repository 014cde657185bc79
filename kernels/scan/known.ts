// What the rows above tell of a row's pixels, four at a time, before any of them is known.
import { errorsOf, knownLine, lineOf, width } from "./lines";
import { WEIGHTS } from "./memory";

const NEIGHBOURS: usize = 8;
const CLASSES: usize = 3;
/** Bytes of the weights of a class, and of a group of planes. */
const CLASS_BYTES: usize = NEIGHBOURS * 4;
const GROUP_BYTES: usize = CLASSES * CLASS_BYTES;
/** Of each class: the weights of west and of two west, what all weights add up to, and nothing. */
const ROW_BYTES: usize = 16;

/** i32: of two groups of planes and three classes. */
const ROW_WEIGHTS = memory.data(2 * 3 * 16, 16);

/** Lines of what is known: of each class its weighed neighbours but those in the row, then the difference across, then the unrest. */
const ACROSS: i32 = 3;
const UNREST: i32 = 4;

/** Takes the weights that the host has filled. */
export function takeWeights(): void {
  for (let lane: usize = 0; lane < 2 * CLASSES; lane += 1) {
    const from = WEIGHTS + lane * CLASS_BYTES;
    const to = ROW_WEIGHTS + lane * ROW_BYTES;
    let sum = 0;
    for (let index: usize = 0; index < NEIGHBOURS; index += 1) {
      sum += load<i32>(from + (index << 2));
    }
    store<i32>(to, load<i32>(from));
    store<i32>(to, load<i32>(from, 16), 4);
    store<i32>(to, sum, 8);
  }
}

/** The weights of those in the row itself, by class, of a plane's group. */
export function rowWeights(difference: bool): usize {
  return ROW_WEIGHTS + (difference ? CLASSES * ROW_BYTES : 0);
}

export function weighedLine(): usize {
  return knownLine(0);
}

export function acrossLine(): usize {
  return knownLine(ACROSS);
}

export function unrestLine(): usize {
  return knownLine(UNREST);
}

/** Notes what is known of the newest row of a plane, which is not the first. */
export function noteKnown(plane: i32, difference: bool): void {
  const weights = WEIGHTS + (difference ? GROUP_BYTES : 0);
  for (let lane = 0; lane < <i32>CLASSES; lane += 1) {
    noteClass(plane, weights + <usize>lane * CLASS_BYTES, knownLine(lane));
  }
  noteUnrest(plane);
  if (plane > 0) noteHelp(errorsOf(0, 0));
  if (plane === 2) noteHelp(errorsOf(1, 0));
}

function noteClass(plane: i32, weights: usize, known: usize): void {
  const north = v128.load32_splat(weights, 4);
  const northWest = v128.load32_splat(weights, 8);
  const northEast = v128.load32_splat(weights, 12);
  const north2 = v128.load32_splat(weights, 20);
  const northWest2 = v128.load32_splat(weights, 24);
  const northEast2 = v128.load32_splat(weights, 28);
  const bytes = (<usize>width) << 2;
  const line = lineOf(plane, 1);
  const line2 = lineOf(plane, 2);
  for (let at: usize = 0; at < bytes; at += 16) {
    const above = line + at;
    const above2 = line2 + at;
    const near = i32x4.add(
      i32x4.mul(north, v128.load(above)),
      i32x4.mul(northWest, v128.load(above - 4)),
    );
    const beside = i32x4.add(
      i32x4.mul(northEast, v128.load(above, 4)),
      i32x4.mul(northWest2, v128.load(above - 8)),
    );
    const far = i32x4.add(
      i32x4.mul(north2, v128.load(above2)),
      i32x4.mul(northEast2, v128.load(above2, 4)),
    );
    v128.store(known + at, i32x4.add(i32x4.add(near, beside), far));
  }
}

function noteUnrest(plane: i32): void {
  const bytes = (<usize>width) << 2;
  const line = lineOf(plane, 1);
  const errors = errorsOf(plane, 1);
  const across = acrossLine();
  const unrest = unrestLine();
  for (let at: usize = 0; at < bytes; at += 16) {
    const north = v128.load(line + at);
    const change = i32x4.abs(i32x4.sub(north, v128.load(line + at - 4)));
    const next = i32x4.abs(i32x4.sub(north, v128.load(line + at, 4)));
    const around = i32x4.add(v128.load(errors + at - 4), v128.load(errors + at, 4));
    const known = i32x4.add(v128.load(errors + at), i32x4.shr_s(around, 1));
    v128.store(across + at, change);
    v128.store(unrest + at, i32x4.add(i32x4.add(change, next), known));
  }
}

/** Adds what a plane before had by its errors at the same pixels. */
function noteHelp(errors: usize): void {
  const bytes = (<usize>width) << 2;
  const unrest = unrestLine();
  for (let at: usize = 0; at < bytes; at += 16) {
    const more = i32x4.shl(v128.load(errors + at), 1);
    v128.store(unrest + at, i32x4.add(v128.load(unrest + at), more));
  }
}
