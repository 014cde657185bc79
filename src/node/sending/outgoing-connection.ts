import type { Socket } from "node:dgram";
import { bytesPerSecond, durationUs, type InstantUs, seconds } from "../../base/units.js";
import { Bbr } from "../../protocol/bbr.js";
import { Ledbat } from "../../protocol/ledbat.js";
import { Sender, type SenderEvent } from "../../protocol/sender.js";
import type { SenderSecurity } from "../../wire/security.js";
import type { SendOptions } from "../api-types.js";
import type { LacunaError } from "../errors.js";
import type { ResolvedAddress } from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { DatagramMemory } from "../socket/datagram-memory.js";
import type { KnownPath } from "../socket/path-memory.js";
import { FragmentWatch, pathOptions } from "../socket/path-size.js";
import { Pump } from "../socket/pump.js";
import { createUdpSocket } from "../socket/udp.js";
import { asLacunaError } from "../transfer.js";
import type { ConnectionEnd } from "./connection-end.js";
import { Silence } from "./silence.js";

export interface ConnectionTerms {
  readonly to: ResolvedAddress;
  /** 8 random bytes. */
  readonly connectionId: Uint8Array;
  /** The handshake of this connection. */
  readonly security: SenderSecurity;
  readonly options: Pick<SendOptions, "rateMbit" | "polite" | "maxDatagramBytes" | "pieceBytes">;
  /** What is known of the path. */
  readonly remembered: KnownPath | undefined;
  /** How long to wait for the first answer. */
  readonly connectTimeoutUs: number;
  /** Whether no pieces are to leave now. */
  readonly isPaused: () => boolean;
  /** An event of the machine other than its end. */
  onEvent(event: Exclude<SenderEvent, { kind: "closed" }>, now: InstantUs): void;
  /** All that could be sent now has been. */
  onSent(now: InstantUs): void;
  /** Some times a second. */
  onTick(now: InstantUs): void;
}

/** One connection to a receiver, from its socket to its end: turns the pure machine in real time. */
export class OutgoingConnection {
  readonly sender: Sender;
  /** When the receiver was last heard. */
  heardUs: InstantUs | undefined;
  /** The system has said that nobody listens there; it may be wrong. */
  isRefused = false;
  private readonly pump: Pump;
  private readonly fragments: FragmentWatch;
  private readonly silence: Silence;
  private isClosed = false;
  private congestion: Bbr | Ledbat;
  private finish: (end: ConnectionEnd | LacunaError) => void = () => undefined;
  private readonly ended: Promise<ConnectionEnd>;

  /** Opens a socket. Gives the system's error code when there is no way to the address now. */
  static async open(terms: ConnectionTerms): Promise<OutgoingConnection | string> {
    const socket = createUdpSocket(terms.to.family);
    const failure = await connected(socket, terms.to);
    if (failure !== undefined) {
      socket.close();
      return failure;
    }
    const path = await pathOptions(socket, terms.options, terms.remembered?.datagramBytes);
    return new OutgoingConnection(terms, socket, path);
  }

  private constructor(
    private readonly terms: ConnectionTerms,
    private socket: Socket,
    path: Awaited<ReturnType<typeof pathOptions>>,
  ) {
    const { connectionId, security, options, connectTimeoutUs, remembered, isPaused } = terms;
    const { rateMbit, polite = false } = options;
    this.congestion = polite ? new Ledbat() : new Bbr(remembered);
    const memory = new DatagramMemory(() => this.socket.getSendQueueCount() === 0);
    this.sender = new Sender({
      connectionId,
      security,
      congestion: this.congestion,
      // On another path nothing of what was learnt holds.
      freshCongestion: () => {
        this.congestion = polite ? new Ledbat() : new Bbr();
        return this.congestion;
      },
      nowUs: nowUs(),
      path,
      takeMemory: (bytes) => memory.take(bytes),
      connectTimeoutUs: durationUs(connectTimeoutUs),
      isPaused,
      ...(rateMbit === undefined ? {} : { rateCap: bytesPerSecond(rateMbit * 125_000) }),
    });
    this.fragments = new FragmentWatch(this.sender);
    this.ended = new Promise((resolve, reject) => {
      this.finish = (end) => (end instanceof Error ? reject(end) : resolve(end));
    });
    this.pump = new Pump(
      {
        handleTimeout: (now) => this.sender.handleTimeout(now),
        drain: (now) => {
          this.fragments.lookAtChange();
          return this.drain(now);
        },
      },
      (error) => this.finish(asLacunaError(error)),
    );
    this.silence = new Silence(this.sender.recovery, nowUs());
    this.listen();
  }

