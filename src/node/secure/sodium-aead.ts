import { createRequire } from "node:module";
import { type Aead, NONCE_BYTES, TAG_BYTES } from "../../secure/suite.js";
import { viewOf } from "../../wire/bytes.js";
import { nodeAead } from "./node-aead.js";

/** Of sodium-native, which has no types of its own. */
interface Sodium {
  /** `sealed` is TAG_BYTES longer than `plaintext` and may begin with it. */
  crypto_aead_chacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    nsec: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Throws when the tag is wrong. */
  crypto_aead_chacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    nsec: null,
    sealed: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
}

/** ChaCha20-Poly1305 by libsodium; undefined where it is not installed, does not load, or does not do what Node's does. */
export function loadSodiumAead(): ((key: Uint8Array) => Aead) | undefined {
  const sodium = loadSodium();
  if (sodium === undefined) return undefined;
  const aead = (key: Uint8Array) => sodiumAead(sodium, key);
  return agrees(aead) ? aead : undefined;
}

function sodiumAead(sodium: Sodium, key: Uint8Array): Aead {
  return {
    seal(nonce, associated, bytes, start, end) {
      const plaintext = viewOf(bytes, start, end - start);
      const sealed = viewOf(bytes, start, end + TAG_BYTES - start);
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        sealed,
        plaintext,
        associated,
        null,
        nonce,
        key,
      );
    },
    open(nonce, associated, bytes, start, end) {
      const plaintext = viewOf(bytes, start, end - start);
      const sealed = viewOf(bytes, start, end + TAG_BYTES - start);
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
          plaintext,
          null,
          sealed,
          associated,
          nonce,
          key,
        );
        return true;
      } catch {
        return false;
      }
    },
  };
}

function loadSodium(): Sodium | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)("sodium-native");
    return isSodium(loaded) ? loaded : undefined;
  } catch {
    // It has no binary for this system.
    return undefined;
  }
}

const isSodium = (loaded: unknown): loaded is Sodium =>
  typeof loaded === "object" &&
  loaded !== null &&
  "crypto_aead_chacha20poly1305_ietf_encrypt" in loaded &&
  "crypto_aead_chacha20poly1305_ietf_decrypt" in loaded;

/** Whether it writes what Node's cipher writes, and reads it. */
function agrees(aead: (key: Uint8Array) => Aead): boolean {
  const key = new Uint8Array(32).fill(7);
  const [nonce, associated] = [new Uint8Array(NONCE_BYTES).fill(5), new Uint8Array(9).fill(3)];
  const [bytes, expected] = [new Uint8Array(100), new Uint8Array(100)];
  const end = bytes.length - TAG_BYTES;
  nodeAead(key).seal(nonce, associated, expected, 0, end);
  aead(key).seal(nonce, associated, bytes, 0, end);
  const isSame = bytes.every((byte, i) => byte === expected[i]);
  return isSame && aead(key).open(nonce, associated, bytes, 0, end);
}
