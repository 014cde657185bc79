import { randomBytes } from "node:crypto";
import type { InstantUs } from "../../base/units.js";
import { ACTIVE_IMAGES_MAX } from "../../protocol/limits.js";
import type { SenderEvent } from "../../protocol/sender.js";
import { connectionKey } from "../../wire/datagram.js";
import type { ResultFrame } from "../../wire/frames/end.js";
import type { SendOptions, SendResult, SendTransfer, SentFile, Snapshot } from "../api-types.js";
import type { LacunaError } from "../errors.js";
import type { SendEvent } from "../events.js";
import { round } from "../round.js";
import { SenderState } from "../secure/sender-state.js";
import { formatAddress, type ResolvedAddress } from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { stateFolder } from "../socket/path-memory.js";
import { Rehearsal } from "../socket/rehearsal.js";
import { asLacunaError, type Run, transferOf } from "../transfer.js";
import { CoderPool } from "./coder-pool.js";
import { absence, type ConnectionEnd, isLoss, waitingReason } from "./connection-end.js";
import { PathKnowledge } from "./known-path.js";
import { openOutgoing } from "./open-outgoing.js";
import { OutgoingConnection } from "./outgoing-connection.js";
import type { OutgoingFile } from "./outgoing-file.js";
import { Patience } from "./patience.js";
import { closedEarly, refusalOf, tooNarrow } from "./refusal.js";
import { snapshotOfSource } from "./source-snapshot.js";
import { Unfinished } from "./unfinished.js";

/**
 * Sends files to a receiver, one after another over one connection, and over further ones when that is lost.
 *
 * The result comes when the receiver has said of every file that it is
 * verified, or that it keeps it in part. Rejects with the first LacunaError when a file cannot be
 * read, is refused, or the receiver is not there.
 */
export function send(paths: string | readonly string[], options: SendOptions): SendTransfer {
  const list = typeof paths === "string" ? [paths] : paths;
  const run = new SendRun(list, options);
  const transfer = transferOf(run, options.signal);
  return Object.assign(transfer, {
    pause: () => run.setPaused(true),
    resume: () => run.setPaused(false),
  });
}

class SendRun implements Run<SendEvent, SendResult> {
  private readonly startUs = nowUs();
  /** Of the first connection; files are named after it to the end. */
  private readonly connectionId = randomBytes(8);
  private readonly outgoing: OutgoingFile[] = [];
  private readonly files: SentFile[] = [];
  private readonly failures: LacunaError[] = [];
  private readonly rehearsal = new Rehearsal();
  private readonly pool = new CoderPool();
  private readonly folder: string;
  private readonly known: PathKnowledge;
  private readonly unfinished: Unfinished;
  /** HOST:PORT of the receiver, as it was given. */
  private where = "";
  private readonly patience: Patience;
  private opened = 0;
  private opening = false;
  private interrupted = false;
  private isPaused = false;
  /** What has ended all of it while there was no connection. */
  private fatal: LacunaError | undefined;
  isRefused = false;
  wasConnected = false;
  private wasTried = false;
  /** The present connection has been answered. */
  private isUp = false;
  private connection: OutgoingConnection | undefined;
  /** The files of the present connection, by their numbers in it. */
  private aboard: OutgoingFile[] = [];
  private endWait: () => void = () => undefined;
  private tell: (event: SendEvent) => void = () => undefined;

  constructor(
    private readonly paths: readonly string[],
    private readonly options: SendOptions,
  ) {
    const { timeoutSeconds, giveUpAfterSeconds } = options;
    this.folder = options.stateFolder ?? stateFolder(process.env);
    this.known = new PathKnowledge(this.folder, options);
    this.unfinished = new Unfinished(this.folder);
    this.patience = new Patience({
      firstAnswerSeconds: timeoutSeconds ?? giveUpAfterSeconds,
      giveUpAfterSeconds,
      random: Math.random,
    });
  }

  async run(tell: (event: SendEvent) => void): Promise<SendResult> {
    this.tell = tell;
    try {
      const goal = await SenderState.open(this.folder, this.options);
      this.where = formatAddress(goal.address);
      const to = await goal.resolve(this.waits);
      if (to !== undefined) await this.known.recall(to.host);
      const first = await this.openNext();
      if (this.interrupted) {
        first?.source.close();
        return { files: [], interrupted: true };
      }
      // Of several files none could be opened: there is nothing to connect for.
      const [failure] = this.failures;
      if (first === undefined && failure !== undefined) throw failure;
      if (first !== undefined) this.add(first);
      this.patience.begin(nowUs());
      return this.resultOf(await this.transfer(goal, to));
    } catch (error) {
      // Whatever failed because it was stopped.
      if (this.interrupted && !this.wasTried) {
        return { files: this.files, interrupted: true };
      }
      const failure = asLacunaError(error);
      if (!this.failures.includes(failure)) this.tellError(failure);
      throw failure;
    } finally {
      for (const { source } of this.outgoing) source.close();
      await this.pool.close();
    }
  }

