import { PieceSet } from "../base/piece-set.js";
import type { Range } from "../base/range-set.js";
import { fitGaps, type GapsFrame } from "../wire/frames/gaps.js";

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
  private frontier = 0;
  private readonly requested = new PieceSet();
  /** Where the next report begins, when holes are too many for one datagram. */
  private cursor = 0;

  constructor(readonly pieceCount: number) {}

  /** Takes a piece; false when it is held already. */
  add(piece: number): boolean {
    if (this.held.add(piece) === 0) {
      this.duplicates += 1;
      return false;
    }
    this.received += 1;
    if (this.wasRequested(piece)) this.repaired += 1;
    this.frontier = Math.max(this.frontier, piece + 1);
    return true;
  }

  /** Takes a piece that parity gave back and that was missing. */
  addRecovered(piece: number): void {
    this.held.add(piece);
    this.recovered += 1;
    this.frontier = Math.max(this.frontier, piece + 1);
  }

  /** Takes pieces that are held from an earlier time. */
  restore(ranges: Iterable<Range>): void {
    for (const { start, end } of ranges) {
      this.held.add(start, end);
      this.frontier = Math.max(this.frontier, end);
    }
  }

  /** Every piece has been sent once: what is missing now is missing. */
  expectAll(): void {
    this.frontier = this.pieceCount;
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

  get missingCount(): number {
    return this.pieceCount - this.held.size;
  }

  get isComplete(): boolean {
    return this.missingCount === 0;
  }

  /** Pieces below the frontier that are missing. */
  get holes(): number {
    return this.frontier - this.held.size;
  }

  /** All missing pieces, those never sent among them. */
  missing(): Iterable<Range> {
    return this.held.gaps(0, this.pieceCount);
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

  /** True when the last report ended before the frontier, so that another must follow. */
  get reportGoesOn(): boolean {
    return this.cursor > 0 && this.holes > 0;
  }
}
