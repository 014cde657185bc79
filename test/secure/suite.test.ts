import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeAead } from "../../src/node/secure/node-aead.js";
import { loadSodiumAead } from "../../src/node/secure/sodium-aead.js";
import { cipherSuite } from "../../src/node/secure/suite.js";
import { PhasedSeal } from "../../src/secure/connection-seal.js";
import { ReceiverHandshakes } from "../../src/secure/receiver.js";
import { SenderHandshake } from "../../src/secure/sender.js";
import { label, TAG_BYTES } from "../../src/secure/suite.js";
import { ticketPskOf } from "../../src/secure/ticket-keys.js";
import { fromHex, toHex } from "./hex.js";

const suite = cipherSuite();
const sodium = loadSodiumAead();
const aeads = [["OpenSSL", nodeAead] as const, ...(sodium ? [["libsodium", sodium] as const] : [])];

describe.each(aeads)("ChaCha20-Poly1305 by %s", (_name, aead) => {
  test("writes what RFC 8439 section 2.8.2 has, in place", () => {
    const text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    const key = fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const nonce = fromHex("070000004041424344454647");
    const associated = fromHex("50515253c0c1c2c3c4c5c6c7");
    const bytes = new Uint8Array(3 + text.length + TAG_BYTES + 2);
    bytes.set(new TextEncoder().encode(text), 3);
    const end = 3 + text.length;
    aead(key).seal(nonce, associated, bytes, 3, end);
    expect(toHex(bytes.subarray(3, 19))).toBe("d31a8d34648e60db7b86afbc53ef7ec2");
    expect(toHex(bytes.subarray(end, end + TAG_BYTES))).toBe("1ae10b594f09e26a7e902ecbd0600691");
    expect([...bytes.subarray(0, 3), ...bytes.subarray(-2)]).toEqual([0, 0, 0, 0, 0]);
    expect(aead(key).open(nonce, associated, bytes, 3, end)).toBe(true);
    expect(new TextDecoder().decode(bytes.subarray(3, end))).toBe(text);
  });

  test("opens nothing that was changed anywhere", () => {
    const key = suite.random(32);
    const nonce = suite.random(12);
    const sealed = new Uint8Array(40 + TAG_BYTES);
    aead(key).seal(nonce, sealed.subarray(0, 9), sealed, 9, 40);
    for (let i = 0; i < sealed.length; i += 1) {
      const tampered = Uint8Array.from(sealed);
      tampered[i] = (tampered[i] ?? 0) ^ 1;
      expect(aead(key).open(nonce, tampered.subarray(0, 9), tampered, 9, 40)).toBe(false);
    }
  });
});

test("libsodium and OpenSSL write the same", () => {
  if (sodium === undefined) return;
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(32), bytes(12), fc.uint8Array(), fc.uint8Array(), (key, nonce, ad, text) => {
      const [one, other] = [sodium, nodeAead].map((aead) => {
        const out = new Uint8Array(text.length + TAG_BYTES);
        out.set(text);
        aead(key).seal(nonce, ad, out, 0, text.length);
        return out;
      });
      expect(one).toEqual(other);
      expect(other !== undefined && sodium(key).open(nonce, ad, other, 0, text.length)).toBe(true);
      expect(other?.subarray(0, text.length)).toEqual(text);
    }),
    { numRuns: 200 },
  );
});

test("X25519 is that of RFC 7748 section 6.1", () => {
  const alice = suite.keyPair(
    fromHex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
  );
  const bob = suite.keyPair(
    fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
  );
  const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  expect(toHex(alice.publicKey)).toBe(
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  );
  expect(toHex(alice.agree(bob.publicKey))).toBe(shared);
  expect(toHex(bob.agree(alice.publicKey))).toBe(shared);
});

test("nobody's key, and what is no key, agree with none", () => {
  const pair = suite.keyPair(suite.random(32));
  const one = new Uint8Array(32);
  one[0] = 1;
  for (const key of [new Uint8Array(32), one, new Uint8Array(0), new Uint8Array(31)]) {
    expect(pair.agree(key)).toBeUndefined();
  }
});

test("HMAC-SHA256 is that of RFC 4231 section 4.3, whatever parts the data comes in", () => {
  const key = new TextEncoder().encode("Jefe");
  const data = new TextEncoder().encode("what do ya want for nothing?");
  const expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  expect(toHex(suite.hmac(key, data))).toBe(expected);
  expect(toHex(suite.hmac(key, data.subarray(0, 5), data.subarray(5)))).toBe(expected);
});

test("secrets are compared whole", () => {
  const secret = suite.random(16);
  expect(suite.sameSecret(secret, Uint8Array.from(secret))).toBe(true);
  expect(suite.sameSecret(secret, secret.subarray(1))).toBe(false);
  for (let i = 0; i < secret.length; i += 1) {
    const other = Uint8Array.from(secret);
    other[i] = (other[i] ?? 0) ^ 0x80;
    expect(suite.sameSecret(secret, other)).toBe(false);
  }
});

test("no secret shows when what holds it is printed", () => {
  const [privateKey, secret] = [suite.random(32), suite.random(16)];
  const tickets = { find: () => undefined, admit: () => "admitted" as const, noteUse: () => {} };
  const identity = suite.keyPair(privateKey);
  const ticket = { receiverKey: identity.publicKey, secret };
  const connection = { connectionId: suite.random(8), timestampUs: 1 };
  const holders = [
    identity,
    new SenderHandshake(suite, { identity, ticket, ...connection }),
    new ReceiverHandshakes(suite, { privateKey, tickets }),
    new PhasedSeal(suite, { role: "sender", earlySecret: privateKey }),
  ];
  const psk = ticketPskOf(suite, secret);
  const iv = suite.hmac(privateKey, label("lacuna iv"));
  const options = { depth: 9, showHidden: true, maxArrayLength: 99 };
  const shown = inspect(holders, options).replaceAll(/\s/g, "");
  expect(shown).toContain([...identity.publicKey.subarray(0, 4)].join(","));
  for (const hidden of [privateKey, secret, psk, iv]) {
    expect(shown).not.toContain([...hidden.subarray(0, 4)].join(","));
    expect(shown).not.toContain(Buffer.from(hidden).toString("base64url"));
  }
});
