import type { InstantUs } from "../../base/units.js";
import type { Sender } from "../../protocol/sender.js";
import type { ResultFrame } from "../../wire/frames/end.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import { encodeManifest } from "../../wire/manifest-bytes.js";
import type { SentFile } from "../api-types.js";
import type { SendProgressEvent } from "../events.js";
import { RateMeter } from "../rate-meter.js";
import { round } from "../round.js";
import type { Source } from "./source.js";
import { type Drop, Withholding } from "./withhold.js";

/** One file on its way: its source, and the image that a sender makes of it. */
export class OutgoingFile {
  readonly id: string;
  /** The image's number in the connection. */
  readonly number: number;
  startedUs: InstantUs | undefined;
  hasEnded = false;
  private readonly rate = new RateMeter();
  private readonly withholding: Withholding;
  private toldUs = 0;

  /**
   * Gives the file to the sender.
   *
   * @param connection names the connection in ids
   * @param onMore called when there is more to send than before
   */
  constructor(
    readonly source: Source<Manifest>,
    private readonly sender: Sender,
    connection: string,
    drop: Drop | undefined,
    onMore: () => void,
  ) {
    const { manifest, supply, pieceLength, readPiece } = source;
    this.withholding = new Withholding(manifest, drop);
    this.number = sender.addImage({
      manifest: encodeManifest(manifest),
      digest: manifest.digest,
      // As in the manifest: what has become known since is supplied.
      pieceCount: manifest.pieceCount,
      pieceBytes: manifest.pieceBytes,
      previewPieces: previewPiecesOf(manifest.content),
      available: supply.available,
      withheld: this.withholding.next(supply),
      pieceLength,
      readPiece,
    });
    this.id = `${connection}-${this.number}`;
    const supplyMore = (): void => {
      const { pieceCount, available } = source.supply;
      const withheld = this.withholding.next(source.supply);
      sender.supply(this.number, { pieceCount, available, withheld });
      onMore();
    };
    source.onGrowth(supplyMore);
    if (manifest.pieceCount === undefined) supplyMore();
  }

  /** The first file's time runs from the first datagram of all, the others' from their own first. */
  noteStart(now: InstantUs): void {
    const hasBegun = this.number === 0 || (this.image?.wireBytes ?? 0) > 0;
    if (hasBegun) this.startedUs ??= now;
  }

  /** What is to be told now; undefined when nothing has begun, or all was told at this instant. */
  progress(now: InstantUs): Omit<SendProgressEvent, "event" | "t"> | undefined {
    const { image, sender, source, rate } = this;
    if (image === undefined || this.startedUs === undefined || now === this.toldUs)
      return undefined;
    this.toldUs = now;
    const { name, pieces, bytes } = source.facts;
    const heldBytes = Math.min(1, image.pieces.held.size / pieces) * bytes;
    rate.update(heldBytes, now);
    const secondsLeft = rate.secondsFor(bytes - heldBytes);
    const { sentPackets, lostForGood, rtt } = sender.recovery;
    return {
      id: this.id,
      name,
      pieces,
      sentPieces: image.pieces.sentOnce,
      acknowledgedPieces: image.pieces.held.size,
      parityPieces: image.parity.pieces,
      rateMbit: round((rate.bytesPerSecond * 8) / 1_000_000, 3),
      rttMs: round(rtt.smoothedUs / 1_000, 3),
      lossShare: round(sender.lossMeter.share(sentPackets, lostForGood), 4),
      datagramBytes: sender.pathDatagramBytes,
      ...(secondsLeft === undefined ? {} : { secondsLeft: round(secondsLeft, 1) }),
    };
  }

  /** What became of it, by the receiver's word that it is verified or kept in part. */
  result(result: ResultFrame, now: InstantUs): SentFile {
    const { image, sender, source } = this;
    const { missingPixels, missingPieces } = result;
    return {
      id: this.id,
      name: source.facts.name,
      outcome: result.outcome === "verified" ? "complete" : "partial",
      sha256: Buffer.from(source.manifest.digest).toString("hex"),
      seconds: round((now - (this.startedUs ?? now)) / 1_000_000, 6),
      wireBytes: image?.wireBytes ?? 0,
      payloadBytes: source.supply.exactBytes,
      repairedPieces: image?.pieces.repaired ?? 0,
      parityPieces: image?.parity.pieces ?? 0,
      parityBytes: image?.parity.bytes ?? 0,
      datagramBytes: sender.pathDatagramBytes,
      missingPixels,
      missingPieces,
      receipt: { seconds: result.elapsedUs / 1_000_000, lossShare: result.lossPpm / 1_000_000 },
      bytes: source.facts.bytes,
    };
  }

  private get image() {
    return this.sender.image(this.number);
  }
}
