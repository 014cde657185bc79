import { type InstantUs, NEVER, seconds } from "../base/units.js";
import { sameBytes } from "../wire/bytes.js";
import {
  BASE_DATAGRAM_BYTES,
  connectionKey,
  type Header,
  type OpeningHeader,
  OutgoingDatagram,
  openDatagram,
  type PacketHeader,
  readHeader,
  statelessDatagram,
} from "../wire/datagram.js";
import { type Reason, writeClose } from "../wire/frames/end.js";
import { type Frame, readFrames } from "../wire/frames/frame.js";
import {
  type Admission,
  ANSWER_BYTES,
  type ConnectionSeal,
  type ReceiverSecurity,
} from "../wire/security.js";
import {
  CONNECTIONS_MAX,
  RECEIVE_WINDOW_BYTES,
  RECEIVE_WINDOW_BYTES_MIN,
  RECEIVE_WINDOW_TOTAL_BYTES,
  RESETS_PER_SECOND,
} from "./limits.js";
import type { Transmit, WaitUntil } from "./output.js";
import { ReceiverConnection, type ReceiverEvent } from "./receiver-connection.js";

export interface ReceiverOptions {
  readonly security: ReceiverSecurity;
  /** False: detect and report what is missing, ask for nothing. */
  readonly repair: boolean;
  readonly connectionsMax?: number;
  /** The widest window of one connection, in bytes; RECEIVE_WINDOW_BYTES unless told otherwise. */
  readonly windowBytesMax?: number;
}

export type ReceiverOutput =
  | Transmit
  | WaitUntil
  | {
      readonly kind: "event";
      readonly connection: ReceiverConnection;
      readonly event: ReceiverEvent;
    };

/**
 * The receiving endpoint: sorts datagrams to connections, each of its own
 * sender, and opens new ones. docs/protocol.md section 4.
 */
export class Receiver {
  /** Datagrams that were not Lacuna's, or not what a sender had sealed, or of no connection. */
  malformed = 0;
  /** Datagrams with a packet number that had come before. */
  repeated = 0;
  private readonly connections = new Map<string, ReceiverConnection>();
  /** Where the last datagram came from. */
  private newest: ReceiverConnection | undefined;
  private readonly replies: Transmit[] = [];
  /** Connections that may have something to say. */
  private readonly touched = new Set<ReceiverConnection>();
  /** Answers to unknown connections in the second that began then. */
  private resets = { count: 0, sinceUs: Number.NEGATIVE_INFINITY };

  constructor(private readonly options: ReceiverOptions) {}

  get open(): Iterable<ReceiverConnection> {
    return this.connections.values();
  }

  /** Takes a datagram; it is decrypted in its place. */
  handleDatagram(bytes: Uint8Array, from: string, nowUs: InstantUs): void {
    const header = readHeader(bytes);
    if (typeof header === "string" || header.kind === "stateless" || header.from !== "sender") {
      return this.reject();
    }
    const connection = this.known(header.connectionId);
    if (connection === undefined) return this.handleUnknown(bytes, header, from, nowUs);
    // What has come already is not opened again: a flood of replays is cheap.
    if (connection.received.has(header.packetNumber)) {
      this.repeated += 1;
      return;
    }
    const frames = framesOf(bytes, header, connection.options.seal);
    if (frames === undefined) {
      if (connection.options.seal.isSpent) connection.abandon();
      this.touched.add(connection);
      return this.reject();
    }
    const sealed = header.kind === "sealed";
    connection.handleFrames(header.packetNumber, frames, bytes.length, sealed, from, nowUs);
    this.touched.add(connection);
  }

  handleTimeout(nowUs: InstantUs): void {
    for (const connection of this.connections.values()) {
      if (connection.deadlineUs > nowUs) continue;
      connection.handleTimeout(nowUs);
      this.touched.add(connection);
    }
  }

  /** The host has said something to a connection: it may have something to send. */
  touch(connection: ReceiverConnection): void {
    this.touched.add(connection);
  }

  pollOutput(nowUs: InstantUs): ReceiverOutput {
    const reply = this.replies.shift();
    if (reply !== undefined) return reply;
    for (const connection of this.touched) {
      const event = connection.pollEvent();
      if (event !== undefined) return { kind: "event", connection, event };
      const transmit = connection.pollTransmit(nowUs);
      if (transmit !== undefined) return transmit;
      this.touched.delete(connection);
      if (connection.isGone) this.forget(connection);
    }
    let deadlineUs = NEVER;
    for (const connection of this.connections.values()) {
      if (connection.deadlineUs < deadlineUs) deadlineUs = connection.deadlineUs;
    }
    return { kind: "waitUntil", deadlineUs };
  }

  private reject(): void {
    this.malformed += 1;
  }

