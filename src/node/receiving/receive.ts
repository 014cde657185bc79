import type { Socket } from "node:dgram";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { type InstantUs, milliseconds, seconds } from "../../base/units.js";
import { Receiver } from "../../protocol/receiver.js";
import type { ReceiverConnection, ReceiverEvent } from "../../protocol/receiver-connection.js";
import type {
  ReceivedFile,
  ReceiveOptions,
  ReceiveResult,
  Snapshot,
  Transfer,
} from "../api-types.js";
import { diskError, writeAtomically } from "../disk.js";
import { LacunaError } from "../errors.js";
import type { ReceiveEvent } from "../events.js";
import { LiveDecoder } from "../live/decoder.js";
import { memoryLimits } from "../memory.js";
import { MemoryBudget } from "../memory-budget.js";
import { round } from "../round.js";
import {
  formatAddress,
  parseAddress,
  type ResolvedAddress,
  reachableHost,
  resolveAddress,
} from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { datagramGuard } from "../socket/guard.js";
import { addressOf, PathNames } from "../socket/peer-path.js";
import { Pump } from "../socket/pump.js";
import { Rehearsal } from "../socket/rehearsal.js";
import { bindUdp } from "../socket/udp.js";
import { asLacunaError, type Run, transferOf } from "../transfer.js";
import { EventLog } from "./event-log.js";
import { IncomingSession, type PartialReason, type SessionHost } from "./incoming-session.js";
import { missingCounter } from "./missing-counter.js";
import { Observers } from "./observer.js";

/** Where a receiver listens unless told otherwise. */
export const DEFAULT_LISTEN = "0.0.0.0:7316";

/**
 * Receives from any number of senders at once.
 *
 * Runs until stopped, or with `once` until the first sender has finished. A
 * file that fails is told as an `error` event; with `once` the promise rejects with it too.
 */
export function receive(options: ReceiveOptions = {}): Transfer<ReceiveEvent, ReceiveResult> {
  return transferOf(new ReceiveRun(options), options.signal);
}

/** A sender's connection with its images. */
interface Guest {
  readonly connection: ReceiverConnection;
  readonly startedUs: InstantUs;
  readonly sessions: Map<number, IncomingSession>;
}

class ReceiveRun implements Run<ReceiveEvent, ReceiveResult> {
  private readonly startUs = nowUs();
  private readonly out: string;
  private readonly host: SessionHost;
  private readonly live: LiveDecoder;
  private readonly log: EventLog | undefined;
  private readonly receiver: Receiver;
  private readonly guests = new Map<ReceiverConnection, Guest>();
  private readonly files: ReceivedFile[] = [];
  private readonly rehearsal = new Rehearsal();
  private readonly failures: LacunaError[] = [];
  private newest: IncomingSession | undefined;
  private socket: Socket | undefined;
  private pump: Pump | undefined;
  private stopping = false;
  private interrupted = false;
  private deadline: NodeJS.Timeout | undefined;
  private tellEvent: (event: ReceiveEvent) => void = () => undefined;
  private resolveEnd: () => void = () => undefined;
  private rejectEnd: (error: LacunaError) => void = () => undefined;

  constructor(private readonly options: ReceiveOptions) {
    this.out = resolve(options.out ?? ".");
    this.receiver = new Receiver({ guard: datagramGuard, repair: options.repair ?? true });
    const limits = memoryLimits(options.memoryMb);
    const { eventLog } = options;
    if (eventLog !== undefined) this.log = new EventLog(resolve(eventLog), () => this.t());
    const watching = [...(this.log ? [this.log] : []), ...(options.observers ?? [])];
    const observers = new Observers(watching, (error) => {
      this.tellError(asLacunaError(error));
    });
    this.live = new LiveDecoder({
      memoryBytes: limits.rasterBytes,
      isWatched: () => observers.watchPictures,
      onPicture: (id, picture) => observers.onPicture(id, picture),
      onCounts: (id, counts) => this.tell({ event: "picture", t: this.t(), id, ...counts }),
    });
    this.host = {
      out: this.out,
      onExisting: options.onExisting ?? "rename",
      memoryMb: options.memoryMb,
      budget: new MemoryBudget(limits.decoderBytes),
      observers,
      live: this.live,
      tell: (event) => this.tell(event),
      wake: (connection) => {
        this.receiver.touch(connection);
        this.pump?.wake();
      },
      malformed: () => this.receiver.malformed,
      t: () => this.t(),
    };
  }

