import { assert } from "../base/assert.js";
import { PieceSet } from "../base/piece-set.js";
import type { Range } from "../base/range-set.js";
import { PICTURE_PIECES_MAX, PIECES_MAX } from "../wire/frames/image.js";

/** What may bring lost pieces back. */
export interface LossCover {
  /** The receiver holds a piece. */
  onHeld(piece: number): void;
  /** True when a lost piece is not to be sent again yet. */
  onPieceLost(piece: number): boolean;
  /** True when a piece that the receiver lacks is not to be sent again yet. */
  onWanted(piece: number): boolean;
}

/** Which pieces there are, as far as is known. */
export interface PieceSupply {
  /** Undefined while nobody knows it; once known it stays. */
  readonly pieceCount: number | undefined;
  /** Pieces below this can be sent; all of them when absent. It only rises. */
  readonly available?: number | undefined;
  /** Pieces, among those that can be sent, to be left out of the first pass. */
  readonly withheld?: Iterable<Range> | undefined;
}

/**
 * What a sender knows of each piece of one image: not there yet, not sent, withheld, on the
 * way, due again, held by the receiver.
 *
 * A piece becomes due again for one of two reasons only: its newest packet is
 * lost, or the receiver, who has seen that packet, says that it lacks the piece. Asking
 * twice for what is on the way therefore changes nothing. What parity may bring back waits for that first.
 */
export class PieceLedger {
  /** What may bring back lost pieces without a repair. */
  cover: LossCover | undefined;
  /** Pieces that the receiver has confirmed. */
  readonly held = new PieceSet();
  /** Pieces put on the wire at least once. */
  sentOnce = 0;
  /** Times that a piece was sent again, or late because it was withheld. */
  repaired = 0;
  private readonly due = new PieceSet();
  private readonly withheld = new PieceSet();
  private count: number | undefined;
  private available = 0;
  /** Everything before this has been sent, withheld, or was held from the start. */
  private next = 0;
  /** The newest packet of each piece on the way, the longest on the way first. */
  private readonly newestPacket = new Map<number, number>();

  constructor(supply: PieceSupply) {
    this.supply(supply);
  }

  /** More pieces can be sent, or their count has become known. */
  supply({ pieceCount, available, withheld = [] }: PieceSupply): void {
    const ready = available ?? pieceCount ?? 0;
    assert(ready >= this.available, "pieces that can be sent stay so");
    assert(pieceCount === this.count || this.count === undefined, "a piece count does not change");
    assert(ready <= (pieceCount ?? PICTURE_PIECES_MAX), "pieces keep within their count");
    for (const { start, end } of withheld) this.withheld.add(start, end);
    this.available = ready;
    this.count = pieceCount;
    // What a receiver says that it holds beyond the count is of no image of ours.
    if (pieceCount !== undefined) this.held.delete(pieceCount, PIECES_MAX + 1);
    this.skip();
  }

  /** Undefined while nobody knows it. */
  get pieceCount(): number | undefined {
    return this.count;
  }

  get allHeld(): boolean {
    return this.held.size === this.count;
  }

  get firstPassOver(): boolean {
    return this.count !== undefined && this.next >= this.count;
  }

  /** Whether each of the first `pieces` has been sent, withheld, or was held from the start. */
  hasPassed(pieces: number): boolean {
    return this.next >= pieces;
  }

  get onTheWay(): number {
    return this.newestPacket.size;
  }

  isOnTheWay(piece: number): boolean {
    return this.newestPacket.has(piece);
  }

  /** Pieces of which nobody knows yet whether they came, in order of sending. */
  get piecesOnTheWay(): Iterable<number> {
    return this.newestPacket.keys();
  }

  /** True while pieces are left out of the first pass and nobody has asked for them. */
  get withholds(): boolean {
    return this.withheld.size > 0;
  }

  withholdsBelow(end: number): boolean {
    const { first } = this.withheld;
    return first !== undefined && first < end;
  }

  /** The piece to send now: repairs before what was never sent. */
  pick(): number | undefined {
    return this.pickRepair() ?? (this.next < this.available ? this.next : undefined);
  }

  /** The piece to send again now. What the receiver lost from an earlier time may not be there yet. */
  pickRepair(): number | undefined {
    const { first } = this.due;
    return first !== undefined && first < this.available ? first : undefined;
  }

  /** The piece that has been on the way longest, in a packet before the one named: what a probe repeats. */
  pickOldestOnTheWay(beforePacket = Number.POSITIVE_INFINITY): number | undefined {
    for (const [piece, packet] of this.newestPacket) {
      return packet < beforePacket ? piece : undefined;
    }
    return undefined;
  }

  onSent(piece: number, packetNumber: number): void {
    if (piece === this.next) {
      this.sentOnce += 1;
      this.next += 1;
    } else {
      this.repaired += 1;
      if (this.withheld.delete(piece) > 0) this.sentOnce += 1;
      this.due.delete(piece);
    }
    // Taken out first, so that the map stays in order of sending.
    this.newestPacket.delete(piece);
    this.newestPacket.set(piece, packetNumber);
    this.skip();
  }

  onAcked(piece: number): void {
    this.newestPacket.delete(piece);
    this.due.delete(piece);
    this.held.add(piece);
    this.cover?.onHeld(piece);
  }

  /** @param repair false when the receiver asks for nothing: the loss is final */
  onLost(piece: number, packetNumber: number, repair: boolean): void {
    if (this.newestPacket.get(piece) !== packetNumber) return;
    this.newestPacket.delete(piece);
    if (!repair || this.held.has(piece) || this.cover?.onPieceLost(piece) === true) return;
    this.due.add(piece);
  }

  /** What is on the way is sent once more, before anybody knows what becomes of it. */
  repeat(): void {
    for (const piece of this.newestPacket.keys()) this.due.add(piece);
  }

  /** A lost piece need not wait for its cover any more. */
  release(piece: number): void {
    if (!this.held.has(piece) && !this.newestPacket.has(piece)) this.due.add(piece);
  }

  /**
   * The receiver's word on the pieces [from, to), newer than every
   * acknowledgement taken so far: it lacks those listed and holds the others.
   */
  onGaps(from: number, to: number, missing: readonly Range[]): void {
    let above = from;
    for (const range of missing) {
      this.confirm(above, range.start);
      this.demand(range.start, Math.min(range.end, this.next));
      above = range.end;
    }
    this.confirm(above, to);
    this.skip();
  }

  private confirm(start: number, end: number): void {
    if (start >= end) return;
    for (const gap of [...this.held.gaps(start, end)]) {
      this.held.add(gap.start, gap.end);
      this.due.delete(gap.start, gap.end);
      this.withheld.delete(gap.start, gap.end);
      for (let piece = gap.start; piece < gap.end; piece += 1) {
        this.newestPacket.delete(piece);
        this.cover?.onHeld(piece);
      }
    }
  }

  private demand(start: number, end: number): void {
    if (start >= end) return;
    this.held.delete(start, end);
    for (const gap of [...this.due.gaps(start, end)]) {
      for (let piece = gap.start; piece < gap.end; piece += 1) {
        if (this.newestPacket.has(piece) || this.cover?.onWanted(piece) === true) continue;
        this.due.add(piece);
      }
    }
  }

  /** Moves on over what is withheld or held already. */
  private skip(): void {
    for (;;) {
      const end = this.withheld.endOfRangeAt(this.next) ?? this.held.endOfRangeAt(this.next);
      if (end === undefined) return;
      this.next = end;
    }
  }
}
