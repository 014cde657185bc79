import type { Socket } from "node:dgram";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { assert } from "../../base/assert.js";
import { type InstantUs, milliseconds } from "../../base/units.js";
import { Receiver } from "../../protocol/receiver.js";
import type { ReceiveOptions, ReceiveResult, Snapshot, Transfer } from "../api-types.js";
import { diskError, writeAtomically } from "../disk.js";
import { LacunaError } from "../errors.js";
import type { ReceiveEvent } from "../events.js";
import { LiveDecoder } from "../live/decoder.js";
import { memoryLimits } from "../memory.js";
import { MemoryBudget } from "../memory-budget.js";
import { round } from "../round.js";
import { ReceiverState } from "../secure/receiver-state.js";
import {
  formatAddress,
  parseAddress,
  type ResolvedAddress,
  reachableHost,
  resolveAddress,
} from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { stateFolder } from "../socket/path-memory.js";
import { addressOf, PathNames } from "../socket/peer-path.js";
import { Pump } from "../socket/pump.js";
import { Rehearsal } from "../socket/rehearsal.js";
import { bindUdp } from "../socket/udp.js";
import { asLacunaError, type Run, transferOf } from "../transfer.js";
import { DiskShare } from "./disk-share.js";
import { EventLog } from "./event-log.js";
import { Guests } from "./guests.js";
import { fileLimits } from "./limits.js";
import { Observers } from "./observer.js";
import { PlacedFiles } from "./placed-files.js";
import type { SessionHost } from "./session-host.js";

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

class ReceiveRun implements Run<ReceiveEvent, ReceiveResult> {
  private readonly startUs = nowUs();
  private readonly out: string;
  private readonly host: SessionHost;
  private readonly live: LiveDecoder;
  private readonly log: EventLog | undefined;
  private receiver: Receiver | undefined;
  private state: ReceiverState | undefined;
  private readonly guests: Guests;
  private readonly rehearsal = new Rehearsal();
  private socket: Socket | undefined;
  private pump: Pump | undefined;
  private isStopped = false;
  private hasOffer = false;
  private interrupted = false;
  private deadline: NodeJS.Timeout | undefined;
  private tellEvent: (event: ReceiveEvent) => void = () => undefined;
  private resolveEnd: () => void = () => undefined;
  private rejectEnd: (error: LacunaError) => void = () => undefined;

