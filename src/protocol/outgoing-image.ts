import type { Range } from "../base/range-set.js";
import type { ByteWriter } from "../wire/bytes.js";
import type { ResultFrame } from "../wire/frames/end.js";
import {
  manifestFrameOverhead,
  pieceFrameBytes,
  writeDone,
  writeManifestFrame,
  writePieceHead,
} from "../wire/frames/image.js";
import { OutgoingParity, type SentGroup } from "./outgoing-parity.js";
import { type ParityTerms, previewTerms } from "./parity-policy.js";
import { PieceLedger } from "./piece-ledger.js";

/**
 * An image as its sender gives it: pieces by number, nothing else. Of one that is coded while it is sent, `Sender.supply` tells
 * which pieces have become ready, and their count once it is known.
 */
export interface ImageSource {
  /** Encoded manifest. */
  readonly manifest: Uint8Array;
  /** SHA-256 of the content. */
  readonly digest: Uint8Array;
  /** Undefined when it is not known at first; the manifest then says so too. */
  readonly pieceCount: number | undefined;
  /** Length of the longest piece that there may be. */
  readonly pieceBytes: number;
  /** Pieces below this are ready at first; all of them when absent, or none while their count is not known. */
  readonly available?: number;
  /** The first pieces, of a preview: they are protected by parity as soon as they have been sent. */
  readonly previewPieces?: number;
  /** Pieces left out of the first pass, until they are asked for. */
  readonly withheld?: Iterable<Range>;
  /** Bytes of a piece that is ready. */
  pieceLength(piece: number): number;
  /** Writes the bytes of a piece that is ready at `offset`. */
  readPiece(piece: number, target: Uint8Array, offset: number): void;
}

/** What a sender writes its frames by. */
export interface WriteTerms {
  /** Whether the receiver asks for repairs; if not, the first pass is over only when nothing of it is on the way. */
  readonly repair: boolean;
  /** False while the receiver has no room for pieces. */
  readonly takesPieces: boolean;
  readonly parity: () => ParityTerms;
}

/** What a packet of a sender carries. */
export type Sent =
  | { readonly kind: "hello" | "ping" | "close" }
  | { readonly kind: "manifest" | "piece"; readonly image: OutgoingImage; readonly index: number }
  | { readonly kind: "done"; readonly image: OutgoingImage }
  | {
      readonly kind: "parity";
      readonly image: OutgoingImage;
      readonly group: SentGroup;
      readonly index: number;
    };

/** Manifest bytes in one frame: a full datagram with an acknowledgement beside it. */
const MANIFEST_CHUNK_BYTES = 960;

/** Ours: longer manifests are not said twice, and the second time comes so many of the preview's pieces later. */
const REPEATED_CHUNKS_MAX = 8;
const REPEAT_AFTER_PIECES = 8;

/** More than the longest DONE. */
const DONE_ROOM = 16;

/** One image on its way: its manifest, its pieces, the word that the first pass is over, its result. */
export class OutgoingImage {
  readonly pieces: PieceLedger;
  readonly manifest: PieceLedger;
  readonly parity: OutgoingParity;
  result: ResultFrame | undefined;
  /** UDP payload bytes of the datagrams that carried this image. */
  wireBytes = 0;
  /** The manifest is to be said twice, since a preview follows. */
  private isManifestSingle: boolean;
  /** The preview's pieces have not been protected yet. */
  private isPreviewExposed: boolean;
  /** A piece has left since parity was last planned. */
  private isUnprotected = false;
  private done: "notYet" | "due" | "onTheWay" | "known" = "notYet";

  constructor(
    readonly number: number,
    readonly source: ImageSource,
  ) {
    this.pieces = new PieceLedger(source);
    const chunks = Math.ceil(source.manifest.length / MANIFEST_CHUNK_BYTES);
    this.manifest = new PieceLedger({ pieceCount: chunks });
    this.parity = new OutgoingParity(number, source, this.pieces);
    this.pieces.cover = this.parity;
    this.isPreviewExposed = (source.previewPieces ?? 0) > 0;
    this.isManifestSingle = this.isPreviewExposed && chunks <= REPEATED_CHUNKS_MAX;
  }

  /**
   * Writes the most urgent frame that fits: manifest, end of the first pass,
   * repairs, the preview's parity, new pieces. Undefined when nothing is due or nothing fits.
   */
  writeNext(writer: ByteWriter, packetNumber: number, terms: WriteTerms): Sent | undefined {
    const { repair, takesPieces } = terms;
    this.repeatManifest();
    const chunk = this.manifest.pick();
    if (chunk !== undefined) return this.writeManifest(writer, packetNumber, chunk);
    this.noticeEndOfPass(repair);
    const done = this.done === "due" ? this.writeDone(writer) : undefined;
    if (done !== undefined) return done;
    if (!takesPieces) return undefined;
    const repaired = this.pieces.pickRepair();
    if (repaired !== undefined) return this.writePiece(writer, packetNumber, repaired);
    const parity = repair ? this.writePreviewParity(writer, terms.parity) : undefined;
    const piece = parity === undefined ? this.pieces.pick() : undefined;
    return piece === undefined ? parity : this.writePiece(writer, packetNumber, piece);
  }

