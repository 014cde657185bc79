import type { PieceSet } from "../../base/piece-set.js";
import type { InstantUs } from "../../base/units.js";
import type { GapTracker } from "../../protocol/gaps.js";
import type { ReadPiece } from "../../protocol/held-parity.js";
import type { PieceWay, ReceiverConnection } from "../../protocol/receiver-connection.js";
import type { Reason } from "../../wire/frames/end.js";
import type { Manifest } from "../../wire/manifest.js";
import type { ReceivedFile, Snapshot } from "../api-types.js";
import { LacunaError } from "../errors.js";
import type { ImageFacts, PartialEvent, ReceiveEvent } from "../events.js";
import type { LiveDecoder } from "../live/decoder.js";
import { memoryLimits } from "../memory.js";
import { type MemoryBudget, savingBytes } from "../memory-budget.js";
import { RateMeter } from "../rate-meter.js";
import { round } from "../round.js";
import { factsOf } from "../sending/image-facts.js";
import { wireReasonOf } from "../sending/refusal.js";
import { formatAddress } from "../socket/address.js";
import { nowUs } from "../socket/clock.js";
import { addressOf } from "../socket/peer-path.js";
import { asLacunaError } from "../transfer.js";
import { finishImage, type OnExisting } from "./finish.js";
import { causeIn } from "./lacking.js";
import { countHeld, type MissingCounter } from "./missing-counter.js";
import type { Observers, PieceOrigin } from "./observer.js";
import { keepPartial } from "./partial.js";
import { pieceLengths } from "./piece-lengths.js";
import type { PieceStore } from "./piece-store.js";
import { checkRoom, nameTaken, openStore } from "./session-room.js";
import { snapshotOfStore } from "./snapshot.js";

/** What a session needs of the receiver around it. */
export interface SessionHost {
  readonly out: string;
  readonly onExisting: OnExisting;
  readonly memoryMb: number | undefined;
  /** Shared by all images that are made into files at the same time. */
  readonly budget: MemoryBudget;
  readonly observers: Observers;
  readonly live: LiveDecoder;
  tell(event: ReceiveEvent): void;
  /** The session has said something to its connection. */
  wake(connection: ReceiverConnection): void;
  /** Datagrams so far that were nobody's. */
  malformed(): number;
  /** Seconds since the receiver began. */
  t(): number;
}

export type PartialReason = PartialEvent["reason"];

/** The reasons that the protocol has a word for. */
const WIRE_REASON: Partial<Record<PartialReason, Reason>> = {
  "no-repair": "noRepair",
  deadline: "deadline",
  interrupted: "interrupted",
};

/**
 * opening -> open -> finishing -> ended; from each also straight to ended,
 * when the image is refused, stopped or fails.
 */
type State = "opening" | "open" | "finishing" | "ended";

/** An image that a sender offers. */
export interface OfferedImage {
  readonly id: string;
  /** Its number in the connection. */
  readonly number: number;
  readonly manifest: Manifest;
  /** Counts for this image, from nothing on. */
  readonly missing: MissingCounter;
}

/** One image at a receiver: its pieces on disk, its progress, its end. */
export class IncomingSession {
  readonly id: string;
  readonly facts: ImageFacts;
  file: ReceivedFile | undefined;
  failure: LacunaError | undefined;
  private readonly number: number;
  private readonly manifest: Manifest;
  private readonly missing: MissingCounter;
  private state: State = "opening";
  private store: PieceStore | undefined;
  private readonly rate = new RateMeter();
  private damagedBefore = false;
  private unwrittenBytes = 0;
  /** The last piece of work begun; the end waits for it. */
  private work: Promise<void> = Promise.resolve();

  constructor(
    { id, number, manifest, missing }: OfferedImage,
    private readonly connection: ReceiverConnection,
    private readonly startedUs: InstantUs,
    private readonly host: SessionHost,
  ) {
    this.id = id;
    this.number = number;
    this.manifest = manifest;
    this.missing = missing;
    this.facts = factsOf(manifest);
  }

  get hasEnded(): boolean {
    return this.state === "ended";
  }

  /** Makes room on the disk, or refuses. */
  open(): Promise<void> {
    return this.begin(async () => {
      await checkRoom(this.manifest, this.host);
      this.store = await this.openStore();
      await countHeld(this.missing, this.store);
      if (this.state !== "opening") return;
      this.state = "open";
      const held = this.store.held.copy();
      this.showImage();
      const from = formatAddress(addressOf(this.connection.path));
      const { id, facts } = this;
      this.host.tell({
        event: "offer",
        t: this.host.t(),
        id,
        ...facts,
        from,
        resumedPieces: held.size,
        seconds: this.seconds(),
      });
      const lengths = pieceLengths(this.manifest);
      const read: ReadPiece = (...where) => this.readBack(...where);
      this.connection.accept(this.number, lengths, held.ranges(), nowUs(), read);
      this.host.wake(this.connection);
      await this.showHeld(held);
    });
  }

