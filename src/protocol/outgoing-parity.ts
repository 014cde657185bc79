import { LANES } from "../fec/combiner.js";
import { ParityMaker } from "../fec/erasure.js";
import type { ByteWriter } from "../wire/bytes.js";
import {
  GROUP_SYMBOLS_MAX,
  lastOf,
  type ParityGroup,
  parityFrameBytes,
  SYMBOL_HEAD_BYTES,
  writeParityHead,
} from "../wire/frames/parity.js";
import type { ImageSource } from "./outgoing-image.js";
import { groupsOver, type ParityTerms, paritySymbolsWorth } from "./parity-policy.js";
import type { PieceLedger } from "./piece-ledger.js";

/** A group with parity of it on the way, or come. */
export interface SentGroup extends ParityGroup {
  readonly symbolBytes: number;
  /** Parity symbols that are still to be sent. */
  wanted: number;
  /** Index of the next. */
  next: number;
  readonly onTheWay: Set<number>;
  acked: number;
  /** Its pieces that were on the way when it was planned. */
  readonly pieces: readonly number[];
  /** Of these, pieces that are lost and wait for what parity does. */
  readonly waiting: Set<number>;
  /** Parity symbols made ahead, from `next` on. */
  made: Uint8Array[];
}

/**
 * The parity that a sender has sent of one image, and the lost pieces that are not repaired because it may bring
 * them back. docs/protocol.md section 6.
 */
export class OutgoingParity {
  /** Parity symbols sent, and their frames' bytes. */
  pieces = 0;
  bytes = 0;
  /** Those that have parity to be sent; the one whose turn it is first. */
  private due: SentGroup[] = [];
  /** The group that answers for a piece. */
  private readonly covers = new Map<number, SentGroup>();

  constructor(
    private readonly image: number,
    private readonly source: ImageSource,
    private readonly ledger: PieceLedger,
  ) {}

  isCovered(piece: number): boolean {
    return this.covers.has(piece);
  }

  /** Makes groups of pieces on the way, in rising order, as far as that is worth it. */
  plan(pieces: readonly number[], terms: ParityTerms): void {
    if (pieces.length > PARITY_PIECES_MAX) return;
    for (const group of groupsOver(pieces)) {
      const { first, stride, sources } = group;
      let waiting = 0;
      let exposed = group.pieces.length;
      let longest = 0;
      let total = 0;
      for (let piece = first; piece <= lastOf(group); piece += stride) {
        const length = this.source.pieceLength(piece);
        longest = Math.max(longest, length);
        total += length;
        const cover = this.covers.get(piece);
        if (cover?.waiting.has(piece) === true) waiting += 1;
        else if (cover !== undefined) exposed += 1;
      }
      // What is lost already, and waits for another group, is lost to this one for certain.
      const room = GROUP_SYMBOLS_MAX - sources - waiting;
      const symbolBytes = SYMBOL_HEAD_BYTES + longest;
      const meanBytes = SYMBOL_HEAD_BYTES + total / sources;
      const shape = { stride, symbolBytes, meanBytes };
      const worth = paritySymbolsWorth(shape, exposed, room, terms);
      if (worth === 0) continue;
      const sent: SentGroup = {
        ...{ first, stride, sources, symbolBytes },
        ...{ wanted: worth + waiting, next: 0, onTheWay: new Set(), acked: 0 },
        ...{ pieces: group.pieces, waiting: new Set(), made: [] },
      };
      for (const piece of group.pieces) this.covers.set(piece, sent);
      this.due.push(sent);
    }
  }

  /** True when parity is to be sent. That of groups which the receiver holds whole is not. */
  get isDue(): boolean {
    for (let group = this.due[0]; group !== undefined; group = this.due[0]) {
      if (group.pieces.some((piece) => !this.ledger.held.has(piece))) return true;
      this.cancel(group);
    }
    return false;
  }

