import type { InstantUs } from "../../base/units.js";
import type { ReadPiece } from "../../protocol/held-parity.js";
import type { PieceWay, ReceiverConnection } from "../../protocol/receiver-connection.js";
import type { Manifest } from "../../wire/manifest.js";
import type { ReceivedFile, Snapshot } from "../api-types.js";
import type { LacunaError } from "../errors.js";
import type { ImageFacts } from "../events.js";
import { memoryLimits } from "../memory.js";
import { savingBytes } from "../memory-budget.js";
import { round } from "../round.js";
import { factsOf } from "../sending/image-facts.js";
import { wireReasonOf } from "../sending/refusal.js";
import { formatAddress } from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { addressOf } from "../socket/peer-path.js";
import { asLacunaError } from "../transfer.js";
import { Allowance } from "./allowance.js";
import { finishImage } from "./finish.js";
import { causeIn } from "./lacking.js";
import { countHeld, type MissingCounter } from "./missing-counter.js";
import { keepPartial } from "./partial.js";
import { pieceLengths } from "./piece-lengths.js";
import { PieceStore } from "./piece-store.js";
import { type Feed, SessionFeeds } from "./session-feeds.js";
import {
  type OfferedImage,
  type PartialReason,
  type SessionHost,
  WIRE_REASON,
} from "./session-host.js";
import { SessionProgress } from "./session-progress.js";
import { digestDiffers, nameTaken, openStore } from "./session-room.js";
import { SessionView } from "./session-view.js";
import { snapshotOfStore } from "./snapshot.js";

/**
 * opening -> open -> finishing -> ended; from each also straight to ended,
 * when the image is refused, stopped or fails.
 */
type State = "opening" | "open" | "finishing" | "ended";

/** One image at a receiver: its pieces on disk, its progress, its end, whatever connections it comes by. */
export class IncomingSession {
  readonly id: string;
  readonly key: string;
  readonly facts: ImageFacts;
  file: ReceivedFile | undefined;
  failure: LacunaError | undefined;
  /** Since when nobody sends it, while that is so. */
  aloneSinceUs: InstantUs | undefined;
  private readonly feeds: SessionFeeds;
  private readonly manifest: Manifest;
  private readonly missing: MissingCounter;
  private state: State = "opening";
  private store: PieceStore | undefined;
  private readonly progress: SessionProgress;
  private readonly view: SessionView;
  private readonly allowance: Allowance;
  private startedAnew = false;
  private repairsLeft = REPAIRS_MAX;
  /** Pieces of work that are not done. */
  private tasks = 0;
  /** The last piece of work begun; the end waits for it. */
  private work: Promise<void> = Promise.resolve();

  constructor(
    { id, key, feed, manifest, missing }: OfferedImage,
    private readonly startedUs: InstantUs,
    private readonly host: SessionHost,
  ) {
    this.id = id;
    this.key = key;
    this.feeds = new SessionFeeds(feed, (connection) => host.wake(connection));
    this.manifest = manifest;
    this.missing = missing;
    this.facts = factsOf(manifest);
    this.progress = new SessionProgress(this.facts, missing, this.feeds);
    this.allowance = new Allowance(manifest, host, feed.connection.options.peer);
    this.view = new SessionView(id, manifest, host);
  }

  get hasEnded(): boolean {
    return this.state === "ended";
  }

  /** It has ended, and all that belongs to that is done. */
  get isSettled(): boolean {
    return this.hasEnded && this.tasks === 0;
  }

  /** Resolves when what was begun is done. */
  settled(): Promise<void> {
    return this.work;
  }

  /** The connection that it came by last. */
  get lastConnection(): ReceiverConnection {
    return this.feeds.newest.connection;
  }

  /** Makes room on the disk, or refuses. */
  open(): Promise<void> {
    return this.begin(async () => {
      if (await this.findPlaced()) return;
      await this.allowance.refuse();
      const store = await this.openStore();
      await this.allowance.claimRoom(store);
      this.store = store;
      await countHeld(this.missing, store);
      if (this.state !== "opening") return;
      this.state = "open";
      const held = store.held.copy();
      this.view.begin(() => this.readable);
      this.takeUp();
      await this.view.showHeld(store, held);
    });
  }

  /** Whether a connection that offers the same image may go on with it. */
  admits(connection: ReceiverConnection): boolean {
    return !this.hasEnded && this.feeds.admits(connection);
  }

  /** Another connection offers the image: it goes on with what has come so far. */
  join(feed: Feed): Promise<void> {
    this.feeds.add(feed);
    this.aloneSinceUs = undefined;
    return this.begin(async () => {
      // Whoever is not open yet, or is at its end, tells all connections when it is time.
      if (this.state === "open") this.takeUp();
    });
  }

  /** A connection is no more. What has come stays, and waits for another. */
  leave(connection: ReceiverConnection, now: InstantUs): void {
    this.feeds.remove(connection);
    if (this.feeds.count > 0 || this.hasEnded) return;
    this.checkpoint();
    this.aloneSinceUs = now;
  }

