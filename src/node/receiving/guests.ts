import { statSync } from "node:fs";
import { durationUs, type InstantUs, seconds } from "../../base/units.js";
import type { ReceiverConnection, ReceiverEvent } from "../../protocol/receiver-connection.js";
import { sameBytes } from "../../wire/bytes.js";
import type { Manifest } from "../../wire/manifest.js";
import type { ReceivedFile } from "../api-types.js";
import { LacunaError } from "../errors.js";
import { nowUs } from "../socket/clock.js";
import { asLacunaError } from "../transfer.js";
import { IncomingSession } from "./incoming-session.js";
import { missingCounter } from "./missing-counter.js";
import { storeKey } from "./piece-lengths.js";
import { isTold } from "./session-feeds.js";
import type { PartialReason, SessionHost } from "./session-host.js";

export interface GuestsOptions {
  readonly host: SessionHost;
  /** End with the first sender that has finished. */
  readonly once: boolean;
  /** How long an image is kept open whose sender is gone. Default a day; a minute with `once`. */
  readonly giveUpAfterSeconds: number | undefined;
  /** An image is new. */
  onNew(): void;
  /** There is nothing more to wait for; or something has failed for which nobody answers. */
  onEnd(failure?: LacunaError): void;
}

/** A sender's connection with its images. */
interface Guest {
  readonly connection: ReceiverConnection;
  readonly startedUs: InstantUs;
  readonly sessions: Map<number, IncomingSession>;
  /** Numbers of images that were there already. */
  readonly known: number[];
}

/** An image that was completed lately. */
interface CompleteImage {
  /** The sender's key. */
  readonly from: Uint8Array;
  readonly file: ReceivedFile;
  /** What the file looked like then. */
  readonly trace: string;
}

/**
 * The senders of a receiver and their images. An image outlives its connection: when that is lost, it waits for
 * another that offers the same.
 */
export class Guests {
  readonly files: ReceivedFile[] = [];
  readonly failures: LacunaError[] = [];
  /** The image that was offered last. */
  newest: IncomingSession | undefined;
  private readonly guests = new Map<ReceiverConnection, Guest>();
  /** Images that have not ended, or whose end has not been counted yet. */
  private readonly underWay = new Set<IncomingSession>();
  private readonly complete = new Map<string, CompleteImage>();
  private readonly giveUpUs: number;
  /** When a sender was last lost that may want to come back. */
  private lostUs: InstantUs | undefined;
  private stopping = false;

  constructor(private readonly options: GuestsOptions) {
    const usual = options.once ? ONCE_SECONDS : GIVE_UP_SECONDS;
    this.giveUpUs = seconds(options.giveUpAfterSeconds ?? usual);
  }

  get connections(): Iterable<ReceiverConnection> {
    return this.guests.keys();
  }

  /** Images that have not ended. */
  get sessions(): IncomingSession[] {
    return [...this.underWay].filter((session) => !session.hasEnded);
  }

  handleEvent(connection: ReceiverConnection, event: ReceiverEvent, now: InstantUs): void {
    const guest = this.guests.get(connection) ?? this.welcome(connection, now);
    switch (event.kind) {
      case "offer":
        if (!this.stopping) this.takeOffer(guest, event.image, event.manifest, now);
        return;
      case "piece": {
        const { image, piece, bytes, via } = event;
        const session = guest.sessions.get(image);
        if (session === undefined) return connection.pieceWritten(bytes.length);
        return session.onPiece(connection, piece, bytes, via);
      }
      case "complete":
        return this.watch(guest.sessions.get(event.image)?.finish());
      case "passOver":
        return this.watch(guest.sessions.get(event.image)?.stop("no-repair"));
      case "closed":
        if (event.how === "idle") return this.lose(guest, now);
        return this.end(guest, event.how === "stopped" ? "interrupted" : "sender-stopped");
      case "counted":
        // A session asks its tracker for the count when it needs it.
        return;
    }
  }

