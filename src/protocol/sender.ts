import { after, durationUs, type InstantUs, NEVER } from "../base/units.js";
import type { ByteWriter } from "../wire/bytes.js";
import { BASE_DATAGRAM_BYTES } from "../wire/datagram.js";
import type { AckFrame } from "../wire/frames/ack.js";
import { type Reason, type ResultFrame, writeClose } from "../wire/frames/end.js";
import { type Frame, isAckEliciting } from "../wire/frames/frame.js";
import type { WelcomeFrame } from "../wire/frames/handshake.js";
import type { PathChallengeFrame } from "../wire/frames/path.js";
import { CLOSE_TIMEOUTS, CONNECT_TIMEOUT_US, IDLE_TIMEOUT_US, KEEPALIVE_US } from "./limits.js";
import { LossMeter } from "./loss-meter.js";
import type { ImageSource, OutgoingImage, Sent } from "./outgoing-image.js";
import { OutgoingImages } from "./outgoing-images.js";
import type { ParityTerms } from "./parity-policy.js";
import { PathAnswer } from "./path-answer.js";
import { datagramBytesFor } from "./path-mtu.js";
import type { PieceSupply } from "./piece-ledger.js";
import { ReceivedPackets } from "./received-packets.js";
import { Recovery } from "./recovery.js";
import type {
  SenderEnd,
  SenderEvent,
  SenderOptions,
  SenderOutput,
  SenderState,
} from "./sender-events.js";
import { type FramesArrival, SenderInbox } from "./sender-inbox.js";
import { SenderPackets } from "./sender-packets.js";
import { SendingRoom } from "./sending-room.js";
import type { SentPacket } from "./sent-packet.js";

export type { SenderEnd, SenderEvent, SenderOptions, SenderOutput } from "./sender-events.js";

/**
 * The sending side of one connection. docs/protocol.md sections 4 and 6.
 *
 * It has no clock, no socket and no file: one input, then `pollOutput` until
 * it answers with `waitUntil`.
 */
export class Sender {
  readonly recovery: Recovery<Sent>;
  readonly lossMeter = new LossMeter();
  private state: SenderState = { name: "connecting" };
  private readonly images = new OutgoingImages();
  private noMoreImages = false;
  private readonly received = new ReceivedPackets();
  private readonly inbox: SenderInbox;
  private readonly packets: SenderPackets;
  private readonly room: SendingRoom;
  private readonly events: SenderEvent[] = [];
  private probes = 1;
  /** The number of the first packet of the present probes. */
  private probesFrom = 0;
  /**
   * Whether congestion control, by its window or its pace, ended the last round of sending: not a lack of
   * data, the receiver's window or the host's cap. RFC 9002 section 7.8.
   */
  private limited = false;
  private readonly parityTerms = (): ParityTerms => this.room.parityTerms;
  private connectDeadlineUs: InstantUs;
  private lastHeardUs: InstantUs;
  private readonly pathAnswer = new PathAnswer();

  constructor(private readonly options: SenderOptions) {
    this.recovery = new Recovery(options.congestion);
    this.inbox = new SenderInbox(options.security, options.connectionId);
    this.packets = new SenderPackets(options, this.recovery, this.received);
    this.room = new SendingRoom(options, this.recovery);
    const timeout = durationUs(options.connectTimeoutUs ?? CONNECT_TIMEOUT_US);
    this.connectDeadlineUs = after(options.nowUs, timeout);
    this.lastHeardUs = options.nowUs;
  }

  /** Adds an image behind the others; its number in this connection is returned. */
  addImage(source: ImageSource): number {
    const needed = datagramBytesFor(source.pieceBytes);
    this.room.neededBytes = Math.max(this.room.neededBytes, needed);
    return this.images.add(source).number;
  }

  /** More pieces of an image are ready, or their count has become known: pieces leave, or the first pass is over. */
  supply(image: number, supply: PieceSupply): void {
    this.images.at(image)?.pieces.supply(supply);
  }

  /** No more images will be added: when all have their result the connection ends. */
  finish(nowUs: InstantUs): void {
    this.noMoreImages = true;
    this.closeWhenFinished(nowUs);
  }

  /** Ends the connection now, whatever is on the way. The receiver keeps what it has. */
  stop(nowUs: InstantUs): void {
    const isUnanswered = this.state.name === "connecting";
    this.beginClose("interrupted", nowUs);
    // Who has not answered may never: it is told once, and not waited for.
    if (isUnanswered) this.state = { name: "closing", reason: "interrupted", untilUs: nowUs };
  }

  image(number: number): OutgoingImage | undefined {
    return this.images.at(number);
  }

