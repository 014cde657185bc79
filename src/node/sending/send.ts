import { randomBytes } from "node:crypto";
import type { Socket } from "node:dgram";
import {
  type BytesPerSecond,
  bytesPerSecond,
  type InstantUs,
  seconds as secondsUs,
} from "../../base/units.js";
import { Bbr } from "../../protocol/bbr.js";
import { Ledbat } from "../../protocol/ledbat.js";
import { ACTIVE_IMAGES_MAX } from "../../protocol/limits.js";
import { Sender, type SenderEnd, type SenderEvent } from "../../protocol/sender.js";
import { connectionKey } from "../../wire/datagram.js";
import type { ResultFrame } from "../../wire/frames/end.js";
import type { Manifest } from "../../wire/manifest.js";
import type { SendOptions, SendResult, SentFile, Snapshot, Transfer } from "../api-types.js";
import { LacunaError } from "../errors.js";
import type { SendEvent } from "../events.js";
import { round } from "../round.js";
import {
  formatAddress,
  parseAddress,
  type ResolvedAddress,
  resolveAddress,
} from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { DatagramMemory } from "../socket/datagram-memory.js";
import { datagramGuard } from "../socket/guard.js";
import { type KnownPath, PathMemory } from "../socket/path-memory.js";
import { FragmentWatch, pathOptions } from "../socket/path-size.js";
import { Pump } from "../socket/pump.js";
import { Rehearsal } from "../socket/rehearsal.js";
import { createUdpSocket } from "../socket/udp.js";
import { asLacunaError, type Run, transferOf } from "../transfer.js";
import { CoderPool } from "./coder-pool.js";
import { OutgoingFile } from "./outgoing-file.js";
import { closedEarly, refusalOf, tooNarrow } from "./refusal.js";
import { openSource, type Source } from "./source.js";
import { snapshotOfSource } from "./source-snapshot.js";

/**
 * Sends files to a receiver, one after another over one connection.
 *
 * The result comes when the receiver has said of every file that it is
 * verified, or that it keeps it in part. Rejects with the first LacunaError when a file cannot be
 * read, is refused, or the receiver is not there.
 */
export function send(
  paths: string | readonly string[],
  options: SendOptions,
): Transfer<SendEvent, SendResult> {
  const list = typeof paths === "string" ? [paths] : paths;
  return transferOf(new SendRun(list, options), options.signal);
}

/** Progress is told at most this often. */
const PROGRESS_EVERY_US = secondsUs(0.1);

class SendRun implements Run<SendEvent, SendResult> {
  private readonly startUs = nowUs();
  private readonly connectionId = randomBytes(8);
  private readonly outgoing: OutgoingFile[] = [];
  private readonly files: SentFile[] = [];
  private readonly failures: LacunaError[] = [];
  private readonly rehearsal = new Rehearsal();
  private readonly pool = new CoderPool();
  private readonly pathMemory: PathMemory | undefined;
  private remembered: KnownPath | undefined;
  private opened = 0;
  private opening = false;
  private interrupted = false;
  private refused = false;
  private sender: Sender | undefined;
  private socket: Socket | undefined;
  private pump: Pump | undefined;
  private tell: (event: SendEvent) => void = () => undefined;
  private finish: (end: SenderEnd | LacunaError) => void = () => undefined;

  constructor(
    private readonly paths: readonly string[],
    private readonly options: SendOptions,
  ) {
    const { stateFolder, polite = false } = options;
    // Who gives way finds no capacity, and does not start with what another found.
    this.pathMemory = stateFolder === undefined || polite ? undefined : new PathMemory(stateFolder);
  }

  async run(tell: (event: SendEvent) => void): Promise<SendResult> {
    this.tell = tell;
    try {
      const to = await resolveAddress(parseAddress(this.options.to));
      this.remembered = await this.pathMemory?.recall(to.host, Date.now());
      const first = await this.openNext();
      if (this.interrupted) {
        first?.close();
        return { files: [], interrupted: true };
      }
      // Of several files none could be opened: there is nothing to connect for.
      const [failure] = this.failures;
      if (first === undefined && failure !== undefined) throw failure;
      const end = await this.transfer(to, first);
      return this.resultOf(end, to);
    } catch (error) {
      // Whatever failed because it was stopped.
      if (this.interrupted && this.sender === undefined) return { files: [], interrupted: true };
      const failure = asLacunaError(error);
      if (!this.failures.includes(failure)) this.tellError(failure);
      throw failure;
    } finally {
      this.pump?.stop();
      this.farewell();
      this.socket?.close();
      for (const { source } of this.outgoing) source.close();
      await this.pool.close();
    }
  }

