import type { Range } from "../base/range-set.js";
import { after, durationUs, type InstantUs, NEVER } from "../base/units.js";
import { BASE_DATAGRAM_BYTES } from "../wire/datagram.js";
import type { Outcome, Reason } from "../wire/frames/end.js";
import { type Frame, isAckEliciting } from "../wire/frames/frame.js";
import type { DoneFrame, ManifestFrame, PieceFrame } from "../wire/frames/image.js";
import type { ParityFrame } from "../wire/frames/parity.js";
import type { ConnectionOptions, ConnectionState } from "./connection-state.js";
import { Feedback, type Subject, type Told } from "./feedback.js";
import type { ReadPiece } from "./held-parity.js";
import { IncomingImage } from "./incoming-image.js";
import { ACTIVE_IMAGES_MAX, AMPLIFICATION_MAX, CLOSE_TIMEOUTS, IDLE_TIMEOUT_US } from "./limits.js";
import { LossMeter } from "./loss-meter.js";
import type { Transmit } from "./output.js";
import type { PieceLengths } from "./piece-lengths.js";
import { ReceivedPackets } from "./received-packets.js";
import type { PieceWay, ReceiverEvent } from "./receiver-events.js";
import { Recovery } from "./recovery.js";
import { SenderPath } from "./sender-path.js";

export type { PieceWay, ReceiverEvent } from "./receiver-events.js";

/** The receiving side of one connection. docs/protocol.md sections 4 and 6. */
export class ReceiverConnection implements Subject {
  readonly images = new Map<number, IncomingImage>();
  readonly recovery = new Recovery<Told>();
  readonly lossMeter = new LossMeter();
  readonly key: string;
  malformed = 0;
  /** The sender has shown that it has our part of the handshake, and so that it is where it says to be. */
  isConfirmed = false;
  /** Has said more than HELLO. */
  established = false;
  private receivedBytes = 0;
  private sentBytes = 0;
  state: ConnectionState = { name: "open" };
  readonly received = new ReceivedPackets();
  /** Images of which there is something to say still: not those whose result the sender has. */
  readonly current = new Set<IncomingImage>();
  /** Bytes of pieces that the host has not written yet. */
  unwrittenBytes = 0;
  longestDatagramBytes = BASE_DATAGRAM_BYTES;
  private readonly events: ReceiverEvent[] = [];
  private readonly feedback: Feedback;
  private readonly at: SenderPath;
  private endedImages = 0;
  lastHeardUs: InstantUs;

  constructor(
    key: string,
    readonly options: ConnectionOptions,
  ) {
    this.key = key;
    this.at = new SenderPath(options);
    this.lastHeardUs = options.nowUs;
    this.feedback = new Feedback(this);
  }

  get isGone(): boolean {
    return this.state.name === "gone";
  }

  /** Where the sender is. */
  get path(): string {
    return this.at.current;
  }

  /** Packets of the sender that came, and that did not. */
  get packets(): { readonly total: number; readonly lost: number } {
    const total = this.received.largest + 1;
    return { total, lost: total - this.received.count };
  }

  // What the host says.

  accept(
    number: number,
    lengths: PieceLengths,
    held: Iterable<Range>,
    nowUs: InstantUs,
    readPiece?: ReadPiece,
  ): void {
    const image = this.images.get(number);
    if (image?.state.name !== "offered") return;
    for (const { piece, bytes } of image.open(lengths, held, readPiece)) {
      this.emitPiece(number, piece, bytes, "datagram");
    }
    // Holes among the early pieces may be mere reordering: they are asked for as new holes are, not at once.
    image.reportedUs = nowUs;
    this.noticeComplete(image);
    this.noticePassOver(image);
  }

  /** The bytes of a piece are written; the window opens by so much. */
  pieceWritten(bytes: number): void {
    this.unwrittenBytes -= bytes;
  }

  /** The digest agrees and the file is in its place. */
  verified(number: number, digest: Uint8Array, elapsedUs = 0): void {
    this.endImage(number, "verified", "none", 0, 0, elapsedUs, digest);
  }

