import { assert } from "../base/assert.js";
import {
  KEY_PHASE_BIT,
  KIND_EARLY,
  KIND_OPENING,
  KIND_SEALED,
  type Role,
} from "../wire/datagram.js";
import type { ConnectionSeal } from "../wire/security.js";
import { PacketKeys } from "./packet-keys.js";
import { type CipherSuite, TAG_BYTES } from "./suite.js";

/** How long keys are used. */
export interface SealLimits {
  /** Packets sealed in one phase before the keys are updated. */
  readonly updateAfter: number;
  /** Packets sealed in one phase at most, when the other side is not heard and the keys cannot be updated. */
  readonly sealedMax: number;
  /** Datagrams with a wrong tag, over all phases: the integrity limit of RFC 9001 section 6.6. */
  readonly forgedMax: number;
}

/** docs/protocol.md section 12. */
export const SEAL_LIMITS: SealLimits = {
  updateAfter: 2 ** 22,
  sealedMax: 2 ** 32,
  forgedMax: 2 ** 36,
};

export interface SealOptions {
  readonly role: Role;
  /** Of what the sender sends before it has the answer, 32 bytes. */
  readonly earlySecret: Uint8Array;
  /** Called once a first datagram is opened: the other side has the keys. */
  readonly onFirstOpened?: () => void;
  readonly limits?: SealLimits;
}

/** The keys of the present phase, of the one before, and of the next. */
interface Phase {
  readonly number: number;
  readonly send: PacketKeys;
  readonly receive: PacketKeys;
  /** For packets that the update overtook. */
  readonly previous: PacketKeys | undefined;
  /** Made beforehand, so that the time it takes tells nobody of an update. RFC 9001 section 6.3. */
  readonly next: PacketKeys;
  /** Lowest number of a packet opened in this phase: those of the phase before are below it. */
  firstOpened: number;
  sealed: number;
}

const NONE_OPENED = Number.POSITIVE_INFINITY;
const KIND_BITS = 0xc0;

/**
 * The cipher of one side of a connection: early keys of the sender, then keys of both directions, which are updated
 * as in RFC 9001 section 6. docs/protocol.md section 12.
 */
export class PhasedSeal implements ConnectionSeal {
  readonly tagBytes = TAG_BYTES;
  private readonly role: Role;
  private readonly limits: SealLimits;
  private onFirstOpened: (() => void) | undefined;
  private early: PacketKeys | undefined;
  private phase: Phase | undefined;
  private sealedEarly = 0;
  private forged = 0;

  constructor(
    private readonly suite: CipherSuite,
    { role, earlySecret, onFirstOpened, limits = SEAL_LIMITS }: SealOptions,
  ) {
    this.role = role;
    this.limits = limits;
    this.onFirstOpened = onFirstOpened;
    this.early = new PacketKeys(suite, earlySecret);
  }

  /** Gives it the connection's own keys, by the secrets of the two directions, the sender's first. */
  establish([fromSender, fromReceiver]: readonly [Uint8Array, Uint8Array]): void {
    const ofSender = new PacketKeys(this.suite, fromSender);
    const ofReceiver = new PacketKeys(this.suite, fromReceiver);
    const isSender = this.role === "sender";
    const [send, receive] = isSender ? [ofSender, ofReceiver] : [ofReceiver, ofSender];
    const keys = { send, receive, previous: undefined, next: receive.next() };
    this.phase = { number: 0, ...keys, firstOpened: NONE_OPENED, sealed: 0 };
  }

  get mark(): number {
    return this.phase === undefined ? KIND_EARLY : KIND_SEALED | bitOf(this.phase);
  }

  get isSpent(): boolean {
    const { sealedMax, forgedMax } = this.limits;
    const sealed = Math.max(this.sealedEarly, this.phase?.sealed ?? 0);
    return sealed >= sealedMax || this.forged >= forgedMax;
  }

  seal(datagram: Uint8Array, start: number, end: number, packetNumber: number): void {
    const first = datagram[0] as number;
    if (this.role === "sender" && (first & KIND_BITS) !== KIND_SEALED) {
      assert(this.early !== undefined, "a sender that has an answer uses the connection's keys");
      this.early.seal(datagram, start, end, packetNumber);
      this.sealedEarly += 1;
      return;
    }
    const { phase } = this;
    assert(phase !== undefined, "a datagram is marked by the keys that there are");
    // The keys may have been updated since it was begun.
    if ((first & KIND_BITS) === KIND_SEALED) datagram[0] = (first & ~KEY_PHASE_BIT) | bitOf(phase);
    phase.send.seal(datagram, start, end, packetNumber);
    phase.sealed += 1;
    // Not before the other side has shown that it has this phase's keys. RFC 9001 section 6.1.
    if (phase.sealed >= this.limits.updateAfter && phase.firstOpened !== NONE_OPENED) {
      this.update(phase);
    }
  }

  open(datagram: Uint8Array, start: number, end: number, packetNumber: number): boolean {
    const first = datagram[0] as number;
    const keys = this.keysToOpen(first, packetNumber);
    if (keys === undefined) return false;
    if (!keys.open(datagram, start, end, packetNumber)) {
      this.forged += 1;
      return false;
    }
    if ((first & KIND_BITS) === KIND_SEALED) this.noteOpened(keys, packetNumber);
    this.onFirstOpened?.();
    this.onFirstOpened = undefined;
    return true;
  }

  private keysToOpen(first: number, packetNumber: number): PacketKeys | undefined {
    const { phase, early } = this;
    const kind = first & KIND_BITS;
    const isSender = this.role === "sender";
    if (kind === KIND_EARLY || (kind === KIND_OPENING && !isSender)) {
      return isSender ? undefined : early;
    }
    if (phase === undefined) return undefined;
    // A receiver opens with the keys of its first phase.
    if (kind === KIND_OPENING) return phase.number === 0 ? phase.receive : undefined;
    if (kind !== KIND_SEALED) return undefined;
    if ((first & KEY_PHASE_BIT) === bitOf(phase)) return phase.receive;
    return packetNumber < phase.firstOpened ? phase.previous : phase.next;
  }

  private noteOpened(keys: PacketKeys, packetNumber: number): void {
    const { phase } = this;
    if (phase === undefined || keys === phase.previous) return;
    const current = keys === phase.next ? this.update(phase) : phase;
    current.firstOpened = Math.min(current.firstOpened, packetNumber);
  }

  /** Goes on to the next phase, in both directions. A phase is so long that some of its packets arrive before the next. */
  private update(phase: Phase): Phase {
    const { number, send, receive: previous, next: receive } = phase;
    const keys = { send: send.next(), receive, previous, next: receive.next() };
    this.phase = { number: number + 1, ...keys, firstOpened: NONE_OPENED, sealed: 0 };
    this.early = undefined;
    return this.phase;
  }
}

const bitOf = (phase: Phase): number => (phase.number % 2 === 0 ? 0 : KEY_PHASE_BIT);