  constructor(private readonly options: ReceiveOptions) {
    this.out = resolve(options.out ?? ".");
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
      limits: fileLimits(options),
      disk: new DiskShare(this.out, options.keepFreeBytes),
      permitFor: (peer, manifest) => this.who().gate.permitFor(peer, manifest),
      budget: new MemoryBudget(limits.decoderBytes),
      placed: new PlacedFiles(this.out),
      observers,
      live: this.live,
      tell: (event) => this.tell(event),
      wake: (connection) => {
        this.receiver?.touch(connection);
        this.pump?.wake();
      },
      malformed: () => this.receiver?.malformed ?? 0,
      t: () => this.t(),
    };
    this.guests = new Guests({
      host: this.host,
      once: options.once ?? false,
      giveUpAfterSeconds: options.giveUpAfterSeconds,
      onNew: () => this.noteOffer(),
      onEnd: (failure) => (failure === undefined ? this.resolveEnd() : this.rejectEnd(failure)),
    });
  }

  async run(tell: (event: ReceiveEvent) => void): Promise<ReceiveResult> {
    this.tellEvent = tell;
    const tickers: NodeJS.Timeout[] = [];
    try {
      await this.makeFolder();
      this.state = await this.openState();
      const address = await resolveAddress(parseAddress(this.options.listen ?? DEFAULT_LISTEN));
      const socket = await bindUdp(address);
      this.socket = socket;
      const ended = this.start(socket, this.openReceiver(this.state));
      tickers.push(setInterval(() => this.tellProgress(), PROGRESS_MS));
      tickers.push(setInterval(() => this.checkpoint(), CHECKPOINT_MS));
      tickers.push(setInterval(() => this.guests.tick(nowUs()), GUESTS_MS));
      await this.announce(socket, address);
      this.live.start();
      if (this.isStopped) this.resolveEnd();
      await ended;
      return this.result();
    } catch (error) {
      const failure = asLacunaError(error);
      if (!this.guests.failures.includes(failure)) this.tellError(failure);
      throw failure;
    } finally {
      for (const ticker of tickers) clearInterval(ticker);
      clearTimeout(this.deadline);
      this.pump?.stop();
      this.socket?.close();
      await this.live.end();
      await this.saveState();
      await this.log?.close();
    }
  }

  stop(): void {
    this.interrupted = true;
    this.stopAll("interrupted");
  }

  snapshot(id?: string): Promise<Snapshot | undefined> {
    const { newest, sessions } = this.guests;
    const found = id === undefined ? newest : sessions.find((session) => session.id === id);
    return found?.snapshot() ?? Promise.resolve(undefined);
  }

  private async makeFolder(): Promise<void> {
    try {
      await mkdir(this.out, { recursive: true });
      await this.host.placed.sweep();
    } catch (error) {
      throw diskError(error, this.out);
    }
  }

  private openState(): Promise<ReceiverState> {
    return ReceiverState.open(this.options.stateFolder ?? stateFolder(process.env), {
      onRefused: (refused) => this.tell({ event: "refused", t: this.t(), ...refused }),
      onError: (error) => this.tellError(asLacunaError(error)),
    });
  }

  private openReceiver({ security }: ReceiverState): Receiver {
    const { repair = true, maxSenders } = this.options;
    const guests = maxSenders === undefined ? {} : { connectionsMax: maxSenders };
    this.receiver = new Receiver({ security, repair, ...guests });
    return this.receiver;
  }

  private who(): ReceiverState {
    assert(this.state !== undefined, "nobody is let in before it is known who may be");
    return this.state;
  }

  private start(socket: Socket, receiver: Receiver): Promise<void> {
    const pump = new Pump(
      {
        handleTimeout: (now) => receiver.handleTimeout(now),
        drain: (now) => this.drain(socket, receiver, now),
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
    const ticket = await this.who().ticketAt({ host: reachableHost(asked), port });
    const { ticketFile, view, deadlineSeconds } = this.options;
    if (ticketFile !== undefined) {
      const path = resolve(ticketFile);
      try {
        const passing = `${path}.${process.pid}.tmp`;
        await writeAtomically(path, passing, [Buffer.from(`${ticket}\n`)], SECRET_MODE);
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
      if (this.guests.newest === undefined) {
        const message = `no sender came in ${afterSeconds} seconds`;
        const facts = { seconds: afterSeconds };
        return this.rejectEnd(new LacunaError("LACUNA_NO_SENDER", message, facts));
      }
      this.stopAll("deadline");
    }, afterSeconds * 1_000);
  }

  private drain(socket: Socket, receiver: Receiver, now: InstantUs): InstantUs {
    for (;;) {
      const out = receiver.pollOutput(now);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "event") this.guests.handleEvent(out.connection, out.event, now);
      else {
        const { host, port } = addressOf(out.to);
        socket.send(out.datagram, port, host);
      }
    }
  }

  private stopAll(reason: "interrupted" | "deadline"): void {
    this.isStopped = true;
    this.guests.stopAll(reason);
  }

  /** With the first offer of all the deadline begins anew. */
  private noteOffer(): void {
    const { deadlineSeconds } = this.options;
    if (deadlineSeconds !== undefined && !this.hasOffer) this.armDeadline(deadlineSeconds);
    this.hasOffer = true;
  }

  private checkpoint(): void {
    for (const session of this.guests.sessions) session.checkpoint();
    void this.saveState();
  }

  /** What has come is safe, whatever becomes of this. */
  private async saveState(): Promise<void> {
    await this.state?.save().catch((error: unknown) => this.tellError(asLacunaError(error)));
  }

  private result(): ReceiveResult {
    const { files, failures } = this.guests;
    const [failure] = failures;
    if (failure !== undefined && this.options.once === true) throw failure;
    return { files, interrupted: this.interrupted };
  }

  private tellProgress(): void {
    for (const { packets } of this.guests.connections) this.rehearsal.tick(packets.lost);
    for (const session of this.guests.sessions) session.tellProgress();
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

/** Of the ticket file: whoever may read it may send. */
const SECRET_MODE = 0o600;

/** Progress is told at most ten times a second. */
const PROGRESS_MS = milliseconds(100) / 1_000;

/** How often it is looked after those who are gone. */
const GUESTS_MS = 1_000;

/** How much a power cut may cost. Ours. */
const CHECKPOINT_MS = 2_000;
