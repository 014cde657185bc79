import { type InstantUs, NEVER } from "../base/units.js";
import { sameBytes } from "../wire/bytes.js";
import {
  BASE_DATAGRAM_BYTES,
  beginDatagram,
  connectionKey,
  type Header,
  openDatagram,
  sealDatagram,
} from "../wire/datagram.js";
import { type Reason, writeClose } from "../wire/frames/end.js";
import { type Frame, readFrames } from "../wire/frames/frame.js";
import type { Guard } from "../wire/guard.js";
import {
  CONNECTIONS_MAX,
  RECEIVE_WINDOW_BYTES,
  RECEIVE_WINDOW_BYTES_MIN,
  RECEIVE_WINDOW_TOTAL_BYTES,
} from "./limits.js";
import type { Transmit, WaitUntil } from "./output.js";
import { ReceiverConnection, type ReceiverEvent } from "./receiver-connection.js";

export interface ReceiverOptions {
  readonly guard: Guard;
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
  /** Datagrams that were not Lacuna's, or damaged, or of no connection. */
  malformed = 0;
  private readonly connections = new Map<string, ReceiverConnection>();
  /** Where the last datagram came from. */
  private newest: ReceiverConnection | undefined;
  private readonly replies: Transmit[] = [];
  /** Connections that may have something to say. */
  private readonly touched = new Set<ReceiverConnection>();

  constructor(private readonly options: ReceiverOptions) {}

  get open(): Iterable<ReceiverConnection> {
    return this.connections.values();
  }

  handleDatagram(bytes: Uint8Array, from: string, nowUs: InstantUs): void {
    const opened = openDatagram(bytes, this.options.guard);
    if (typeof opened === "string" || opened.header.from !== "sender") return this.reject();
    const frames = readFrames(opened.frames, bytes);
    if (frames === undefined) return this.reject();
    const { header } = opened;
    const connection =
      this.known(header.connectionId) ?? this.admit(header, frames, bytes, from, nowUs);
    if (connection === undefined) return;
    if (connection.path !== from) return this.refusePath(header, frames, from, bytes.length);
    connection.handleFrames(header.packetNumber, frames, bytes.length, nowUs);
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
      const datagram = connection.pollDatagram(nowUs);
      if (datagram !== undefined) return { kind: "transmit", datagram, to: connection.path };
      this.touched.delete(connection);
      if (connection.isGone) this.forget(connection);
    }
    let deadlineUs = NEVER;
    for (const connection of this.connections.values()) {
      if (connection.deadlineUs < deadlineUs) deadlineUs = connection.deadlineUs;
    }
    return { kind: "waitUntil", deadlineUs };
  }

  /** A connection stays on the path that it was opened on; whoever speaks from another is told to begin anew. */
  private refusePath(header: Header, frames: readonly Frame[], from: string, bytes: number): void {
    this.reject();
    this.answerStranger(header, frames, from, bytes);
  }

  private answerStranger(
    header: Header,
    frames: readonly Frame[],
    from: string,
    bytes: number,
  ): void {
    const asks = frames.some((frame) => frame.kind === "piece" || frame.kind === "ping");
    if (asks) this.refuse(header, from, "unknownConnection", bytes);
  }

  private reject(): void {
    this.malformed += 1;
  }

  /** Opens a connection for a HELLO; anything else of an unknown connection is told so. */
  private admit(
    header: Header,
    frames: readonly Frame[],
    bytes: Uint8Array,
    from: string,
    nowUs: InstantUs,
  ): ReceiverConnection | undefined {
    const isHello = frames.some((frame) => frame.kind === "hello");
    // A full-sized HELLO: nobody is answered with more than was sent. RFC 9000 section 8.1.
    if (!isHello || bytes.length < BASE_DATAGRAM_BYTES) {
      this.reject();
      this.answerStranger(header, frames, from, bytes.length);
      return undefined;
    }
    if (!this.makeRoom()) {
      this.refuse(header, from, "tooManyConnections", bytes.length);
      return undefined;
    }
    const { guard, repair } = this.options;
    const connectionId = header.connectionId.slice();
    const windowBytes = (): number => this.windowShare();
    const options = { connectionId, guard, path: from, repair, windowBytes, nowUs };
    const connection = new ReceiverConnection(connectionKey(connectionId), options);
    this.connections.set(connection.key, connection);
    return connection;
  }

  /** Room for one more: one that never said more than HELLO gives way. */
  private makeRoom(): boolean {
    if (this.connections.size < (this.options.connectionsMax ?? CONNECTIONS_MAX)) return true;
    for (const connection of this.connections.values()) {
      if (connection.established) continue;
      this.touched.delete(connection);
      this.forget(connection);
      return true;
    }
    return false;
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

  /** A CLOSE outside any connection: stateless, and smaller than what asked for it. */
  private refuse(header: Header, to: string, reason: Reason, askedBytes: number): void {
    const { guard } = this.options;
    // Bears the number of the packet that it answers: there is no state to count by.
    const answer = { ...header, from: "receiver" } as const;
    const writer = beginDatagram(new Uint8Array(64), answer, guard);
    writeClose(writer, { reason });
    const datagram = sealDatagram(writer, guard);
    if (datagram.length < askedBytes) this.replies.push({ kind: "transmit", datagram, to });
  }
}
