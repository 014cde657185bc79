import type { PiecesMessage } from "./messages.js";

/** Copies a held piece to `target` from `offset` on; returns its length, undefined when it is not to be had. May throw. */
export type ReadHeld = (piece: number, target: Uint8Array, offset: number) => number | undefined;

/**
 * Pieces of one image on their way to the decoding thread, in memory that does not grow.
 *
 * A piece is copied once, into a batch. While all batches are with the decoder, further pieces wait as numbers, and
 * are read back from the store once a batch has come home.
 */
export class LiveQueue {
  private readonly spare: Uint8Array<ArrayBuffer>[] = [];
  private made = 0;
  private bytes: Uint8Array<ArrayBuffer> | undefined;
  private filled = 0;
  private pieces: number[] = [];
  private waiting: number[] = [];
  /** How many of `waiting` are read back already. */
  private waitingDone = 0;

  /**
   * @param pieceBytes length of the longest piece
   * @param send takes a full batch, or one that need not wait any longer
   */
  constructor(
    private readonly image: number,
    private readonly pieceBytes: number,
    private readonly readHeld: ReadHeld,
    private readonly send: (message: PiecesMessage) => void,
  ) {}

  /** Whether all that was put in has come home. */
  get isIdle(): boolean {
    return this.waiting.length === 0 && this.spare.length === this.made;
  }

  /** Takes a copy of the piece, or its number. */
  put(piece: number, bytes: Uint8Array): void {
    const batch = this.waiting.length > 0 ? undefined : this.room(bytes.length);
    if (batch === undefined) {
      this.waiting.push(piece);
      return;
    }
    batch.set(bytes, this.filled);
    this.note(piece, bytes.length);
  }

  /** Sends what there is, unless the decoder has enough to do. */
  hurry(): void {
    if (this.made - this.spare.length <= AHEAD) this.flush();
  }

  private flush(): void {
    if (this.bytes === undefined) return;
    const { image, pieces, bytes } = this;
    this.bytes = undefined;
    if (pieces.length === 0) {
      this.spare.push(bytes);
      return;
    }
    this.pieces = [];
    this.filled = 0;
    this.send({ kind: "pieces", image, pieces, bytes });
  }

  /** A batch has come home. */
  takeBack(bytes: Uint8Array<ArrayBuffer>): void {
    this.spare.push(bytes);
    this.readWaiting();
    this.flush();
  }

  /** Puts in pieces that are held, to be read back. */
  putHeld(pieces: Iterable<number>): void {
    for (const piece of pieces) this.waiting.push(piece);
    this.readWaiting();
    this.flush();
  }

  private readWaiting(): void {
    while (this.waitingDone < this.waiting.length) {
      const batch = this.room(this.pieceBytes);
      if (batch === undefined) return;
      const piece = this.waiting[this.waitingDone] as number;
      this.waitingDone += 1;
      const length = this.tryRead(piece, batch);
      if (length !== undefined) this.note(piece, length);
    }
    this.waiting = [];
    this.waitingDone = 0;
  }

  /** A store that fails tells so itself; here the piece is only not shown. */
  private tryRead(piece: number, batch: Uint8Array): number | undefined {
    try {
      return this.readHeld(piece, batch, this.filled);
    } catch {
      return undefined;
    }
  }

  /** A batch with room for so many more bytes; undefined while there is none. */
  private room(length: number): Uint8Array | undefined {
    if (this.bytes !== undefined && this.filled + length > this.bytes.length) this.flush();
    this.bytes ??= this.spare.pop() ?? this.make();
    return this.bytes;
  }

  private make(): Uint8Array<ArrayBuffer> | undefined {
    if (this.made === BATCHES_MAX) return undefined;
    this.made += 1;
    return new Uint8Array(Math.max(BATCH_BYTES, this.pieceBytes));
  }

  private note(piece: number, length: number): void {
    this.filled += length;
    this.pieces.push(piece, this.filled);
  }
}

/** Ours: a twentieth of a second at 20 Mbit/s; a batch is sent earlier when the socket has nothing more. */
const BATCH_BYTES = 128 * 1_024;
/** One being filled, one being decoded, and some for a thread that is late: 2 MB an image. Ours. */
const BATCHES_MAX = 16;
/** While so many batches are out, the one being filled counted, another need not go before it is full. Ours. */
const AHEAD = 3;
