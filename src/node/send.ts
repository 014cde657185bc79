import { randomBytes } from "node:crypto";
import type { Socket } from "node:dgram";
import { bytesPerSecond, type InstantUs, seconds as secondsUs } from "../base/units.js";
import { Bbr } from "../protocol/bbr.js";
import { Ledbat } from "../protocol/ledbat.js";
import { ACTIVE_IMAGES_MAX } from "../protocol/limits.js";
import { Sender, type SenderEnd, type SenderEvent } from "../protocol/sender.js";
import { connectionKey } from "../wire/datagram.js";
import type { ResultFrame } from "../wire/frames/end.js";
import { encodeManifest } from "../wire/manifest-bytes.js";
import { formatAddress, parseAddress, type ResolvedAddress, resolveAddress } from "./address.js";
import type { SendOptions, SendResult, SentFile, Snapshot, Transfer } from "./api-types.js";
import { nowUs } from "./clock.js";
import { DatagramMemory } from "./datagram-memory.js";
import { LacunaError } from "./errors.js";
import type { SendEvent } from "./events.js";
import { datagramGuard } from "./guard.js";
import { PathMemory } from "./path-memory.js";
import { FragmentWatch, pathOptions } from "./path-size.js";
import { Pump } from "./pump.js";
import { RateMeter } from "./rate-meter.js";
import { closedEarly, refusalOf, tooNarrow } from "./refusal.js";
import { Rehearsal } from "./rehearsal.js";
import { round } from "./round.js";
import { snapshotOfSource } from "./snapshot.js";
import { openSource, type Source } from "./source.js";
import { asLacunaError, type Run, transferOf } from "./transfer.js";
import { createUdpSocket } from "./udp.js";
import { Withholding } from "./withhold.js";

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

/** A file under way. */
interface Outgoing {
  readonly id: string;
  readonly source: Source;
  readonly number: number;
  readonly rate: RateMeter;
  startedUs: InstantUs | undefined;
  toldUs: number;
  ended: boolean;
}

/** Progress is told at most this often. */
const PROGRESS_EVERY_US = secondsUs(0.1);