  /** Writes the next parity symbol, each group in its turn; undefined when none is due or it does not fit. */
  writeNext(writer: ByteWriter): { readonly group: SentGroup; readonly index: number } | undefined {
    const group = this.isDue ? this.due[0] : undefined;
    if (group === undefined) return undefined;
    const { next: index, symbolBytes } = group;
    const size = parityFrameBytes(this.image, group, index, symbolBytes);
    if (size > writer.room) return undefined;
    if (group.made.length === 0) group.made = this.make(group);
    const symbol = group.made.shift() as Uint8Array;
    writer.target.set(symbol, writeParityHead(writer, this.image, group, index, symbolBytes));
    group.onTheWay.add(index);
    group.next += 1;
    group.wanted -= 1;
    this.due.shift();
    if (group.wanted > 0) this.due.push(group);
    else group.made = [];
    this.pieces += 1;
    this.bytes += size;
    return { group, index };
  }

  onAcked(group: SentGroup, index: number): void {
    group.onTheWay.delete(index);
    group.acked += 1;
  }

  onLost(group: SentGroup, index: number): void {
    group.onTheWay.delete(index);
    this.settle(group);
  }

  /** The receiver holds a piece. */
  onHeld(piece: number): void {
    this.covers.get(piece)?.waiting.delete(piece);
    this.covers.delete(piece);
  }

  /** A piece is lost: true when it is to wait for parity. */
  onPieceLost(piece: number): boolean {
    const group = this.covers.get(piece);
    if (group === undefined) return false;
    group.waiting.add(piece);
    this.settle(group);
    return group.waiting.has(piece);
  }

  /**
   * The receiver says that it lacks a piece: true when it is still to wait. Not so when nothing of its group is on the way
   * any more, nor when as much parity has come as the group lacks pieces, for then the receiver had no use for it.
   */
  onWanted(piece: number): boolean {
    const group = this.covers.get(piece);
    if (group?.waiting.has(piece) !== true) return false;
    const lacking = group.pieces.filter((one) => !this.ledger.held.has(one));
    const isUnderWay =
      group.onTheWay.size + group.wanted > 0 || lacking.some((one) => this.ledger.isOnTheWay(one));
    if (isUnderWay && group.acked < lacking.length) return true;
    this.cancel(group);
    return false;
  }

  /** No more parity is sent of what was planned. */
  giveUp(): void {
    for (const group of [...this.due]) this.cancel(group);
  }

  /** The image has ended. */
  clear(): void {
    this.due = [];
    this.covers.clear();
  }

  /** Lets go of lost pieces that parity cannot bring back, as many as there are too many. */
  private settle(group: SentGroup): void {
    const usable = group.acked + group.onTheWay.size + group.wanted;
    for (const piece of group.waiting) {
      if (group.waiting.size <= usable) return;
      group.waiting.delete(piece);
      this.covers.delete(piece);
      this.ledger.release(piece);
    }
  }

  /** Nothing more is expected of a group. */
  private cancel(group: SentGroup): void {
    this.due = this.due.filter((one) => one !== group);
    group.wanted = 0;
    group.made = [];
    for (const piece of group.pieces) {
      if (this.covers.get(piece) === group) this.covers.delete(piece);
    }
    for (const piece of group.waiting) this.ledger.release(piece);
    group.waiting.clear();
  }

  /** Makes the next few symbols of a group: four take hardly longer than one. */
  private make(group: SentGroup): Uint8Array[] {
    const { first, stride, sources, next, symbolBytes } = group;
    const count = Math.min(LANES, GROUP_SYMBOLS_MAX - sources - next);
    const maker = new ParityMaker(sources, next, count, symbolBytes);
    const symbol = new Uint8Array(symbolBytes);
    for (let piece = first; piece <= lastOf(group); piece += stride) {
      const length = this.source.pieceLength(piece);
      symbol[0] = length >>> 8;
      symbol[1] = length & 0xff;
      this.source.readPiece(piece, symbol, SYMBOL_HEAD_BYTES);
      maker.add(symbol.subarray(0, SYMBOL_HEAD_BYTES + length));
    }
    return Array.from({ length: count }, (_, i) => {
      const made = new Uint8Array(symbolBytes);
      maker.take(i, made);
      return made;
    });
  }
}

/** Pieces on the way beyond this get no parity: coding them would take long, and such a path hardly waits. Ours. */
const PARITY_PIECES_MAX = 16_384;
