import { type Range, RangeSet } from "../base/range-set.js";
import type { ResultFrame } from "../wire/frames/end.js";
import { type ManifestFrame, PICTURE_PIECES_MAX, type PieceFrame } from "../wire/frames/image.js";
import type { ParityFrame } from "../wire/frames/parity.js";
import type { Manifest } from "../wire/manifest.js";
import { decodeManifest, fits } from "../wire/manifest-bytes.js";
import { GapTracker } from "./gaps.js";
import { HeldParity, type ReadPiece, type RecoveredPiece } from "./held-parity.js";
import { PARITY_OVERHEAD_BYTES } from "./limits.js";
import { mayHave, type PieceLengths } from "./piece-lengths.js";

/**
 * unknown -> offered -> open -> complete -> ended. The host moves an image from
 * offered to open (or ended, when refused) and from complete to ended; damage
 * found at the end moves it back to open; a stop moves any to ended.
 */
type State =
  /** The manifest is not whole yet. */
  | { readonly name: "unknown" }
  /** The host has the manifest and makes room. */
  | { readonly name: "offered" }
  | { readonly name: "open"; readonly lengths: PieceLengths }
  /** Every piece is held; the host checks the digest. */
  | { readonly name: "complete"; readonly lengths: PieceLengths }
  | { readonly name: "ended"; readonly result: ResultFrame; told: "due" | "onTheWay" | "known" };

export interface AcceptedPiece {
  readonly piece: number;
  readonly bytes: Uint8Array;
}

/** One image on its way in. */
export class IncomingImage {
  state: State = { name: "unknown" };
  readonly tracker = new GapTracker();
  manifest: Manifest | undefined;
  /** The host knows the piece count. */
  isCountTold = false;
  /** The sender has said that its first pass is over. */
  passOver = false;
  /** When missing pieces were last reported, in microseconds; and the holes there were. */
  reportedUs = Number.NEGATIVE_INFINITY;
  reportedHoles = 0;
  /** Whether the sender knows what is held without having come: from an earlier time, or by parity. */
  heldTold: "nothing" | "due" | "onTheWay" = "nothing";
  private manifestBytes: Uint8Array | undefined;
  private readonly manifestHeld = new RangeSet();
  /** Pieces that came before they could be placed. */
  private readonly early = new Map<number, Uint8Array>();
  /** Bytes of these. */
  earlyBytes = 0;
  /** Parity that came before there was anything to compute it with. */
  private earlyParity: ParityFrame[] = [];
  private earlyParityBytes = 0;
  /** While the image is open, and its host can read pieces back. */
  private parity: HeldParity | undefined;

  constructor(readonly number: number) {}

  /**
   * Takes a part of the manifest.
   *
   * @returns the manifest when this part made it whole; "bad" when it contradicts what came before, or makes no sense
   */
  addManifest(frame: ManifestFrame): Manifest | "bad" | undefined {
    if (this.state.name !== "unknown") return undefined;
    this.manifestBytes ??= new Uint8Array(frame.totalBytes);
    if (this.manifestBytes.length !== frame.totalBytes) return "bad";
    this.manifestBytes.set(frame.bytes, frame.offset);
    this.manifestHeld.add(frame.offset, frame.offset + frame.bytes.length);
    if (this.manifestHeld.size < frame.totalBytes) return undefined;
    const manifest = decodeManifest(this.manifestBytes);
    this.manifestBytes = undefined;
    const pieceCount = manifest?.pieceCount ?? this.tracker.pieceCount;
    if (manifest === undefined || !fits(manifest, pieceCount)) return "bad";
    this.manifest = manifest;
    if (!this.learnCount(manifest.pieceCount)) return "bad";
    this.state = { name: "offered" };
    return manifest;
  }

  /**
   * Learns the piece count, if it is told; false when that cannot be, by what was told before, by what has come, or by
   * the manifest.
   */
  learnCount(pieceCount: number | undefined): boolean {
    if (pieceCount === undefined || pieceCount === this.tracker.pieceCount) return true;
    if (this.manifest !== undefined && !fits(this.manifest, pieceCount)) return false;
    if (!this.tracker.learnCount(pieceCount)) return false;
    this.parity?.onCount(pieceCount);
    return true;
  }

