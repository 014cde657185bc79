import { concat } from "../wire/fields.js";
import { type Aead, type CipherSuite, HASH_BYTES, label, NONCE_BYTES, TAG_BYTES } from "./suite.js";

/** A cipher key and the number of the next message under it. Noise section 5.1. */
export class CipherState {
  /** Messages so far. */
  counter = 0;
  private readonly aead: Aead;

  constructor(suite: CipherSuite, key: Uint8Array) {
    this.aead = suite.aead(key);
  }

  encrypt(associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + TAG_BYTES);
    out.set(plaintext);
    this.aead.seal(this.nonce(), associated, out, 0, plaintext.length);
    this.counter += 1;
    return out;
  }

  /** Undefined when it is not genuine: the state is then as before. */
  decrypt(associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const end = ciphertext.length - TAG_BYTES;
    if (end < 0) return undefined;
    const bytes = Uint8Array.from(ciphertext);
    if (!this.aead.open(this.nonce(), associated, bytes, 0, end)) return undefined;
    this.counter += 1;
    return bytes.subarray(0, end);
  }

  /** As Noise section 12.3 forms it: four zero bytes, then the counter, little-endian; a handshake has few messages. */
  private nonce(): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES);
    new DataView(nonce.buffer).setUint32(4, this.counter, true);
    return nonce;
  }
}

/** What a failed message must leave as it was. */
export interface SymmetricSnapshot {
  readonly hash: Uint8Array;
  readonly chainingKey: Uint8Array;
  readonly cipher: CipherState | undefined;
  readonly counter: number;
}

/** The chaining key, the hash of all that was said, and the cipher of a handshake. Noise section 5.2. */
export class SymmetricState {
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  #cipher: CipherState | undefined;

  constructor(
    private readonly suite: CipherSuite,
    protocolName: string,
  ) {
    const name = label(protocolName);
    const start = new Uint8Array(HASH_BYTES);
    if (name.length <= HASH_BYTES) start.set(name);
    this.#hash = name.length <= HASH_BYTES ? start : suite.hash(name);
    this.#chainingKey = this.#hash;
  }

  /** Of all that was said: 32 bytes that both sides agree on. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** A secret of this moment, apart from all others by its name. */
  derive(name: string, ...context: readonly Uint8Array[]): Uint8Array {
    return this.suite.hmac(this.#chainingKey, label(name), ...context);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.suite.hash(this.#hash, data);
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.suite, this.#chainingKey, input, 2);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(this.suite, key);
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.suite, this.#chainingKey, input, 3);
    this.#chainingKey = chainingKey;
    this.mixHash(hash);
    this.#cipher = new CipherState(this.suite, key);
  }

  /** Bytes that encryption adds now: none before there is a key. */
  get overhead(): number {
    return this.#cipher === undefined ? 0 : TAG_BYTES;
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const out = this.#cipher?.encrypt(this.#hash, plaintext) ?? plaintext;
    this.mixHash(out);
    return out;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const out =
      this.#cipher === undefined ? ciphertext : this.#cipher.decrypt(this.#hash, ciphertext);
    if (out !== undefined) this.mixHash(ciphertext);
    return out;
  }

  /** The keys of the two directions, the initiator's first: 32 bytes each. */
  split(): readonly [Uint8Array, Uint8Array] {
    const [first, second] = hkdf(this.suite, this.#chainingKey, new Uint8Array(0), 2);
    return [first, second];
  }

  save(): SymmetricSnapshot {
    const [hash, chainingKey, cipher] = [this.#hash, this.#chainingKey, this.#cipher];
    return { hash, chainingKey, cipher, counter: cipher?.counter ?? 0 };
  }

  restore({ hash, chainingKey, cipher, counter }: SymmetricSnapshot): void {
    this.#hash = hash;
    this.#chainingKey = chainingKey;
    this.#cipher = cipher;
    if (cipher !== undefined) cipher.counter = counter;
  }
}

/** Two or three keys of 32 bytes from a key and other secret input. Noise section 4.3, RFC 5869. */
function hkdf(
  suite: CipherSuite,
  key: Uint8Array,
  input: Uint8Array,
  outputs: 2 | 3,
): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const temporary = suite.hmac(key, input);
  const first = suite.hmac(temporary, Uint8Array.of(1));
  const second = suite.hmac(temporary, concat([first, Uint8Array.of(2)]));
  if (outputs === 2) return [first, second, new Uint8Array(0)];
  return [first, second, suite.hmac(temporary, concat([second, Uint8Array.of(3)]))];
}
