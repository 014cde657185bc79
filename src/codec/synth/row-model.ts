import type { PixelFormat } from "../types.js";
import { AdaptiveBits, MET_MAX } from "./adaptive-bits.js";
import { type Colours, coloursOf } from "./colours.js";
import { CONTEXTS, Context, FLAT_MET_MAX, MIXERS } from "./contexts.js";
import { Literals } from "./literals.js";
import { MatchTables, STANDINGS, Standing, TABLE_COUNT } from "./match-tables.js";
import { Palette } from "./palette.js";
import { UNTAUGHT } from "./prior.js";
import type { BitCoder } from "./range-coder.js";

/** Where a pixel lies in the ring of rows, and those one and two above it. */
interface Places {
  here: number;
  above: number;
  above2: number;
}

/**
 * Codes rows of pixels, each pixel as "as all around", or as one of the candidates that similar surroundings and neighbours
 * name, or by its colour. The same code codes and decodes: a decoder's coder returns what it reads, whatever it is offered.
 */
export class RowModel {
  readonly colours: Colours;
  readonly literals: Literals;
  readonly palette: Palette;
  readonly bits = new AdaptiveBits(CONTEXTS, MIXERS);
  /** What pieces begin with. */
  readonly start = new AdaptiveBits(CONTEXTS, MIXERS);
  readonly matches = new MatchTables();
  /** The colour outside the picture. */
  opening = 0;

  private width = 0;
  private stride = 0;
  private row = 0;
  /** Keys of this row and the three above it, in turn. */
  private keys = new Int32Array(0);
  /** How the pixels of this row and the one above were coded. */
  private outcomes = new Uint8Array(0);
  private readonly hashes = new Int32Array(TABLE_COUNT);
  private readonly tried = new Int32Array(CANDIDATES_MAX);
  private excluded: number | undefined;

  constructor(format: PixelFormat) {
    this.colours = coloursOf(format);
    this.literals = new Literals(format, this.colours);
    this.bits.states.set(UNTAUGHT);
    this.palette = new Palette();
  }

  /** Ends the primer: pieces begin with what the model knows now. */
  freeze(): void {
    const { states } = this.bits;
    for (let context = 0; context < states.length; context += 1) {
      const limit = context < Context.place ? FLAT_START_MET_MAX : START_MET_MAX;
      const state = states[context] as number;
      states[context] = (state & ~1023) | Math.min(state & 1023, limit);
    }
    this.start.copyFrom(this.bits);
    this.colours.keep();
  }

  /** Begins a piece, with what the primer left. */
  begin(width: number): void {
    this.bits.copyFrom(this.start);
    this.matches.begin();
    this.colours.forget();
    this.beginPatch(width);
  }

  /** Begins pixels that have nothing above them. */
  beginPatch(width: number): void {
    this.width = width;
    this.stride = width + LEFT + RIGHT;
    if (this.keys.length < this.stride * ROWS) {
      this.keys = new Int32Array(this.stride * ROWS);
      this.outcomes = new Uint8Array(this.stride * ROWS);
    }
    this.keys.fill(this.opening);
    this.outcomes.fill(Outcome.flat);
    this.row = 0;
  }

  /**
   * Codes the next row, whose keys are in `row`; a decoder gets them there. False when the coder can do no more, or what it reads
   * is none of this picture's.
   */
  codeRow(coder: BitCoder, row: Int32Array): boolean {
    const { keys, outcomes, width, stride } = this;
    const here = (this.row & 3) * stride + LEFT;
    const above = ((this.row + 3) & 3) * stride + LEFT;
    const above2 = ((this.row + 2) & 3) * stride + LEFT;
    const above3 = ((this.row + 1) & 3) * stride + LEFT;
    const places = { here, above, above2 };
    this.row += 1;
    keys.fill(keys[above] as number, here - LEFT, here);
    outcomes[here - 1] = outcomes[above] as number;
    for (let x = 0; x < width; x += 1) {
      const west = keys[here + x - 1] as number;
      const flat =
        keys[above + x] === west &&
        keys[above + x - 1] === west &&
        keys[above + x + 1] === west &&
        keys[here + x - 2] === west &&
        keys[above2 + x] === west;
      if (flat) {
        const context = this.flatContext(here + x, above + x, above2 + x, above3 + x);
        const hit = this.bits.code(coder, row[x] === west ? 1 : 0, context, FLAT_MET_MAX);
        if (hit === 1) {
          row[x] = west;
          keys[here + x] = west;
          outcomes[here + x] = Outcome.flat;
          continue;
        }
      }
      this.hash(here + x, above + x, above2 + x, above3 + x);
      this.matches.look(this.hashes);
      places.here = here + x;
      places.above = above + x;
      places.above2 = above2 + x;
      const key = this.codePixel(coder, row[x] as number, places, flat);
      if (key === undefined || coder.full || this.colours.full) return false;
      row[x] = key;
      keys[here + x] = key;
      this.matches.note(key);
    }
    keys.fill(keys[here + width - 1] as number, here + width, here + width + RIGHT);
    outcomes[here + width] = outcomes[here + width - 1] as number;
    return !coder.full && !this.colours.full;
  }

