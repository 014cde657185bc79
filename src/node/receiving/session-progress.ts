import type { PieceSet } from "../../base/piece-set.js";
import type { InstantUs } from "../../base/units.js";
import type { ImageFacts, ReceiveProgressEvent } from "../events.js";
import { RateMeter } from "../rate-meter.js";
import { round } from "../round.js";
import type { MissingCounter } from "./missing-counter.js";
import type { SessionFeeds } from "./session-feeds.js";

/** Measures how an image comes. */
export class SessionProgress {
  private readonly rate = new RateMeter();

  constructor(
    private readonly facts: ImageFacts,
    private readonly missing: MissingCounter,
    private readonly feeds: SessionFeeds,
  ) {}

  /**
   * @param malformed datagrams so far that were nobody's
   */
  measure(
    held: PieceSet,
    missingPieces: number,
    malformed: number,
    now: InstantUs,
  ): Omit<ReceiveProgressEvent, "event" | "t" | "id"> {
    const { facts, missing, rate } = this;
    // About: of a picture whose pieces are still being counted, nobody knows better.
    const pieceBytes =
      missing.bytes === undefined || held.size === 0
        ? facts.bytes / facts.pieces
        : missing.bytes / held.size;
    rate.update(held.size * pieceBytes, now);
    const secondsLeft = rate.secondsFor(missingPieces * pieceBytes);
    const { connection } = this.feeds.newest;
    const { rtt } = connection.recovery;
    const { total, lost } = connection.packets;
    return {
      missingPixels: missing.count(held),
      missingPieces,
      ...this.feeds.counts,
      malformed: malformed + connection.malformed,
      rateMbit: round((rate.bytesPerSecond * 8) / 1_000_000, 3),
      ...(rtt.hasSample ? { rttMs: round(rtt.smoothedUs / 1_000, 3) } : {}),
      lossShare: round(connection.lossMeter.share(total, lost), 4),
      ...(secondsLeft === undefined ? {} : { secondsLeft: round(secondsLeft, 1) }),
    };
  }
}
