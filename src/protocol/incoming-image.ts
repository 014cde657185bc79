import { type Range, RangeSet } from "../base/range-set.js";
import type { ResultFrame } from "../wire/frames/end.js";
import type { ManifestFrame, PieceFrame } from "../wire/frames/image.js";
import type { Manifest } from "../wire/manifest.js";
import { decodeManifest } from "../wire/manifest-bytes.js";
import { GapTracker } from "./gaps.js";

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
  | { readonly name: "open"; readonly pieceLength: (piece: number) => number }
  /** Every piece is held; the host checks the digest. */
  | { readonly name: "complete"; readonly pieceLength: (piece: number) => number }
  | { readonly name: "ended"; readonly result: ResultFrame; told: "due" | "onTheWay" | "known" };

export interface AcceptedPiece {
  readonly piece: number;
  readonly bytes: Uint8Array;
}

/** One image on its way in. */
export class IncomingImage {
  state: State = { name: "unknown" };
  tracker: GapTracker | undefined;
  manifest: Manifest | undefined;
  /** The sender has said that its first pass is over. */
  passOver = false;
  /** When missing pieces were last reported, in microseconds; and the holes there were. */
  reportedUs = Number.NEGATIVE_INFINITY;
  reportedHoles = 0;
  /** Whether the sender knows what was held from an earlier time, so that it does not come again. */
  heldTold: "nothing" | "due" | "onTheWay" = "nothing";
  private manifestBytes: Uint8Array | undefined;
  private readonly manifestHeld = new RangeSet();
  /** Pieces that came before they could be placed. */
  private readonly early = new Map<number, Uint8Array>();
  /** Bytes of these. */
  earlyBytes = 0;

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
    if (manifest === undefined || !this.expect(manifest.pieceCount)) return "bad";
    this.manifest = manifest;
    this.state = { name: "offered" };
    return manifest;
  }

  /** Learns the piece count; false when another was told before. */
  expect(pieceCount: number): boolean {
    this.tracker ??= new GapTracker(pieceCount);
    return this.tracker.pieceCount === pieceCount;
  }

  /**
   * Takes a piece. It comes back when it is new and can be placed now; it is
   * kept for later while the image is not open.
   */
  addPiece(frame: PieceFrame): AcceptedPiece | "bad" | undefined {
    if (!this.expect(frame.pieceCount)) return "bad";
    const tracker = this.tracker as GapTracker;
    const { piece, bytes } = frame;
    switch (this.state.name) {
      case "open":
        if (bytes.length !== this.state.pieceLength(piece)) return "bad";
        return tracker.add(piece) ? { piece, bytes } : undefined;
      case "unknown":
      case "offered":
        this.keepEarly(piece, bytes, tracker);
        return undefined;
      default:
        tracker.duplicates += 1;
        return undefined;
    }
  }

  /** The host has made room; pieces of an earlier time may be held. Returns the early ones that can now be placed. */
  open(pieceLength: (piece: number) => number, held: Iterable<Range>): AcceptedPiece[] {
    const tracker = this.tracker as GapTracker;
    const early = [...this.early].filter(([piece, bytes]) => pieceLength(piece) === bytes.length);
    this.state = { name: "open", pieceLength };
    // What was early has not been placed: it counts anew, unless it is held from before.
    for (const piece of this.early.keys()) tracker.held.delete(piece);
    tracker.received -= this.early.size;
    tracker.restore(held);
    if (tracker.held.size > 0) this.heldTold = "due";
    this.forgetEarly();
    if (this.passOver) tracker.expectAll();
    return early
      .map(([piece, bytes]) => ({ piece, bytes }))
      .filter(({ piece }) => tracker.add(piece));
  }

  end(result: ResultFrame): void {
    this.state = { name: "ended", result, told: "due" };
    this.manifestBytes = undefined;
    this.tracker?.end();
    this.forgetEarly();
  }

  private keepEarly(piece: number, bytes: Uint8Array, tracker: GapTracker): void {
    if (!tracker.add(piece)) return;
    // A copy: the view would keep the whole datagram's buffer alive.
    this.early.set(piece, bytes.slice());
    this.earlyBytes += bytes.length;
  }

  private forgetEarly(): void {
    this.early.clear();
    this.earlyBytes = 0;
  }
}