  /** Codes a pixel that is not flat; undefined for a colour that the palette does not have. */
  private codePixel(
    coder: BitCoder,
    key: number,
    places: Places,
    flat: boolean,
  ): number | undefined {
    const { keys, outcomes, tried } = this;
    const { here, above } = places;
    const west = keys[here - 1] as number;
    const north = keys[above] as number;
    const northWest = keys[above - 1] as number;
    const northEast = keys[above + 1] as number;
    const pattern = patternOf(west, north, northWest, northEast);
    const around = this.outcomesAround(here, above);
    const all = this.gather(places, flat);
    const count = around !== ALL_ESCAPES || this.isAmong(coder, key, all, pattern, flat) ? all : 0;
    for (let index = 0; index < count; index += 1) {
      const candidate = tried[index] as number;
      const nth = Math.min(index, 2);
      const place = flat ? 3 : nth;
      const neighbours = this.equalNeighbours(candidate, places) + 64 * nth;
      const standing = this.matches.standing(0, candidate);
      const standing6 = this.matches.standing(1, candidate);
      const standing3 = this.matches.standing(2, candidate);
      const hit = this.bits.codeMixed(
        coder,
        candidate === key ? 1 : 0,
        Context.place + neighbours * PATTERNS + pattern,
        Context.standing + ((standing * STANDINGS + standing6) * STANDINGS + standing3) * 4 + place,
        Context.outcome + around * 4 + place,
        place * 8 + named(standing) * 4 + named(standing6) * 2 + named(standing3),
      );
      if (hit === 1) {
        outcomes[here] = index === 0 && !flat ? Outcome.first : Outcome.later;
        return candidate;
      }
    }
    outcomes[here] = Outcome.escape;
    if (this.palette.size > 0) {
      const context = Context.escape + escapeContext(around) + (flat ? 8 : 0);
      const inPalette = this.bits.code(coder, this.palette.has(key) ? 1 : 0, context, MET_MAX);
      if (inPalette === 1) return this.palette.code(this.bits, coder, key);
    }
    return this.literals.code(this.bits, coder, key, { west, north, northWest, northEast });
  }

  /** Puts the candidates for a pixel in `tried`, the likeliest first, and returns how many there are. */
  private gather({ here, above, above2 }: Places, flat: boolean): number {
    const { keys, matches } = this;
    // A flat pixel that is not as all around it cannot be its west.
    this.excluded = flat ? keys[here - 1] : undefined;
    let count = 0;
    for (let table = 0; table < TABLE_COUNT; table += 1) {
      if (matches.isKnown(table)) count = this.offer(matches.first(table), count);
    }
    count = this.offer(keys[here - 1] as number, count);
    count = this.offer(keys[above] as number, count);
    count = this.offer(keys[above + 1] as number, count);
    count = this.offer(keys[above - 1] as number, count);
    for (let table = 0; table < TABLE_COUNT; table += 1) {
      if (matches.hasSecond(table)) count = this.offer(matches.second(table), count);
    }
    count = this.offer(keys[here - 2] as number, count);
    count = this.offer(keys[above2] as number, count);
    count = this.offer(keys[above + 2] as number, count);
    return this.offer(keys[above2 + 1] as number, count);
  }

  /** Adds a candidate to the `count` there are, if it is new and there is room. */
  private offer(candidate: number, count: number): number {
    if (count === CANDIDATES_MAX || candidate === this.excluded) return count;
    for (let index = 0; index < count; index += 1) {
      if (this.tried[index] === candidate) return count;
    }
    this.tried[count] = candidate;
    return count + 1;
  }

  /** Where all around had to be told, candidates are mostly wrong: whether one of them is right then goes first. */
  private isAmong(
    coder: BitCoder,
    key: number,
    count: number,
    pattern: number,
    flat: boolean,
  ): boolean {
    const among = this.tried.subarray(0, count).includes(key) ? 1 : 0;
    const context = Context.among + pattern * 4 + (this.palette.size > 0 ? 2 : 0) + (flat ? 1 : 0);
    return this.bits.code(coder, among, context, MET_MAX) === 1;
  }

