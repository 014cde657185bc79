import type { FileHandle } from "node:fs/promises";
import { writeAll } from "./disk.js";

/** Neighbouring slots on their way to the disk. */
interface Batch {
  readonly firstSlot: number;
  /** Grows with the batch: most repairs stay alone. */
  buffer: Uint8Array;
  slots: number;
  /** Bytes of the buffer in use; the rest of the last slot is left as it is on the disk. */
  length: number;
  /** Bytes that callers wrote, without the gaps between short slots. */
  payload: number;
}

export interface WriteQueueEvents {
  /** Slots [start, end) are in the file now; `payload` bytes of them were given to `write`. */
  onWritten(start: number, end: number, payload: number): void;
  /** Writing failed; everything still queued is dropped. */
  onError(error: unknown): void;
}

/**
 * Writes slots of equal size to a file in the background, one write at a time;
 * what comes in meanwhile is joined with its neighbours, so the busier the
 * disk, the larger the writes.
 */
export class WriteQueue {
  /** Oldest first. */
  private readonly batches: Batch[] = [];
  private readonly slotsPerBatch: number;
  private writing = false;
  /** Must not change any more. */
  private inFlight: Batch | undefined;
  private failed = false;
  private payload = 0;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly file: FileHandle,
    private readonly slotBytes: number,
    private readonly events: WriteQueueEvents,
  ) {
    this.slotsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / slotBytes));
  }

  /** Bytes taken in that are not in the file yet. */
  get pendingBytes(): number {
    return this.payload;
  }

  /** Takes a copy of `bytes`, at most a slot long. */
  write(slot: number, bytes: Uint8Array): void {
    if (this.failed) return;
    const batch = this.openBatch(slot) ?? this.newBatch(slot);
    const at = (slot - batch.firstSlot) * this.slotBytes;
    if (at + this.slotBytes > batch.buffer.length) {
      const larger = new Uint8Array(2 * (at + this.slotBytes));
      larger.set(batch.buffer);
      batch.buffer = larger;
    }
    batch.buffer.set(bytes, at);
    batch.slots += 1;
    batch.length = at + bytes.length;
    batch.payload += bytes.length;
    this.payload += bytes.length;
    if (!this.writing) void this.drain();
  }

  /** The bytes of a slot that is still in memory. */
  find(slot: number, length: number): Uint8Array | undefined {
    for (const { firstSlot, slots, buffer } of this.batches) {
      if (slot < firstSlot || slot >= firstSlot + slots) continue;
      const at = (slot - firstSlot) * this.slotBytes;
      return buffer.subarray(at, at + length);
    }
    return undefined;
  }

  /** Resolves when nothing is queued or the queue has failed. */
  async flush(): Promise<void> {
    if (!this.writing) return;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private openBatch(slot: number): Batch | undefined {
    const first = Math.max(0, this.batches.length - OPEN_BATCHES);
    for (let index = this.batches.length - 1; index >= first; index -= 1) {
      const batch = this.batches[index];
      if (batch === undefined || batch === this.inFlight) continue;
      if (batch.slots === this.slotsPerBatch) continue;
      if (batch.firstSlot + batch.slots === slot) return batch;
    }
    return undefined;
  }

  private newBatch(slot: number): Batch {
    const buffer = new Uint8Array(this.slotBytes);
    const batch = { firstSlot: slot, buffer, slots: 0, length: 0, payload: 0 };
    this.batches.push(batch);
    return batch;
  }

  private async drain(): Promise<void> {
    this.writing = true;
    // The rest of a burst still arrives in this turn of the event loop.
    await new Promise(setImmediate);
    for (let batch = this.batches[0]; batch !== undefined; batch = this.batches[0]) {
      this.inFlight = batch;
      try {
        await writeAll(
          this.file,
          batch.buffer.subarray(0, batch.length),
          batch.firstSlot * this.slotBytes,
        );
      } catch (error) {
        this.fail(error);
        break;
      }
      this.batches.shift();
      this.payload -= batch.payload;
      this.events.onWritten(batch.firstSlot, batch.firstSlot + batch.slots, batch.payload);
    }
    this.inFlight = undefined;
    this.writing = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.batches.length = 0;
    this.payload = 0;
    this.events.onError(error);
  }
}

/** Ours: a write of this size costs the disk hardly more than a small one. */
const BATCH_BYTES = 64 * 1024;
/** Ours: new pieces and repairs come interleaved, so more than one batch can grow. */
const OPEN_BATCHES = 4;