  /** Runs until the machine has ended, or the host ends it. Throws what the host says. */
  async run(): Promise<ConnectionEnd> {
    this.pump.wake();
    const ticker = setInterval(() => {
      const now = nowUs();
      this.fragments.look();
      if (this.silence.isLong(now)) void this.replaceSocket();
      this.terms.onTick(now);
    }, TICK_MS);
    try {
      return await this.ended;
    } finally {
      clearInterval(ticker);
      this.fragments.look();
    }
  }

  /** Something was said to the machine. */
  wake(): void {
    this.pump.wake();
  }

  /** Ends it in the polite way: the receiver is told. */
  stop(): void {
    this.sender.stop(nowUs());
    this.pump.wake();
  }

  /** Ends it now, for a reason that the machine does not know. */
  end(end: ConnectionEnd | LacunaError): void {
    this.finish(end);
  }

  /** Lets go of the socket. Whatever ended this side: the other need not wait for us in vain. */
  close(): void {
    this.pump.stop();
    this.isClosed = true;
    const { sender, socket } = this;
    const now = nowUs();
    sender.stop(now);
    for (let out = sender.pollOutput(now); out.kind !== "waitUntil"; out = sender.pollOutput(now)) {
      if (out.kind === "transmit") socket.send(out.datagram);
    }
    socket.close();
  }

  /** What was learnt of the path, for the next time. A cap says nothing of it, nor does who gives way. */
  get learntPath(): KnownPath | undefined {
    if (!(this.congestion instanceof Bbr) || this.terms.options.rateMbit !== undefined) {
      return undefined;
    }
    const { path } = this.congestion;
    return path && { ...path, datagramBytes: this.sender.pathDatagramBytes };
  }

  private listen(): void {
    const { socket } = this;
    socket.on("message", (datagram) => this.hear(datagram));
    socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      if (socket !== this.socket) return;
      if (code === "EMSGSIZE") this.sender.handleTooLong(nowUs());
      // "Port unreachable" may come from a receiver that starts a moment later, or from nobody: only a hint.
      else if (code === "ECONNREFUSED") this.isRefused = true;
      // The network that it was opened on may be gone.
      else if (this.silence.mayReplace(nowUs())) void this.replaceSocket();
    });
  }

  /**
   * Takes another socket, with the address and port that the system gives now: the old ones may lead nowhere any more. The
   * receiver follows (docs/protocol.md section 4.4).
   */
  private async replaceSocket(): Promise<void> {
    const socket = createUdpSocket(this.terms.to.family);
    const failure = await connected(socket, this.terms.to);
    // While there is no way, the old one is as good.
    if (failure !== undefined || this.isClosed) {
      socket.close();
      return;
    }
    const old = this.socket;
    this.socket = socket;
    old.close();
    this.listen();
    this.pump.wake();
  }

  private hear(datagram: Uint8Array): void {
    const now = nowUs();
    const { malformed, repeated } = this.sender;
    this.sender.handleDatagram(datagram, now);
    // Whoever replays an old datagram is not the receiver, and gives no sign of its life.
    if (this.sender.malformed === malformed && this.sender.repeated === repeated) {
      this.heardUs = now;
      this.silence.end(now);
    }
    this.pump.wake();
  }

  private drain(now: InstantUs): InstantUs {
    for (;;) {
      const out = this.sender.pollOutput(now);
      if (out.kind === "waitUntil") {
        this.terms.onSent(now);
        return out.deadlineUs;
      }
      if (out.kind === "transmit") this.socket.send(out.datagram);
      else if (out.event.kind === "closed") this.finish(out.event.end);
      else this.terms.onEvent(out.event, now);
    }
  }
}

/** Connects the socket, so that the system tells what it learns of the way; gives its error code when there is none. */
function connected(socket: Socket, to: ResolvedAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const fail = ({ code, message }: NodeJS.ErrnoException): void => resolve(code ?? message);
    socket.once("error", fail);
    socket.connect(to.port, to.host, () => {
      socket.off("error", fail);
      resolve(undefined);
    });
  });
}

/** Progress is told at most ten times a second. */
const TICK_MS = seconds(0.1) / 1_000;
