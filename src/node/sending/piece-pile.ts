import { readSync, writeSync } from "node:fs";
import { assert } from "../../base/assert.js";
import { BlockCache } from "../receiving/block-cache.js";

/**
 * Pieces of various lengths, piled up in the order of their numbers and read back by number.
 *
 * They lie in blocks; with a file, each block that is full goes there, and memory holds only the one being filled and
 * what `BlockCache` keeps. Beside the bytes, a piece takes 10 bytes of memory.
 */
export class PiecePile {
  /** Where each piece begins, counted over all blocks. */
  private starts = new Float64Array(FIRST_PIECES);
  private lengths = new Uint16Array(FIRST_PIECES);
  /** Full blocks in memory; empty with a file. */
  private readonly full: Uint8Array[] = [];
  private block = new Uint8Array(BLOCK_BYTES);
  /** Bytes before the block being filled, and in it. */
  private before = 0;
  private filled = 0;
  private readonly cache: BlockCache | undefined;
  private pieces = 0;
  private sum = 0;

  /** @param file descriptor of a file for the blocks; without it all stay in memory */
  constructor(private readonly file?: number) {
    if (file === undefined) return;
    this.cache = new BlockCache((target, at) => readSync(file, target, 0, target.length, at));
  }

  get count(): number {
    return this.pieces;
  }

  /** Of all pieces. */
  get bytes(): number {
    return this.sum;
  }

  lengthOf(piece: number): number {
    assert(piece >= 0 && piece < this.pieces, "only what was piled up is asked for");
    return this.lengths[piece] as number;
  }

  /** Adds the next piece, of at most 65,535 bytes. Throws what the file system says. */
  add(bytes: Uint8Array): void {
    assert(bytes.length <= PIECE_BYTES_MAX, "a length has 16 bits");
    if (this.filled + bytes.length > BLOCK_BYTES) this.endBlock();
    if (this.pieces === this.lengths.length) this.grow();
    this.block.set(bytes, this.filled);
    this.starts[this.pieces] = this.before + this.filled;
    this.lengths[this.pieces] = bytes.length;
    this.filled += bytes.length;
    this.sum += bytes.length;
    this.pieces += 1;
  }

  /** Copies a piece to `target` from `offset` on; its length, or `undefined` when the file has lost it. */
  read(piece: number, target: Uint8Array, offset: number): number | undefined {
    const length = this.lengthOf(piece);
    const start = this.starts[piece] as number;
    if (start < this.before && this.cache !== undefined) {
      return this.cache.read(start, length, target, offset) ? length : undefined;
    }
    const block = this.full[Math.floor(start / BLOCK_BYTES)] ?? this.block;
    const from = start % BLOCK_BYTES;
    target.set(block.subarray(from, from + length), offset);
    return length;
  }

  /** A piece never lies across two blocks. */
  private endBlock(): void {
    if (this.file === undefined) {
      this.full.push(this.block);
      this.block = new Uint8Array(BLOCK_BYTES);
    } else writeAll(this.file, this.block, this.before);
    this.before += BLOCK_BYTES;
    this.filled = 0;
  }

  private grow(): void {
    const [starts, lengths] = [this.starts, this.lengths];
    this.starts = new Float64Array(2 * starts.length);
    this.starts.set(starts);
    this.lengths = new Uint16Array(2 * lengths.length);
    this.lengths.set(lengths);
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

const PIECE_BYTES_MAX = 65_535;
/** Ours: a thousand pieces or so, written in a millisecond. */
const BLOCK_BYTES = 2 ** 20;
const FIRST_PIECES = 1_024;
