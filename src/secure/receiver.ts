import { assert } from "../base/assert.js";
import { between, type InstantUs, seconds } from "../base/units.js";
import { viewOf } from "../wire/bytes.js";
import type { OpeningHeader } from "../wire/datagram.js";
import type { Reason } from "../wire/frames/end.js";
import {
  type Admission,
  ANSWER_BYTES,
  CHALLENGE_BYTES,
  HELLO_BYTES,
  type PeerIdentity,
  RESET_TOKEN_BYTES,
  type ReceiverSecurity,
} from "../wire/security.js";
import { utf8 } from "../wire/utf8.js";
import { PhasedSeal, type SealLimits } from "./connection-seal.js";
import { HandshakeState, IK_PSK2 } from "./handshake.js";
import {
  cookieKey,
  earlySecretOf,
  isProven,
  MAC_BYTES,
  MESSAGE_1_BYTES,
  mac,
  mac1Key,
  prologueOf,
  readPayload,
  sealCookie,
} from "./hello.js";
import { HandshakeLoad, type LoadLimits } from "./load.js";
import { ReplayTable } from "./replays.js";
import { type CipherSuite, KEY_BYTES, type KeyPair, label } from "./suite.js";

/** Why a ticket that is known does not admit a sender. */
export type TicketRefusal = Extract<
  Reason,
  "ticketExpired" | "ticketRevoked" | "ticketUsedUp" | "senderNotAdmitted"
>;

/** The tickets of a receiver, with what may be done by them. None of it throws: it is asked by whoever sends bytes. */
export interface TicketBook {
  /** The psk of a ticket that is known, even of one that admits nobody any more: so that it can be told why. */
  find(ticketId: Uint8Array): { readonly psk: Uint8Array } | undefined;
  /** Whether a sender that has proven the ticket and its own key may come in. Changes nothing. */
  admit(ticketId: Uint8Array, senderKey: Uint8Array): "admitted" | TicketRefusal;
  /** A connection was opened by the ticket: told once for each, when it is certain that it is no replay. */
  noteUse(ticketId: Uint8Array, senderKey: Uint8Array): void;
}

export interface ReceiverOptions {
  /** The receiver's static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly tickets: TicketBook;
  /** Opened connections that a restart must not forget; its owner saves it. */
  readonly replays?: ReplayTable;
  readonly load?: LoadLimits;
  readonly sealLimits?: SealLimits;
}

/** Message 1, read, of a sender that has the ticket. */
interface Applicant {
  readonly handshake: HandshakeState;
  readonly psk: Uint8Array;
  readonly peer: PeerIdentity;
  readonly timestampUs: number;
}

/** As in WireGuard: COOKIE_REFRESH_TIME. */
const COOKIE_SECRET_US = seconds(120);
const DROPPED: Admission = { kind: "dropped" };

/** A receiver's part of all handshakes. It keeps nothing of whom it has not admitted. docs/protocol.md section 12. */
export class ReceiverHandshakes implements ReceiverSecurity {
  private readonly keys: KeyPair;
  private readonly tickets: TicketBook;
  private readonly replays: ReplayTable;
  private readonly load: HandshakeLoad;
  private readonly sealLimits: SealLimits | undefined;
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  readonly #resetKey: Uint8Array;
  #cookieSecret: { readonly secret: Uint8Array; readonly madeUs: InstantUs } | undefined;

  constructor(
    private readonly suite: CipherSuite,
    { privateKey, tickets, replays, load, sealLimits }: ReceiverOptions,
  ) {
    this.keys = suite.keyPair(privateKey);
    this.tickets = tickets;
    this.replays = replays ?? new ReplayTable();
    this.load = new HandshakeLoad(load);
    this.sealLimits = sealLimits;
    this.#mac1Key = mac1Key(suite, this.keys.publicKey);
    this.#cookieKey = cookieKey(suite, this.keys.publicKey);
    this.#resetKey = suite.hmac(privateKey, label("lacuna reset"));
  }

