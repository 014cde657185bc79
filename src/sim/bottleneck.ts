import { type BytesPerSecond, type InstantUs, instantUs } from "../base/units.js";

/** A wire of limited rate and the queue before it. */
export interface BottleneckOptions {
  /** 0: unlimited, without a queue. */
  readonly rateBytesPerSecond: BytesPerSecond;
  /** Bytes that may wait for, or be on, the wire; one more datagram is dropped (tail drop). */
  readonly queueBytes: number;
}

/** Where a path is narrowest. Several links may have theirs in common: then their datagrams queue up behind each other. */
export class Bottleneck {
  /** When the wire will have sent all that waits for it. */
  private freeUs = instantUs(0);

  constructor(private readonly options: BottleneckOptions) {}

  /** When a datagram that comes now has left the wire; undefined when the queue has no room for it. */
  pass(bytes: number, nowUs: InstantUs): InstantUs | undefined {
    const { rateBytesPerSecond: rate, queueBytes } = this.options;
    if (rate === 0) return nowUs;
    const startUs = Math.max(nowUs, this.freeUs);
    const waitingBytes = ((startUs - nowUs) * rate) / US_PER_SECOND;
    // An empty queue takes any datagram, else one longer than the queue could never pass.
    if (waitingBytes > 0 && waitingBytes + bytes > queueBytes) return undefined;
    this.freeUs = instantUs(startUs + (bytes * US_PER_SECOND) / rate);
    return this.freeUs;
  }
}

const US_PER_SECOND = 1_000_000;
