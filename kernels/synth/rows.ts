// Rows of pixels, each pixel as all around it, as a candidate or by its colour: src/codec/synth/row-model.ts.

import { codeIn, codeMixed, MET_MAX } from "./adaptive-bits";
import { codeLiteral, codeRank, colourOfRank, hasPalette, rankOf } from "./colours";
import { tooMany } from "./listed-colours";
import {
  first,
  foundA,
  foundB,
  foundC,
  hasSecond,
  look,
  noteAll,
  second,
  standing,
} from "./match-tables";
import { TRIED } from "./memory";
import { pixelBytes, readPixel, writePixel } from "./pixels";
import { decoding, isFull, weighing } from "./range-coder";
import { noteEscape, notePixel } from "./survey";

const CANDIDATES_MAX: i32 = 7;
const FLAT_MET_MAX: i32 = 1023;

// Where contexts begin.
let placeContexts: i32 = 0;
let standingContexts: i32 = 0;
let outcomeContexts: i32 = 0;
let amongContexts: i32 = 0;
let escapeContexts: i32 = 0;

// The rows under work.
export let opening: i32 = 0;
export let width: i32 = 0;
export let y: i32 = 0;
let ring: usize = 0;
let outcomes: usize = 0;
let stride: i32 = 0;

// The pixel under work.
let key: i32 = 0;
let here: usize = 0;
let above: usize = 0;
let above2: usize = 0;
let west: i32 = 0;
let north: i32 = 0;
let northWest: i32 = 0;
let northEast: i32 = 0;
let flat: bool = false;
let pattern: i32 = 0;
let around: i32 = 0;
let count: i32 = 0;
let six: i32 = 0;

export function setContexts(
  places: i32,
  standings: i32,
  outcomeStart: i32,
  among: i32,
  escapes: i32,
): void {
  placeContexts = places;
  standingContexts = standings;
  outcomeContexts = outcomeStart;
  amongContexts = among;
  escapeContexts = escapes;
}

export function setOpening(colour: i32): void {
  opening = colour;
}

/** Makes room for rows of a width at a place; returns where it ends. */
export function layRows(place: usize, wide: i32): usize {
  width = wide;
  stride = wide + 8;
  ring = place;
  outcomes = ring + ((<usize>stride) << 4);
  return outcomes + ((<usize>stride) << 1);
}

/** Begins pixels that have nothing above them. */
export function beginRows(): void {
  y = 0;
  for (let index = 0; index < stride * 4; index += 1)
    store<i32>(ring + ((<usize>index) << 2), opening);
  memory.fill(outcomes, 3, (<usize>stride) << 1);
}

function rowPlace(row: i32): usize {
  return ring + ((<usize>((row & 3) * stride + 4)) << 2);
}

/** Codes the next row, which lies there. False when it does not fit, or cannot be decoded. */
export function codeRow(firstPixel: usize): bool {
  const row = rowPlace(y);
  const outcomeRow = outcomes + <usize>((y & 1) * stride + 4);
  const outcomeAbove = outcomes + <usize>((~y & 1) * stride + 4);
  here = row;
  above = rowPlace(y + 3);
  above2 = rowPlace(y + 2);
  let above3 = rowPlace(y + 1);
  const edge = load<i32>(above);
  store<i32>(here - 4, edge);
  store<i32>(here - 8, edge);
  store<i32>(here - 12, edge);
  store<u8>(outcomeRow - 1, load<u8>(outcomeAbove));
  let pixel = firstPixel;
  for (let x = 0; x < width; x += 1) {
    key = decoding ? 0 : readPixel(pixel);
    west = load<i32>(here - 4);
    north = load<i32>(above);
    northWest = load<i32>(above - 4);
    northEast = load<i32>(above, 4);
    flat =
      north === west &&
      northWest === west &&
      northEast === west &&
      load<i32>(here - 8) === west &&
      load<i32>(above2) === west;
    const outcome = outcomeRow + <usize>x;
    if (flat && codeIn(i32(key === west), flatContext(above3), FLAT_MET_MAX) === 1) {
      key = west;
      store<u8>(outcome, 3);
    } else {
      const up = outcomeAbove + <usize>x;
      around =
        <i32>load<u8>(outcome - 1) |
        ((<i32>load<u8>(up)) << 2) |
        ((<i32>load<u8>(up, 1)) << 4) |
        ((<i32>load<u8>(up - 1)) << 6);
      lookAround(above3);
      const coded = codePixel();
      if (coded < 0 || isFull()) return false;
      store<u8>(outcome, <u8>coded);
      noteAll(key);
      if (weighing) notePixel(x, six, key);
    }
    store<i32>(here, key);
    if (decoding) writePixel(pixel, key);
    here += 4;
    above += 4;
    above2 += 4;
    above3 += 4;
    pixel += <usize>pixelBytes;
  }
  const last = load<i32>(here - 4);
  store<i32>(here, last);
  store<i32>(here, last, 4);
  store<u8>(outcomeRow + <usize>width, load<u8>(outcomeRow + <usize>(width - 1)));
  y += 1;
  return !isFull() && !tooMany;
}

function flatContext(above3: usize): i32 {
  return (
    i32(west === opening) |
    (i32(load<i32>(above, 8) === west) << 1) |
    (i32(load<i32>(above2, 4) === west) << 2) |
    (i32(load<i32>(above - 8) === west) << 3) |
    (i32(load<i32>(above2 - 4) === west) << 4) |
    (i32(load<i32>(here - 12) === west) << 5) |
    (i32(load<i32>(above3) === west) << 6)
  );
}