  /** Called about once a second: what has waited long enough waits no more. */
  tick(now: InstantUs): void {
    if (this.stopping) return;
    this.collect();
    for (const guest of this.guests.values()) this.watch(this.forgetTold(guest));
    if (this.options.once) this.loseQuiet(now);
    const alone = this.sessions.filter(({ aloneSinceUs }) => aloneSinceUs !== undefined);
    // Those that have waited longest come first.
    alone.sort((a, b) => (a.aloneSinceUs ?? 0) - (b.aloneSinceUs ?? 0));
    for (const [index, session] of alone.entries()) {
      const isTooMany = index < alone.length - ALONE_MAX;
      const waitedUs = now - (session.aloneSinceUs ?? now);
      if (isTooMany || waitedUs >= this.giveUpUs) this.watch(session.stop("sender-gone"));
    }
    if (this.lostUs !== undefined && now - this.lostUs >= this.giveUpUs) this.endOnce();
  }

  /** Keeps everything unfinished, tells the senders, and ends. */
  stopAll(reason: "interrupted" | "deadline"): void {
    if (this.stopping) return;
    this.stopping = true;
    const stopped = Promise.all([...this.underWay].map((session) => session.stop(reason)));
    const told = stopped.then(() => {
      for (const { connection } of this.guests.values()) {
        connection.close(reason, nowUs());
        this.options.host.wake(connection);
      }
      // With nobody to tell there is nothing to wait for.
      this.endWhenEmpty();
    });
    this.watch(told);
  }

  private welcome(connection: ReceiverConnection, now: InstantUs): Guest {
    const guest: Guest = { connection, startedUs: now, sessions: new Map(), known: [] };
    this.guests.set(connection, guest);
    return guest;
  }

  private takeOffer(guest: Guest, number: number, manifest: Manifest, now: InstantUs): void {
    this.collect();
    const { connection, sessions } = guest;
    const { host } = this.options;
    const key = storeKey(manifest);
    const same = [...this.underWay].filter((session) => session.key === key);
    const known = same.find((session) => session.admits(connection));
    if (known !== undefined) {
      sessions.set(number, known);
      this.newest = known;
      return this.watch(known.join({ connection, number }));
    }
    // One that is just being put away or finished is waited for.
    const leaving = same.filter((session) => session.hasEnded).map((session) => session.settled());
    if (leaving.length > 0) {
      const left = Promise.all(leaving);
      return this.watch(left.then(() => this.takeOffer(guest, number, manifest, now)));
    }
    const done = this.completeFor(key, connection);
    if (done !== undefined) {
      guest.known.push(number);
      connection.verified(number, manifest.digest, Math.round(done.seconds * 1_000_000));
      return host.wake(connection);
    }
    const missing = missingCounter(manifest);
    if (missing === undefined) return connection.endImage(number, "refused", "badManifest", 0, 0);
    const id = `${connection.key.slice(0, 8)}-${number}`;
    const started = number === 0 ? guest.startedUs : now;
    const offered = { id, key, feed: { connection, number }, manifest, missing };
    const session = new IncomingSession(offered, started, host);
    sessions.set(number, session);
    this.underWay.add(session);
    this.newest = session;
    this.options.onNew();
    this.watch(session.open());
  }

  /** The same image, if it lies there complete and untouched, and its sender offers it again: perhaps it never heard so. */
  private completeFor(key: string, connection: ReceiverConnection): ReceivedFile | undefined {
    const { file, trace, from } = this.complete.get(key) ?? {};
    if (file === undefined || from === undefined) return undefined;
    const isThere = traceOf(file.path) === trace;
    return isThere && sameBytes(from, connection.options.peer.key) ? file : undefined;
  }

  /** A connection was closed: what is unfinished is kept as it is. */
  private end(guest: Guest, reason: PartialReason): void {
    const { connection } = guest;
    const sessions = [...guest.sessions.values()];
    const stopped = Promise.all(sessions.map((session) => session.stopFor(connection, reason)));
    const ended = stopped.then(async () => {
      this.guests.delete(connection);
      // Who closes by itself has heard all that there was to hear.
      await this.forgetTold(guest, reason === "sender-stopped");
      if (this.stopping) return this.endWhenEmpty();
      if (!this.options.once) return this.collect();
      if (sessions.length + guest.known.length > 0) return this.endOnce();
      const message = "the sender left before it had offered anything";
      this.options.onEnd(new LacunaError("LACUNA_PEER_GONE", message));
    });
    this.watch(ended);
  }