  /** Which of west, north, north-west, north-east and those two away are a candidate. */
  private equalNeighbours(candidate: number, { here, above, above2 }: Places): number {
    const { keys } = this;
    return (
      (candidate === keys[here - 1] ? 1 : 0) |
      (candidate === keys[above] ? 2 : 0) |
      (candidate === keys[above - 1] ? 4 : 0) |
      (candidate === keys[above + 1] ? 8 : 0) |
      (candidate === keys[here - 2] ? 16 : 0) |
      (candidate === keys[above2] ? 32 : 0)
    );
  }

  private outcomesAround(here: number, above: number): number {
    const { outcomes } = this;
    return (
      (outcomes[here - 1] as number) |
      ((outcomes[above] as number) << 2) |
      ((outcomes[above + 1] as number) << 4) |
      ((outcomes[above - 1] as number) << 6)
    );
  }

  private flatContext(here: number, above: number, above2: number, above3: number): number {
    const { keys } = this;
    const west = keys[here - 1];
    return (
      Context.flat +
      ((keys[above + 2] === west ? 2 : 0) |
        (keys[above2 + 1] === west ? 4 : 0) |
        (keys[above - 2] === west ? 8 : 0) |
        (keys[above2 - 1] === west ? 16 : 0) |
        (keys[here - 3] === west ? 32 : 0) |
        (keys[above3] === west ? 64 : 0) |
        (west === this.opening ? 1 : 0))
    );
  }

  /** Hashes 12, 6 and 3 neighbours. */
  private hash(here: number, above: number, above2: number, above3: number): void {
    const { keys, hashes } = this;
    const west = keys[here - 1] as number;
    const north = keys[above] as number;
    const northEast = keys[above + 1] as number;
    const six =
      (Math.imul(west, 0x9e3779b1) +
        Math.imul(north, 0x85ebca6b) +
        Math.imul(keys[above - 1] as number, 0xc2b2ae35) +
        Math.imul(northEast, 0x27d4eb2f) +
        Math.imul(keys[here - 2] as number, 0x165667b1) +
        Math.imul(keys[above2] as number, 0x2545f491)) |
      0;
    const twelve =
      (six +
        Math.imul(keys[above + 2] as number, 0x7feb352d) +
        Math.imul(keys[above2 + 1] as number, 0x846ca68b) +
        Math.imul(keys[above - 2] as number, 0x68e31da5) +
        Math.imul(keys[above2 - 1] as number, 0xb5297a4d) +
        Math.imul(keys[here - 3] as number, 0x1b56c4e9) +
        Math.imul(keys[above3] as number, 0x72be1579)) |
      0;
    const three =
      (Math.imul(west, 0xc2b2ae35) +
        Math.imul(north, 0x9e3779b1) +
        Math.imul(northEast, 0x85ebca6b)) |
      0;
    hashes[0] = stirred(twelve, 0x2c1b3c6d);
    hashes[1] = stirred(six, 0x297a2d39);
    hashes[2] = stirred(three, 0x2c1b3c6d);
  }
}

/** How a pixel was coded: by its colour, by a later candidate, by the first, or as flat. */
const Outcome = { escape: 0, later: 1, first: 2, flat: 3 } as const;

/** Which of west, north, north-west and north-east are equal: 24 ways. */
function patternOf(west: number, north: number, northWest: number, northEast: number): number {
  const a = north === west ? 0 : 1;
  const b = northWest === west ? 0 : northWest === north ? 1 : 2;
  const c = northEast === west ? 0 : northEast === north ? 1 : northEast === northWest ? 2 : 3;
  return (a * 3 + b) * 4 + c;
}

/** Which of west, north and north-east were escapes. */
function escapeContext(around: number): number {
  return (
    ((around & 3) === Outcome.escape ? 1 : 0) |
    (((around >> 2) & 3) === Outcome.escape ? 2 : 0) |
    (((around >> 4) & 3) === Outcome.escape ? 4 : 0)
  );
}

/** Whether a table names a colour first. */
const named = (standing: number): number => (standing >= Standing.first ? 1 : 0);

function stirred(sum: number, factor: number): number {
  const product = Math.imul(sum ^ (sum >>> 15), factor);
  return product ^ (product >>> 13);
}

/** Outcomes of the four neighbours when each was an escape. */
const ALL_ESCAPES = 0;

const PATTERNS = 24;
/** Ours: more candidates cost more time than they save bytes. */
const CANDIDATES_MAX = 7;

/** Columns outside the piece that contexts look at. */
const LEFT = 3;
const RIGHT = 2;
const ROWS = 4;

/** Ours: a piece moves quickly away from what the primer taught. */
const START_MET_MAX = 12;
const FLAT_START_MET_MAX = 255;
