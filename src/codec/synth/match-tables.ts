/**
 * What followed when the pixels around were such before: three tables, by 12, 6 and 3 neighbours, each slot with
 * the last two colours seen there. A piece begins with the tables that the picture's primer left, and writes on copies.
 */

/** Fields of a slot, in 32-bit words. */
const CHECK = 0;
const FIRST = 1;
const SECOND = 2;
/** 2 * times that the first came again (0 to 6) + (there is a second). */
const TIMES = 3;
/** The piece that wrote the slot. */
const PIECE = 4;
const SLOT_WORDS = 5;

const SLOTS_LOG2 = 15;
export const TABLE_COUNT = 3;

/** How a colour stands in a slot. */
export const Standing = { unknown: 0, other: 1, second: 2, first: 3 } as const;
/** Standings, the first colour's by how often it came again: 0, 1, 2, or more. */
export const STANDINGS = 7;

export class MatchTables {
  private readonly primed = new Int32Array((TABLE_COUNT * SLOT_WORDS) << SLOTS_LOG2);
  private readonly own = new Int32Array((TABLE_COUNT * SLOT_WORDS) << SLOTS_LOG2);
  private piece = 0;
  private priming = true;
  private readonly checks = new Int32Array(TABLE_COUNT);
  private readonly places = new Int32Array(TABLE_COUNT);
  /** Where the slots looked up last lie, and whether they hold the pixels asked for. */
  private readonly found: Int32Array[] = [this.primed, this.primed, this.primed];
  private readonly known: boolean[] = [false, false, false];

  /** Begins a piece: with what the primer left, from the first call on. */
  begin(): void {
    this.priming = false;
    this.piece += 1;
    if (this.piece === PIECES_MAX) {
      this.own.fill(0);
      this.piece = 1;
    }
  }

  /** Looks up the slots of three hashes of neighbours. */
  look(hashes: Int32Array): void {
    for (let table = 0; table < TABLE_COUNT; table += 1) {
      const hash = hashes[table] as number;
      const place = ((table << SLOTS_LOG2) + (hash >>> (32 - SLOTS_LOG2))) * SLOT_WORDS;
      this.places[table] = place;
      this.checks[table] = hash | 1;
      const own = !this.priming && this.own[place + PIECE] === this.piece;
      const found = own ? this.own : this.primed;
      this.found[table] = found;
      this.known[table] = found[place + CHECK] === (hash | 1);
    }
  }

  isKnown(table: number): boolean {
    return this.known[table] as boolean;
  }

  first(table: number): number {
    return this.field(table, FIRST);
  }

  hasSecond(table: number): boolean {
    return this.isKnown(table) && (this.field(table, TIMES) & 1) === 1;
  }

  second(table: number): number {
    return this.field(table, SECOND);
  }

  standing(table: number, key: number): number {
    if (!this.isKnown(table)) return Standing.unknown;
    const times = this.field(table, TIMES);
    if (this.first(table) === key) return Standing.first + Math.min(3, times >> 1);
    return (times & 1) === 1 && this.second(table) === key ? Standing.second : Standing.other;
  }

  /** Notes in the slots looked up that `key` followed. */
  note(key: number): void {
    for (let table = 0; table < TABLE_COUNT; table += 1) this.noteIn(table, key);
  }

  private noteIn(table: number, key: number): void {
    const place = this.places[table] as number;
    const from = this.found[table] as Int32Array;
    let first = from[place + FIRST] as number;
    let second = from[place + SECOND] as number;
    let times = from[place + TIMES] as number;
    if (!this.isKnown(table)) {
      first = key;
      second = 0;
      times = 0;
    } else if (first === key) {
      if (times < 2 * TIMES_MAX) times += 2;
    } else if (times >= 2 * TIMES_FIRM && !((times & 1) === 1 && second === key)) {
      // What came often is not given up for one exception.
      second = key;
      times = ((times >> 2) << 1) | 1;
    } else {
      second = first;
      first = key;
      times = 1;
    }
    const to = this.priming ? this.primed : this.own;
    to[place + CHECK] = this.checks[table] as number;
    to[place + FIRST] = first;
    to[place + SECOND] = second;
    to[place + TIMES] = times;
    to[place + PIECE] = this.piece;
  }

  private field(table: number, field: number): number {
    const found = this.found[table] as Int32Array;
    return found[(this.places[table] as number) + field] as number;
  }
}

const TIMES_MAX = 6;
const TIMES_FIRM = 3;
const PIECES_MAX = 2 ** 31 - 1;