  /** Of a connection that is not there: one that begins, or one that was forgotten. */
  private handleUnknown(
    bytes: Uint8Array,
    header: PacketHeader | OpeningHeader,
    from: string,
    nowUs: InstantUs,
  ): void {
    if (header.kind === "sealed") this.answerStranger(header, from, bytes.length, nowUs);
    // A full-sized HELLO: nobody is answered with more than was sent. RFC 9000 section 8.1.
    if (header.kind !== "opening" || bytes.length < BASE_DATAGRAM_BYTES) return this.reject();
    const isBusy = this.connections.size >= this.connectionsMax / 2;
    const admission = this.options.security.admit(bytes, header, from, isBusy, nowUs);
    switch (admission.kind) {
      case "dropped":
        return this.reject();
      case "cookie":
        return this.reply(
          statelessDatagram(header.connectionId, admission.body),
          from,
          bytes.length,
        );
      case "refused":
        return this.refuse(header, admission, admission.reason, from, bytes.length);
      case "admitted":
        return this.welcome(bytes, header, admission, from, nowUs);
    }
  }

  private welcome(
    bytes: Uint8Array,
    header: OpeningHeader,
    admission: Extract<Admission, { kind: "admitted" }>,
    from: string,
    nowUs: InstantUs,
  ): void {
    // What is not opened may be said again: who finds no room is not taken for a replay next time.
    if (!this.hasRoom) {
      return this.refuse(header, admission, "tooManyConnections", from, bytes.length);
    }
    const frames = framesOf(bytes, header, admission.seal);
    if (frames?.some((frame) => frame.kind === "hello") !== true) return this.reject();
    this.makeRoom();
    const { security, repair } = this.options;
    const connectionId = header.connectionId.slice();
    const { seal, answer, peer } = admission;
    const connection = new ReceiverConnection(connectionKey(connectionId), {
      ...{ connectionId, seal, answer, peer, path: from, repair, nowUs },
      resetToken: security.resetToken(connectionId),
      challenge: () => security.challenge(),
      windowBytes: () => this.windowShare(),
    });
    this.connections.set(connection.key, connection);
    connection.handleFrames(header.packetNumber, frames, bytes.length, false, from, nowUs);
    this.touched.add(connection);
  }

  private get connectionsMax(): number {
    return this.options.connectionsMax ?? CONNECTIONS_MAX;
  }

  /** Whether there is room for one more, or one that gives way: it never said more than HELLO. */
  private get hasRoom(): boolean {
    if (this.connections.size < this.connectionsMax) return true;
    for (const connection of this.connections.values()) if (!connection.established) return true;
    return false;
  }

  private makeRoom(): void {
    if (this.connections.size < this.connectionsMax) return;
    for (const connection of this.connections.values()) {
      if (connection.established) continue;
      this.touched.delete(connection);
      return this.forget(connection);
    }
  }

  /** Datagrams come in runs of one sender: only the first of a run is looked up by its key. */
  private known(connectionId: Uint8Array): ReceiverConnection | undefined {
    const { newest } = this;
    if (newest !== undefined && sameBytes(newest.options.connectionId, connectionId)) return newest;
    const found = this.connections.get(connectionKey(connectionId));
    if (found !== undefined) this.newest = found;
    return found;
  }

  private forget(connection: ReceiverConnection): void {
    this.connections.delete(connection.key);
    if (this.newest === connection) this.newest = undefined;
  }

  private windowShare(): number {
    const share = RECEIVE_WINDOW_TOTAL_BYTES / Math.max(1, this.connections.size);
    const most = this.options.windowBytesMax ?? RECEIVE_WINDOW_BYTES;
    return Math.floor(Math.min(most, Math.max(RECEIVE_WINDOW_BYTES_MIN, share)));
  }

  /** Tells who is proven that it may not come in. Nothing is kept of it. */
  private refuse(
    header: Header,
    { seal, answer }: { readonly seal: ConnectionSeal; readonly answer: Uint8Array },
    reason: Reason,
    to: string,
    askedBytes: number,
  ): void {
    const name = { from: "receiver", connectionId: header.connectionId, packetNumber: 0 } as const;
    const write = (datagram: Uint8Array, at: number): void => datagram.set(answer, at);
    const outgoing = new OutgoingDatagram(new Uint8Array(128), name, seal, {
      bytes: ANSWER_BYTES,
      write,
    });
    writeClose(outgoing.writer, { reason });
    this.reply(outgoing.finish(), to, askedBytes);
  }

  /** Tells, in a way that only the true sender can check, that a connection is no more. RFC 9000 section 10.3. */
  private answerStranger(header: Header, to: string, askedBytes: number, nowUs: InstantUs): void {
    if (nowUs - this.resets.sinceUs >= RESET_PERIOD_US) this.resets = { count: 0, sinceUs: nowUs };
    if (this.resets.count >= RESETS_PER_SECOND) return;
    this.resets.count += 1;
    const { connectionId } = header;
    const token = this.options.security.resetToken(connectionId);
    this.reply(statelessDatagram(connectionId, token), to, askedBytes);
  }

  /** Always in fewer bytes than it was asked with. */
  private reply(datagram: Uint8Array, to: string, askedBytes: number): void {
    if (datagram.length < askedBytes) this.replies.push({ kind: "transmit", datagram, to });
  }
}

/** The frames of a datagram; undefined when it was not sealed so, or they are malformed. */
function framesOf(
  bytes: Uint8Array,
  header: PacketHeader | OpeningHeader,
  seal: ConnectionSeal,
): Frame[] | undefined {
  const reader = openDatagram(bytes, header, seal);
  return reader && readFrames(reader, bytes);
}

const RESET_PERIOD_US = seconds(1);