  /** @param connection that the piece came by */
  onPiece(connection: ReceiverConnection, piece: number, bytes: Uint8Array, via: PieceWay): void {
    if (this.store === undefined || this.state !== "open" || this.store.held.has(piece)) {
      return connection.pieceWritten(bytes.length);
    }
    this.feeds.take(connection, bytes.length);
    this.allowance.note(bytes.length);
    this.store.write(piece, bytes);
    this.missing.add(piece, bytes);
    this.view.show(piece, bytes, via);
    // What comes by two connections may be whole before either knows.
    if (this.feeds.count > 1 && this.store.held.size === this.feeds.pieceCount) void this.finish();
  }

  /** All pieces are here: checks the digest and makes the file. */
  finish(): Promise<void> {
    if (this.state === "open") this.state = "finishing";
    return this.begin(async () => {
      if (this.store === undefined || this.state !== "finishing") return;
      const { out, onExisting, memoryMb } = this.host;
      const { store, manifest } = this;
      this.learnCount(store);
      const live = this.host.live.rasterOf(this.id);
      await live?.settled();
      const beforeNaming = (path: string) => this.host.placed.note(this.key, path);
      const how = { out, onExisting, memoryMb, live, beforeNaming };
      const result = await this.inBudget(() => finishImage(store, manifest, how));
      if (result.outcome === "digest-differs") return this.retryDamaged(store);
      if (result.outcome === "exists") {
        await this.store.discard();
        await this.host.placed.forget(this.key);
        throw nameTaken(result.path);
      }
      this.tellProgress();
      const spent = this.allowance.spend();
      await this.endComplete(result.path, () => store.discard());
      await spent;
    });
  }

  /** Stops the image where it is and keeps what has come; one that is being finished is finished. */
  stop(reason: PartialReason): Promise<void> {
    return this.begin(() => this.keep(reason));
  }

  /** The same for a connection that ends, unless another has taken the image up. */
  stopFor(connection: ReceiverConnection, reason: PartialReason): Promise<void> {
    return this.begin(async () => {
      if (this.lastConnection === connection) return this.keep(reason);
      this.feeds.remove(connection);
    });
  }

  tellProgress(): void {
    const { store } = this;
    if (this.state === "ended" || store === undefined || this.aloneSinceUs !== undefined) return;
    const malformed = this.host.malformed();
    const measured = this.progress.measure(store.held, this.missingPieces(), malformed, nowUs());
    this.host.tell({ event: "progress", t: this.host.t(), id: this.id, ...measured });
  }

  /** Makes what has come so far survive a crash; ends what takes more time or room than it may. */
  checkpoint(): void {
    if (this.state !== "open" || this.aloneSinceUs !== undefined) return;
    const kept = Promise.all([this.store?.checkpoint(), this.allowance.check(this.seconds())]);
    kept.catch((error: unknown) => this.fail(error));
  }

  async snapshot(): Promise<Snapshot | undefined> {
    if (this.store === undefined || this.state === "ended") return undefined;
    return snapshotOfStore(this.id, this.manifest, this.store);
  }

  private async keep(reason: PartialReason): Promise<void> {
    // Somebody has come back in the last moment.
    if (reason === "sender-gone" && this.feeds.count > 0) return;
    if (this.state !== "open" || this.store === undefined) {
      if (this.state === "opening") this.end();
      return;
    }
    this.end();
    this.learnCount(this.store);
    const { out, memoryMb } = this.host;
    const causeOf = (piece: number): string => causeIn(this.feeds.tracker, piece);
    const how = { out, memoryMb, causeOf, reason, seconds: this.seconds() };
    const { store, manifest } = this;
    const kept = await this.inBudget(() => keepPartial(store, manifest, how));
    await this.store.close();
    const { missingPieces, missingPixels, sha256 } = kept.report;
    const common = this.commonFile();
    const elapsedUs = Math.round(common.seconds * 1_000_000);
    const wireReason = WIRE_REASON[reason] ?? "none";
    this.feeds.end("partial", wireReason, missingPieces, missingPixels, elapsedUs);
    const { path } = kept;
    this.file = { ...common, outcome: "partial", path, sha256, missingPieces, missingPixels };
    const { id, name } = common;
    const counts = { report: path, missingPixels, missingPieces };
    this.host.tell({ event: "partial", t: this.host.t(), id, name, ...counts, reason });
  }

  /** An earlier receiver has put the file under its name, and was killed before the sender knew. */
  private async findPlaced(): Promise<boolean> {
    const { out, placed } = this.host;
    const path = await placed.find(this.key);
    if (path === undefined || this.state !== "opening") return false;
    await this.endComplete(path, () => PieceStore.remove(PieceStore.folderFor(out, this.manifest)));
    return true;
  }

  /** @param discard takes away what is left of its pieces */
  private async endComplete(path: string, discard: () => Promise<void>): Promise<void> {
    this.end();
    const { digest } = this.manifest;
    const sha256 = Buffer.from(digest).toString("hex");
    this.file = { ...this.commonFile(), outcome: "complete", path, sha256 };
    const { id, name, seconds, bytes, receipt } = this.file;
    // The sender waits for this word, and for nothing that comes after it.
    this.feeds.verified(digest, Math.round(seconds * 1_000_000));
    // Who looks on sees all of it before its pieces go.
    await this.host.live.settled(id);
    // The file is safe: what may be left of its pieces is only in nobody's way.
    await discard().catch(() => undefined);
    const facts = { id, name, path, sha256, seconds, bytes, receipt };
    this.host.tell({ event: "complete", t: this.host.t(), ...facts, missingPixels: 0 });
  }

