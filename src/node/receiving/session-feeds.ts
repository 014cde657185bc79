import type { Range } from "../../base/range-set.js";
import type { GapTracker } from "../../protocol/gaps.js";
import type { ReadPiece } from "../../protocol/held-parity.js";
import type { PieceLengths } from "../../protocol/piece-lengths.js";
import type { ReceiverConnection } from "../../protocol/receiver-connection.js";
import { sameBytes } from "../../wire/bytes.js";
import type { Outcome, Reason } from "../../wire/frames/end.js";
import { nowUs } from "../socket/clock.js";

/** An image's place in a connection. */
export interface Feed {
  readonly connection: ReceiverConnection;
  /** Its number there. */
  readonly number: number;
}

/** How pieces came, over all connections. */
export interface PieceCounts {
  received: number;
  repaired: number;
  recovered: number;
  duplicates: number;
}

/**
 * The connections that one image comes by. Usually that is one; a sender that was away comes back with another,
 * before the old one is known to be dead or long after.
 */
export class SessionFeeds {
  /** The newest last. */
  private readonly feeds: Feed[] = [];
  /** Those that were told what is held. */
  private readonly accepted = new Set<Feed>();
  /** Bytes of pieces taken from each that have not reached the disk. */
  private readonly unwritten = new Map<Feed, number>();
  /** Of connections that are no more. */
  private readonly past: PieceCounts = { received: 0, repaired: 0, recovered: 0, duplicates: 0 };
  private last: Feed;

  /** @param wake tells a connection that something was said to it */
  constructor(
    first: Feed,
    private readonly wake: (connection: ReceiverConnection) => void,
  ) {
    this.last = first;
    this.feeds.push(first);
  }

  /** The newest, also when it is no more. */
  get newest(): Feed {
    return this.last;
  }

  get count(): number {
    return this.feeds.length;
  }

  /** What the newest connection has of the image. */
  get tracker(): GapTracker | undefined {
    return trackerOf(this.last);
  }

  /** How many pieces there are, as far as anybody has told. */
  get pieceCount(): number | undefined {
    return this.tracker?.pieceCount ?? this.feeds.map(trackerOf).find(isCounted)?.pieceCount;
  }

  /** How pieces came. */
  get counts(): PieceCounts {
    const sum = { ...this.past };
    for (const feed of this.feeds) addCounts(sum, trackerOf(feed));
    return sum;
  }

  /** Whether a connection may take the image up: of the same sender, or when no other is left. */
  admits(connection: ReceiverConnection): boolean {
    return this.feeds.every((feed) => isSameSender(feed.connection, connection));
  }

  add(feed: Feed): void {
    this.feeds.push(feed);
    this.last = feed;
  }

  /** A connection is no more, or has ended the image by itself. */
  remove(connection: ReceiverConnection): void {
    const index = this.feeds.findIndex((feed) => feed.connection === connection);
    const [feed] = index < 0 ? [] : this.feeds.splice(index, 1);
    if (feed === undefined) return;
    this.accepted.delete(feed);
    this.unwritten.delete(feed);
    addCounts(this.past, trackerOf(feed));
  }

  /** Lets pieces come to whoever waits for that, and tells what is held already. */
  accept(lengths: PieceLengths, held: Iterable<Range>, read: ReadPiece): void {
    const ranges = [...held];
    for (const feed of this.feeds) {
      if (this.accepted.has(feed)) continue;
      this.accepted.add(feed);
      feed.connection.accept(feed.number, lengths, ranges, nowUs(), read);
      this.wake(feed.connection);
    }
  }

  /** Pieces have come over a connection. */
  take(connection: ReceiverConnection, bytes: number): void {
    const feed = this.feeds.find((one) => one.connection === connection);
    if (feed === undefined) return connection.pieceWritten(bytes);
    this.unwritten.set(feed, (this.unwritten.get(feed) ?? 0) + bytes);
  }

  /** Bytes have reached the disk, or never will: the windows of those who sent them open by so much. */
  written(bytes: number): void {
    let left = bytes;
    for (const [feed, waiting] of this.unwritten) {
      const part = Math.min(left, waiting);
      if (part === 0) continue;
      left -= part;
      this.unwritten.set(feed, waiting - part);
      feed.connection.pieceWritten(part);
      this.wake(feed.connection);
    }
  }

  /** Nothing that was taken will be written. */
  forget(): void {
    for (const waiting of [...this.unwritten.values()]) this.written(waiting);
  }

  verified(digest: Uint8Array, elapsedUs: number): void {
    for (const { connection, number } of this.feeds) {
      connection.verified(number, digest, elapsedUs);
      this.wake(connection);
    }
  }

  end(
    outcome: Outcome,
    reason: Reason,
    missingPieces: number,
    missingPixels: number,
    elapsedUs?: number,
  ): void {
    for (const { connection, number } of this.feeds) {
      connection.endImage(number, outcome, reason, missingPieces, missingPixels, elapsedUs);
      this.wake(connection);
    }
  }

  /** All of it is asked for again, but the pieces of `kept`. */
  damaged(kept: readonly Range[]): void {
    for (const { connection, number } of this.accepted) {
      connection.damaged(number, kept);
      this.wake(connection);
    }
  }
}

/** Whether two connections are of one sender, by the keys that it has proven. */
function isSameSender(one: ReceiverConnection, other: ReceiverConnection): boolean {
  return sameBytes(one.options.peer.key, other.options.peer.key);
}

/** Whether a sender knows what has become of an image. */
export function isTold(connection: ReceiverConnection, number: number): boolean {
  const state = connection.images.get(number)?.state;
  return state?.name === "ended" && state.told === "known";
}

function trackerOf({ connection, number }: Feed): GapTracker | undefined {
  return connection.images.get(number)?.tracker;
}

function isCounted(tracker: GapTracker | undefined): boolean {
  return tracker?.pieceCount !== undefined;
}

function addCounts(sum: PieceCounts, tracker: GapTracker | undefined): void {
  if (tracker === undefined) return;
  sum.received += tracker.received;
  sum.repaired += tracker.repaired;
  sum.recovered += tracker.recovered;
  sum.duplicates += tracker.duplicates;
}