  stop(): void {
    this.interrupted = true;
    // A picture that is still being coded is not waited for.
    if (this.sender === undefined) void this.pool.close();
    this.sender?.stop(nowUs());
    this.pump?.wake();
  }

  snapshot(id?: string): Promise<Snapshot | undefined> {
    const found = this.outgoing.findLast((o) => id === undefined || o.id === id);
    const image = found === undefined ? undefined : this.sender?.image(found.number);
    if (found === undefined || image === undefined) return Promise.resolve(undefined);
    return Promise.resolve(snapshotOfSource(found.id, found.source, image.pieces.held));
  }

  /** Whatever ended this side: the other need not wait for us in vain. */
  private farewell(): void {
    const { sender, socket } = this;
    if (sender === undefined || socket === undefined) return;
    const now = nowUs();
    sender.stop(now);
    for (let out = sender.pollOutput(now); out.kind !== "waitUntil"; out = sender.pollOutput(now)) {
      if (out.kind === "transmit") socket.send(out.datagram);
    }
  }

  private async transfer(
    to: ResolvedAddress,
    first: Source<Manifest> | undefined,
  ): Promise<SenderEnd> {
    const socket = await this.connect(to);
    const { remembered } = this;
    const { rateMbit, timeoutSeconds, polite = false } = this.options;
    const congestion = polite ? new Ledbat() : new Bbr(remembered);
    const memory = new DatagramMemory(() => socket.getSendQueueCount() === 0);
    const sender = new Sender({
      connectionId: this.connectionId,
      guard: datagramGuard,
      congestion,
      nowUs: nowUs(),
      path: await pathOptions(socket, this.options, remembered?.datagramBytes),
      takeMemory: (bytes) => memory.take(bytes),
      ...(rateMbit === undefined ? {} : { rateCap: bytesPerSecond(rateMbit * 125_000) }),
      ...(timeoutSeconds === undefined ? {} : { connectTimeoutUs: secondsUs(timeoutSeconds) }),
    });
    this.sender = sender;
    const fragments = new FragmentWatch(sender);
    const ended = new Promise<SenderEnd>((resolve, reject) => {
      this.finish = (end) => (end instanceof Error ? reject(end) : resolve(end));
    });
    const pump = new Pump(
      {
        handleTimeout: (now) => sender.handleTimeout(now),
        drain: (now) => {
          fragments.lookAtChange();
          return this.drain(sender, socket, now);
        },
      },
      (error) => this.finish(asLacunaError(error)),
    );
    this.pump = pump;
    socket.on("message", (datagram) => {
      sender.handleDatagram(datagram, nowUs());
      pump.wake();
    });
    if (first !== undefined) this.add(sender, first);
    this.openMore(sender);
    pump.wake();
    const ticker = setInterval(() => {
      fragments.look();
      this.tellProgress(sender);
    }, PROGRESS_EVERY_US / 1_000);
    const end = await ended.finally(() => clearInterval(ticker));
    // A cap says nothing of the path.
    const path = congestion instanceof Bbr && rateMbit === undefined ? congestion.path : undefined;
    fragments.look();
    const { pathDatagramBytes: datagramBytes } = sender;
    if (path !== undefined)
      await this.pathMemory?.save(to.host, { ...path, datagramBytes }, Date.now());
    return end;
  }