  private inBudget<T>(work: () => Promise<T>): Promise<T> {
    const { memoryMb, budget } = this.host;
    return budget.use(savingBytes(this.manifest.content, memoryLimits(memoryMb)), work);
  }

  /** One thing at a time; what fails ends the image. */
  private begin(task: () => Promise<void>): Promise<void> {
    this.tasks += 1;
    const done = this.work.then(task).catch((error: unknown) => this.fail(error));
    this.work = done.finally(() => {
      this.tasks -= 1;
    });
    return this.work;
  }

  private fail(error: unknown): void {
    if (this.state === "ended") return;
    const wasOpening = this.state === "opening";
    this.end();
    const failure = asLacunaError(error);
    this.failure = failure;
    const reason = wireReasonOf(failure);
    const { mode, width, height, bytes } = this.facts;
    const whole = mode === "file" ? bytes : width * height;
    const missingPieces = this.missingPieces();
    const { store } = this;
    const missingPixels = store === undefined ? whole : this.missing.count(store.held);
    const outcome = wasOpening || reason === "nameTaken" ? "refused" : "failed";
    this.feeds.end(outcome, reason, missingPieces, missingPixels);
    const { code, message, remedy } = failure;
    this.host.tell({ event: "error", t: this.host.t(), id: this.id, code, message, remedy });
    this.store?.close().catch(() => undefined);
    this.feeds.forget();
  }

  private end(): void {
    this.state = "ended";
    this.allowance.release();
  }

  private get readable(): PieceStore | undefined {
    return this.hasEnded ? undefined : this.store;
  }

  /** Tells of the image, and lets its pieces come. */
  private takeUp(): void {
    if (this.store === undefined) return;
    const { id, facts } = this;
    const from = formatAddress(addressOf(this.lastConnection.path));
    const since = { resumedPieces: this.store.held.size, seconds: this.seconds() };
    this.host.tell({ event: "offer", t: this.host.t(), id, ...facts, from, ...since });
    this.accept();
  }

  private accept(): void {
    const read: ReadPiece = (...where) => this.readBack(...where);
    this.feeds.accept(pieceLengths(this.manifest), this.store?.held.ranges() ?? [], read);
  }

  /** About how many are missing while nobody knows how many there are. */
  private missingPieces(): number {
    const held = this.store?.held.size ?? 0;
    return Math.max(0, (this.feeds.pieceCount ?? this.facts.pieces) - held);
  }

  /** The store knows how many pieces there are once the connection does. */
  private learnCount(store: PieceStore): void {
    const { pieceCount } = this.feeds;
    if (pieceCount !== undefined) store.learnCount(pieceCount);
  }

  private openStore(): Promise<PieceStore> {
    return openStore(this.host.out, this.manifest, {
      onWritten: (bytes) => this.feeds.written(bytes),
      onError: (error) => this.fail(error),
    });
  }

  /** What the disk has damaged is asked for again, or else everything, once: then the source itself must be changing. */
  private async retryDamaged(store: PieceStore): Promise<void> {
    if (this.repairsLeft > 0 && (await store.dropDamaged())) {
      this.repairsLeft -= 1;
      return this.askAgain(store);
    }
    if (this.startedAnew) throw digestDiffers(this.facts.name);
    this.startedAnew = true;
    await store.discard();
    this.store = await this.openStore();
    await this.askAgain(this.store);
  }

  private async askAgain(store: PieceStore): Promise<void> {
    this.missing.clear();
    await countHeld(this.missing, store);
    const held = store.held.copy();
    this.state = "open";
    this.view.begin(() => this.readable);
    this.feeds.damaged([...held.ranges()]);
    // Who came meanwhile has not been told of anything yet.
    this.accept();
    await this.view.showHeld(store, held);
  }

  /** Gives a piece that is held to whoever computes others from it. */
  private readBack(piece: number, target: Uint8Array, offset: number): number | undefined {
    if (this.state !== "open" || this.store?.held.has(piece) !== true) return undefined;
    try {
      return this.store.readPiece(piece, target, offset);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  private seconds(): number {
    return round((nowUs() - this.startedUs) / 1_000_000, 6);
  }

  private commonFile(): Omit<ReceivedFile, "outcome" | "path" | "sha256"> {
    const { total, lost } = this.lastConnection.packets;
    const seconds = this.seconds();
    return {
      id: this.id,
      name: this.facts.name,
      seconds,
      missingPixels: 0,
      missingPieces: 0,
      receipt: { seconds, lossShare: round(total === 0 ? 0 : lost / total, 6) },
      bytes: this.missing.bytes ?? this.facts.bytes,
    };
  }
}

/** Ours: a disk that goes on damaging what it is given is of no use. */
const REPAIRS_MAX = 3;
