import { PieceSet } from "../../base/piece-set.js";
import { type InstantUs, seconds } from "../../base/units.js";
import type { OutgoingImage } from "../../protocol/outgoing-image.js";
import type { Sender } from "../../protocol/sender.js";
import type { ResultFrame } from "../../wire/frames/end.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import { encodeManifest } from "../../wire/manifest-bytes.js";
import type { SentFile } from "../api-types.js";
import type { SendProgressEvent } from "../events.js";
import { RateMeter } from "../rate-meter.js";
import { round } from "../round.js";
import type { Source } from "./source.js";
import type { SourceWatch } from "./source-watch.js";
import { type Drop, Withholding } from "./withhold.js";

/** One file on its way: its source, and the image that the sender of each connection makes of it. */
export class OutgoingFile {
  startedUs: InstantUs | undefined;
  hasEnded = false;
  private readonly rate = new RateMeter();
  private withholding: Withholding;
  private toldUs = 0;
  private aboard: Aboard | undefined;
  /** What receivers of earlier connections have confirmed. */
  private readonly confirmed = new PieceSet();
  /** Sent over these. */
  private readonly before = { wireBytes: 0, repaired: 0, parityPieces: 0, parityBytes: 0 };

  /** @param id names it in events, whatever connection it goes by */
  constructor(
    readonly source: Source<Manifest>,
    readonly watch: SourceWatch,
    readonly id: string,
    private readonly drop: Drop | undefined,
  ) {
    this.withholding = new Withholding(source.manifest, drop);
    source.onGrowth(() => this.supplyMore());
  }

  /**
   * Gives the file to the sender of a new connection, behind its others. What the receiver had before is left out until
   * it is asked for: usually it has it still.
   *
   * @param asksFirst the receiver may have pieces of an earlier time: none is sent until it has told, or not for a while
   * @param onMore called when there is more to send than before
   */
  join(sender: Sender, asksFirst: boolean, onMore: () => void): void {
    const { manifest, supply, pieceLength, readPiece } = this.source;
    this.withholding = new Withholding(manifest, this.drop);
    const waits = asksFirst && this.confirmed.size === 0;
    const ready = waits ? { ...supply, available: 0 } : supply;
    const number = sender.addImage({
      manifest: encodeManifest(manifest),
      digest: manifest.digest,
      // As in the manifest: what has become known since is supplied.
      pieceCount: manifest.pieceCount,
      pieceBytes: manifest.pieceBytes,
      previewPieces: previewPiecesOf(manifest.content),
      available: ready.available,
      withheld: [...this.confirmed.ranges(), ...this.withholding.next(ready)],
      pieceLength,
      readPiece,
    });
    this.aboard = { sender, number, onMore, waits, heardUs: undefined };
    if (manifest.pieceCount === undefined) this.supplyMore();
  }

  /** The connection has ended; what it was told stays known. */
  leave(): void {
    const { image, before } = this;
    this.aboard = undefined;
    if (image === undefined) return;
    for (const { start, end } of image.pieces.held.ranges()) this.confirmed.add(start, end);
    before.wireBytes += image.wireBytes;
    before.repaired += image.pieces.repaired;
    before.parityPieces += image.parity.pieces;
    before.parityBytes += image.parity.bytes;
  }

  /** Pieces that the receiver has, by its last word. */
  get held(): PieceSet {
    const held = this.image?.pieces.held;
    return held === undefined || held.size === 0 ? this.confirmed : held;
  }

  /**
   * All that could be sent has been. The first file's time runs from the first datagram of all, the others' from their own
   * first.
   */
  noteSent(now: InstantUs): void {
    this.endWait(now);
    const hasBegun = this.aboard?.number === 0 || (this.image?.wireBytes ?? 0) > 0;
    if (hasBegun) this.startedUs ??= now;
  }