  onPiece(piece: number, bytes: Uint8Array, via: PieceWay): void {
    if (this.store === undefined || this.state !== "open") {
      return this.connection.pieceWritten(bytes.length);
    }
    this.unwrittenBytes += bytes.length;
    this.store.write(piece, bytes);
    this.missing.add(piece, bytes);
    this.showPiece(piece, bytes, via);
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
      const how = { out, onExisting, memoryMb, live };
      const result = await this.inBudget(() => finishImage(store, manifest, how));
      if (result.outcome === "digest-differs") return this.retryDamaged();
      if (result.outcome === "exists") {
        await this.store.discard();
        throw nameTaken(result.path);
      }
      this.tellProgress();
      this.state = "ended";
      const { path, sha256 } = result;
      this.file = { ...this.commonFile(), outcome: "complete", path, sha256 };
      const { id, name, seconds, bytes, receipt } = this.file;
      // The sender waits for this word, and for nothing that comes after it.
      const elapsedUs = Math.round(seconds * 1_000_000);
      this.connection.verified(this.number, this.manifest.digest, elapsedUs);
      this.host.wake(this.connection);
      // Who looks on sees all of it before its pieces go.
      await this.host.live.settled(id);
      // The file is safe: what may be left of its pieces is only in nobody's way.
      await this.store.discard().catch(() => undefined);
      const facts = { id, name, path, sha256, seconds, bytes, receipt };
      this.host.tell({ event: "complete", t: this.host.t(), ...facts, missingPixels: 0 });
    });
  }

  /** Stops the image where it is and keeps what has come; one that is being finished is finished. */
  stop(reason: PartialReason): Promise<void> {
    return this.begin(async () => {
      if (this.state !== "open" || this.store === undefined) {
        if (this.state === "opening") this.state = "ended";
        return;
      }
      this.state = "ended";
      this.learnCount(this.store);
      const { out, memoryMb } = this.host;
      const causeOf = (piece: number): string => causeIn(this.tracker, piece);
      const how = { out, memoryMb, causeOf, reason, seconds: this.seconds() };
      const { store, manifest } = this;
      const kept = await this.inBudget(() => keepPartial(store, manifest, how));
      await this.store.close();
      const { missingPieces, missingPixels, sha256 } = kept.report;
      const common = this.commonFile();
      this.connection.endImage(
        this.number,
        "partial",
        WIRE_REASON[reason] ?? "none",
        missingPieces,
        missingPixels,
        Math.round(common.seconds * 1_000_000),
      );
      this.host.wake(this.connection);
      const { path } = kept;
      this.file = { ...common, outcome: "partial", path, sha256, missingPieces, missingPixels };
      const { id, name } = common;
      const counts = { report: path, missingPixels, missingPieces };
      this.host.tell({ event: "partial", t: this.host.t(), id, name, ...counts, reason });
    });
  }

  tellProgress(): void {
    const { tracker } = this;
    if (this.state === "ended" || this.store === undefined || tracker === undefined) return;
    const now = nowUs();
    // About: of a picture whose pieces are still being counted, nobody knows better.
    const held = tracker.held.size;
    const pieceBytes =
      this.missing.bytes === undefined || held === 0
        ? this.facts.bytes / this.facts.pieces
        : this.missing.bytes / held;
    const missingPieces = this.missingPieces();
    this.rate.update(held * pieceBytes, now);
    const secondsLeft = this.rate.secondsFor(missingPieces * pieceBytes);
    const { rtt } = this.connection.recovery;
    const { total, lost } = this.connection.packets;
    this.host.tell({
      event: "progress",
      t: this.host.t(),
      id: this.id,
      missingPixels: this.missing.count(tracker),
      missingPieces,
      received: tracker.received,
      repaired: tracker.repaired,
      recovered: tracker.recovered,
      duplicates: tracker.duplicates,
      malformed: this.host.malformed() + this.connection.malformed,
      rateMbit: round((this.rate.bytesPerSecond * 8) / 1_000_000, 3),
      ...(rtt.hasSample ? { rttMs: round(rtt.smoothedUs / 1_000, 3) } : {}),
      lossShare: round(this.connection.lossMeter.share(total, lost), 4),
      ...(secondsLeft === undefined ? {} : { secondsLeft: round(secondsLeft, 1) }),
    });
  }

  /** Makes what has come so far survive a crash. */
  checkpoint(): void {
    if (this.state !== "open") return;
    this.store?.checkpoint().catch((error: unknown) => this.fail(error));
  }

  async snapshot(): Promise<Snapshot | undefined> {
    if (this.store === undefined || this.state === "ended") return undefined;
    return snapshotOfStore(this.id, this.manifest, this.store);
  }

  private inBudget<T>(work: () => Promise<T>): Promise<T> {
    const { memoryMb, budget } = this.host;
    return budget.use(savingBytes(this.manifest.content, memoryLimits(memoryMb)), work);
  }

  /** One thing at a time; what fails ends the image. */
  private begin(task: () => Promise<void>): Promise<void> {
    this.work = this.work.then(task).catch((error: unknown) => this.fail(error));
    return this.work;
  }

  private fail(error: unknown): void {
    if (this.state === "ended") return;
    const wasOpening = this.state === "opening";
    this.state = "ended";
    const failure = asLacunaError(error);
    this.failure = failure;
    const reason = wireReasonOf(failure);
    const { tracker } = this;
    const { mode, width, height, bytes } = this.facts;
    const whole = mode === "file" ? bytes : width * height;
    const missingPieces = this.missingPieces();
    const missingPixels = tracker === undefined ? whole : this.missing.count(tracker);
    const outcome = wasOpening || reason === "nameTaken" ? "refused" : "failed";
    this.connection.endImage(this.number, outcome, reason, missingPieces, missingPixels);
    this.host.wake(this.connection);
    const { code, message, remedy } = failure;
    this.host.tell({ event: "error", t: this.host.t(), id: this.id, code, message, remedy });
    this.store?.close().catch(() => undefined);
    this.noteWritten(this.unwrittenBytes);
  }

  private get tracker(): GapTracker | undefined {
    return this.connection.images.get(this.number)?.tracker;
  }

  /** About how many are missing while nobody knows how many there are. */
  private missingPieces(): number {
    const { tracker } = this;
    const held = tracker?.held.size ?? 0;
    return Math.max(0, (tracker?.pieceCount ?? this.facts.pieces) - held);
  }

  /** The store knows how many pieces there are once the connection does. */
  private learnCount(store: PieceStore): void {
    const pieceCount = this.tracker?.pieceCount;
    if (pieceCount !== undefined) store.learnCount(pieceCount);
  }

  private openStore(): Promise<PieceStore> {
    return openStore(this.host.out, this.manifest, {
      onWritten: (bytes) => this.noteWritten(bytes),
      onError: (error) => this.fail(error),
    });
  }

  private showImage(): void {
    const { id, manifest, host } = this;
    host.observers.onImage(id, manifest);
    host.live.open(id, manifest, (piece, target, offset) => {
      if (this.state === "ended" || this.store?.held.has(piece) !== true) return undefined;
      return this.store.readPiece(piece, target, offset);
    });
  }

  private showPiece(piece: number, bytes: Uint8Array, via: PieceOrigin): void {
    this.host.live.put(this.id, piece, bytes);
    this.host.observers.onPiece(this.id, piece, bytes, via);
  }

  /** Shows observers what is held from an earlier run, a few pieces at a time. */
  private async showHeld(held: PieceSet): Promise<void> {
    const { store } = this;
    if (!this.host.observers.watchPieces || store === undefined) return;
    const piece = new Uint8Array(this.manifest.pieceBytes);
    let shown = 0;
    for (const { start, end } of held.ranges()) {
      for (let number = start; number < end; number += 1) {
        const bytes = piece.subarray(0, store.readPiece(number, piece, 0));
        this.showPiece(number, bytes, "disk");
        shown += 1;
        if (shown % SHOWN_AT_ONCE === 0) await new Promise(setImmediate);
      }
    }
  }

  /** Once, everything is asked for again; a second time means that the source itself changes. */
  private async retryDamaged(): Promise<void> {
    if (this.damagedBefore) {
      const message = `what arrived of ${this.facts.name} is not what its sender announced`;
      throw new LacunaError("LACUNA_DIGEST_DIFFERS", message, { name: this.facts.name });
    }
    this.damagedBefore = true;
    await this.store?.discard();
    this.store = await this.openStore();
    this.missing.clear();
    this.state = "open";
    this.showImage();
    this.connection.damaged(this.number);
    this.host.wake(this.connection);
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

  /** Opens the window by what has reached the disk, or never will. */
  private noteWritten(bytes: number): void {
    this.unwrittenBytes -= bytes;
    this.connection.pieceWritten(bytes);
    this.host.wake(this.connection);
  }

  private seconds(): number {
    return round((nowUs() - this.startedUs) / 1_000_000, 6);
  }

  private commonFile(): Omit<ReceivedFile, "outcome" | "path" | "sha256"> {
    const { total, lost } = this.connection.packets;
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

const SHOWN_AT_ONCE = 256;