  /** The digest differs: all pieces are asked for again, but those of `kept`, which can be trusted. */
  damaged(number: number, kept: Iterable<Range> = []): void {
    const image = this.images.get(number);
    if (image?.state.name !== "complete" && image?.state.name !== "open") return;
    image.discard(image.state.lengths, kept);
  }

  /** The last word on an image that did not become whole. */
  endImage(
    number: number,
    outcome: Outcome,
    reason: Reason,
    missingPieces: number,
    missingPixels: number,
    elapsedUs = 0,
    digest: Uint8Array = new Uint8Array(0),
  ): void {
    const image = this.images.get(number);
    if (image === undefined || image.state.name === "ended") return;
    const { total, lost } = this.packets;
    const lossPpm = total === 0 ? 0 : Math.round((lost / total) * 1_000_000);
    const counts = { missingPieces, missingPixels, elapsedUs, lossPpm };
    this.endedImages += 1;
    image.end({ kind: "result", image: number, outcome, reason, ...counts, digest });
  }

  /** Nothing that is said here can be trusted any more. */
  abandon(): void {
    if (this.state.name === "open") this.emitClosed("idle", "idle");
    this.state = { name: "gone" };
  }

  close(reason: Reason, nowUs: InstantUs): void {
    if (this.state.name !== "open") return;
    const patience = durationUs(CLOSE_TIMEOUTS * this.recovery.rtt.probeTimeoutUs);
    this.state = { name: "closing", reason, due: true, untilUs: after(nowUs, patience) };
  }

  // What comes from the network.

  /**
   * Takes the frames of a datagram that the sender has sealed.
   *
   * @param sealed by the connection's keys, which nobody has who has not got our part of the handshake
   * @param from where it came from
   */
  handleFrames(
    packetNumber: number,
    frames: readonly Frame[],
    bytes: number,
    sealed: boolean,
    from: string,
    nowUs: InstantUs,
  ): void {
    if (this.state.name === "gone") return;
    this.isConfirmed ||= sealed;
    if (from === this.path) this.receivedBytes += bytes;
    else if (!this.isConfirmed) return this.reject();
    else if (packetNumber > this.received.largest) this.at.onElsewhere(from, bytes, nowUs);
    this.longestDatagramBytes = Math.max(this.longestDatagramBytes, bytes);
    const isEliciting = frames.some(isAckEliciting);
    if (!this.received.record(packetNumber, isEliciting, nowUs)) return;
    this.lastHeardUs = nowUs;
    if (isEliciting) this.feedback.onElicited(nowUs);
    for (const frame of frames) {
      if (frame.kind === "pathResponse") this.at.onResponse(frame.data, from);
      else this.handleFrame(frame, nowUs);
    }
    // HELLO said again, and alone: our answer was lost, or crosses it.
    const isQuestion = frames.every((frame) => frame.kind === "hello" || frame.kind === "ack");
    if (isQuestion && isEliciting && this.feedback.welcome === "onTheWay") {
      this.feedback.welcome = "due";
    }
    const { total, lost } = this.packets;
    this.lossMeter.update(total, lost, nowUs);
  }

  handleTimeout(nowUs: InstantUs): void {
    if (this.state.name === "gone") return;
    if (this.state.name !== "open" && this.state.untilUs <= nowUs) return this.leave();
    if (after(this.lastHeardUs, IDLE_TIMEOUT_US) <= nowUs) return this.abandon();
    if (this.isHushed) return;
    if (this.recovery.deadlineUs <= nowUs) {
      const { lost, probes } = this.recovery.onDeadline(nowUs);
      for (const packet of lost) this.onLost(packet.contents);
      this.feedback.probes =
        this.state.name === "open" ? Math.ceil(probes / 2) : Math.min(1, probes);
      // A few CLOSEs, evenly spaced, and then no more: nothing to back off from.
      if (this.state.name === "closing") this.recovery.backoff = 0;
    }
    this.feedback.handleTimeout(nowUs);
  }

