import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Aead, TAG_BYTES } from "../../secure/suite.js";
import { viewOf } from "../../wire/bytes.js";

const OPTIONS = { authTagLength: TAG_BYTES };
const CIPHER = "chacha20-poly1305";

/** ChaCha20-Poly1305 by Node's OpenSSL. */
export const nodeAead = (key: Uint8Array): Aead => ({
  seal(nonce, associated, bytes, start, end) {
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
    const length = end - start;
    cipher.setAAD(associated, { plaintextLength: length });
    bytes.set(cipher.update(viewOf(bytes, start, length)), start);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  },
  open(nonce, associated, bytes, start, end) {
    const cipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
    const length = end - start;
    cipher.setAAD(associated, { plaintextLength: length });
    cipher.setAuthTag(viewOf(bytes, end, TAG_BYTES));
    const plaintext = cipher.update(viewOf(bytes, start, length));
    try {
      cipher.final();
    } catch {
      return false;
    }
    bytes.set(plaintext, start);
    return true;
  },
});
