/**
 * Memory for datagrams on their way out, taken round and round: they are many, and gone at once. Without
 * it every one would be an allocation, and a collection later.
 */
export class DatagramMemory {
  private slab = new Uint8Array(SLAB_BYTES);
  private used = 0;

  /** @param allGone whether the system has taken everything that was given to it; asked once a round */
  constructor(private readonly allGone: () => boolean) {}

  /** Memory that nobody else has for as long as a slab's worth of datagrams takes to be handed over. */
  take(bytes: number): Uint8Array {
    if (this.used + bytes > SLAB_BYTES) {
      // What waits in the socket lies in here still.
      if (!this.allGone()) this.slab = new Uint8Array(SLAB_BYTES);
      this.used = 0;
    }
    const memory = new Uint8Array(this.slab.buffer, this.used, bytes);
    this.used += bytes;
    return memory;
  }
}

/** Ours: room for the largest datagrams a few times over. */
const SLAB_BYTES = 2 ** 20;