  pollEvent(): ReceiverEvent | undefined {
    // Only a host that was told every piece can read them all back.
    if (this.events.length === 0) this.recoverPieces();
    return this.events.shift();
  }

  /** The next datagram to send, if one is due. */
  pollTransmit(nowUs: InstantUs): Transmit | undefined {
    if (this.state.name === "gone") return undefined;
    const question = this.at.nextQuestion(nowUs, this.recovery.rtt.probeTimeoutUs, () =>
      this.recovery.takePacketNumber(),
    );
    if (question !== undefined) return question;
    if (this.feedback.dueUs > nowUs || this.isHushed) return undefined;
    const datagram = this.feedback.build(nowUs);
    this.sentBytes += datagram.length;
    return { kind: "transmit", datagram, to: this.path };
  }

  get deadlineUs(): InstantUs {
    if (this.state.name === "gone") return NEVER;
    const idleUs = after(this.lastHeardUs, IDLE_TIMEOUT_US);
    const endUs = this.state.name === "open" ? idleUs : Math.min(idleUs, this.state.untilUs);
    if (this.isHushed) return endUs as InstantUs;
    const { stallDeadlineUs, dueUs } = this.feedback;
    const soonest = Math.min(this.recovery.deadlineUs, stallDeadlineUs, dueUs, this.at.dueUs);
    return Math.min(endUs, soonest) as InstantUs;
  }

  /**
   * Until the sender has shown that it is where it says to be, it is answered with at most three times what it
   * sent. RFC 9000 section 8.1.
   */
  private get isHushed(): boolean {
    const most = AMPLIFICATION_MAX * this.receivedBytes - BASE_DATAGRAM_BYTES;
    return !this.isConfirmed && this.sentBytes > most;
  }

  private handleFrame(frame: Frame, nowUs: InstantUs): void {
    if (frame.kind !== "hello") this.established = true;
    // Who is leaving takes nothing more.
    const leaving = this.state.name !== "open" && frame.kind !== "ack" && frame.kind !== "close";
    if (leaving) return;
    switch (frame.kind) {
      case "hello":
      case "ping":
        return;
      case "ack": {
        const delay = durationUs(frame.delayUs);
        const outcome = this.recovery.onAck(frame.ranges, delay, nowUs, false);
        if (outcome === undefined) return this.reject();
        for (const packet of outcome.acked) this.onAcked(packet.contents);
        for (const packet of outcome.lost) this.onLost(packet.contents);
        return;
      }
      case "manifest":
        return this.handleManifest(frame);
      case "piece":
        return this.handlePiece(frame);
      case "parity":
        return this.handleParity(frame);
      case "done":
        return this.handleDone(frame);
      case "close":
        return this.handleClose(frame.reason, nowUs);
      default:
        // WELCOME, GAPS and RESULT are a receiver's frames.
        return this.reject();
    }
  }

  private reject(): void {
    this.malformed += 1;
  }

  private imageFor(number: number): IncomingImage | undefined {
    let image = this.images.get(number);
    // Images come in order and few at a time: another is a defect or a forgery.
    const mayBegin = this.state.name === "open" && number < this.endedImages + ACTIVE_IMAGES_MAX;
    if (image === undefined && mayBegin) {
      image = new IncomingImage(number);
      this.images.set(number, image);
      this.current.add(image);
    }
    return image;
  }