  /** Images that wait for their turn or are under way. */
  get unfinishedImages(): number {
    return this.images.unfinished;
  }

  /** The longest datagram that the path is known to carry: UDP payload bytes. */
  get pathDatagramBytes(): number {
    return this.room.pathMtu.confirmedBytes;
  }

  /** The host has learnt that a datagram was too long for the path. */
  handleTooLong(nowUs: InstantUs): void {
    this.room.pathMtu.onTooLong(nowUs);
  }

  handleDatagram(bytes: Uint8Array, nowUs: InstantUs): void {
    if (this.state.name === "closed") return;
    const isDuplicate = (number: number): boolean => this.received.has(number);
    const arrival = this.inbox.read(bytes, isDuplicate, this.state.name === "connecting");
    if (this.options.security.seal.isSpent) return this.end({ how: "peerGone" });
    if (arrival === undefined) return;
    if (arrival.kind === "reset") return this.handleClose("unknownConnection");
    if (arrival.kind === "frames") return this.handleFrames(arrival, nowUs);
    this.probes = 1;
  }

  private handleFrames({ packetNumber, frames }: FramesArrival, nowUs: InstantUs): void {
    if (!this.received.record(packetNumber, frames.some(isAckEliciting), nowUs)) return;
    this.lastHeardUs = nowUs;
    const newest = packetNumber === this.received.largest;
    for (const frame of frames) this.handleFrame(frame, newest, nowUs);
    this.lossMeter.update(this.recovery.sentPackets, this.recovery.lostForGood, nowUs);
    this.closeWhenFinished(nowUs);
  }

  handleTimeout(nowUs: InstantUs): void {
    if (this.state.name === "closed") return;
    if (this.state.name === "connecting" && this.connectDeadlineUs <= nowUs) {
      return this.end({ how: this.inbox.falseAnswers > 0 ? "notAuthentic" : "noAnswer" });
    }
    if (this.state.name === "closing" && this.state.untilUs <= nowUs) {
      return this.endClosing(this.state.reason);
    }
    if (after(this.lastHeardUs, IDLE_TIMEOUT_US) <= nowUs && this.state.name !== "connecting") {
      // Once we have closed, what had to be known is known.
      if (this.state.name === "closing") return this.endClosing(this.state.reason);
      return this.end({ how: "peerGone" });
    }
    if (this.recovery.deadlineUs <= nowUs) {
      const { lost, probes } = this.recovery.onDeadline(nowUs);
      this.onLost(lost, nowUs);
      this.probes = this.state.name === "open" ? probes : Math.min(probes, 1);
      // Nobody has answered yet: there is no path to spare, and only so long to try.
      if (this.state.name === "connecting")
        this.recovery.backoff = Math.min(this.recovery.backoff, 1);
      // A few CLOSEs, evenly spaced, and then no more: nothing to back off from.
      if (this.state.name === "closing") this.recovery.backoff = 0;
      this.probesFrom = this.recovery.nextPacketNumber;
    }
    if (this.quietDeadlineUs() <= nowUs) this.probes = Math.max(this.probes, 1);
  }

  pollOutput(nowUs: InstantUs): SenderOutput {
    if (this.state.name === "open" && this.room.noticeTooNarrow()) {
      this.events.push({ kind: "tooNarrow", datagramBytes: this.pathDatagramBytes });
    }
    const event = this.events.shift();
    if (event !== undefined) return { kind: "event", event };
    const datagram = this.state.name === "closed" ? undefined : this.nextDatagram(nowUs);
    if (datagram !== undefined) return { kind: "transmit", datagram, to: "" };
    return { kind: "waitUntil", deadlineUs: this.deadlineUs(nowUs) };
  }

  /** Datagrams that were not the receiver's, or made no sense. */
  get malformed(): number {
    return this.inbox.malformed;
  }

  /** Datagrams with a packet number that had come before. */
  get repeated(): number {
    return this.inbox.repeated;
  }

  private reject(): void {
    this.inbox.malformed += 1;
  }

  private handleFrame(frame: Frame, newest: boolean, nowUs: InstantUs): void {
    switch (frame.kind) {
      case "ack":
        return this.handleAck(frame, newest, nowUs);
      case "welcome":
        return this.handleWelcome(frame);
      case "gaps":
        if (newest && !this.images.takeGaps(frame)) this.reject();
        return;
      case "result":
        return this.handleResult(frame);
      case "close":
        return this.handleClose(frame.reason);
      case "ping":
        return;
      case "pathChallenge":
        return this.handleChallenge(frame);
      default:
        // HELLO, MANIFEST, PIECE and DONE are a sender's frames.
        return this.reject();
    }
  }

