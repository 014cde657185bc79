import { assert } from "../base/assert.js";
import { PieceSet } from "../base/piece-set.js";
import type { Range } from "../base/range-set.js";
import { fitGaps, type GapsFrame } from "../wire/frames/gaps.js";
import { PICTURE_PIECES_MAX, PIECES_MAX } from "../wire/frames/image.js";

/**
 * What a receiver holds and lacks of one image: exact at every instant,
 * whatever the order in which pieces come.
 *
 * Pieces below the frontier have surely been sent, so those missing there are
 * asked for. The frontier is one past the highest piece seen, and the piece
 * count once the sender has said that its first pass is over.
 */
export class GapTracker {
  readonly held = new PieceSet();
  /** Pieces that came and were new. */
  received = 0;
  /** Of these, pieces that had been asked for. */
  repaired = 0;
  /** Pieces that did not come, but were computed from parity. */
  recovered = 0;
  duplicates = 0;
  private count: number | undefined;
  private frontier = 0;
  /** One past the highest piece that has come. */
  private seenEnd = 0;
  private readonly requested = new PieceSet();
  /** Where the next report begins, when holes are too many for one datagram. */
  private cursor = 0;

  /** @param pieceCount undefined while nobody knows it */
  constructor(pieceCount?: number) {
    this.count = pieceCount;
  }

  get pieceCount(): number | undefined {
    return this.count;
  }

  /** Learns how many pieces there are; false when that cannot be, by what was told before or by what has come. */
  learnCount(pieceCount: number): boolean {
    if (this.count !== undefined) return this.count === pieceCount;
    if (pieceCount < this.seenEnd) return false;
    this.count = pieceCount;
    // What is held from an earlier time was of another image, if it lies beyond.
    this.held.delete(pieceCount, PIECES_MAX + 1);
    this.frontier = Math.min(this.frontier, pieceCount);
    return true;
  }

  /** Takes a piece; false when it is held already. */
  add(piece: number): boolean {
    if (this.held.add(piece) === 0) {
      this.duplicates += 1;
      return false;
    }
    this.received += 1;
    if (this.wasRequested(piece)) this.repaired += 1;
    this.see(piece);
    return true;
  }

  /** Takes a piece that parity gave back and that was missing. */
  addRecovered(piece: number): void {
    this.held.add(piece);
    this.recovered += 1;
    this.see(piece);
  }

  /** Takes pieces that are held from an earlier time; those beyond the count are not of this image. */
  restore(ranges: Iterable<Range>): void {
    for (const range of ranges) {
      const { start } = range;
      const end = Math.min(range.end, this.count ?? PICTURE_PIECES_MAX);
      if (start >= end) continue;
      this.held.add(start, end);
      this.frontier = Math.max(this.frontier, end);
    }
  }

  /** Every piece has been sent once, and the count is known: what is missing now is missing. */
  expectAll(): void {
    assert(this.count !== undefined, "the first pass ends when the count is known");
    this.frontier = this.count;
  }

  /** Nothing that is held can be trusted: all of it is missing again. */
  discardAll(): void {
    this.held.clear();
    this.expectAll();
  }

  /** No more will come: which pieces were asked for is forgotten. */
  end(): void {
    this.requested.clear();
  }

  /** How many pieces are missing; while the count is not known, of those that must have been sent. */
  get missingCount(): number {
    return (this.count ?? this.frontier) - this.held.size;
  }

  get isComplete(): boolean {
    return this.count !== undefined && this.missingCount === 0;
  }

  /** Pieces below the frontier that are missing. */
  get holes(): number {
    return this.frontier - this.held.size;
  }

  /** All missing pieces, those never sent among them; while the count is not known, of those that must have been sent. */
  missing(): Iterable<Range> {
    return this.held.gaps(0, this.count ?? this.frontier);
  }

  /** True for a piece that must have been sent, by what came after it. */
  isExpected(piece: number): boolean {
    return piece < this.frontier;
  }

  wasRequested(piece: number): boolean {
    return this.requested.has(piece);
  }

  /**
   * The next report that fits into `room` bytes; undefined when none does.
   * Reports go round: the one after the last begins at the start again.
   */
  report(image: number, room: number): GapsFrame | undefined {
    const from = this.cursor < this.frontier ? this.cursor : 0;
    const missing = this.held.gaps(from, this.frontier);
    const frame = fitGaps(image, from, this.frontier, missing, room);
    if (frame === undefined) return undefined;
    this.cursor = frame.to < this.frontier ? frame.to : 0;
    for (const { start, end } of frame.missing) this.requested.add(start, end);
    return frame;
  }

  private see(piece: number): void {
    this.seenEnd = Math.max(this.seenEnd, piece + 1);
    this.frontier = Math.max(this.frontier, piece + 1);
  }

  /** True when the last report ended before the frontier, so that another must follow. */
  get reportGoesOn(): boolean {
    return this.cursor > 0 && this.holes > 0;
  }
}
