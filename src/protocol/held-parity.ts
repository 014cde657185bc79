import { assert } from "../base/assert.js";
import { GROUP_SYMBOLS_MAX as CODE_SYMBOLS_MAX, recover } from "../fec/erasure.js";
import { PICTURE_PIECES_MAX } from "../wire/frames/image.js";
import {
  GROUP_SYMBOLS_MAX,
  lastOf,
  type ParityFrame,
  type ParityGroup,
  SYMBOL_HEAD_BYTES,
} from "../wire/frames/parity.js";
import type { GapTracker } from "./gaps.js";
import { PARITY_GROUPS_MAX, PARITY_OVERHEAD_BYTES } from "./limits.js";
import { mayHave, type PieceLengths } from "./piece-lengths.js";

/** Copies the bytes of a piece that is held to `target` from `offset` on; tells how many they are, undefined when it cannot be read. */
export type ReadPiece = (piece: number, target: Uint8Array, offset: number) => number | undefined;

/** A piece that parity gave back. */
export interface RecoveredPiece {
  readonly piece: number;
  readonly bytes: Uint8Array;
}

interface Group extends ParityGroup {
  readonly symbolBytes: number;
  /** Pieces of the group that are not held. */
  missing: number;
  /** Parity symbols by their index. */
  readonly symbols: Map<number, Uint8Array>;
}

/**
 * The parity of one image that waits, at its receiver, for enough of its group to come; and what can be made of
 * it. docs/protocol.md sections 5 and 6.
 */
export class HeldParity {
  /** What it takes in memory: symbols, and something for the keeping of each. */
  bytes = 0;
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly tracker: GapTracker,
    private readonly lengths: PieceLengths,
    private readonly readPiece: ReadPiece,
  ) {}

  /**
   * Takes a parity symbol that is of use; one that is not, or finds no room, is dropped.
   *
   * @param roomBytes bytes that it may take
   * @returns "bad" when it cannot be of this image
   */
  add(frame: ParityFrame, roomBytes: number): "bad" | undefined {
    const key = `${frame.first} ${frame.stride} ${frame.sources}`;
    const group = this.groups.get(key) ?? this.newGroup(frame);
    if (group === undefined || group.symbolBytes !== frame.bytes.length) return "bad";
    if (group.symbols.has(frame.index) || group.symbols.size >= group.missing) return undefined;
    const cost = frame.bytes.length + PARITY_OVERHEAD_BYTES;
    if (cost > roomBytes) return undefined;
    if (!this.groups.has(key)) {
      if (this.groups.size >= PARITY_GROUPS_MAX) return undefined;
      this.groups.set(key, group);
    }
    // A copy: the view would keep the whole datagram's buffer alive.
    group.symbols.set(frame.index, frame.bytes.slice());
    this.bytes += cost;
    return undefined;
  }

  /** A piece has come: groups that it is of lack one less. */
  onPiece(piece: number): void {
    for (const [key, group] of this.groups) {
      const steps = (piece - group.first) / group.stride;
      if (steps < 0 || steps >= group.sources || !Number.isInteger(steps)) continue;
      group.missing -= 1;
      if (group.missing === 0) this.drop(key, group);
    }
  }

  /**
   * The missing pieces of one group that has parity enough; undefined when there is none such. None, when they
   * contradict what is known of them (parity was forged, or computed over other bytes), or a piece cannot be read. The
   * group is gone after that, whatever came of it. The host must have all pieces that were told as held.
   */
  recoverNext(): RecoveredPiece[] | undefined {
    for (const [key, group] of this.groups) {
      if (group.symbols.size < group.missing) continue;
      this.drop(key, group);
      return this.recoverGroup(group);
    }
    return undefined;
  }

  /** How many pieces there are has become known: groups that reach beyond contradict it. */
  onCount(pieceCount: number): void {
    for (const [key, group] of this.groups) if (lastOf(group) >= pieceCount) this.drop(key, group);
  }

  clear(): void {
    this.groups.clear();
    this.bytes = 0;
  }

  private newGroup(frame: ParityFrame): Group | undefined {
    if (lastOf(frame) >= (this.tracker.pieceCount ?? PICTURE_PIECES_MAX)) return undefined;
    const { first, stride, sources } = frame;
    const symbolBytes = frame.bytes.length;
    let longest = 0;
    let isExact = true;
    let missing = 0;
    for (let piece = first; piece <= lastOf(frame); piece += stride) {
      const length = this.lengths.lengthOf?.(piece);
      if (length === undefined) isExact = false;
      else longest = Math.max(longest, length);
      if (!this.tracker.held.has(piece)) missing += 1;
    }
    // The longest piece decides; where no rule gives its length, the symbol itself tells it.
    const bytes = symbolBytes - SYMBOL_HEAD_BYTES;
    if (isExact ? bytes !== longest : bytes < longest || bytes > this.lengths.max) return undefined;
    return { first, stride, sources, symbolBytes, missing, symbols: new Map() };
  }

  private drop(key: string, group: Group): void {
    this.groups.delete(key);
    this.bytes -= group.symbols.size * (group.symbolBytes + PARITY_OVERHEAD_BYTES);
  }

  private recoverGroup(group: Group): RecoveredPiece[] {
    const missing: number[] = [];
    for (let position = 0; position < group.sources; position += 1) {
      const piece = group.first + group.stride * position;
      if (!this.tracker.held.has(piece)) missing.push(position);
    }
    const parity = [...group.symbols].map(([index, bytes]) => ({ index, bytes }));
    // A piece that is longer than its group's symbols contradicts them, but is read like any other.
    const symbol = new Uint8Array(SYMBOL_HEAD_BYTES + this.lengths.max);
    const read = (position: number): Uint8Array | undefined => {
      const piece = group.first + group.stride * position;
      const length = this.readPiece(piece, symbol, SYMBOL_HEAD_BYTES);
      if (length === undefined || SYMBOL_HEAD_BYTES + length > group.symbolBytes) return undefined;
      symbol[0] = length >>> 8;
      symbol[1] = length & 0xff;
      return symbol.subarray(0, SYMBOL_HEAD_BYTES + length);
    };
    const symbols = recover(group.sources, missing, parity, read) ?? [];
    const pieces = symbols.map((bytes, i) => {
      const piece = group.first + group.stride * (missing[i] as number);
      return { piece, bytes: pieceOf(bytes) };
    });
    const whole = pieces.filter(
      (one): one is RecoveredPiece =>
        one.bytes !== undefined && mayHave(this.lengths, one.piece, one.bytes.length),
    );
    return whole.length === pieces.length ? whole : [];
  }
}

/** The piece in a symbol; undefined when it does not fit, or something stands behind it. */
function pieceOf(symbol: Uint8Array): Uint8Array | undefined {
  const end = SYMBOL_HEAD_BYTES + (symbol[0] as number) * 0x100 + (symbol[1] as number);
  if (end > symbol.length) return undefined;
  for (let at = end; at < symbol.length; at += 1) if (symbol[at] !== 0) return undefined;
  return symbol.subarray(SYMBOL_HEAD_BYTES, end);
}

assert(
  GROUP_SYMBOLS_MAX <= CODE_SYMBOLS_MAX,
  "the code has points enough for any group on the wire",
);