  admit(
    datagram: Uint8Array,
    header: OpeningHeader,
    from: string,
    isBusy: boolean,
    nowUs: InstantUs,
  ): Admission {
    const { handshakeAt, connectionId } = header;
    if (datagram.length < handshakeAt + HELLO_BYTES) return DROPPED;
    const mac1At = handshakeAt + MESSAGE_1_BYTES;
    const mac1 = viewOf(datagram, mac1At, MAC_BYTES);
    // The first gate: who never had a ticket of ours costs no more than this.
    const expected = mac(this.suite, this.#mac1Key, viewOf(datagram, 0, mac1At));
    if (!this.suite.sameSecret(expected, mac1)) return DROPPED;
    const asksCookie = isBusy || this.load.isHigh(nowUs);
    if (asksCookie) {
      const cookie = this.cookieFor(from, nowUs);
      const mac2At = mac1At + MAC_BYTES;
      const mac2 = mac(this.suite, cookie, viewOf(datagram, 0, mac2At));
      if (!this.suite.sameSecret(mac2, viewOf(datagram, mac2At, MAC_BYTES))) {
        return { kind: "cookie", body: sealCookie(this.suite, this.#cookieKey, cookie, mac1) };
      }
    }
    if (!this.load.take(asksCookie ? from : undefined, nowUs)) return DROPPED;
    const message = viewOf(datagram, handshakeAt, MESSAGE_1_BYTES);
    const applicant = this.readHello(message, connectionId);
    return applicant === undefined ? DROPPED : this.judge(applicant);
  }

  resetToken(connectionId: Uint8Array): Uint8Array {
    return this.suite.hmac(this.#resetKey, connectionId).slice(0, RESET_TOKEN_BYTES);
  }

  challenge(): Uint8Array {
    return this.suite.random(CHALLENGE_BYTES);
  }

  /** Undefined when it is not of a sender that has a ticket of ours, or opened a connection before. */
  private readHello(message: Uint8Array, connectionId: Uint8Array): Applicant | undefined {
    const handshake = new HandshakeState(this.suite, {
      pattern: IK_PSK2,
      isInitiator: false,
      prologue: prologueOf(connectionId),
      static: this.keys,
    });
    const read = handshake.readMessage(message);
    const hello = read === undefined ? undefined : readPayload(read.payload);
    const key = handshake.remoteStatic;
    if (read === undefined || hello === undefined || key === undefined) return undefined;
    const { ticketId, timestampUs } = hello;
    const psk = this.tickets.find(ticketId)?.psk;
    if (psk === undefined || !isProven(this.suite, read.payload, psk, read.transcript)) {
      return undefined;
    }
    if (!this.replays.isNew(key, timestampUs)) return undefined;
    return { handshake, psk, peer: { key, ticket: ticketId }, timestampUs };
  }

  private judge({ handshake, psk, peer, timestampUs }: Applicant): Admission {
    const judgement = this.tickets.admit(peer.ticket, peer.key);
    const seal = new PhasedSeal(this.suite, {
      role: "receiver",
      earlySecret: earlySecretOf(handshake, psk),
      ...(this.sealLimits && { limits: this.sealLimits }),
      // Only now: a HELLO with other frames behind it, by somebody on the path, must not use up the true one.
      onFirstOpened: () => {
        if (judgement !== "admitted") return;
        this.replays.note(peer.key, timestampUs);
        this.tickets.noteUse(peer.ticket, peer.key);
      },
    });
    const answer = handshake.writeMessage(() => new Uint8Array(0), psk);
    // Its keys agree with ours, or message 1 would not have been read.
    assert(answer?.length === ANSWER_BYTES, "who was read can be answered");
    seal.establish(handshake.split());
    if (judgement === "admitted") return { kind: "admitted", seal, answer, peer };
    return { kind: "refused", seal, answer, reason: judgement };
  }

  /** What a host must show to be looked at while there is much to do: it can be received there. */
  private cookieFor(from: string, nowUs: InstantUs): Uint8Array {
    const kept = this.#cookieSecret;
    const isFresh = kept !== undefined && between(kept.madeUs, nowUs) < COOKIE_SECRET_US;
    const current = isFresh ? kept : { secret: this.suite.random(KEY_BYTES), madeUs: nowUs };
    this.#cookieSecret = current;
    return mac(this.suite, current.secret, utf8(from));
  }
}
