// Synthetic pieces, as src/codec/synth codes them: see there, and docs/codec.md, for what is done and why. Here is the same
// for pixels of up to 4 bytes, with all state in linear memory. The host fills the tables once, then begins pieces and
// hands rows over by some at a time.

import { codeIn, codeMixed, MET_MAX } from "./synth/adaptive-bits";
import {
  codeLiteral,
  codeRank,
  colourOfRank,
  configureColours,
  hasPalette,
  rankOf,
} from "./synth/colours";
import {
  first,
  foundA,
  foundB,
  foundC,
  hasSecond,
  look,
  nextPiece,
  noteAll,
  second,
  standing,
} from "./synth/match-tables";
import {
  DYNAMIC,
  START_STATES,
  START_WEIGHTS,
  STATES,
  TRIED,
  WEIGHT_BYTES,
  WEIGHTS,
} from "./synth/memory";
import { readPixel, writePixel } from "./synth/pixels";
import { decoding, isFull, keep, start } from "./synth/range-coder";

export {
  PALETTE,
  RANKS,
  RATES,
  SLOTS,
  SQUASHED,
  START_STATES,
  START_WEIGHTS,
  STRETCHED,
} from "./synth/memory";
export { finish } from "./synth/range-coder";

const CANDIDATES_MAX: i32 = 7;
const FLAT_MET_MAX: i32 = 1023;

// The picture.
let pixelBytes: i32 = 0;
let opening: i32 = 0;
let placeContexts: i32 = 0;
let standingContexts: i32 = 0;
let outcomeContexts: i32 = 0;
let amongContexts: i32 = 0;
let escapeContexts: i32 = 0;
let contextBytes: usize = 0;

// The piece under work.
let width: i32 = 0;
let height: i32 = 0;
let y: i32 = 0;
let pixels: usize = 0;
let payload: usize = 0;
let keptRows: i32 = 0;
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

/** Tells the picture's format and where its contexts begin. */
export function configure(
  channelCount: i32,
  sampleBits: i32,
  rgb: bool,
  openingKey: i32,
  colours: i32,
  places: i32,
  standings: i32,
  outcomeStart: i32,
  among: i32,
  escapes: i32,
  lengths: i32,
  trees: i32,
  literals: i32,
  contexts: i32,
): void {
  configureColours(channelCount, sampleBits, rgb, colours, lengths, trees, literals);
  pixelBytes = (channelCount * sampleBits) >> 3;
  opening = openingKey;
  placeContexts = places;
  standingContexts = standings;
  outcomeContexts = outcomeStart;
  amongContexts = among;
  escapeContexts = escapes;
  contextBytes = (<usize>contexts) << 2;
}

/**
 * Makes room for pieces of a width: `rows` rows at a time, and a payload. Returns where the pixels go; the payload follows
 * them at `payloadPlace`. 0 when there is no memory.
 */
export function prepare(wide: i32, rows: i32, bytes: i32): usize {
  width = wide;
  stride = wide + 8;
  ring = DYNAMIC;
  outcomes = ring + ((<usize>stride) << 4);
  pixels = outcomes + ((<usize>stride) << 1);
  payload = pixels + <usize>(wide * rows * pixelBytes) + 8;
  const end = payload + <usize>bytes + 8;
  const pages = <i32>((end + 0xffff) >> 16);
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) return 0;
  return pixels;
}

export function payloadPlace(): usize {
  return payload;
}

/** Begins a piece of the width prepared: `bytes` are what its payload has, or may have at most. */
export function begin(high: i32, bytes: i32, decode: bool): void {
  height = high;
  y = 0;
  memory.copy(STATES, START_STATES, contextBytes);
  memory.copy(WEIGHTS, START_WEIGHTS, WEIGHT_BYTES);
  nextPiece();
  for (let index = 0; index < stride * 4; index += 1)
    store<i32>(ring + ((<usize>index) << 2), opening);
  memory.fill(outcomes, 3, (<usize>stride) << 1);
  keptRows = 0;
  start(payload, bytes, decode);
}

/** Codes rows that lie at the pixels' place. False when they do not fit, or cannot be decoded. */
export function codeRows(rows: i32): bool {
  let pixel = pixels;
  for (let row = 0; row < rows; row += 1) {
    if (!codeRow(pixel)) return false;
    pixel += <usize>(width * pixelBytes);
    y += 1;
    if (!decoding && (y === height || (y & 1) === 0)) {
      keep();
      keptRows = y;
    }
  }
  return true;
}

/** How many rows the payload will hold. */
export function rowsKept(): i32 {
  return keptRows;
}

function rowPlace(row: i32): usize {
  return ring + ((<usize>((row & 3) * stride + 4)) << 2);
}

function codeRow(firstPixel: usize): bool {
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
    key = decoding ? 0 : readPixel(pixel, pixelBytes);
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
    }
    store<i32>(here, key);
    if (decoding) writePixel(pixel, pixelBytes, key);
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
  return !isFull();
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
  const six =
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
