import type { FileHandle } from "node:fs/promises";
import { writeAll } from "../disk.js";

/** Slots that follow each other in the file and in memory, so that one write takes them all. */
interface Run {
  readonly firstSlot: number;
  /** Where the first of them begins in the block. */
  readonly from: number;
  slots: number;
  /** Bytes in use; the rest of the last slot is left as it is on the disk. */
  length: number;
  /** Bytes that callers want counted: those of their pieces. */
  payload: number;
}

/** Memory that slots are copied to, one behind the other as they come. */
interface Block {
  readonly buffer: Uint8Array;
  readonly runs: Run[];
  used: number;
}

export interface WriteQueueEvents {
  /**
   * Slots [start, end) are in the file now; `payload` bytes of them count. `bytes` is all that was
   * written, and good only during the call.
   */
  onWritten(start: number, end: number, payload: number, bytes: Uint8Array): void;
  /** Writing failed; everything still queued is dropped. */
  onError(error: unknown): void;
}

/**
 * Writes slots of equal size to a file in the background, one write at a time.
 *
 * Slots are gathered in blocks, and a block is written when it is full, when it has waited for a moment, or
 * when `flush` asks for it: a write costs a trip to another thread and back, whatever its size.
 */
export class WriteQueue {
  /** Oldest first. */
  private readonly blocks: Block[] = [];
  /** The last of them, while it may grow. */
  private open: Block | undefined;
  private readonly spare: Uint8Array[] = [];
  private readonly blockBytes: number;
  private draining = false;
  private failed = false;
  private payload = 0;
  private waiting: (() => void)[] = [];
  /** Ends the wait for a block to fill. */
  private hurry: () => void = () => undefined;

  constructor(
    private readonly file: FileHandle,
    private readonly slotBytes: number,
    private readonly events: WriteQueueEvents,
  ) {
    this.blockBytes = Math.max(1, Math.floor(BLOCK_BYTES / slotBytes)) * slotBytes;
  }

  /** Bytes taken in that are not in the file yet. */
  get pendingBytes(): number {
    return this.payload;
  }

  /** Takes a copy of `bytes`, at most a slot long; `payload` says how many count. */
  write(slot: number, bytes: Uint8Array, payload: number): void {
    if (this.failed) return;
    const block = this.open ?? this.openBlock();
    const { buffer, runs, used } = block;
    buffer.set(bytes, used);
    // What lies here from an earlier time is nobody's business.
    if (bytes.length < this.slotBytes) buffer.fill(0, used + bytes.length, used + this.slotBytes);
    const last = runs[runs.length - 1];
    if (last !== undefined && last.firstSlot + last.slots === slot) {
      last.length = used - last.from + bytes.length;
      last.slots += 1;
      last.payload += payload;
    } else {
      runs.push({ firstSlot: slot, from: used, slots: 1, length: bytes.length, payload });
    }
    block.used += this.slotBytes;
    this.payload += payload;
    if (block.used === this.blockBytes) this.close();
    if (!this.draining) void this.drain();
  }

  /** The whole slot while it is still in memory. */
  find(slot: number): Uint8Array | undefined {
    for (const { buffer, runs } of this.blocks) {
      for (const { firstSlot, slots, from } of runs) {
        if (slot < firstSlot || slot >= firstSlot + slots) continue;
        const at = from + (slot - firstSlot) * this.slotBytes;
        return buffer.subarray(at, at + this.slotBytes);
      }
    }
    return undefined;
  }

  /** Resolves when nothing is queued or the queue has failed. */
  async flush(): Promise<void> {
    if (!this.draining) return;
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      this.hurry();
    });
  }

  private openBlock(): Block {
    const buffer = this.spare.pop() ?? new Uint8Array(this.blockBytes);
    this.open = { buffer, runs: [], used: 0 };
    this.blocks.push(this.open);
    return this.open;
  }

  private close(): void {
    this.open = undefined;
    this.hurry();
  }

  private async drain(): Promise<void> {
    this.draining = true;
    for (let block = this.blocks[0]; block !== undefined; block = this.blocks[0]) {
      if (block === this.open && this.waiting.length === 0) await this.wait();
      if (block === this.open) this.open = undefined;
      try {
        for (const run of block.runs) await this.writeRun(block, run);
      } catch (error) {
        this.fail(error);
        break;
      }
      this.blocks.shift();
      if (this.spare.length < SPARE_BLOCKS) this.spare.push(block.buffer);
    }
    this.draining = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async writeRun(block: Block, run: Run): Promise<void> {
    const { firstSlot, from, slots, length, payload } = run;
    const bytes = block.buffer.subarray(from, from + length);
    await writeAll(this.file, bytes, firstSlot * this.slotBytes);
    this.payload -= payload;
    this.events.onWritten(firstSlot, firstSlot + slots, payload, bytes);
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.blocks.length = 0;
    this.open = undefined;
    this.payload = 0;
    this.events.onError(error);
  }
}

/** Ours: a trip to the disk's thread every few hundred pieces. */
const BLOCK_BYTES = 256 * 1024;
/** Ours: short beside what a checkpoint lets go, long beside what a fast link takes to fill a block. */
const GATHER_MS = 5;
/** Blocks kept to be used again. */
const SPARE_BLOCKS = 4;
