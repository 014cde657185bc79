import type { Range } from "../base/range-set.js";
import { after, type DurationUs, durationUs, type InstantUs, NEVER } from "../base/units.js";
import type { ByteWriter } from "../wire/bytes.js";
import {
  BASE_DATAGRAM_BYTES,
  beginDatagram,
  MAX_DATAGRAM_BYTES,
  sealDatagram,
} from "../wire/datagram.js";
import { ackFrameBytes, writeAck } from "../wire/frames/ack.js";
import { type Outcome, type Reason, writeClose, writeResult } from "../wire/frames/end.js";
import { type Frame, isAckEliciting, writePing } from "../wire/frames/frame.js";
import { GAPS_ROOM_MIN, writeGaps } from "../wire/frames/gaps.js";
import { writeWelcome } from "../wire/frames/handshake.js";
import type { DoneFrame, ManifestFrame, PieceFrame } from "../wire/frames/image.js";
import type { Guard } from "../wire/guard.js";
import type { Manifest } from "../wire/manifest.js";
import { IncomingImage } from "./incoming-image.js";
import {
  ACTIVE_IMAGES_MAX,
  CLOSE_TIMEOUTS,
  FEEDBACK_SPACING_MAX_US,
  FEEDBACK_SPACING_MIN_US,
  IDLE_TIMEOUT_US,
} from "./limits.js";
import { LossMeter } from "./loss-meter.js";
import { ReceivedPackets } from "./received-packets.js";
import { Recovery } from "./recovery.js";

export type ReceiverEvent =
  /** A manifest is whole: accept the image or refuse it. */
  | { readonly kind: "offer"; readonly image: number; readonly manifest: Manifest }
  /** A new piece. `bytes` is a view; say `pieceWritten` when they are safe. */
  | {
      readonly kind: "piece";
      readonly image: number;
      readonly piece: number;
      readonly bytes: Uint8Array;
    }
  /** All pieces have come: check the digest. */
  | { readonly kind: "complete"; readonly image: number }
  /** Without repair only: the first pass is over and pieces are missing. */
  | { readonly kind: "passOver"; readonly image: number }
  | {
      readonly kind: "closed";
      readonly how: "closedByPeer" | "stopped" | "idle";
      readonly reason: Reason;
    };

/** What a packet of a receiver carries. */
type Told =
  | { readonly kind: "welcome" | "gaps" | "ping" | "close" }
  | { readonly kind: "ranges"; readonly ranges: readonly Range[] }
  | { readonly kind: "result" | "held"; readonly image: IncomingImage };

/**
 * open -> draining (the sender has closed; its last datagrams are still
 * answered) -> gone, or open -> closing (we have sent CLOSE) -> gone.
 */
type State =
  | { readonly name: "open" }
  | { readonly name: "closing"; readonly reason: Reason; due: boolean; readonly untilUs: InstantUs }
  | { readonly name: "draining"; readonly untilUs: InstantUs }
  | { readonly name: "gone" };

export interface ConnectionOptions {
  readonly connectionId: Uint8Array;
  readonly guard: Guard;
  /** Where the sender is. */
  readonly path: string;
  readonly repair: boolean;
  /** Bytes of pieces that this connection may have waiting. */
  readonly windowBytes: () => number;
  readonly nowUs: InstantUs;
}

/** ACK ranges in one datagram of feedback, so that missing pieces have room beside them. */
const ACK_RANGES_IN_FEEDBACK = 128;

/** The receiving side of one connection. docs/protocol.md sections 4 and 6. */
export class ReceiverConnection {
  readonly images = new Map<number, IncomingImage>();
  readonly recovery = new Recovery<Told>();
  readonly lossMeter = new LossMeter();
  readonly path: string;
  readonly key: string;
  malformed = 0;
  /** Has said more than HELLO. */
  established = false;
  receivedBytes = 0;
  private state: State = { name: "open" };
  private welcome: "due" | "onTheWay" | "known" = "due";
  private readonly received = new ReceivedPackets();
  private readonly events: ReceiverEvent[] = [];
  /** Images of which there is something to say still: not those whose result the sender has. */
  private readonly current = new Set<IncomingImage>();
  private endedImages = 0;
  private unwrittenBytes = 0;
  private windowWasShut = false;
  private probes = 0;
  private lastHeardUs: InstantUs;
  /** When something last came that was not a bare acknowledgement. */
  private lastElicitingUs: InstantUs;
  private lastFeedbackUs = Number.NEGATIVE_INFINITY;
  private stallBackoff = 0;

  constructor(
    key: string,
    private readonly options: ConnectionOptions,
  ) {
    this.key = key;
    this.path = options.path;
    this.lastHeardUs = options.nowUs;
    this.lastElicitingUs = options.nowUs;
  }