function lookAround(above3: usize): void {
  six =
    west * <i32>0x9e3779b1 +
    north * <i32>0x85ebca6b +
    northWest * <i32>0xc2b2ae35 +
    northEast * 0x27d4eb2f +
    load<i32>(here - 8) * 0x165667b1 +
    load<i32>(above2) * 0x2545f491;
  const twelve =
    six +
    load<i32>(above, 8) * 0x7feb352d +
    load<i32>(above2, 4) * <i32>0x846ca68b +
    load<i32>(above - 8) * 0x68e31da5 +
    load<i32>(above2 - 4) * <i32>0xb5297a4d +
    load<i32>(here - 12) * 0x1b56c4e9 +
    load<i32>(above3) * 0x72be1579;
  const three = west * <i32>0xc2b2ae35 + north * <i32>0x9e3779b1 + northEast * <i32>0x85ebca6b;
  look(twelve, six, three);
}

/** Codes the pixel under work as a candidate or by its colour; returns its outcome, -1 for what cannot be. */
function codePixel(): i32 {
  const a = i32(north !== west);
  const b = northWest === west ? 0 : northWest === north ? 1 : 2;
  const c = northEast === west ? 0 : northEast === north ? 1 : northEast === northWest ? 2 : 3;
  pattern = (a * 3 + b) * 4 + c;
  count = 0;
  const hit = around === 0 ? codeAmong() : codeCandidates();
  if (hit) return count === 1 && !flat ? 2 : 1;
  return codeEscape() ? 0 : -1;
}

/** Codes candidates in turn until one is the pixel. */
function codeCandidates(): bool {
  return (
    (foundA !== 0 && attempt(first(foundA))) ||
    (foundB !== 0 && attempt(first(foundB))) ||
    (foundC !== 0 && attempt(first(foundC))) ||
    attempt(west) ||
    attempt(north) ||
    attempt(northEast) ||
    attempt(northWest) ||
    (hasSecond(foundA) && attempt(second(foundA))) ||
    (hasSecond(foundB) && attempt(second(foundB))) ||
    (hasSecond(foundC) && attempt(second(foundC))) ||
    attempt(load<i32>(here - 8)) ||
    attempt(load<i32>(above2)) ||
    attempt(load<i32>(above, 8)) ||
    attempt(load<i32>(above2, 4))
  );
}

/** Codes whether the pixel is among the candidates, and only then which. */
function codeAmong(): bool {
  if (foundA !== 0) offer(first(foundA));
  if (foundB !== 0) offer(first(foundB));
  if (foundC !== 0) offer(first(foundC));
  offer(west);
  offer(north);
  offer(northEast);
  offer(northWest);
  if (hasSecond(foundA)) offer(second(foundA));
  if (hasSecond(foundB)) offer(second(foundB));
  if (hasSecond(foundC)) offer(second(foundC));
  offer(load<i32>(here - 8));
  offer(load<i32>(above2));
  offer(load<i32>(above, 8));
  offer(load<i32>(above2, 4));
  const all = count;
  let among = 0;
  for (let index = 0; index < all; index += 1) among |= i32(tried(index) === key);
  const context = amongContexts + pattern * 4 + (i32(hasPalette()) << 1) + i32(flat);
  if (codeIn(among, context, MET_MAX) === 0) return false;
  for (count = 1; count <= all; count += 1) {
    if (codeCandidate(tried(count - 1))) return true;
  }
  return false;
}

function tried(index: i32): i32 {
  return load<i32>(TRIED + ((<usize>index) << 2));
}

/** Adds a candidate, if it is new and there is room. */
function offer(candidate: i32): bool {
  if (count === CANDIDATES_MAX || (flat && candidate === west)) return false;
  for (let index = 0; index < count; index += 1) {
    if (tried(index) === candidate) return false;
  }
  store<i32>(TRIED + ((<usize>count) << 2), candidate);
  count += 1;
  return true;
}

function attempt(candidate: i32): bool {
  return offer(candidate) && codeCandidate(candidate);
}

/** Codes whether the candidate offered as number `count` is the pixel. */
function codeCandidate(candidate: i32): bool {
  const nth = min(count - 1, 2);
  const place = flat ? 3 : nth;
  const neighbours =
    i32(candidate === west) |
    (i32(candidate === north) << 1) |
    (i32(candidate === northWest) << 2) |
    (i32(candidate === northEast) << 3) |
    (i32(candidate === load<i32>(here - 8)) << 4) |
    (i32(candidate === load<i32>(above2)) << 5) |
    (nth << 6);
  const a = standing(foundA, candidate);
  const b = standing(foundB, candidate);
  const c = standing(foundC, candidate);
  const hit = codeMixed(
    i32(candidate === key),
    placeContexts + neighbours * 24 + pattern,
    standingContexts + ((a * 7 + b) * 7 + c) * 4 + place,
    outcomeContexts + around * 4 + place,
    place * 8 + i32(a > 2) * 4 + i32(b > 2) * 2 + i32(c > 2),
  );
  if (hit === 1) key = candidate;
  return hit === 1;
}

function codeEscape(): bool {
  if (weighing) noteEscape();
  if (hasPalette()) {
    const context =
      escapeContexts +
      (i32((around & 3) === 0) |
        (i32(((around >> 2) & 3) === 0) << 1) |
        (i32(((around >> 4) & 3) === 0) << 2) |
        (i32(flat) << 3));
    const rank = decoding ? 0 : rankOf(key);
    if (codeIn(i32(rank > 0), context, MET_MAX) === 1) {
      const coded = codeRank(rank);
      if (coded > 0) key = colourOfRank(coded);
      return coded > 0;
    }
  }
  key = codeLiteral(key, west, north, northWest, northEast);
  return true;
}