  /** A connection was lost: what is unfinished waits for another. */
  private lose(guest: Guest, now: InstantUs): void {
    const { connection, sessions } = guest;
    this.guests.delete(connection);
    for (const session of sessions.values()) session.leave(connection, now);
    const isAwaited = !isDone(guest);
    if (isAwaited) this.lostUs = now;
    const forgotten = this.forgetTold(guest).then(() => {
      if (this.stopping) return this.endWhenEmpty();
      if (!isAwaited && this.guests.size === 0 && this.sessions.length === 0) this.endOnce();
    });
    this.watch(forgotten);
  }

  /** A sender that has all its results and then falls silent has left, and only its CLOSE was lost. */
  private loseQuiet(now: InstantUs): void {
    for (const guest of [...this.guests.values()]) {
      if (isDone(guest) && guest.connection.lastHeardUs < now - QUIET_US) this.lose(guest, now);
    }
  }

  /** With `once`: the first sender has ended. Images of others that are gone are put away first. */
  private endOnce(): void {
    if (!this.options.once) return;
    const alone = this.sessions.filter(({ aloneSinceUs }) => aloneSinceUs !== undefined);
    const ended = Promise.all(alone.map((session) => session.stop("sender-gone"))).then(() => {
      this.collect();
      const isNothing = this.files.length + this.failures.length === 0;
      const message = "the sender has vanished before it had offered anything";
      this.options.onEnd(isNothing ? new LacunaError("LACUNA_PEER_GONE", message) : undefined);
    });
    this.watch(ended);
  }

  private endWhenEmpty(): void {
    if (this.guests.size > 0) return;
    this.collect();
    this.options.onEnd();
  }

  /** Counts what has ended. */
  private collect(): void {
    for (const session of this.underWay) {
      if (!session.isSettled) continue;
      this.underWay.delete(session);
      const { file, failure } = session;
      if (file !== undefined) this.files.push(file);
      if (file?.outcome === "complete") this.remember(session, file);
      if (failure !== undefined) this.failures.push(failure);
    }
  }

  /** What a sender knows to be complete need not be noted for it any more. */
  private async forgetTold({ connection, sessions }: Guest, isAll = false): Promise<void> {
    for (const [number, session] of sessions) {
      const isKnown = isAll || isTold(connection, number);
      if (session.file?.outcome === "complete" && isKnown) {
        await this.options.host.placed.forget(session.key);
      }
    }
  }

  private remember({ key, lastConnection }: IncomingSession, file: ReceivedFile): void {
    const trace = traceOf(file.path);
    const from = lastConnection.options.peer.key;
    if (trace !== undefined) this.complete.set(key, { from, file, trace });
    for (const oldest of this.complete.keys()) {
      if (this.complete.size <= COMPLETE_MAX) break;
      this.complete.delete(oldest);
    }
  }

  /** Sessions answer for their own failures; what else fails in the background ends the run. */
  private watch(work: Promise<unknown> | undefined): void {
    work?.catch((error: unknown) => this.options.onEnd(asLacunaError(error)));
  }
}

/** Whether a sender knows of all its images what has become of them. */
function isDone({ connection, sessions, known }: Guest): boolean {
  const numbers = [...sessions.keys(), ...known];
  if (numbers.length === 0) return false;
  return numbers.every((number) => {
    return sessions.get(number)?.hasEnded !== false && isTold(connection, number);
  });
}

/** What a file looks like from outside: another file, or a change, looks different. Undefined when it is not there. */
function traceOf(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts && `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
}

/** Ours: a night, a journey, a restart that somebody has to come for. */
const GIVE_UP_SECONDS = 24 * 60 * 60;
/** Ours, beyond the idle timeout: as long as a restart takes. */
const ONCE_SECONDS = 60;
/** Ours: images that are kept open for senders that are gone; others wait on the disk only. */
const ALONE_MAX = 16;
/** Ours. */
const COMPLETE_MAX = 64;
/** A sender that has more to come says something every 15 s (docs/protocol.md section 6), so this is silence. */
const QUIET_US = durationUs(seconds(20));