  /** Some pieces behind the first time, so that no one run of losses takes both. */
  private repeatManifest(): void {
    const { previewPieces = 0 } = this.source;
    if (!this.isManifestSingle) return;
    if (!this.pieces.hasPassed(Math.min(previewPieces, REPEAT_AFTER_PIECES))) return;
    this.isManifestSingle = false;
    this.manifest.repeat();
  }

  /** While new pieces follow: they can wait for so little, and nothing is to be seen without the preview. */
  private writePreviewParity(writer: ByteWriter, terms: () => ParityTerms): Sent | undefined {
    this.protectPreview(terms);
    return this.pieces.firstPassOver ? undefined : this.writeParity(writer);
  }

  private protectPreview(terms: () => ParityTerms): void {
    const { previewPieces = 0 } = this.source;
    if (!this.isPreviewExposed || !this.pieces.hasPassed(previewPieces)) return;
    this.isPreviewExposed = false;
    if (this.pieces.withholdsBelow(previewPieces)) return;
    this.protect(previewPieces, previewTerms(terms()));
  }

  /** Plans parity over what is on the way of the first pieces, and not protected yet. */
  private protect(before: number, terms: ParityTerms): void {
    const pieces = [...this.pieces.piecesOnTheWay].filter(
      (piece) => piece < before && !this.parity.isCovered(piece),
    );
    this.parity.plan(
      pieces.sort((one, other) => one - other),
      terms,
    );
  }

  get hasSomethingDue(): boolean {
    return this.hasControlDue || (this.result === undefined && this.pieces.pick() !== undefined);
  }

  /** True when something other than a piece is to be said. */
  get hasControlDue(): boolean {
    if (this.result !== undefined) return false;
    return this.manifest.pick() !== undefined || this.done === "due";
  }

  /**
   * Repeats what has been on the way longest, for a probe; and the end of the first pass, which tells the receiver
   * what a lost tail was.
   *
   * @param before what left in this packet or later is not repeated
   */
  writeOldest(
    writer: ByteWriter,
    packetNumber: number,
    takesPieces: boolean,
    before: number,
  ): Sent[] {
    const chunk = this.manifest.pickOldestOnTheWay(before);
    const piece = takesPieces ? this.pieces.pickOldestOnTheWay(before) : undefined;
    let sent: Sent | undefined;
    if (chunk !== undefined) sent = this.writeManifest(writer, packetNumber, chunk);
    else if (piece !== undefined) sent = this.writePiece(writer, packetNumber, piece);
    const written = sent === undefined ? [] : [sent];
    const done = this.done === "onTheWay" ? this.writeDone(writer) : undefined;
    return done === undefined ? written : [...written, done];
  }

  /**
   * Whether parity is to be sent, once nothing else is: over what is on the way and not protected yet. What is
   * withheld has not been sent, and a group may not hold it.
   */
  isParityDue(terms: () => ParityTerms): boolean {
    this.protectPreview(terms);
    if (this.isUnprotected && this.pieces.firstPassOver && !this.pieces.withholds) {
      this.isUnprotected = false;
      this.protect(Number.POSITIVE_INFINITY, terms());
    }
    return this.parity.isDue;
  }

  /** The same of the preview alone. */
  isPreviewParityDue(terms: () => ParityTerms): boolean {
    this.protectPreview(terms);
    return this.parity.isDue;
  }

  writeParity(writer: ByteWriter): Sent | undefined {
    const sent = this.parity.writeNext(writer);
    return sent === undefined ? undefined : { kind: "parity", image: this, ...sent };
  }

  onDoneAcked(): void {
    this.done = "known";
  }

  onDoneLost(): void {
    if (this.done === "onTheWay") this.done = "due";
  }

  /** Called before waiting, so that the end of the pass is told as soon as it is reached. */
  noticeEndOfPass(repair: boolean): void {
    if (this.done !== "notYet" || !this.pieces.firstPassOver) return;
    if (repair || this.pieces.onTheWay === 0) this.done = "due";
  }

  private writeManifest(writer: ByteWriter, packetNumber: number, chunk: number): Sent | undefined {
    const totalBytes = this.source.manifest.length;
    const offset = chunk * MANIFEST_CHUNK_BYTES;
    const bytes = this.source.manifest.subarray(offset, offset + MANIFEST_CHUNK_BYTES);
    if (manifestFrameOverhead(this.number, totalBytes, offset) + bytes.length > writer.room) {
      return undefined;
    }
    writeManifestFrame(writer, { image: this.number, totalBytes, offset, bytes });
    this.manifest.onSent(chunk, packetNumber);
    return { kind: "manifest", image: this, index: chunk };
  }

  /** Only after the first pass, when the count is known. */
  private writeDone(writer: ByteWriter): Sent | undefined {
    const { pieceCount } = this.pieces;
    if (pieceCount === undefined || writer.room <= DONE_ROOM) return undefined;
    writeDone(writer, { image: this.number, pieceCount });
    this.done = "onTheWay";
    return { kind: "done", image: this };
  }

  private writePiece(writer: ByteWriter, packetNumber: number, piece: number): Sent | undefined {
    const { pieceCount } = this.pieces;
    const length = this.source.pieceLength(piece);
    if (pieceFrameBytes(this.number, piece, pieceCount, length) > writer.room) return undefined;
    const offset = writePieceHead(writer, this.number, piece, pieceCount, length);
    this.source.readPiece(piece, writer.target, offset);
    this.pieces.onSent(piece, packetNumber);
    this.isUnprotected = true;
    return { kind: "piece", image: this, index: piece };
  }
}
