/**
 * The primitives that the handshake and the seal are built of: X25519, SHA-256, HMAC-SHA256 and ChaCha20-Poly1305,
 * and the randomness that a pure room does not have. RFC 7748, FIPS 180-4, RFC 2104, RFC 8439.
 */
export interface CipherSuite {
  /** The key pair of a private key, which is any 32 bytes. */
  keyPair(privateKey: Uint8Array): KeyPair;
  /** SHA-256 of the parts, one behind the other: 32 bytes. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA256 of the parts, one behind the other: 32 bytes. */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** An AEAD under a key of 32 bytes. */
  aead(key: Uint8Array): Aead;
  /** Bytes that nobody can guess, in memory of their own. */
  random(length: number): Uint8Array;
  /** Whether two secrets are the same, in a time that does not tell how much of them is. */
  sameSecret(one: Uint8Array, other: Uint8Array): boolean;
}

/** A pair of X25519 keys, of which only the public one can be looked at. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * The secret that it shares with the holder of another public key: 32 bytes. Undefined when that is no key: anybody
   * knows what would come of a point of low order. RFC 7748 section 6.1.
   */
  agree(publicKey: Uint8Array): Uint8Array | undefined;
}

/** ChaCha20-Poly1305 under one key. RFC 8439 section 2.8. */
export interface Aead {
  /**
   * Encrypts bytes [start, end) in place and writes the tag of TAG_BYTES at `end`.
   *
   * @param nonce NONCE_BYTES, never the same for two messages; read before the call returns
   * @param associated is authenticated with them
   */
  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** Decrypts bytes [start, end) in place. False when the tag at `end` is wrong: these bytes are then worth nothing. */
  open(
    nonce: Uint8Array,
    associated: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean;
}

export const KEY_BYTES = 32;
export const HASH_BYTES = 32;
export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;

/** What is not secret, as bytes: names and labels. */
export const label = (text: string): Uint8Array =>
  Uint8Array.from(text, (letter) => letter.charCodeAt(0));
