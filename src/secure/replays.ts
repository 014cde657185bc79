/** A sender's connections, as far as a HELLO that was recorded might open one again. */
export interface SeenSender {
  /** The sender's static public key, in hex. */
  readonly sender: string;
  /** Timestamps up to this one are not taken any more. */
  readonly floorUs: number;
  /** Those above it that have opened a connection, rising. */
  readonly openedUs: readonly number[];
}

/** Senders of which it is kept. */
export const REPLAY_SENDERS_MAX = 4_096;
/** Of one sender: as many of its connections may begin in another order than they were made. */
export const REPLAY_OPENED_MAX = 128;
/** How far one connection's timestamp may be behind another's that came before it. */
export const REPLAY_WINDOW_US = 3_600_000_000;

/**
 * Which HELLOs have opened a connection, so that each does so once. Several programs may send under one key, and their
 * HELLOs overtake each other: so a window is kept of each sender, as of packet numbers. Senders not heard for the
 * longest are forgotten at the bound: what somebody recorded of them could be taken once more, as early data of TLS could.
 */
export class ReplayTable {
  private readonly bySender = new Map<string, SeenSender>();
  /** Rises with every change, to tell whether there is anything to save. */
  revision = 0;

  /** @param saved what `entries` gave before */
  constructor(
    saved: Iterable<SeenSender> = [],
    private readonly sendersMax = REPLAY_SENDERS_MAX,
  ) {
    for (const seen of saved) this.set(seen);
  }

  /** @param key the sender's static public key */
  isNew(key: Uint8Array, timestampUs: number): boolean {
    const seen = this.bySender.get(nameOf(key));
    if (seen === undefined) return true;
    return timestampUs > seen.floorUs && !seen.openedUs.includes(timestampUs);
  }

  /** Notes that a connection was opened. */
  note(key: Uint8Array, timestampUs: number): void {
    if (!this.isNew(key, timestampUs)) return;
    const sender = nameOf(key);
    const { floorUs, openedUs } = this.bySender.get(sender) ?? { floorUs: -1, openedUs: [] };
    const opened = [...openedUs, timestampUs].sort((one, other) => one - other);
    const outside = opened.at(-1 - REPLAY_OPENED_MAX) ?? -1;
    const old = (opened.at(-1) ?? 0) - REPLAY_WINDOW_US;
    const floor = Math.max(floorUs, outside, old);
    this.set({ sender, floorUs: floor, openedUs: opened.filter((opening) => opening > floor) });
    this.revision += 1;
  }

  /** All that is to be kept over a restart, the sender last heard at the end. */
  entries(): readonly SeenSender[] {
    return [...this.bySender.values()];
  }

  private set(seen: SeenSender): void {
    this.bySender.delete(seen.sender);
    this.bySender.set(seen.sender, seen);
    for (const oldest of this.bySender.keys()) {
      if (this.bySender.size <= this.sendersMax) break;
      this.bySender.delete(oldest);
    }
  }
}

const nameOf = (key: Uint8Array): string =>
  Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");