  private async connect(to: ResolvedAddress): Promise<Socket> {
    const socket = createUdpSocket(to.family);
    this.socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.connect(to.port, to.host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "EMSGSIZE") this.sender?.handleTooLong(nowUs());
      // "Port unreachable" may come from a receiver that starts a moment later, or from nobody: only a hint.
      else this.refused = true;
    });
    return socket;
  }

  private drain(sender: Sender, socket: Socket, now: InstantUs): InstantUs {
    for (;;) {
      const out = sender.pollOutput(now);
      if (out.kind === "waitUntil") {
        for (const one of this.outgoing) one.noteStart(now);
        return out.deadlineUs;
      }
      if (out.kind === "event") this.handleEvent(sender, out.event, now);
      // What the system does not take is lost like any other datagram.
      else socket.send(out.datagram);
    }
  }

  private handleEvent(sender: Sender, event: SenderEvent, now: InstantUs): void {
    if (event.kind === "connected") {
      const rttMs = sender.recovery.rtt.smoothedUs / 1_000;
      this.tell({ event: "connected", t: this.t(), rttMs: round(rttMs, 3) });
    } else if (event.kind === "result") {
      this.endFile(this.outgoing[event.image] as OutgoingFile, event.result, now);
      this.openMore(sender);
    } else if (event.kind === "tooNarrow") {
      this.finish(tooNarrow(event.datagramBytes));
    } else this.finish(event.end);
  }

  /** Opens further files ahead of their turn, as many as may be under way. */
  private openMore(sender: Sender): void {
    if (this.opening) return;
    if (this.opened === this.paths.length) return sender.finish(nowUs());
    if (sender.unfinishedImages >= ACTIVE_IMAGES_MAX) return;
    this.opening = true;
    this.openNext().then(
      (source) => {
        this.opening = false;
        if (source !== undefined) this.add(sender, source);
        this.openMore(sender);
        this.pump?.wake();
      },
      (error: unknown) => this.finish(asLacunaError(error)),
    );
  }

  /** Opens the next file that can be; those that cannot are told and left out. Throws when it is the only one. */
  private async openNext(): Promise<Source<Manifest> | undefined> {
    const path = this.paths[this.opened];
    if (path === undefined) return undefined;
    this.opened += 1;
    try {
      const fields = this.options.drop === "odd-rows" ? 2 : 1;
      const { mode = "auto", memoryMb, cacheFolder, pieceBytes } = this.options;
      const how = { mode, fields, memoryMb, cacheFolder, pieceBytes } as const;
      return await openSource(path, {
        ...how,
        coding: "coded",
        pool: this.pool,
        pathRate: this.pathRate(),
      });
    } catch (error) {
      if (this.paths.length === 1) throw error;
      this.fail(asLacunaError(error));
      return this.openNext();
    }
  }

  /** What the path is remembered to carry, but no more than may be sent. */
  private pathRate(): BytesPerSecond | undefined {
    const { remembered, options } = this;
    if (remembered === undefined) return undefined;
    const { rateMbit = Number.POSITIVE_INFINITY } = options;
    return bytesPerSecond(Math.min(remembered.bytesPerSecond, rateMbit * 125_000));
  }

  private add(sender: Sender, source: Source<Manifest>): void {
    const connection = connectionKey(this.connectionId).slice(0, 8);
    const onMore = (): void => this.pump?.wake();
    const one = new OutgoingFile(source, sender, connection, this.options.drop, onMore);
    this.outgoing.push(one);
    source.complete.catch((error: unknown) => {
      if (!one.hasEnded) this.finish(asLacunaError(error));
    });
    const { facts, notes, why } = source;
    this.tell({ event: "offer", t: this.t(), id: one.id, ...facts, notes, why });
  }

  private endFile(one: OutgoingFile, result: ResultFrame, now: InstantUs): void {
    one.hasEnded = true;
    if (result.outcome === "refused" || result.outcome === "failed") {
      this.fail(refusalOf(result.reason, one.source.facts.name), one.id);
      return one.source.close();
    }
    const file = one.result(result, now);
    this.tellProgressOf(one, now);
    this.files.push(file);
    const { missingPixels, missingPieces } = result;
    const common = { id: one.id, name: file.name, t: this.t() };
    if (file.outcome === "partial") {
      this.tell({ event: "partial", ...common, missingPixels, missingPieces });
    } else {
      const { outcome: _, missingPixels: __, missingPieces: ___, ...facts } = file;
      this.tell({ event: "complete", t: this.t(), ...facts });
    }
    one.source.close();
  }

  private tellProgress(sender: Sender): void {
    const now = nowUs();
    this.rehearsal.tick(sender.recovery.lostPackets);
    for (const one of this.outgoing) if (!one.hasEnded) this.tellProgressOf(one, now);
  }

  private tellProgressOf(one: OutgoingFile, now: InstantUs): void {
    const progress = one.progress(now);
    if (progress !== undefined) this.tell({ event: "progress", t: this.t(), ...progress });
  }

  private resultOf(end: SenderEnd, to: ResolvedAddress): SendResult {
    const where = formatAddress(to);
    if (end.how === "noAnswer") {
      const message = this.refused ? `nothing listens at ${where}` : `no answer from ${where}`;
      throw new LacunaError("LACUNA_NO_ANSWER", message, { address: where });
    }
    if (end.how === "peerGone") {
      const message = `the receiver at ${where} has fallen silent`;
      throw new LacunaError("LACUNA_PEER_GONE", message, { address: where });
    }
    if (
      end.how === "closedByPeer" &&
      this.files.length < this.paths.length - this.failures.length
    ) {
      throw closedEarly(end.reason, where);
    }
    const [failure] = this.failures;
    // Each failure was told when it came; the first decides how the whole ends.
    if (failure !== undefined) throw failure;
    return { files: this.files, interrupted: this.interrupted };
  }

  private fail(error: LacunaError, id?: string): void {
    this.failures.push(error);
    this.tellError(error, id);
  }

  private tellError(error: LacunaError, id?: string): void {
    const { code, message, remedy } = error;
    this.tell({ event: "error", t: this.t(), code, message, remedy, ...(id ? { id } : {}) });
  }

  private t(): number {
    return round((nowUs() - this.startUs) / 1_000_000, 6);
  }
}
