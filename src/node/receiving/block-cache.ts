/** Fills `target` from a position of the file; returns how many bytes there were. */
export type ReadBlock = (target: Uint8Array, position: number) => number;

/**
 * Small reads at any place of a large file, through a few blocks kept in
 * memory; the block used longest ago gives way. Memory: `BLOCKS_MAX` blocks.
 */
export class BlockCache {
  /** By block number; the map's order is that of use. */
  private readonly blocks = new Map<number, Uint8Array>();
  /** The block of the last read, which most reads ask for again. */
  private newest: { readonly number: number; readonly block: Uint8Array } | undefined;

  constructor(private readonly readBlock: ReadBlock) {}

  /** Copies `length` bytes from `position` to `target` from `offset` on; false when the file ends before. */
  read(position: number, length: number, target: Uint8Array, offset: number): boolean {
    for (let done = 0; done < length; ) {
      const at = position + done;
      const number = Math.floor(at / BLOCK_BYTES);
      const block = this.block(number);
      const from = at - number * BLOCK_BYTES;
      const part = block.subarray(from, from + length - done);
      if (part.length === 0) return false;
      target.set(part, offset + done);
      done += part.length;
    }
    return true;
  }

  private block(number: number): Uint8Array {
    if (this.newest?.number === number) return this.newest.block;
    const block = this.blocks.get(number) ?? this.load(number);
    // Taken out first, so that the map stays in order of use.
    this.blocks.delete(number);
    this.blocks.set(number, block);
    this.newest = { number, block };
    return block;
  }

  private load(number: number): Uint8Array {
    const bytes = this.room();
    return bytes.subarray(0, this.readBlock(bytes, number * BLOCK_BYTES));
  }

  /** Memory for another block: that of the one used longest ago, once there are enough. */
  private room(): Uint8Array {
    const [oldest] = this.blocks;
    if (this.blocks.size < BLOCKS_MAX || oldest === undefined) return new Uint8Array(BLOCK_BYTES);
    const [number, block] = oldest;
    this.blocks.delete(number);
    return new Uint8Array(block.buffer);
  }
}

/** Ours: long enough that a first pass costs a read every 57 pieces, short enough for scattered repairs. */
const BLOCK_BYTES = 64 * 1024;
/** Ours: 2 MiB in all. */
const BLOCKS_MAX = 32;