  stop(): void {
    this.interrupted = true;
    // A picture that is still being coded is not waited for.
    if (this.connection === undefined) void this.pool.close();
    this.connection?.stop();
    this.endWait();
  }

  setPaused(isPaused: boolean): void {
    if (this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.connection?.wake();
    this.tell({ event: isPaused ? "paused" : "resumed", t: this.t() });
  }

  snapshot(id?: string): Promise<Snapshot | undefined> {
    const found = this.outgoing.findLast((o) => id === undefined || o.id === id);
    if (found === undefined) return Promise.resolve(undefined);
    return Promise.resolve(snapshotOfSource(found.id, found.source, found.held));
  }

  /** One connection after another, until one ends for good or there is no patience left. */
  private async transfer(
    goal: SenderState,
    to: ResolvedAddress | undefined,
  ): Promise<ConnectionEnd> {
    for (let next = to; ; next = await goal.resolve(this.waits)) {
      const end = await this.connect(goal, next);
      if (this.fatal !== undefined) throw this.fatal;
      if (end.how === "dropped" && !this.interrupted) {
        if (this.isOver) return { how: "finished" };
        continue;
      }
      const isLost = isLoss(end) && !this.interrupted;
      const waitUs = isLost ? this.patience.nextWaitUs(nowUs()) : undefined;
      if (waitUs === undefined) return end;
      const retryInSeconds = round(waitUs / 1_000_000, 3);
      this.tell({ event: "waiting", t: this.t(), reason: waitingReason(end), retryInSeconds });
      await this.wait(waitUs);
      if (this.fatal !== undefined) throw this.fatal;
      if (this.interrupted) return { how: "stopped" };
    }
  }

  /** Whether a receiver that cannot be found now is waited for. */
  private get waits(): boolean {
    return this.wasConnected || this.options.giveUpAfterSeconds !== undefined;
  }

  private async wait(waitUs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitUs / 1_000);
      this.endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One connection, from its opening to its end. */
  private async connect(
    goal: SenderState,
    to: ResolvedAddress | undefined,
  ): Promise<ConnectionEnd> {
    if (to === undefined) return { how: "noWay", code: "ENOTFOUND" };
    await this.lookAtFiles();
    if (this.isOver) return { how: "dropped" };
    if (this.wasConnected) await this.known.recall(to.host);
    const connectionId = this.wasTried ? randomBytes(8) : this.connectionId;
    const connection = await OutgoingConnection.open({
      to,
      connectionId,
      security: await goal.handshake(connectionId),
      options: this.options,
      remembered: this.known.path,
      connectTimeoutUs: this.patience.attemptUs(nowUs()),
      isPaused: () => this.isPaused,
      onEvent: (event, now) => this.handleEvent(event, now),
      onSent: (now) => {
        for (const one of this.aboard) one.noteSent(now);
      },
      onTick: (now) => this.tick(now),
    });
    this.wasTried = true;
    if (typeof connection === "string") return { how: "noWay", code: connection };
    if (this.interrupted) {
      connection.close();
      return { how: "stopped" };
    }
    if (this.fatal !== undefined) {
      connection.close();
      throw this.fatal;
    }
    this.connection = connection;
    this.isUp = false;
    this.aboard = [];
    for (const one of this.outgoing) if (!one.hasEnded) this.board(one);
    this.openMore();
    try {
      return await connection.run();
    } finally {
      connection.close();
      this.noteLife(connection);
      this.connection = undefined;
      this.isRefused ||= connection.isRefused;
      for (const one of this.aboard) one.leave();
      await this.known.save(to.host, connection.learntPath);
    }
  }

  private get isOver(): boolean {
    return this.opened === this.paths.length && this.outgoing.every((one) => one.hasEnded);
  }

  /** Files that are read while they are sent must not change. One that has goes no further; the others do, anew. */
  private async lookAtFiles(): Promise<void> {
    for (const one of this.outgoing) {
      const changed = one.hasEnded ? undefined : await one.watch.check(one.source.manifest);
      if (changed === undefined || one.hasEnded) continue;
      one.hasEnded = true;
      this.fail(changed, one.id);
      one.source.close();
      this.connection?.end({ how: "dropped" });
    }
  }

  private board(one: OutgoingFile): void {
    const { connection } = this;
    if (connection === undefined) return;
    const { manifest } = one.source;
    const asksFirst = this.unfinished.has(this.options.to, manifest);
    one.join(connection.sender, asksFirst, () => connection.wake());
    this.aboard.push(one);
    void this.unfinished.begin(this.options.to, manifest);
  }

  private handleEvent(event: Exclude<SenderEvent, { kind: "closed" }>, now: InstantUs): void {
    const { connection } = this;
    if (connection === undefined) return;
    if (event.kind === "connected") {
      this.wasConnected = true;
      this.isUp = true;
      const rttMs = connection.sender.recovery.rtt.smoothedUs / 1_000;
      this.tell({ event: "connected", t: this.t(), rttMs: round(rttMs, 3) });
    } else if (event.kind === "result") {
      this.endFile(this.aboard[event.image] as OutgoingFile, event.result, now);
      this.openMore();
    } else if (event.kind === "tooNarrow") connection.end(tooNarrow(event.datagramBytes));
  }

  /** Opens further files ahead of their turn, as many as may be under way. */
  private openMore(): void {
    const { connection } = this;
    if (this.opening || connection === undefined) return;
    if (this.opened === this.paths.length) return connection.sender.finish(nowUs());
    if (connection.sender.unfinishedImages >= ACTIVE_IMAGES_MAX) return;
    this.opening = true;
    this.openNext().then(
      (file) => {
        this.opening = false;
        if (file !== undefined) {
          this.add(file);
          this.board(file);
        }
        this.openMore();
        this.connection?.wake();
      },
      (error: unknown) => this.giveUp(asLacunaError(error)),
    );
  }

  /** Opens the next file that can be; those that cannot are told and left out. Throws when it is the only one. */
  private async openNext(): Promise<OutgoingFile | undefined> {
    const path = this.paths[this.opened];
    if (path === undefined) return undefined;
    this.opened += 1;
    try {
      const connection = connectionKey(this.connectionId).slice(0, 8);
      const id = `${connection}-${this.outgoing.length}`;
      return await openOutgoing(path, id, this.options, this.pool, this.known.rate);
    } catch (error) {
      if (this.paths.length === 1) throw error;
      this.fail(asLacunaError(error));
      return this.openNext();
    }
  }

  private add(one: OutgoingFile): void {
    const { source } = one;
    this.outgoing.push(one);
    source.complete.catch((error: unknown) => {
      if (!one.hasEnded) this.giveUp(asLacunaError(error));
    });
    const { facts, notes, why } = source;
    this.tell({ event: "offer", t: this.t(), id: one.id, ...facts, notes, why });
  }

  /** Something of ours has failed: there is nothing to wait for. */
  private giveUp(error: LacunaError): void {
    this.fatal = error;
    this.connection?.end(error);
    this.endWait();
  }

  private endFile(one: OutgoingFile, result: ResultFrame, now: InstantUs): void {
    one.hasEnded = true;
    void this.unfinished.end(this.options.to, one.source.manifest);
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
      const note = one.watch.hasChanged ? ({ sourceChanged: true } as const) : {};
      this.tell({ event: "complete", t: this.t(), ...facts, ...note });
    }
    one.source.close();
  }

  private tick(now: InstantUs): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.rehearsal.tick(connection.sender.recovery.lostPackets);
    for (const one of this.aboard) {
      one.noteSent(now);
      if (!one.hasEnded) this.tellProgressOf(one, now);
    }
    this.lookAtFiles().catch((error: unknown) => this.giveUp(asLacunaError(error)));
    this.noteLife(connection);
    // Silence that has lasted as long as anybody wanted to wait is not waited out.
    if (this.isUp && this.patience.isOver(now)) connection.end({ how: "peerGone" });
  }

  private noteLife({ heardUs }: OutgoingConnection): void {
    if (this.isUp && heardUs !== undefined) this.patience.onHeard(heardUs);
  }

  private tellProgressOf(one: OutgoingFile, now: InstantUs): void {
    const progress = one.progress(now);
    if (progress !== undefined) this.tell({ event: "progress", t: this.t(), ...progress });
  }

  private resultOf(end: ConnectionEnd): SendResult {
    const { where } = this;
    const absent = absence(end, where, this);
    if (absent !== undefined) throw absent;
    const isUnfinished = this.files.length < this.paths.length - this.failures.length;
    if (end.how === "closedByPeer" && isUnfinished) throw closedEarly(end.reason, where);
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