class SendRun implements Run<SendEvent, SendResult> {
  private readonly startUs = nowUs();
  private readonly connectionId = randomBytes(8);
  private readonly outgoing: Outgoing[] = [];
  private readonly files: SentFile[] = [];
  private readonly failures: LacunaError[] = [];
  private readonly rehearsal = new Rehearsal();
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
  ) {}

  async run(tell: (event: SendEvent) => void): Promise<SendResult> {
    this.tell = tell;
    try {
      const to = await resolveAddress(parseAddress(this.options.to));
      const first = await this.openNext();
      if (this.interrupted) return { files: [], interrupted: true };
      // Of several files none could be opened: there is nothing to connect for.
      const [failure] = this.failures;
      if (first === undefined && failure !== undefined) throw failure;
      const end = await this.transfer(to, first);
      return this.resultOf(end, to);
    } catch (error) {
      const failure = asLacunaError(error);
      if (!this.failures.includes(failure)) this.tellError(failure);
      throw failure;
    } finally {
      this.pump?.stop();
      this.farewell();
      this.socket?.close();
      for (const { source } of this.outgoing) source.close();
    }
  }

  stop(): void {
    this.interrupted = true;
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

  private async transfer(to: ResolvedAddress, first: Source | undefined): Promise<SenderEnd> {
    const socket = await this.connect(to);
    const { rateMbit, timeoutSeconds, stateFolder, polite = false } = this.options;
    // Who gives way finds no capacity, and does not start with what another found.
    const paths = stateFolder === undefined || polite ? undefined : new PathMemory(stateFolder);
    const remembered = await paths?.recall(to.host, Date.now());
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
    if (path !== undefined) await paths?.save(to.host, { ...path, datagramBytes }, Date.now());
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
        this.noteStarts(sender, now);
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
      this.endFile(sender, this.outgoing[event.image] as Outgoing, event.result, now);
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
  private async openNext(): Promise<Source | undefined> {
    const path = this.paths[this.opened];
    if (path === undefined) return undefined;
    this.opened += 1;
    try {
      const fields = this.options.drop === "odd-rows" ? 2 : 1;
      const { mode = "auto", memoryMb, cacheFolder, pieceBytes } = this.options;
      return await openSource(path, { mode, fields, memoryMb, cacheFolder, pieceBytes });
    } catch (error) {
      if (this.paths.length === 1) throw error;
      this.fail(asLacunaError(error));
      return this.openNext();
    }
  }

  private add(sender: Sender, source: Source): void {
    const { manifest } = source;
    const number = sender.addImage({
      manifest: encodeManifest(manifest),
      digest: manifest.digest,
      pieceCount: manifest.pieceCount,
      pieceBytes: manifest.pieceBytes,
      withheld: new Withholding(manifest, this.options.drop).next(source.supply),
      pieceLength: source.pieceLength,
      readPiece: source.readPiece,
    });
    const id = `${connectionKey(this.connectionId).slice(0, 8)}-${number}`;
    const rate = new RateMeter();
    const state = { startedUs: undefined, toldUs: 0, ended: false };
    this.outgoing.push({ id, source, number, rate, ...state });
    this.tell({ event: "offer", t: this.t(), id, ...source.facts, notes: source.notes });
  }

  /** The first file's time runs from the first datagram of all, the others' from their own first. */
  private noteStarts(sender: Sender, now: InstantUs): void {
    for (const one of this.outgoing) {
      if (one.startedUs !== undefined) continue;
      if (one.number === 0 || (sender.image(one.number)?.wireBytes ?? 0) > 0) one.startedUs = now;
    }
  }

  private endFile(sender: Sender, one: Outgoing, result: ResultFrame, now: InstantUs): void {
    one.ended = true;
    const { manifest, facts } = one.source;
    if (result.outcome === "refused" || result.outcome === "failed") {
      this.fail(refusalOf(result.reason, facts.name), one.id);
      return one.source.close();
    }
    const image = sender.image(one.number);
    const { missingPixels, missingPieces } = result;
    const file: SentFile = {
      id: one.id,
      name: facts.name,
      outcome: result.outcome === "verified" ? "complete" : "partial",
      sha256: Buffer.from(manifest.digest).toString("hex"),
      seconds: round((now - (one.startedUs ?? now)) / 1_000_000, 6),
      wireBytes: image?.wireBytes ?? 0,
      payloadBytes: facts.bytes,
      repairedPieces: image?.pieces.repaired ?? 0,
      parityPieces: image?.parity.pieces ?? 0,
      parityBytes: image?.parity.bytes ?? 0,
      datagramBytes: sender.pathDatagramBytes,
      missingPixels,
      missingPieces,
      receipt: { seconds: result.elapsedUs / 1_000_000, lossShare: result.lossPpm / 1_000_000 },
      bytes: facts.bytes,
    };
    this.tellProgressOf(sender, one, now);
    this.files.push(file);
    const common = { id: one.id, name: facts.name, t: this.t() };
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
    for (const one of this.outgoing) if (!one.ended) this.tellProgressOf(sender, one, now);
  }

  private tellProgressOf(sender: Sender, one: Outgoing, now: InstantUs): void {
    const image = sender.image(one.number);
    if (image === undefined || one.startedUs === undefined || now === one.toldUs) return;
    one.toldUs = now;
    const { facts } = one.source;
    const heldBytes = (image.pieces.held.size / facts.pieces) * facts.bytes;
    one.rate.update(heldBytes, now);
    const secondsLeft = one.rate.secondsFor(facts.bytes - heldBytes);
    const { sentPackets, lostForGood, rtt } = sender.recovery;
    this.tell({
      event: "progress",
      t: this.t(),
      id: one.id,
      name: facts.name,
      pieces: facts.pieces,
      sentPieces: image.pieces.sentOnce,
      acknowledgedPieces: image.pieces.held.size,
      parityPieces: image.parity.pieces,
      rateMbit: round((one.rate.bytesPerSecond * 8) / 1_000_000, 3),
      rttMs: round(rtt.smoothedUs / 1_000, 3),
      lossShare: round(sender.lossMeter.share(sentPackets, lostForGood), 4),
      datagramBytes: sender.pathDatagramBytes,
      ...(secondsLeft === undefined ? {} : { secondsLeft: round(secondsLeft, 1) }),
    });
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
