/** Fills `target` from a position of the file; returns how many bytes there were. */
export type ReadBlock = (target: Uint8Array, position: number) => number;

/**
 * Small reads at any place of a large file, through a few blocks kept in
 * memory; the block used longest ago gives way. Memory: `BLOCKS_MAX` blocks.
 */
export class BlockCache {
  /** By block number; the map's order is that of use. */
  private readonly blocks = new Map<number, Uint8Array>();

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
    const known = this.blocks.get(number);
    if (known !== undefined) {
      this.blocks.delete(number);
      this.blocks.set(number, known);
      return known;
    }
    const [oldest] = this.blocks.keys();
    if (this.blocks.size >= BLOCKS_MAX && oldest !== undefined) this.blocks.delete(oldest);
    const bytes = new Uint8Array(BLOCK_BYTES);
    const block = bytes.subarray(0, this.readBlock(bytes, number * BLOCK_BYTES));
    this.blocks.set(number, block);
    return block;
  }
}

/** Ours: long enough that a first pass costs a read every 57 pieces, short enough for scattered repairs. */
const BLOCK_BYTES = 64 * 1024;
/** Ours: 2 MiB in all. */
const BLOCKS_MAX = 32;
