import type { Range } from "../base/range-set.js";
import { after, type DurationUs, durationUs, type InstantUs, NEVER } from "../base/units.js";
import type { ByteWriter } from "../wire/bytes.js";
import {
  BASE_DATAGRAM_BYTES,
  type HandshakePart,
  MAX_DATAGRAM_BYTES,
  OutgoingDatagram,
} from "../wire/datagram.js";
import { ackFrameBytes, writeAck } from "../wire/frames/ack.js";
import { writeClose, writeResult } from "../wire/frames/end.js";
import { writePing } from "../wire/frames/frame.js";
import { GAPS_ROOM_MIN, writeGaps } from "../wire/frames/gaps.js";
import { writeWelcome } from "../wire/frames/handshake.js";
import { ANSWER_BYTES } from "../wire/security.js";
import type { ConnectionOptions, ConnectionState } from "./connection-state.js";
import type { IncomingImage } from "./incoming-image.js";
import { FEEDBACK_SPACING_MAX_US, FEEDBACK_SPACING_MIN_US, PARITY_WINDOW_SHARE } from "./limits.js";
import type { ReceivedPackets } from "./received-packets.js";
import { PROBES_MAX, type Recovery } from "./recovery.js";

/** What a packet of a receiver carries. */
export type Told =
  | { readonly kind: "welcome" | "gaps" | "ping" | "close" }
  | { readonly kind: "ranges"; readonly ranges: readonly Range[] }
  | { readonly kind: "result" | "held"; readonly image: IncomingImage };

/** What a connection is at this instant, for its feedback to speak of. */
export interface Subject {
  readonly options: ConnectionOptions;
  readonly recovery: Recovery<Told>;
  readonly received: ReceivedPackets;
  /** Images of which there is something to say still: not those whose result the sender has. */
  readonly current: ReadonlySet<IncomingImage>;
  readonly state: ConnectionState;
  /** The sender has shown that it has our part of the handshake. */
  readonly isConfirmed: boolean;
  /** Bytes of pieces that the host has not written yet. */
  readonly unwrittenBytes: number;
  /** The longest datagram that has come. */
  readonly longestDatagramBytes: number;
}

/** ACK ranges in one datagram of feedback, so that missing pieces have room beside them. */
const ACK_RANGES_IN_FEEDBACK = 128;

/** All that a receiver says to one sender: when it is due, and what it is. docs/protocol.md section 6. */
export class Feedback {
  /** Questions that are due though there is nothing to tell. */
  probes = 0;
  welcome: "due" | "onTheWay" | "known" = "due";
  private windowWasShut = false;
  /** When something last came that was not a bare acknowledgement. */
  private lastElicitingUs: InstantUs;
  private lastFeedbackUs = Number.NEGATIVE_INFINITY;
  private stallBackoff = 0;
  private readonly answer: HandshakePart;

  constructor(private readonly subject: Subject) {
    const { nowUs, answer } = subject.options;
    this.lastElicitingUs = nowUs;
    this.answer = { bytes: ANSWER_BYTES, write: (datagram, at) => datagram.set(answer, at) };
  }

  /** Something came that was not a bare acknowledgement. */
  onElicited(nowUs: InstantUs): void {
    this.lastElicitingUs = nowUs;
    this.stallBackoff = 0;
  }

  /** Asks again when something is missing and nothing has come for too long. */
  handleTimeout(nowUs: InstantUs): void {
    if (this.stallDeadlineUs > nowUs) return;
    const isSlowest = this.stallIntervalUs >= STALL_INTERVAL_MAX_US;
    this.probes = isSlowest ? 1 : Math.min(2 ** this.stallBackoff, PROBES_MAX / 2);
    this.stallBackoff += 1;
  }

  private get spacingUs(): DurationUs {
    const { rtt } = this.subject.recovery;
    // In the first round trip the sender is waiting for every word to learn its pace by.
    if (!rtt.hasSample) return FEEDBACK_SPACING_MIN_US;
    const share = rtt.smoothedUs / 16;
    const bounded = Math.min(Math.max(share, FEEDBACK_SPACING_MIN_US), FEEDBACK_SPACING_MAX_US);
    return durationUs(bounded);
  }

  /** When the next datagram is due; an instant that is over when it is due now. */
  get dueUs(): InstantUs {
    if (this.hasUrgent()) return this.lastElicitingUs;
    let due = this.subject.received.owed >= 2 ? this.lastFeedbackUs + this.spacingUs : NEVER;
    if (this.subject.received.owed === 1) due = this.subject.received.owedSinceUs + this.spacingUs;
    for (const image of this.subject.current) due = Math.min(due, this.reportDueUs(image));
    if (this.windowWasShut && this.windowBytes > this.subject.options.windowBytes() / 2) {
      due = Math.min(due, this.lastFeedbackUs + this.spacingUs);
    }
    return due as InstantUs;
  }

  private hasUrgent(): boolean {
    if (this.probes > 0 || this.welcome === "due") return true;
    if (this.subject.state.name === "closing" && this.subject.state.due) return true;
    if (this.subject.state.name === "draining") return this.subject.received.owed > 0;
    for (const image of this.subject.current) {
      if (image.state.name === "ended" && image.state.told === "due") return true;
      if (this.mustTellHeld(image)) return true;
    }
    return false;
  }

  /** True when the sender does not know yet what is held of an image from an earlier time, or by parity. */
  private mustTellHeld(image: IncomingImage): boolean {
    return this.subject.options.repair && image.state.name === "open" && image.heldTold === "due";
  }

