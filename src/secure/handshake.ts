import { assert } from "../base/assert.js";
import { viewOf } from "../wire/bytes.js";
import { concat } from "../wire/fields.js";
import { type CipherSuite, KEY_BYTES, type KeyPair } from "./suite.js";
import { SymmetricState } from "./symmetric.js";

/** What a message does, in order: sends a key, or mixes what two keys, or both sides, share. Noise section 5.3. */
export type Token = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

/** A handshake by its messages. Noise section 7. */
export interface HandshakePattern {
  /** With its modifiers: "IKpsk2". */
  readonly name: string;
  /** Whose static key the other side knows before. */
  readonly known: { readonly initiator: boolean; readonly responder: boolean };
  /** The initiator writes the first, then they take turns. */
  readonly messages: readonly (readonly Token[])[];
}

/** What the receiver's ticket allows: its static key is known, the sender's is sent, sealed, in the first message. */
export const IK_PSK2: HandshakePattern = {
  name: "IKpsk2",
  known: { initiator: false, responder: true },
  messages: [
    ["e", "es", "s", "ss"],
    ["e", "ee", "se", "psk"],
  ],
};

export interface HandshakeOptions {
  readonly pattern: HandshakePattern;
  readonly isInitiator: boolean;
  /** Both sides must have the same, or nothing that they write can be read. */
  readonly prologue: Uint8Array;
  /** Of this side. */
  readonly static?: KeyPair;
  /** The other side's static public key, where it is known before. */
  readonly remoteStatic?: Uint8Array;
}

/** A message that was read. */
export interface ReadMessage {
  readonly payload: Uint8Array;
  /** The hash of all that was said before the payload. */
  readonly transcript: Uint8Array;
}

/**
 * One side of a handshake of the Noise protocol framework, revision 34, with X25519, ChaCha20-Poly1305 and SHA-256.
 * https://noiseprotocol.org/noise.html section 5.3.
 */
export class HandshakeState {
  private readonly symmetric: SymmetricState;
  private readonly own: { static: KeyPair | undefined; ephemeral: KeyPair | undefined };
  private remote: { static: Uint8Array | undefined; ephemeral: Uint8Array | undefined };
  private readonly usesPsk: boolean;
  private messagesDone = 0;

  constructor(
    private readonly suite: CipherSuite,
    private readonly options: HandshakeOptions,
  ) {
    const { pattern, isInitiator, prologue } = options;
    this.own = { static: options.static, ephemeral: undefined };
    this.remote = { static: options.remoteStatic, ephemeral: undefined };
    this.usesPsk = pattern.messages.some((tokens) => tokens.includes("psk"));
    this.symmetric = new SymmetricState(suite, `Noise_${pattern.name}_25519_ChaChaPoly_SHA256`);
    this.symmetric.mixHash(prologue);
    for (const side of ["initiator", "responder"] as const) {
      if (!pattern.known[side]) continue;
      const isOwn = (side === "initiator") === isInitiator;
      const key = isOwn ? this.own.static?.publicKey : this.remote.static;
      assert(key !== undefined, "who is known before has a static key");
      this.symmetric.mixHash(key);
    }
  }

  get isComplete(): boolean {
    return this.messagesDone === this.options.pattern.messages.length;
  }

  /** The other side's static public key, once it is known. */
  get remoteStatic(): Uint8Array | undefined {
    return this.remote.static;
  }

  /** Names the session, once it is complete. Noise section 11.2. */
  get hash(): Uint8Array {
    return this.symmetric.hash;
  }

  /** A secret that both sides know after the messages so far, apart from all others by its name and context. */
  derive(name: string, ...context: readonly Uint8Array[]): Uint8Array {
    return this.symmetric.derive(name, ...context);
  }