  /** What is to be told now; undefined when nothing has begun, or all was told at this instant. */
  progress(now: InstantUs): Omit<SendProgressEvent, "event" | "t"> | undefined {
    const { image, aboard, source, rate, before } = this;
    if (image === undefined || aboard === undefined) return undefined;
    if (this.startedUs === undefined || now === this.toldUs) return undefined;
    const { sender } = aboard;
    this.toldUs = now;
    const { name, pieces, bytes } = source.facts;
    const held = this.held.size;
    const heldBytes = Math.min(1, held / pieces) * bytes;
    rate.update(heldBytes, now);
    const secondsLeft = rate.secondsFor(bytes - heldBytes);
    const { sentPackets, lostForGood, rtt } = sender.recovery;
    return {
      id: this.id,
      name,
      pieces,
      sentPieces: Math.min(pieces, this.confirmed.size + image.pieces.sentOnce),
      acknowledgedPieces: held,
      parityPieces: before.parityPieces + image.parity.pieces,
      rateMbit: round((rate.bytesPerSecond * 8) / 1_000_000, 3),
      rttMs: round(rtt.smoothedUs / 1_000, 3),
      lossShare: round(sender.lossMeter.share(sentPackets, lostForGood), 4),
      datagramBytes: sender.pathDatagramBytes,
      ...(secondsLeft === undefined ? {} : { secondsLeft: round(secondsLeft, 1) }),
    };
  }

  /** What became of it, by the receiver's word that it is verified or kept in part. */
  result(result: ResultFrame, now: InstantUs): SentFile {
    const { image, aboard, source, before } = this;
    const { missingPixels, missingPieces } = result;
    return {
      id: this.id,
      name: source.facts.name,
      outcome: result.outcome === "verified" ? "complete" : "partial",
      sha256: Buffer.from(source.manifest.digest).toString("hex"),
      seconds: round((now - (this.startedUs ?? now)) / 1_000_000, 6),
      wireBytes: before.wireBytes + (image?.wireBytes ?? 0),
      payloadBytes: source.supply.exactBytes,
      repairedPieces: before.repaired + (image?.pieces.repaired ?? 0),
      parityPieces: before.parityPieces + (image?.parity.pieces ?? 0),
      parityBytes: before.parityBytes + (image?.parity.bytes ?? 0),
      datagramBytes: aboard?.sender.pathDatagramBytes ?? 0,
      missingPixels,
      missingPieces,
      receipt: { seconds: result.elapsedUs / 1_000_000, lossShare: result.lossPpm / 1_000_000 },
      bytes: source.facts.bytes,
    };
  }

  private get image(): OutgoingImage | undefined {
    return this.aboard?.sender.image(this.aboard.number);
  }

  /** The receiver has told what it holds, or has had time to. */
  private endWait(now: InstantUs): void {
    const { aboard, image } = this;
    if (aboard?.waits !== true || image === undefined) return;
    if (aboard.sender.recovery.rtt.hasSample) aboard.heardUs ??= now;
    const isLate = now - (aboard.heardUs ?? now) > WORD_US_MAX;
    if (image.pieces.held.size === 0 && !isLate) return;
    aboard.waits = false;
    this.supplyMore();
  }

  private supplyMore(): void {
    if (this.aboard === undefined || this.aboard.waits) return;
    const { sender, number, onMore } = this.aboard;
    const { pieceCount, available } = this.source.supply;
    const withheld = this.withholding.next(this.source.supply);
    sender.supply(number, { pieceCount, available, withheld });
    onMore();
  }
}

/** A file's place in a connection. */
interface Aboard {
  readonly sender: Sender;
  readonly number: number;
  readonly onMore: () => void;
  /** No piece is sent before the receiver has told what it holds. */
  waits: boolean;
  /** When it was first heard, as far as that matters. */
  heardUs: InstantUs | undefined;
}

/** Ours: as long as a receiver needs to look through what it holds of a picture; then it is as if it held nothing. */
const WORD_US_MAX = seconds(2);