  /** When to tell what is missing of an image: soon after new holes open, again once a round trip while they last. */
  private reportDueUs(image: IncomingImage): number {
    if (!this.subject.options.repair || this.subject.state.name !== "open") return NEVER;
    const { tracker } = image;
    if (image.state.name !== "open" || tracker.holes === 0) return NEVER;
    if (tracker.reportGoesOn)
      return Math.max(this.lastFeedbackUs, image.reportedUs) + this.spacingUs;
    const isNew = tracker.holes > image.reportedHoles;
    // Asking again into silence is the stall timer's part, which backs off.
    if (!isNew && image.reportedUs > this.lastElicitingUs) return NEVER;
    const rtt = this.subject.recovery.rtt.smoothedUs;
    const wait = isNew ? Math.max(rtt / 4, this.spacingUs) : rtt;
    return Math.max(image.reportedUs + wait, this.lastFeedbackUs + this.spacingUs);
  }

  /** Something is missing and nothing comes: say so again, ever more slowly. */
  get stallDeadlineUs(): InstantUs {
    if (this.subject.state.name !== "open" || !this.isWaiting()) return NEVER;
    const since = Math.max(this.lastElicitingUs, this.lastFeedbackUs);
    return after(since as InstantUs, this.stallIntervalUs);
  }

  private get stallIntervalUs(): DurationUs {
    const { probeTimeoutUs } = this.subject.recovery.rtt;
    const timeout = probeTimeoutUs * 2 ** Math.min(this.stallBackoff, 30);
    return durationUs(Math.min(timeout, Math.max(probeTimeoutUs, STALL_INTERVAL_MAX_US)));
  }

  private isWaiting(): boolean {
    for (const image of this.subject.current) {
      if (image.state.name === "open" || image.state.name === "unknown") return true;
    }
    return false;
  }

  /** Bytes of pieces that may come beyond those that wait to be written or to be placed, and beyond parity held. */
  get windowBytes(): number {
    let waiting = this.subject.unwrittenBytes;
    for (const image of this.subject.current) waiting += image.earlyBytes + image.parityBytes;
    return Math.max(0, this.subject.options.windowBytes() - waiting);
  }

  /** Bytes of parity that may be kept beyond what is. */
  get parityRoomBytes(): number {
    let kept = 0;
    for (const image of this.subject.current) kept += image.parityBytes;
    const share = PARITY_WINDOW_SHARE * this.subject.options.windowBytes();
    return Math.min(share - kept, this.windowBytes);
  }

  /** Writes the next datagram. */
  build(nowUs: InstantUs): Uint8Array {
    const packetNumber = this.subject.recovery.takePacketNumber();
    const { options, isConfirmed } = this.subject;
    const { connectionId, seal } = options;
    const name = { from: "receiver", connectionId, packetNumber } as const;
    const memory = new Uint8Array(BASE_DATAGRAM_BYTES);
    const outgoing = new OutgoingDatagram(
      memory,
      name,
      seal,
      isConfirmed ? undefined : this.answer,
    );
    const { writer } = outgoing;
    const told: Told[] = [];
    const ranges = this.tellAck(writer, nowUs);
    this.tellWelcome(writer, told);
    this.tellResults(writer, told);
    this.tellGaps(writer, told, nowUs);
    if (this.subject.state.name === "closing") {
      writeClose(writer, { reason: this.subject.state.reason });
      this.subject.state.due = false;
      told.push({ kind: "close" });
    }
    if (told.length === 0 && (this.probes > 0 || this.windowWasShut)) {
      writePing(writer);
      told.push({ kind: "ping" });
    }
    this.probes = Math.max(0, this.probes - 1);
    this.windowWasShut = this.windowBytes < this.subject.longestDatagramBytes;
    this.lastFeedbackUs = nowUs;
    const datagram = outgoing.finish();
    if (told.length > 0) {
      told.push({ kind: "ranges", ranges });
      const bytes = datagram.length;
      this.subject.recovery.onSent({ packetNumber, sentUs: nowUs, bytes, contents: told });
    }
    return datagram;
  }

  private tellAck(writer: ByteWriter, nowUs: InstantUs): readonly Range[] {
    const window = this.windowBytes;
    const { received } = this.subject;
    received.onReported();
    // Numbers far apart take many bytes each: then fewer ranges, so that all else has its room.
    for (let most = ACK_RANGES_IN_FEEDBACK; most >= 1; most = Math.floor(most / 2)) {
      const ack = received.ackFrame(nowUs, window, most);
      if (ack === undefined) return [];
      if (ackFrameBytes(ack) > writer.room - ROOM_BESIDE_ACK) continue;
      writeAck(writer, ack);
      return ack.ranges;
    }
    return [];
  }

  private tellWelcome(writer: ByteWriter, told: Told[]): void {
    // In every datagram until it is known to have come: it is short, and all waits for it.
    if (this.welcome === "known") return;
    const windowBytes = this.windowBytes;
    const { repair, resetToken } = this.subject.options;
    const terms = { maxDatagramBytes: MAX_DATAGRAM_BYTES, repair, windowBytes, resetToken };
    writeWelcome(writer, { kind: "welcome", ...terms });
    this.welcome = "onTheWay";
    told.push({ kind: "welcome" });
  }

  private tellResults(writer: ByteWriter, told: Told[]): void {
    for (const image of this.subject.current) {
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
    for (const image of this.subject.current) {
      const { tracker } = image;
      if (image.state.name !== "open" || !this.subject.options.repair) continue;
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

/** The longest RESULT frame: type, length, seven numbers and a digest. */
const RESULT_ROOM = 1 + 2 + 7 * 8 + 32;

/** What an ACK leaves free: WELCOME, RESULT, a short GAPS and CLOSE. Ours. */
const ROOM_BESIDE_ACK = 256;

/** As for probes of the sender: the pause between two questions into the silence. */
const STALL_INTERVAL_MAX_US = 3_000_000;