  async run(tell: (event: ReceiveEvent) => void): Promise<ReceiveResult> {
    this.tellEvent = tell;
    const tickers: NodeJS.Timeout[] = [];
    try {
      await this.makeFolder();
      const address = await resolveAddress(parseAddress(this.options.listen ?? DEFAULT_LISTEN));
      const socket = await bindUdp(address);
      this.socket = socket;
      const ended = this.start(socket);
      tickers.push(setInterval(() => this.tellProgress(), PROGRESS_MS));
      tickers.push(setInterval(() => this.eachSession((s) => s.checkpoint()), CHECKPOINT_MS));
      if (this.options.once === true) {
        tickers.push(setInterval(() => this.endQuietGuests(), QUIET_CHECK_MS));
      }
      await this.announce(socket, address);
      this.live.start();
      if (this.stopping) this.resolveEnd();
      await ended;
      return this.result();
    } catch (error) {
      const failure = asLacunaError(error);
      if (!this.failures.includes(failure)) this.tellError(failure);
      throw failure;
    } finally {
      for (const ticker of tickers) clearInterval(ticker);
      clearTimeout(this.deadline);
      this.pump?.stop();
      this.socket?.close();
      await this.live.end();
      await this.log?.close();
    }
  }

  stop(): void {
    this.interrupted = true;
    this.stopAll("interrupted");
  }

  snapshot(id?: string): Promise<Snapshot | undefined> {
    if (id === undefined) return this.newest?.snapshot() ?? Promise.resolve(undefined);
    for (const guest of this.guests.values()) {
      for (const session of guest.sessions.values()) {
        if (session.id === id) return session.snapshot();
      }
    }
    return Promise.resolve(undefined);
  }

  private async makeFolder(): Promise<void> {
    try {
      await mkdir(this.out, { recursive: true });
    } catch (error) {
      throw diskError(error, this.out);
    }
  }

  private start(socket: Socket): Promise<void> {
    const { receiver } = this;
    const pump = new Pump(
      {
        handleTimeout: (now) => receiver.handleTimeout(now),
        drain: (now) => this.drain(socket, now),
      },
      (error) => this.rejectEnd(asLacunaError(error)),
    );
    this.pump = pump;
    const paths = new PathNames();
    socket.on("message", (datagram, from) => {
      receiver.handleDatagram(datagram, paths.of(from.address, from.port), nowUs());
      pump.wake();
    });
    // What cannot be sent is lost like any other datagram.
    socket.on("error", () => undefined);
    return new Promise((resolveEnd, rejectEnd) => {
      this.resolveEnd = resolveEnd;
      this.rejectEnd = rejectEnd;
    });
  }

  /** Tells that the socket is ready, and where. */
  private async announce(socket: Socket, asked: ResolvedAddress): Promise<void> {
    const { port } = socket.address();
    const address = formatAddress({ host: asked.host, port });
    const ticket = formatAddress({ host: reachableHost(asked), port });
    const { ticketFile, view, deadlineSeconds } = this.options;
    if (ticketFile !== undefined) {
      const path = resolve(ticketFile);
      try {
        await writeAtomically(path, `${path}.${process.pid}.tmp`, [Buffer.from(`${ticket}\n`)]);
      } catch (error) {
        throw diskError(error, path);
      }
    }
    this.tell({
      event: "listening",
      t: this.t(),
      address,
      ticket,
      ...(view === undefined ? {} : { view }),
    });
    if (deadlineSeconds !== undefined) this.armDeadline(deadlineSeconds);
  }

