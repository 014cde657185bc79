import { assert } from "../base/assert.js";
import { sameBytes, viewOf } from "../wire/bytes.js";
import type { ConnectionSeal, SenderSecurity } from "../wire/security.js";
import { ANSWER_BYTES, HELLO_BYTES } from "../wire/security.js";
import { PhasedSeal, type SealLimits } from "./connection-seal.js";
import { HandshakeState, IK_PSK2 } from "./handshake.js";
import {
  cookieKey,
  earlySecretOf,
  MAC_BYTES,
  MESSAGE_1_BYTES,
  mac,
  mac1Key,
  openCookie,
  prologueOf,
  writePayload,
} from "./hello.js";
import type { CipherSuite, KeyPair } from "./suite.js";
import { type TicketKeys, ticketIdOf, ticketPskOf } from "./ticket-keys.js";

export interface SenderOptions {
  /** The sender's static keys. */
  readonly identity: KeyPair;
  readonly ticket: TicketKeys;
  /** CONNECTION_ID_BYTES, drawn for this connection. */
  readonly connectionId: Uint8Array;
  /** Microseconds since 1970, a whole number above that of any connection that the identity has opened. */
  readonly timestampUs: number;
  readonly sealLimits?: SealLimits;
}

/** HELLOs whose cookie may yet come. */
const MAC1_KEPT_MAX = 8;

/** A sender's part of one connection's handshake. docs/protocol.md section 12. */
export class SenderHandshake implements SenderSecurity {
  /** Until it has the answer: its ephemeral key is then forgotten. */
  private handshake: HandshakeState | undefined;
  private readonly phases: PhasedSeal;
  private readonly message: Uint8Array;
  readonly #psk: Uint8Array;
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  #cookie: Uint8Array | undefined;
  private mac1s: Uint8Array[] = [];
  private answer: Uint8Array | undefined;

  constructor(
    private readonly suite: CipherSuite,
    { identity, ticket, connectionId, timestampUs, sealLimits }: SenderOptions,
  ) {
    const { receiverKey, secret } = ticket;
    this.#psk = ticketPskOf(suite, secret);
    this.#mac1Key = mac1Key(suite, receiverKey);
    this.#cookieKey = cookieKey(suite, receiverKey);
    const handshake = new HandshakeState(suite, {
      pattern: IK_PSK2,
      isInitiator: true,
      prologue: prologueOf(connectionId),
      static: identity,
      remoteStatic: receiverKey,
    });
    const payload = { ticketId: ticketIdOf(suite, secret), timestampUs };
    const message = handshake.writeMessage((transcript) =>
      writePayload(suite, payload, this.#psk, transcript),
    );
    assert(message?.length === MESSAGE_1_BYTES, "a ticket that was read has a receiver's key");
    this.handshake = handshake;
    this.message = message;
    this.phases = new PhasedSeal(suite, {
      role: "sender",
      earlySecret: earlySecretOf(handshake, this.#psk),
      ...(sealLimits && { limits: sealLimits }),
    });
  }

  get seal(): ConnectionSeal {
    return this.phases;
  }

  writeHello(datagram: Uint8Array, start: number): void {
    const mac1At = start + MESSAGE_1_BYTES;
    datagram.set(this.message, start);
    const mac1 = mac(this.suite, this.#mac1Key, viewOf(datagram, 0, mac1At));
    datagram.set(mac1, mac1At);
    this.mac1s = [mac1, ...this.mac1s].slice(0, MAC1_KEPT_MAX);
    const mac2At = mac1At + MAC_BYTES;
    if (this.#cookie === undefined) datagram.fill(0, mac2At, start + HELLO_BYTES);
    else datagram.set(mac(this.suite, this.#cookie, viewOf(datagram, 0, mac2At)), mac2At);
  }

  takeAnswer(message: Uint8Array): boolean {
    if (message.length !== ANSWER_BYTES) return false;
    const { handshake, answer } = this;
    if (handshake === undefined) return answer !== undefined && sameBytes(answer, message);
    if (handshake.readMessage(message, this.#psk) === undefined) return false;
    this.phases.establish(handshake.split());
    this.handshake = undefined;
    this.answer = Uint8Array.from(message);
    return true;
  }

  takeCookie(body: Uint8Array): boolean {
    for (const mac1 of this.mac1s) {
      const cookie = openCookie(this.suite, this.#cookieKey, body, mac1);
      if (cookie === undefined) continue;
      this.#cookie = cookie;
      return true;
    }
    return false;
  }
}