  /**
   * Takes a piece. It comes back when it is new and can be placed now; it is
   * kept for later while the image is not open.
   */
  addPiece(frame: PieceFrame): AcceptedPiece | "bad" | undefined {
    if (!this.learnCount(frame.pieceCount)) return "bad";
    const { tracker } = this;
    const { piece, bytes } = frame;
    if (piece >= (tracker.pieceCount ?? PICTURE_PIECES_MAX)) return "bad";
    switch (this.state.name) {
      case "open":
        if (!mayHave(this.state.lengths, piece, bytes.length)) return "bad";
        if (!tracker.add(piece)) return undefined;
        this.parity?.onPiece(piece);
        return { piece, bytes };
      case "unknown":
      case "offered":
        this.keepEarly(piece, bytes);
        return undefined;
      default:
        tracker.duplicates += 1;
        return undefined;
    }
  }

  /**
   * Takes a parity symbol; it is kept for later while the image is not open, for a preview's may be as early as that.
   *
   * @param roomBytes bytes that it may take
   */
  addParity(frame: ParityFrame, roomBytes: number): "bad" | undefined {
    switch (this.state.name) {
      case "open":
        return this.parity?.add(frame, roomBytes);
      case "unknown":
      case "offered":
        return this.keepEarlyParity(frame, roomBytes);
      default:
        return undefined;
    }
  }

  /** Bytes that parity takes. */
  get parityBytes(): number {
    return this.earlyParityBytes + (this.parity?.bytes ?? 0);
  }

  /**
   * Pieces that were missing and that parity gives back now, of one group; undefined when there is no such group, none
   * when it contradicts itself. All that was held before must be where the host can read it.
   */
  recover(): RecoveredPiece[] | undefined {
    const pieces = this.state.name === "open" ? this.parity?.recoverNext() : undefined;
    for (const { piece } of pieces ?? []) {
      this.tracker.addRecovered(piece);
      this.parity?.onPiece(piece);
      this.heldTold = "due";
    }
    return pieces;
  }

  /** Every piece is held: the host checks the digest. */
  complete(lengths: PieceLengths): void {
    this.state = { name: "complete", lengths };
  }

  /** The digest differs: what cannot be trusted is missing again, all but the pieces of `kept`. */
  discard(lengths: PieceLengths, kept: Iterable<Range>): void {
    this.state = { name: "open", lengths };
    this.tracker.discardAll();
    this.tracker.restore(kept);
    this.parity?.clear();
    this.reportedUs = Number.NEGATIVE_INFINITY;
  }

  /** The host has made room; pieces of an earlier time may be held. Returns the early ones that can now be placed. */
  open(lengths: PieceLengths, held: Iterable<Range>, readPiece?: ReadPiece): AcceptedPiece[] {
    const { tracker } = this;
    const early = [...this.early].filter(([piece, bytes]) => mayHave(lengths, piece, bytes.length));
    this.state = { name: "open", lengths };
    // What was early has not been placed: it counts anew, unless it is held from before.
    for (const piece of this.early.keys()) tracker.held.delete(piece);
    tracker.received -= this.early.size;
    tracker.restore(held);
    if (tracker.held.size > 0) this.heldTold = "due";
    const { earlyParity } = this;
    this.forgetEarly();
    if (this.passOver) tracker.expectAll();
    const placed = early
      .map(([piece, bytes]) => ({ piece, bytes }))
      .filter(({ piece }) => tracker.add(piece));
    if (readPiece !== undefined) {
      this.parity = new HeldParity(tracker, lengths, readPiece);
      // It had room as it was: what is of no use among it is dropped now.
      for (const frame of earlyParity) this.parity.add(frame, Number.POSITIVE_INFINITY);
    }
    return placed;
  }

  end(result: ResultFrame): void {
    this.state = { name: "ended", result, told: "due" };
    this.manifestBytes = undefined;
    this.tracker.end();
    this.parity = undefined;
    this.forgetEarly();
  }

  private keepEarly(piece: number, bytes: Uint8Array): void {
    if (!this.tracker.add(piece)) return;
    // A copy: the view would keep the whole datagram's buffer alive.
    this.early.set(piece, bytes.slice());
    this.earlyBytes += bytes.length;
  }

  private keepEarlyParity(frame: ParityFrame, roomBytes: number): undefined {
    const cost = frame.bytes.length + PARITY_OVERHEAD_BYTES;
    if (cost > roomBytes) return;
    this.earlyParity.push({ ...frame, bytes: frame.bytes.slice() });
    this.earlyParityBytes += cost;
  }

  private forgetEarly(): void {
    this.early.clear();
    this.earlyBytes = 0;
    this.earlyParity = [];
    this.earlyParityBytes = 0;
  }
}