  private handleAck(frame: AckFrame, newest: boolean, nowUs: InstantUs): void {
    const delayUs = durationUs(frame.delayUs);
    const { ranges, arrivedUs } = frame;
    const outcome = this.recovery.onAck(ranges, delayUs, nowUs, this.limited, arrivedUs);
    if (outcome === undefined) return this.reject();
    if (newest) this.room.onWindow(frame.windowBytes);
    for (const packet of outcome.acked) {
      this.room.pathMtu.onAcked(packet);
      for (const sent of packet.contents) this.onAcked(sent);
    }
    this.onLost(outcome.lost, nowUs);
    this.room.pathMtu.noticeBlackHole(this.recovery.lossShare);
  }

  private onAcked(sent: Sent): void {
    if (sent.kind === "close" && this.state.name === "closing") {
      this.endClosing(this.state.reason);
    } else this.images.onAcked(sent);
  }

  private onLost(packets: readonly SentPacket<Sent>[], nowUs: InstantUs): void {
    for (const packet of packets) {
      this.room.pathMtu.onLost(packet, this.recovery.lossShare, nowUs);
      for (const sent of packet.contents) {
        if (sent.kind === "close") this.probes = 1;
        else this.images.onLost(sent, packet.packetNumber);
      }
    }
  }

  private handleWelcome(frame: WelcomeFrame): void {
    if (this.state.name !== "connecting") return;
    this.state = { name: "open" };
    this.images.repair = frame.repair;
    this.room.onTerms(frame.windowBytes, frame.maxDatagramBytes);
    this.inbox.resetToken = frame.resetToken.slice();
    this.probes = 0;
    this.events.push({ kind: "connected", repair: frame.repair });
  }

  /** The receiver sees us elsewhere than before; on another path all is learnt anew. */
  private handleChallenge(frame: PathChallengeFrame): void {
    const fresh = this.pathAnswer.take(frame) ? this.options.freshCongestion?.() : undefined;
    if (fresh === undefined) return;
    this.room.movePath(fresh);
    this.events.push({ kind: "moved" });
  }

  private handleResult(frame: ResultFrame): void {
    const result = this.images.takeResult(frame);
    if (result === false) return this.reject();
    if (result !== undefined) this.events.push({ kind: "result", image: frame.image, result });
  }

  private handleClose(reason: Reason): void {
    if (this.state.name === "closing") this.endClosing(this.state.reason);
    else this.end({ how: "closedByPeer", reason });
  }

  private closeWhenFinished(nowUs: InstantUs): void {
    if (this.state.name !== "open" || !this.noMoreImages) return;
    if (this.unfinishedImages === 0) this.beginClose("none", nowUs);
  }

  private beginClose(reason: Reason, nowUs: InstantUs): void {
    if (this.state.name === "closing" || this.state.name === "closed") return;
    const patience = durationUs(CLOSE_TIMEOUTS * this.recovery.rtt.probeTimeoutUs);
    this.state = { name: "closing", reason, untilUs: after(nowUs, patience) };
    // CLOSE does not wait for the window.
    this.probes = 1;
  }

  private endClosing(reason: Reason): void {
    this.end({ how: reason === "none" ? "finished" : "stopped" });
  }

  private end(how: SenderEnd): void {
    if (this.state.name === "closed") return;
    this.state = { name: "closed" };
    this.events.push({ kind: "closed", end: how });
  }

  /** When a quiet connection is due for a sign of life, or a full receiver for a question. */
  private quietDeadlineUs(): InstantUs {
    if (this.state.name !== "open" || this.recovery.hasOutstanding) return NEVER;
    const blocked = this.room.peerWindowBytes < this.room.datagramBytes && this.hasData();
    return after(this.packets.lastSentUs, blocked ? this.recovery.probeIntervalUs : KEEPALIVE_US);
  }

  private hasData(): boolean {
    const { name } = this.state;
    if (name !== "open" && name !== "connecting") return false;
    if (this.images.hasSomethingDue) return true;
    // Before an answer only the preview's: of the path nothing is known, and of what it carries little.
    return name === "open"
      ? this.images.isParityDue(this.parityTerms)
      : this.images.isPreviewParityDue(this.parityTerms);
  }

  private deadlineUs(nowUs: InstantUs): InstantUs {
    if (this.state.name === "closed") return NEVER;
    let next = Math.min(
      this.recovery.deadlineUs,
      this.quietDeadlineUs(),
      this.received.dueUs(this.recovery.rtt),
    );
    if (this.state.name === "connecting") next = Math.min(next, this.connectDeadlineUs);
    else next = Math.min(next, after(this.lastHeardUs, IDLE_TIMEOUT_US));
    if (this.state.name === "closing") next = Math.min(next, this.state.untilUs);
    if (this.windowOpen(nowUs) && this.hasData()) {
      next = Math.min(next, this.room.nextUs(nowUs));
    }
    return next as InstantUs;
  }