  /**
   * Writes this side's next message.
   *
   * @param payload makes the payload, given the hash of all that was said before it
   * @param psks of the message's tokens, in order
   * @returns undefined when the other side's key is none
   */
  writeMessage(
    payload: (transcript: Uint8Array) => Uint8Array,
    ...psks: readonly Uint8Array[]
  ): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    const left = [...psks];
    for (const token of this.nextTokens(true)) {
      if (token === "e") parts.push(this.writeEphemeral());
      else if (token === "s") parts.push(this.symmetric.encryptAndHash(this.ownStatic().publicKey));
      else if (!this.mix(token, left)) return undefined;
    }
    parts.push(this.symmetric.encryptAndHash(payload(this.symmetric.hash)));
    this.messagesDone += 1;
    return concat(parts);
  }

  /** Reads the other side's next message. Undefined when it is not genuine: the handshake is then as before. */
  readMessage(message: Uint8Array, ...psks: readonly Uint8Array[]): ReadMessage | undefined {
    const before = { symmetric: this.symmetric.save(), remote: this.remote };
    this.remote = { ...this.remote };
    const read = this.readTokens(message, [...psks]);
    if (read === undefined) {
      this.symmetric.restore(before.symmetric);
      this.remote = before.remote;
    } else this.messagesDone += 1;
    return read;
  }

  /** The keys of the two directions, the initiator's first. */
  split(): readonly [Uint8Array, Uint8Array] {
    assert(this.isComplete, "a handshake is split at its end");
    return this.symmetric.split();
  }

  private readTokens(message: Uint8Array, psks: Uint8Array[]): ReadMessage | undefined {
    let at = 0;
    for (const token of this.nextTokens(false)) {
      if (token === "e" || token === "s") {
        const length = KEY_BYTES + (token === "s" ? this.symmetric.overhead : 0);
        if (at + length > message.length) return undefined;
        const isRead = this.readKey(token, viewOf(message, at, length));
        if (!isRead) return undefined;
        at += length;
      } else if (!this.mix(token, psks)) return undefined;
    }
    const transcript = this.symmetric.hash;
    const rest = viewOf(message, at, message.length - at);
    const payload = this.symmetric.decryptAndHash(Uint8Array.from(rest));
    return payload === undefined ? undefined : { payload, transcript };
  }

  private readKey(token: "e" | "s", bytes: Uint8Array): boolean {
    if (token === "s") {
      this.remote.static = this.symmetric.decryptAndHash(Uint8Array.from(bytes));
      return this.remote.static !== undefined;
    }
    const key = Uint8Array.from(bytes);
    this.remote.ephemeral = key;
    this.mixEphemeral(key);
    return true;
  }

  private writeEphemeral(): Uint8Array {
    const pair = this.suite.keyPair(this.suite.random(KEY_BYTES));
    this.own.ephemeral = pair;
    this.mixEphemeral(pair.publicKey);
    return pair.publicKey;
  }

  private mixEphemeral(key: Uint8Array): void {
    this.symmetric.mixHash(key);
    // Or a message could be encrypted by the PSK alone, twice under one key. Noise section 9.2.
    if (this.usesPsk) this.symmetric.mixKey(key);
  }

  /** False when the other side's key is none. */
  private mix(token: Exclude<Token, "e" | "s">, psks: Uint8Array[]): boolean {
    if (token === "psk") {
      const psk = psks.shift();
      assert(psk?.length === KEY_BYTES, "a psk is given for each of its tokens");
      this.symmetric.mixKeyAndHash(psk);
      return true;
    }
    const shared = this.agree(token);
    if (shared !== undefined) this.symmetric.mixKey(shared);
    return shared !== undefined;
  }

  /** The first letter is the initiator's key, the second the responder's. */
  private agree(token: "ee" | "es" | "se" | "ss"): Uint8Array | undefined {
    const ours = this.options.isInitiator ? token[0] : token[1];
    const theirs = this.options.isInitiator ? token[1] : token[0];
    const own = ours === "e" ? this.own.ephemeral : this.ownStatic();
    const remote = theirs === "e" ? this.remote.ephemeral : this.remote.static;
    assert(own !== undefined && remote !== undefined, "a pattern mixes keys that are there");
    return own.agree(remote);
  }

  private ownStatic(): KeyPair {
    assert(this.own.static !== undefined, "the pattern's static key is there");
    return this.own.static;
  }

  private nextTokens(isWriting: boolean): readonly Token[] {
    const { pattern, isInitiator } = this.options;
    const isOurTurn = (this.messagesDone % 2 === 0) === isInitiator;
    const tokens = pattern.messages[this.messagesDone];
    assert(tokens !== undefined && isOurTurn === isWriting, "messages are taken in turn");
    return tokens;
  }
}
