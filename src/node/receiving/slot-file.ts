import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { crc32c } from "@node-rs/crc32";
import { assert } from "../../base/assert.js";
import { WriteQueue } from "./write-queue.js";

/** How the pieces of a file of slots lie in it. */
export interface SlotShape {
  /** Bytes of the longest piece. */
  readonly pieceBytes: number;
  /** The length of a slot's piece, where a rule gives it; without, each slot begins with its piece's length. */
  readonly lengthOf?: ((slot: number) => number) | undefined;
}

export interface SlotFileEvents {
  /**
   * Slots [start, end) are in the file now; `payload` bytes of them are pieces. `bytes` is all that was written, and
   * good only during the call.
   */
  onWritten(start: number, end: number, payload: number, bytes: Uint8Array): void;
  /** Writing failed; everything still queued is dropped. */
  onError(error: unknown): void;
}

/** Pieces on the way out of a file of slots. */
export interface SlotRun {
  readonly first: number;
  /** Views of memory that is used again for the next run. */
  readonly pieces: readonly Uint8Array[];
}

/** The file does not hold what was written. */
export class PiecesDamaged extends Error {}

export function slotBytesOf({ pieceBytes, lengthOf }: SlotShape): number {
  return lengthOf === undefined ? LENGTH_BYTES + pieceBytes : pieceBytes;
}

/** Pieces in a file, each in the slot of its number; slots have one size. Written in the background, read at once. */
export class SlotFile {
  readonly slotBytes: number;
  private readonly queue: WriteQueue;
  private readonly slot: Uint8Array;

  /** The file stays the caller's. */
  constructor(
    readonly file: FileHandle,
    private readonly shape: SlotShape,
    events: SlotFileEvents,
  ) {
    this.slotBytes = slotBytesOf(shape);
    this.slot = new Uint8Array(this.slotBytes);
    this.queue = new WriteQueue(file, this.slotBytes, events);
  }

  /** Bytes of pieces taken in that are not in the file yet. */
  get pendingBytes(): number {
    return this.queue.pendingBytes;
  }

  /** Takes a copy of a piece, to be written soon. */
  write(number: number, bytes: Uint8Array): void {
    const { length } = bytes;
    const { pieceBytes, lengthOf } = this.shape;
    if (lengthOf !== undefined) {
      assert(length === lengthOf(number), "the piece has its full length");
      return this.queue.write(number, bytes, length);
    }
    assert(length >= 1 && length <= pieceBytes, "the piece has a length that was announced");
    // Whole slots, so that the file's length tells which slots it has.
    this.slot[0] = length >>> 8;
    this.slot[1] = length & 0xff;
    this.slot.set(bytes, LENGTH_BYTES);
    this.slot.fill(0, LENGTH_BYTES + length);
    this.queue.write(number, this.slot, length);
  }

  /** Copies a piece to `target` from `offset` on; returns its length. Throws what the file system says, or that the file is damaged. */
  read(number: number, target: Uint8Array, offset: number): number {
    const piece = this.pieceIn(this.queue.find(number) ?? this.slotFromFile(number), number);
    target.set(piece, offset);
    return piece.length;
  }

  /** The pieces of slots [start, end), many at a time. All must be in the file. Throws as `read` does. */
  async *runs(start: number, end: number): AsyncIterable<SlotRun> {
    const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / this.slotBytes));
    const block = new Uint8Array(Math.min(atOnce, end - start) * this.slotBytes);
    for (let first = start; first < end; first += atOnce) {
      const count = Math.min(atOnce, end - first);
      const wanted = this.endOf(first + count - 1) - first * this.slotBytes;
      await this.readBlock(block.subarray(0, wanted), first * this.slotBytes);
      const pieces = Array.from({ length: count }, (_, i) =>
        this.pieceIn(block.subarray(i * this.slotBytes, (i + 1) * this.slotBytes), first + i),
      );
      yield { first, pieces };
    }
  }

  /**
   * Whether slots [start, end), which were written at once, are in the file as they were then.
   *
   * @param crc the CRC-32C of their bytes
   */
  async isIntact(start: number, end: number, crc: number): Promise<boolean> {
    const from = start * this.slotBytes;
    const until = this.endOf(end - 1);
    const block = new Uint8Array(Math.min(BLOCK_BYTES, until - from));
    let found = 0;
    for (let at = from; at < until; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, until - at));
      try {
        await this.readBlock(part, at);
      } catch {
        return false;
      }
      found = crc32c(part, found);
    }
    return found === crc;
  }

  flush(): Promise<void> {
    return this.queue.flush();
  }

  /** Where the bytes of a slot end in the file. */
  private endOf(number: number): number {
    const { lengthOf } = this.shape;
    return number * this.slotBytes + (lengthOf?.(number) ?? this.slotBytes);
  }

  private slotFromFile(number: number): Uint8Array {
    const position = number * this.slotBytes;
    const slot = this.slot.subarray(0, this.endOf(number) - position);
    for (let done = 0; done < slot.length; ) {
      const read = readSync(this.file.fd, slot, done, slot.length - done, position + done);
      if (read === 0) throw new PiecesDamaged("the file of pieces has become shorter");
      done += read;
    }
    return slot;
  }

  private async readBlock(block: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < block.length; ) {
      const at = position + done;
      const { bytesRead } = await this.file.read(block, done, block.length - done, at);
      if (bytesRead === 0) throw new PiecesDamaged("the file of pieces has become shorter");
      done += bytesRead;
    }
  }

  private pieceIn(slot: Uint8Array, number: number): Uint8Array {
    const { pieceBytes, lengthOf } = this.shape;
    if (lengthOf !== undefined) return slot.subarray(0, lengthOf(number));
    const length = (slot[0] as number) * 0x100 + (slot[1] as number);
    if (length < 1 || length > pieceBytes) throw new PiecesDamaged("the file of pieces is damaged");
    return slot.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }
}

const LENGTH_BYTES = 2;
/** Ours: a few milliseconds of work between two looks at the network. */
const BLOCK_BYTES = 2 ** 20;
