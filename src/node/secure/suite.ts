import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { CipherSuite, KeyPair } from "../../secure/suite.js";
import { viewOf } from "../../wire/bytes.js";
import { nodeAead } from "./node-aead.js";
import { loadSodiumAead } from "./sodium-aead.js";

/** The primitives by Node's OpenSSL, the AEAD by libsodium where that loads: it needs a fifth of the time. */
export const cipherSuite = (): CipherSuite => {
  suite ??= { ...PRIMITIVES, aead: loadSodiumAead() ?? nodeAead };
  return suite;
};

let suite: CipherSuite | undefined;

const PRIMITIVES: Omit<CipherSuite, "aead"> = {
  keyPair: (privateKey) => new NodeKeyPair(privateKey),
  hash(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return plain(hash.digest());
  },
  hmac(key, ...parts) {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return plain(hmac.digest());
  },
  random: (length) => plain(randomBytes(length)),
  sameSecret: (one, other) => one.length === other.length && timingSafeEqual(one, other),
};

/** X25519 by keys in JWK (RFC 8037), which Node reads ten times as fast as DER. */
class NodeKeyPair implements KeyPair {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(privateKey: Uint8Array) {
    // Node asks for the public key here, but makes it anew.
    const key = { ...CURVE, x: "", d: base64Url(privateKey) };
    this.#key = createPrivateKey({ key, format: "jwk" });
    const { x } = createPublicKey(this.#key).export({ format: "jwk" });
    this.publicKey = new Uint8Array(Buffer.from(x ?? "", "base64url"));
  }

  agree(publicKey: Uint8Array): Uint8Array | undefined {
    const key = { ...CURVE, x: base64Url(publicKey) };
    try {
      const theirs = createPublicKey({ key, format: "jwk" });
      return plain(diffieHellman({ privateKey: this.#key, publicKey: theirs }));
    } catch {
      // OpenSSL refuses points of low order.
      return undefined;
    }
  }
}

const CURVE = { kty: "OKP", crv: "X25519" };

const base64Url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");

/** A Buffer's `slice` does not copy, as a Uint8Array's does. */
const plain = (buffer: Buffer): Uint8Array => viewOf(buffer, 0, buffer.length);