  /** Until a sender offers something the deadline counts from the start; then anew, once, from that offer. */
  private armDeadline(afterSeconds: number): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => {
      if (this.newest === undefined) {
        const message = `no sender came in ${afterSeconds} seconds`;
        const facts = { seconds: afterSeconds };
        return this.rejectEnd(new LacunaError("LACUNA_NO_SENDER", message, facts));
      }
      this.stopAll("deadline");
    }, afterSeconds * 1_000);
  }

  private drain(socket: Socket, now: InstantUs): InstantUs {
    for (;;) {
      const out = this.receiver.pollOutput(now);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "event") this.handleEvent(out.connection, out.event, now);
      else {
        const { host, port } = addressOf(out.to);
        socket.send(out.datagram, port, host);
      }
    }
  }

  private handleEvent(connection: ReceiverConnection, event: ReceiverEvent, now: InstantUs): void {
    const guest = this.guests.get(connection) ?? this.welcome(connection, now);
    switch (event.kind) {
      case "offer": {
        if (this.stopping) return;
        const id = `${connection.key.slice(0, 8)}-${event.image}`;
        const started = event.image === 0 ? guest.startedUs : now;
        const { image, manifest } = event;
        const missing = missingCounter(manifest);
        if (missing === undefined) {
          return connection.endImage(image, "refused", "badManifest", 0, 0);
        }
        const offered = { id, number: image, manifest, missing };
        const session = new IncomingSession(offered, connection, started, this.host);
        guest.sessions.set(image, session);
        const isFirst = this.newest === undefined;
        this.newest = session;
        const { deadlineSeconds } = this.options;
        if (isFirst && deadlineSeconds !== undefined) this.armDeadline(deadlineSeconds);
        return this.watch(session.open());
      }
      case "piece":
        return guest.sessions.get(event.image)?.onPiece(event.piece, event.bytes, event.via);
      case "complete":
        return this.watch(guest.sessions.get(event.image)?.finish());
      case "passOver":
        return this.watch(guest.sessions.get(event.image)?.stop("no-repair"));
      case "closed": {
        const stopped = event.how === "closedByPeer" ? "sender-stopped" : "sender-gone";
        return this.endGuest(guest, event.how === "stopped" ? "interrupted" : stopped);
      }
      case "counted":
        // A session asks its tracker for the count when it needs it.
        return;
    }
  }

  private welcome(connection: ReceiverConnection, now: InstantUs): Guest {
    const guest: Guest = { connection, startedUs: now, sessions: new Map() };
    this.guests.set(connection, guest);
    return guest;
  }

  /** A connection has ended: what is unfinished is kept as it is. */
  private endGuest(guest: Guest, reason: PartialReason): void {
    const sessions = [...guest.sessions.values()];
    const stopped = Promise.all(sessions.map((session) => session.stop(reason))).then(() => {
      this.guests.delete(guest.connection);
      for (const { file, failure } of sessions) {
        if (file !== undefined) this.files.push(file);
        if (failure !== undefined) this.failures.push(failure);
      }
      if (sessions.length === 0 && this.options.once === true && !this.stopping) {
        const message = "the sender left before it had offered anything";
        return this.rejectEnd(new LacunaError("LACUNA_PEER_GONE", message));
      }
      if (this.options.once === true || (this.stopping && this.guests.size === 0)) {
        this.resolveEnd();
      }
    });
    this.watch(stopped);
  }

  /** A sender that has all its results and then falls silent has left, and only its CLOSE was lost. */
  private endQuietGuests(): void {
    const quietSinceUs = nowUs() - QUIET_US;
    for (const guest of [...this.guests.values()]) {
      const sessions = [...guest.sessions.values()];
      const isDone = sessions.length > 0 && sessions.every((session) => session.hasEnded);
      if (isDone && guest.connection.lastHeardUs < quietSinceUs) {
        this.endGuest(guest, "sender-gone");
      }
    }
  }

  /** Keeps everything unfinished, tells the senders, and ends. */
  private stopAll(reason: "interrupted" | "deadline"): void {
    if (this.stopping) return;
    this.stopping = true;
    const sessions = [...this.guests.values()].flatMap((guest) => [...guest.sessions.values()]);
    const stopped = Promise.all(sessions.map((session) => session.stop(reason))).then(() => {
      for (const { connection } of this.guests.values()) {
        connection.close(reason, nowUs());
        this.host.wake(connection);
      }
      // With nobody to tell there is nothing to wait for.
      if (this.guests.size === 0) this.resolveEnd();
    });
    this.watch(stopped);
  }

  /** Sessions answer for their own failures; what else fails in the background ends the run. */
  private watch(work: Promise<unknown> | undefined): void {
    work?.catch((error: unknown) => this.rejectEnd(asLacunaError(error)));
  }

  private result(): ReceiveResult {
    const [failure] = this.failures;
    if (failure !== undefined && this.options.once === true) throw failure;
    return { files: this.files, interrupted: this.interrupted };
  }

  private tellProgress(): void {
    for (const { connection } of this.guests.values()) this.rehearsal.tick(connection.packets.lost);
    this.eachSession((session) => session.tellProgress());
  }

  private eachSession(act: (session: IncomingSession) => void): void {
    for (const guest of this.guests.values()) {
      for (const session of guest.sessions.values()) if (!session.hasEnded) act(session);
    }
  }

  private tell(event: ReceiveEvent): void {
    this.host.observers.onEvent(event);
    this.tellEvent(event);
    if (isEnding(event)) this.live.close(event.id);
  }

  private tellError({ code, message, remedy }: LacunaError): void {
    this.tell({ event: "error", t: this.t(), code, message, remedy });
  }

  private t(): number {
    return round((nowUs() - this.startUs) / 1_000_000, 6);
  }
}

/** Whether nothing more comes of an image. */
function isEnding(event: ReceiveEvent): event is ReceiveEvent & { readonly id: string } {
  const ends = event.event === "complete" || event.event === "partial" || event.event === "error";
  return ends && event.id !== undefined;
}

/** Progress is told at most ten times a second. */
const PROGRESS_MS = milliseconds(100) / 1_000;

/** A sender that has more to come says something every 15 s (docs/protocol.md section 6), so this is silence. */
const QUIET_US = seconds(20);
const QUIET_CHECK_MS = 1_000;

/** How much a power cut may cost. Ours. */
const CHECKPOINT_MS = 2_000;