  /** The receiver's window is for pieces; a manifest passes it, for pieces may be waiting for just that. */
  private windowOpen(nowUs: InstantUs): boolean {
    if (!this.room.fitsPath) return false;
    return (
      this.room.takesPieces || this.images.hasControlDue || this.sizeToTry(nowUs) !== undefined
    );
  }

  private sizeToTry(nowUs: InstantUs): number | undefined {
    return this.state.name === "open" ? this.room.sizeToTry(nowUs) : undefined;
  }

  private nextDatagram(nowUs: InstantUs): Uint8Array | undefined {
    // Heard, but not welcomed: WELCOME is lost, and another HELLO brings it again.
    const isConnecting = this.state.name === "connecting";
    if (this.pathAnswer.isDue) return this.buildPathAnswer(nowUs);
    if (isConnecting && (this.probes > 0 || this.received.dueUs(this.recovery.rtt) <= nowUs)) {
      this.probes = 0;
      return this.packets.build(BASE_DATAGRAM_BYTES, { opening: true }, nowUs, () => []);
    }
    if (this.probes > 0) {
      this.probes -= 1;
      // The last is short: its acknowledgement shows whether it is length that is lost.
      return this.build(nowUs, true, this.probes === 0 ? BASE_DATAGRAM_BYTES : undefined);
    }
    if (this.hasData()) {
      const isOpen = this.windowOpen(nowUs);
      const mayLeave = isOpen && this.room.nextUs(nowUs) <= nowUs;
      if (mayLeave) return this.trySize(nowUs) ?? this.build(nowUs, false);
      this.limited = isOpen ? !this.room.isCapped : !this.room.fitsPath;
    } else this.limited = false;
    if (!this.limited) this.recovery.delivery.onAppLimited(this.recovery.inFlightBytes);
    if (this.received.dueUs(this.recovery.rtt) > nowUs) return undefined;
    // Whoever speaks to us still has not heard our CLOSE. RFC 9000 section 10.2.1.
    if (this.state.name !== "closing") return this.packets.bareAck(nowUs);
    return this.build(nowUs, true, BASE_DATAGRAM_BYTES);
  }

  private buildPathAnswer(nowUs: InstantUs): Uint8Array {
    const write = (writer: ByteWriter): Sent[] => [this.pathAnswer.write(writer)];
    return this.packets.build(BASE_DATAGRAM_BYTES, { filled: true }, nowUs, write);
  }

  /** A PING filled to a length that is to be tried, if one is. RFC 9000 section 14.4. */
  private trySize(nowUs: InstantUs): Uint8Array | undefined {
    const size = this.sizeToTry(nowUs);
    if (size === undefined) return undefined;
    this.room.pathMtu.onProbeSent(size);
    const datagram = this.packets.build(size, { filled: true }, nowUs, () => []);
    this.room.pacer.onSent(datagram.length);
    return datagram;
  }

  /**
   * A datagram of whatever is most urgent; a probe carries something in any case. Until the receiver has answered,
   * those with a manifest bear our part of the handshake, and so do the first few: pieces fill a datagram by themselves.
   */
  private build(nowUs: InstantUs, probe: boolean, most = this.room.datagramBytes): Uint8Array {
    const { state } = this;
    const early = state.name === "connecting";
    const opening = early && (this.packets.isHelloDue || this.images.hasControlDue);
    const size = early ? BASE_DATAGRAM_BYTES : most;
    const datagram = this.packets.build(size, { opening }, nowUs, (writer, packetNumber) => {
      if (state.name === "closing") {
        writeClose(writer, { reason: state.reason });
        return [{ kind: "close" }];
      }
      // A receiver that is full takes no pieces, not even as probes.
      const takesPieces = probe ? this.room.takesPiecesAsProbe : this.room.takesPieces;
      const terms = { takesPieces, parity: this.parityTerms };
      const contents = this.images.write(writer, packetNumber, terms);
      if (contents.length > 0 || opening) return contents;
      if (!probe) return this.images.writeParity(writer);
      // The first time that an answer is late, nothing is repeated twice: it may be late only.
      const before = this.recovery.backoff > 1 ? packetNumber : this.probesFrom;
      return this.images.writeOldest(writer, packetNumber, takesPieces, before);
    });
    this.room.pacer.onSent(datagram.length);
    return datagram;
  }
}