  private handleManifest(frame: ManifestFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined) return this.reject();
    const manifest = image.addManifest(frame);
    if (manifest === undefined) return;
    if (manifest === "bad") {
      this.reject();
      return this.endImage(frame.image, "refused", "badManifest", 0, 0);
    }
    this.events.push({ kind: "offer", image: frame.image, manifest });
    this.noticeCount(image);
  }

  private handlePiece(frame: PieceFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined) return this.reject();
    // Over the window: dropped, so that it stays missing and comes again.
    if (frame.bytes.length > this.feedback.windowBytes) return;
    const accepted = image.addPiece(frame);
    if (accepted === "bad") return this.reject();
    this.noticeCount(image);
    if (accepted !== undefined) {
      this.emitPiece(frame.image, accepted.piece, accepted.bytes, "datagram");
    }
    this.noticeComplete(image);
  }

  private handleParity(frame: ParityFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined) return this.reject();
    if (!this.options.repair) return;
    if (image.addParity(frame, this.feedback.parityRoomBytes) === "bad") this.reject();
  }

  /** Computes pieces of one group from parity; of one only, for others may need these pieces to be readable. */
  private recoverPieces(): void {
    for (const image of this.current) {
      for (let found = image.recover(); found !== undefined; found = image.recover()) {
        if (found.length === 0) {
          this.reject();
          continue;
        }
        for (const { piece, bytes } of found) this.emitPiece(image.number, piece, bytes, "parity");
        return this.noticeComplete(image);
      }
    }
  }

  private handleDone(frame: DoneFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined || !image.learnCount(frame.pieceCount)) return this.reject();
    this.noticeCount(image);
    image.passOver = true;
    if (image.state.name === "open") image.tracker.expectAll();
    this.noticeComplete(image);
    this.noticePassOver(image);
  }

  private handleClose(reason: Reason, nowUs: InstantUs): void {
    if (this.state.name === "draining") return;
    if (this.state.name === "closing") this.emitClosed("stopped", this.state.reason);
    else this.emitClosed("closedByPeer", reason);
    const patience = durationUs(CLOSE_TIMEOUTS * this.recovery.rtt.probeTimeoutUs);
    this.state = { name: "draining", untilUs: after(nowUs, patience) };
  }

  private emitPiece(image: number, piece: number, bytes: Uint8Array, via: PieceWay): void {
    this.unwrittenBytes += bytes.length;
    this.events.push({ kind: "piece", image, piece, bytes, via });
  }

  /** Tells the count of an image whose manifest does not, once that is known. */
  private noticeCount(image: IncomingImage): void {
    const { pieceCount } = image.tracker;
    if (pieceCount === undefined || image.isCountTold || image.manifest === undefined) return;
    image.isCountTold = true;
    if (image.manifest.pieceCount !== undefined) return;
    this.events.push({ kind: "counted", image: image.number, pieceCount });
  }

  private noticeComplete(image: IncomingImage): void {
    if (image.state.name !== "open" || !image.tracker.isComplete) return;
    image.complete(image.state.lengths);
    this.events.push({ kind: "complete", image: image.number });
  }

  private noticePassOver(image: IncomingImage): void {
    if (this.options.repair || !image.passOver || image.state.name !== "open") return;
    this.events.push({ kind: "passOver", image: image.number });
  }

  private emitClosed(how: "closedByPeer" | "stopped" | "idle", reason: Reason): void {
    this.events.push({ kind: "closed", how, reason });
  }

  private leave(): void {
    if (this.state.name === "closing") this.emitClosed("stopped", this.state.reason);
    this.state = { name: "gone" };
  }

  private onAcked(contents: readonly Told[]): void {
    for (const told of contents) {
      if (told.kind === "welcome") this.feedback.welcome = "known";
      else if (told.kind === "ranges") this.received.onReportConfirmed(told.ranges);
      else if (told.kind === "result") {
        if (told.image.state.name === "ended") told.image.state.told = "known";
        this.current.delete(told.image);
      } else if (told.kind === "close") this.leave();
    }
  }

  private onLost(contents: readonly Told[]): void {
    for (const told of contents) {
      if (told.kind === "welcome" && this.feedback.welcome === "onTheWay")
        this.feedback.welcome = "due";
      else if (told.kind === "result") {
        const state = told.image.state;
        if (state.name === "ended" && state.told === "onTheWay") state.told = "due";
      } else if (told.kind === "held") {
        if (told.image.heldTold === "onTheWay") told.image.heldTold = "due";
      } else if (told.kind === "close" && this.state.name === "closing") this.state.due = true;
    }
  }
}