  get isGone(): boolean {
    return this.state.name === "gone";
  }

  /** Packets of the sender that came, and that did not. */
  get packets(): { readonly total: number; readonly lost: number } {
    const total = this.received.largest + 1;
    return { total, lost: total - this.received.count };
  }

  // What the host says.

  accept(
    number: number,
    pieceLength: (piece: number) => number,
    held: Iterable<Range>,
    nowUs: InstantUs,
  ): void {
    const image = this.images.get(number);
    if (image?.state.name !== "offered") return;
    for (const { piece, bytes } of image.open(pieceLength, held)) {
      this.emitPiece(number, piece, bytes);
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

  /** The digest differs: nothing that is held can be trusted, and all of it is asked for again. */
  damaged(number: number): void {
    const image = this.images.get(number);
    if (image?.state.name !== "complete") return;
    image.state = { name: "open", pieceLength: image.state.pieceLength };
    image.tracker?.discardAll();
    image.reportedUs = Number.NEGATIVE_INFINITY;
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

  close(reason: Reason, nowUs: InstantUs): void {
    if (this.state.name !== "open") return;
    const patience = durationUs(CLOSE_TIMEOUTS * this.recovery.rtt.probeTimeoutUs);
    this.state = { name: "closing", reason, due: true, untilUs: after(nowUs, patience) };
  }

  // What comes from the network.

  handleFrames(
    packetNumber: number,
    frames: readonly Frame[],
    bytes: number,
    nowUs: InstantUs,
  ): void {
    if (this.state.name === "gone") return;
    this.receivedBytes += bytes;
    const isEliciting = frames.some(isAckEliciting);
    if (!this.received.record(packetNumber, isEliciting, nowUs)) return;
    this.lastHeardUs = nowUs;
    if (isEliciting) {
      this.lastElicitingUs = nowUs;
      this.stallBackoff = 0;
    }
    for (const frame of frames) this.handleFrame(frame, nowUs);
    const { total, lost } = this.packets;
    this.lossMeter.update(total, lost, nowUs);
  }

  handleTimeout(nowUs: InstantUs): void {
    if (this.state.name === "gone") return;
    if (this.state.name !== "open" && this.state.untilUs <= nowUs) return this.leave();
    if (after(this.lastHeardUs, IDLE_TIMEOUT_US) <= nowUs) {
      if (this.state.name === "open") this.emitClosed("idle", "idle");
      this.state = { name: "gone" };
      return;
    }
    if (this.recovery.deadlineUs <= nowUs) {
      const { lost, probes } = this.recovery.onDeadline(nowUs);
      for (const packet of lost) this.onLost(packet.contents);
      this.probes = Math.min(1, probes);
      // A few CLOSEs, evenly spaced, and then no more: nothing to back off from.
      if (this.state.name === "closing") this.recovery.backoff = 0;
    }
    if (this.stallDeadlineUs() <= nowUs) {
      this.stallBackoff += 1;
      this.probes = 1;
    }
  }

  pollEvent(): ReceiverEvent | undefined {
    return this.events.shift();
  }

  /** The next datagram to send, if one is due. */
  pollDatagram(nowUs: InstantUs): Uint8Array | undefined {
    if (this.state.name === "gone" || this.feedbackDueUs() > nowUs) return undefined;
    return this.buildFeedback(nowUs);
  }

  get deadlineUs(): InstantUs {
    if (this.state.name === "gone") return NEVER;
    const next = Math.min(
      this.recovery.deadlineUs,
      this.stallDeadlineUs(),
      this.feedbackDueUs(),
      after(this.lastHeardUs, IDLE_TIMEOUT_US),
      this.state.name === "open" ? NEVER : this.state.untilUs,
    );
    return next as InstantUs;
  }

  private handleFrame(frame: Frame, nowUs: InstantUs): void {
    if (frame.kind !== "hello") this.established = true;
    switch (frame.kind) {
      case "hello":
        // Said again: our answer was lost, or crosses it.
        if (this.welcome === "onTheWay") this.welcome = "due";
        return;
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
  }

  private handlePiece(frame: PieceFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined) return this.reject();
    // Over the window: dropped, so that it stays missing and comes again.
    if (frame.bytes.length > this.windowBytes()) return;
    const accepted = image.addPiece(frame);
    if (accepted === undefined) return;
    if (accepted === "bad") return this.reject();
    this.emitPiece(frame.image, accepted.piece, accepted.bytes);
    this.noticeComplete(image);
  }

  private handleDone(frame: DoneFrame): void {
    const image = this.imageFor(frame.image);
    if (image === undefined || !image.expect(frame.pieceCount)) return this.reject();
    image.passOver = true;
    if (image.state.name === "open") image.tracker?.expectAll();
    this.noticePassOver(image);
  }

  private handleClose(reason: Reason, nowUs: InstantUs): void {
    if (this.state.name === "draining") return;
    if (this.state.name === "closing") this.emitClosed("stopped", this.state.reason);
    else this.emitClosed("closedByPeer", reason);
    const patience = durationUs(CLOSE_TIMEOUTS * this.recovery.rtt.probeTimeoutUs);
    this.state = { name: "draining", untilUs: after(nowUs, patience) };
  }

  private emitPiece(image: number, piece: number, bytes: Uint8Array): void {
    this.unwrittenBytes += bytes.length;
    this.events.push({ kind: "piece", image, piece, bytes });
  }

  private noticeComplete(image: IncomingImage): void {
    if (image.state.name !== "open" || image.tracker?.isComplete !== true) return;
    image.state = { name: "complete", pieceLength: image.state.pieceLength };
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
      if (told.kind === "welcome") this.welcome = "known";
      else if (told.kind === "ranges") this.received.onReportConfirmed(told.ranges);
      else if (told.kind === "result") {
        if (told.image.state.name === "ended") told.image.state.told = "known";
        this.current.delete(told.image);
      } else if (told.kind === "close") this.leave();
    }
  }

  private onLost(contents: readonly Told[]): void {
    for (const told of contents) {
      if (told.kind === "welcome" && this.welcome === "onTheWay") this.welcome = "due";
      else if (told.kind === "result") {
        const state = told.image.state;
        if (state.name === "ended" && state.told === "onTheWay") state.told = "due";
      } else if (told.kind === "held") {
        if (told.image.heldTold === "onTheWay") told.image.heldTold = "due";
      } else if (told.kind === "close" && this.state.name === "closing") this.state.due = true;
    }
  }

  // Feedback: when it is due, and what it says.

  private get spacingUs(): DurationUs {
    const share = this.recovery.rtt.smoothedUs / 8;
    const bounded = Math.min(Math.max(share, FEEDBACK_SPACING_MIN_US), FEEDBACK_SPACING_MAX_US);
    return durationUs(bounded);
  }

  private feedbackDueUs(): InstantUs {
    if (this.hasUrgent()) return this.lastHeardUs;
    let due = this.received.owed >= 2 ? this.lastFeedbackUs + this.spacingUs : NEVER;
    if (this.received.owed === 1) due = this.received.owedSinceUs + this.spacingUs;
    for (const image of this.current) due = Math.min(due, this.reportDueUs(image));
    if (this.windowWasShut && this.windowBytes() > this.options.windowBytes() / 2) {
      due = Math.min(due, this.lastFeedbackUs + this.spacingUs);
    }
    return due as InstantUs;
  }

  private hasUrgent(): boolean {
    if (this.probes > 0 || this.welcome === "due") return true;
    if (this.state.name === "closing" && this.state.due) return true;
    if (this.state.name === "draining") return this.received.owed > 0;
    for (const image of this.current) {
      if (image.state.name === "ended" && image.state.told === "due") return true;
      if (this.mustTellHeld(image)) return true;
    }
    return false;
  }

  /** True when the sender does not know yet what is held of an image from an earlier time. */
  private mustTellHeld(image: IncomingImage): boolean {
    return this.options.repair && image.state.name === "open" && image.heldTold === "due";
  }

  /** When to tell what is missing of an image: soon after new holes open, again once a round trip while they last. */
  private reportDueUs(image: IncomingImage): number {
    if (!this.options.repair || this.state.name !== "open") return NEVER;
    const { tracker } = image;
    if (image.state.name !== "open" || tracker === undefined || tracker.holes === 0) return NEVER;
    if (tracker.reportGoesOn)
      return Math.max(this.lastFeedbackUs, image.reportedUs) + this.spacingUs;
    const isNew = tracker.holes > image.reportedHoles;
    // Asking again into silence is the stall timer's part, which backs off.
    if (!isNew && image.reportedUs > this.lastElicitingUs) return NEVER;
    const rtt = this.recovery.rtt.smoothedUs;
    const wait = isNew ? Math.max(rtt / 4, this.spacingUs) : rtt;
    return Math.max(image.reportedUs + wait, this.lastFeedbackUs + this.spacingUs);
  }

  /** Something is missing and nothing comes: say so again, ever more slowly. */
  private stallDeadlineUs(): InstantUs {
    if (this.state.name !== "open" || !this.isWaiting()) return NEVER;
    const timeout = this.recovery.rtt.probeTimeoutUs * 2 ** Math.min(this.stallBackoff, 30);
    const bound = Math.max(this.recovery.rtt.probeTimeoutUs, STALL_INTERVAL_MAX_US);
    const since = Math.max(this.lastElicitingUs, this.lastFeedbackUs);
    return after(since as InstantUs, durationUs(Math.min(timeout, bound)));
  }

  private isWaiting(): boolean {
    for (const image of this.current) {
      if (image.state.name === "open" || image.state.name === "unknown") return true;
    }
    return false;
  }

  /** Bytes of pieces that may come beyond those that wait to be written or to be placed. */
  private windowBytes(): number {
    let waiting = this.unwrittenBytes;
    for (const image of this.current) waiting += image.earlyBytes;
    return Math.max(0, this.options.windowBytes() - waiting);
  }

  private buildFeedback(nowUs: InstantUs): Uint8Array {
    const packetNumber = this.recovery.takePacketNumber();
    const { connectionId, guard } = this.options;
    const header = { from: "receiver", connectionId, packetNumber } as const;
    const writer = beginDatagram(new Uint8Array(BASE_DATAGRAM_BYTES), header, guard);
    const told: Told[] = [];
    const ranges = this.tellAck(writer, nowUs);
    this.tellWelcome(writer, told);
    this.tellResults(writer, told);
    this.tellGaps(writer, told, nowUs);
    if (this.state.name === "closing") {
      writeClose(writer, { reason: this.state.reason });
      this.state.due = false;
      told.push({ kind: "close" });
    }
    if (told.length === 0 && (this.probes > 0 || this.windowWasShut)) {
      writePing(writer);
      told.push({ kind: "ping" });
    }
    this.probes = 0;
    this.windowWasShut = this.windowBytes() < BASE_DATAGRAM_BYTES;
    this.lastFeedbackUs = nowUs;
    const datagram = sealDatagram(writer, guard);
    if (told.length > 0) {
      told.push({ kind: "ranges", ranges });
      const bytes = datagram.length;
      this.recovery.onSent({ packetNumber, sentUs: nowUs, bytes, contents: told });
    }
    return datagram;
  }

  private tellAck(writer: ByteWriter, nowUs: InstantUs): readonly Range[] {
    const window = this.windowBytes();
    const ack = this.received.ackFrame(nowUs, window, ACK_RANGES_IN_FEEDBACK);
    if (ack === undefined || ackFrameBytes(ack) > writer.room) return [];
    writeAck(writer, ack);
    this.received.onReported();
    return ack.ranges;
  }

  private tellWelcome(writer: ByteWriter, told: Told[]): void {
    // In every datagram until it is known to have come: it is short, and all waits for it.
    if (this.welcome === "known") return;
    const windowBytes = this.windowBytes();
    const { repair } = this.options;
    writeWelcome(writer, {
      kind: "welcome",
      maxDatagramBytes: MAX_DATAGRAM_BYTES,
      repair,
      windowBytes,
    });
    this.welcome = "onTheWay";
    told.push({ kind: "welcome" });
  }

  private tellResults(writer: ByteWriter, told: Told[]): void {
    for (const image of this.current) {
      const state = image.state;
      if (state.name !== "ended" || writer.room < RESULT_ROOM) continue;
      // As with WELCOME: in every datagram until it is known to have come.
      if (state.told === "known") continue;
      writeResult(writer, state.result);
      state.told = "onTheWay";
      told.push({ kind: "result", image });
    }
  }

  private tellGaps(writer: ByteWriter, told: Told[], nowUs: InstantUs): void {
    for (const image of this.current) {
      const { tracker } = image;
      if (image.state.name !== "open" || tracker === undefined || !this.options.repair) continue;
      const isHeldDue = this.mustTellHeld(image);
      const isDue =
        isHeldDue || this.reportDueUs(image) <= nowUs || (tracker.holes > 0 && this.probes > 0);
      if (!isDue || writer.room < GAPS_ROOM_MIN) continue;
      const frame = tracker.report(image.number, writer.room);
      if (frame === undefined) continue;
      writeGaps(writer, frame);
      image.reportedUs = nowUs;
      image.reportedHoles = tracker.holes;
      if (isHeldDue) image.heldTold = "onTheWay";
      told.push(isHeldDue ? { kind: "held", image } : { kind: "gaps" });
    }
  }
}

/** The longest RESULT frame: seven numbers and a digest. */
const RESULT_ROOM = 2 + 7 * 8 + 32;

/** As for probes of the sender: the pause between two questions into the silence. */
const STALL_INTERVAL_MAX_US = 3_000_000;
