import { assert } from "../base/assert.js";
import { type ByteWriter, sameBytes } from "../wire/bytes.js";
import type { ResultFrame } from "../wire/frames/end.js";
import { FRAMES_MAX } from "../wire/frames/frame.js";
import type { GapsFrame } from "../wire/frames/gaps.js";
import { IMAGES_MAX, PICTURE_PIECES_MAX } from "../wire/frames/image.js";
import { ACTIVE_IMAGES_MAX } from "./limits.js";
import { type ImageSource, OutgoingImage, type Sent, type WriteTerms } from "./outgoing-image.js";
import type { ParityTerms } from "./parity-policy.js";

/** Frames of images in one datagram: short of the bound, so that HELLO, ACK and PADDING have their places. */
const CONTENTS_MAX = FRAMES_MAX - 3;

/** A sender's images in their order, and which of their frames is to leave next. */
export class OutgoingImages {
  /** Whether the receiver asks for repairs. */
  repair = true;
  private readonly images: OutgoingImage[] = [];
  /** The few that are under way: the next begins while the tail of one is mended. */
  private active: OutgoingImage[] = [];
  private finished = 0;
  /** Every image before this has its result. */
  private firstUnfinished = 0;

  add(source: ImageSource): OutgoingImage {
    assert(this.images.length < IMAGES_MAX, "a connection carries so many images and no more");
    const image = new OutgoingImage(this.images.length, source);
    this.images.push(image);
    this.chooseActive();
    return image;
  }

  at(number: number): OutgoingImage | undefined {
    return this.images[number];
  }

  /** Images that wait for their turn or are under way. */
  get unfinished(): number {
    return this.images.length - this.finished;
  }

  /** True when anything is to be sent, whatever the windows say. */
  get hasSomethingDue(): boolean {
    for (const image of this.active) {
      image.noticeEndOfPass(this.repair);
      if (image.hasSomethingDue) return true;
    }
    return false;
  }

  /** True when something other than a piece is to be sent. */
  get hasControlDue(): boolean {
    return this.active.some((image) => image.hasControlDue);
  }

  /** Fills a datagram with what is most urgent, of one image. */
  write(writer: ByteWriter, packetNumber: number, room: Omit<WriteTerms, "repair">): Sent[] {
    const contents: Sent[] = [];
    const terms = { ...room, repair: this.repair };
    for (const image of this.active) {
      while (contents.length < CONTENTS_MAX) {
        const sent = image.writeNext(writer, packetNumber, terms);
        if (sent === undefined) break;
        contents.push(sent);
      }
      if (contents.length > 0) break;
    }
    return contents;
  }

  /** True when parity is to be sent; asked only when nothing else is. */
  isParityDue(terms: () => ParityTerms): boolean {
    return this.repair && this.active.some((image) => image.isParityDue(terms));
  }

  /** The same of previews alone. */
  isPreviewParityDue(terms: () => ParityTerms): boolean {
    return this.repair && this.active.some((image) => image.isPreviewParityDue(terms));
  }

  /** Fills a datagram with parity of one image. */
  writeParity(writer: ByteWriter): Sent[] {
    const contents: Sent[] = [];
    const image = this.active.find(({ parity }) => parity.isDue);
    while (image !== undefined && contents.length < CONTENTS_MAX) {
      const sent = image.writeParity(writer);
      if (sent === undefined) break;
      contents.push(sent);
    }
    // What does not fit an empty datagram never will.
    if (contents.length === 0) image?.parity.giveUp();
    return contents;
  }

  /** Repeats what has been on the way longest, in a packet numbered below `before`; nothing without repair. */
  writeOldest(
    writer: ByteWriter,
    packetNumber: number,
    takesPieces: boolean,
    before: number,
  ): Sent[] {
    for (const image of this.repair ? this.active : []) {
      const contents = image.writeOldest(writer, packetNumber, takesPieces, before);
      if (contents.length > 0) return contents;
    }
    return [];
  }

  onAcked(sent: Sent): void {
    if (sent.kind === "piece") sent.image.pieces.onAcked(sent.index);
    else if (sent.kind === "manifest") sent.image.manifest.onAcked(sent.index);
    else if (sent.kind === "done") sent.image.onDoneAcked();
    else if (sent.kind === "parity") sent.image.parity.onAcked(sent.group, sent.index);
  }

  onLost(sent: Sent, packetNumber: number): void {
    if (sent.kind === "piece") sent.image.pieces.onLost(sent.index, packetNumber, this.repair);
    else if (sent.kind === "manifest") sent.image.manifest.onLost(sent.index, packetNumber, true);
    else if (sent.kind === "done") sent.image.onDoneLost();
    else if (sent.kind === "parity") sent.image.parity.onLost(sent.group, sent.index);
  }

  /** Takes the receiver's word on pieces; false when it cannot be true. */
  takeGaps(frame: GapsFrame): boolean {
    const image = this.images[frame.image];
    if (image === undefined) return false;
    // Of an image that is still counted, a receiver may hold pieces from before that are not ready yet.
    if (frame.to > (image.pieces.pieceCount ?? PICTURE_PIECES_MAX)) return false;
    if (image.result === undefined) image.pieces.onGaps(frame.from, frame.to, frame.missing);
    return true;
  }

  /** Takes the receiver's last word on an image: the result when it is news, undefined when not, false when it cannot be true. */
  takeResult(frame: ResultFrame): ResultFrame | undefined | false {
    const image = this.images[frame.image];
    if (image === undefined) return false;
    if (image.result !== undefined) return undefined;
    const same = sameBytes(frame.digest, image.source.digest);
    image.result =
      frame.outcome === "verified" && !same
        ? { ...frame, outcome: "failed", reason: "digestDiffers" }
        : frame;
    this.finished += 1;
    this.chooseActive();
    image.parity.clear();
    return image.result;
  }

  private chooseActive(): void {
    this.active = [];
    while (this.images[this.firstUnfinished]?.result !== undefined) this.firstUnfinished += 1;
    for (let i = this.firstUnfinished; i < this.images.length; i += 1) {
      const image = this.images[i] as OutgoingImage;
      if (image.result === undefined) this.active.push(image);
      if (this.active.length === ACTIVE_IMAGES_MAX) break;
    }
  }
}
