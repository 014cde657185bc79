import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from "node:crypto";
import { expect, test } from "vitest";
import { ReceiverHandshakes } from "../../src/secure/receiver.js";
import { SenderHandshake } from "../../src/secure/sender.js";
import type { CipherSuite } from "../../src/secure/suite.js";
import { PROTOCOL_VERSION } from "../../src/wire/datagram.js";
import { fromHex } from "./hex.js";
import { admit, FRAMES, hello, sealed, suite, TestBook, welcome } from "./world.js";

/*
 * Section 12 of docs/protocol.md once more, written from its text alone and without anything of src/secure: what it
 * says and what the code sends must be the same bytes.
 */

const text = (words: string) => Buffer.from(words, "latin1");
const sha256 = (...parts: Uint8Array[]) =>
  createHash("sha256").update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest();

/** Of a private key: the public one. By DER, which the product does not use. */
const publicOf = (key: Uint8Array) =>
  createPublicKey(privateObject(key)).export({ format: "der", type: "spki" }).subarray(-32);

const privateObject = (key: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([fromHex("302e020100300506032b656e04220420"), key]),
    format: "der",
    type: "pkcs8",
  });

function dh(own: Uint8Array, their: Uint8Array): Buffer {
  const key = Buffer.concat([fromHex("302a300506032b656e032100"), their]);
  const publicKey = createPublicKey({ key, format: "der", type: "spki" });
  return diffieHellman({ privateKey: privateObject(own), publicKey });
}

const AEAD = "chacha20-poly1305";
const ZEROS = new Uint8Array(12);
function sealing(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(AEAD, key, nonce, { authTagLength: 16 });
  cipher.setAAD(ad, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** A handshake that grows, as Noise section 5.2 has it; an empty message 2 is all that is encrypted twice. */
class Script {
  ck: Buffer = text("Noise_IKpsk2_25519_ChaChaPoly_SHA256");
  h: Buffer;
  k: Buffer = Buffer.alloc(0);
  constructor(prologue: Uint8Array, receiverKey: Uint8Array) {
    this.ck = sha256(this.ck);
    this.h = sha256(sha256(this.ck, prologue), receiverKey);
  }
  hkdf(input: Uint8Array, count: number): Buffer[] {
    const temporary = hmac(this.ck, input);
    const out = [hmac(temporary, fromHex("01"))];
    for (let i = 2; i <= count; i += 1)
      out.push(hmac(temporary, out.at(-1) as Buffer, Buffer.from([i])));
    return out;
  }
  mixKey(input: Uint8Array): void {
    [this.ck, this.k] = this.hkdf(input, 2) as [Buffer, Buffer];
  }
  /** A public key in the clear. In handshakes with a psk it is mixed into the key, too. */
  ephemeral(key: Uint8Array): void {
    this.h = sha256(this.h, key);
    this.mixKey(key);
  }
  psk(psk: Uint8Array): void {
    const [ck, hash, k] = this.hkdf(psk, 3) as [Buffer, Buffer, Buffer];
    [this.ck, this.k, this.h] = [ck, k, sha256(this.h, hash)];
  }
  encrypt(plain: Uint8Array): Buffer {
    const out = sealing(this.k, ZEROS, this.h, plain);
    this.h = sha256(this.h, out);
    return out;
  }
}

function opened(secret: Uint8Array, { bytes, framesAt, packetNumber }: ReturnType<typeof sealed>) {
  const nonce = hmac(secret, text("lacuna iv")).subarray(0, 12);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ packetNumber) >>> 0, 8);
  const key = hmac(secret, text("lacuna key"));
  const cipher = createDecipheriv(AEAD, key, nonce, { authTagLength: 16 });
  cipher.setAAD(bytes.subarray(0, framesAt), { plaintextLength: FRAMES.length });
  cipher.setAuthTag(bytes.subarray(-16));
  const plain = cipher.update(bytes.subarray(framesAt, -16));
  return new Uint8Array(Buffer.concat([plain, cipher.final()]));
}

test("the product sends what docs/protocol.md section 12 says", () => {
  const [senderKey, receiverKey, e1, e2] = [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const secret = Buffer.alloc(16, 5);
  const timestampUs = 1_800_000_000_123_456;
  const connectionId = Buffer.alloc(8, 6);
  const [rs, s] = [publicOf(receiverKey), publicOf(senderKey)];
  const withKey = (key: Uint8Array): CipherSuite => ({ ...suite, random: () => key });

  const identity = suite.keyPair(senderKey);
  const ticket = { receiverKey: rs, secret };
  const options = { identity, ticket, connectionId, timestampUs };
  const security = new SenderHandshake(withKey(e1), options);
  const opening = hello({ security, identity, connectionId }, 7);

  const psk = hmac(secret, text("lacuna psk"));
  const script = new Script(Buffer.concat([text(`lacuna ${PROTOCOL_VERSION}`), connectionId]), rs);
  script.ephemeral(publicOf(e1));
  script.mixKey(dh(e1, rs));
  const sealedStatic = script.encrypt(s);
  script.mixKey(dh(senderKey, rs));
  const statement = Buffer.concat([
    sha256(text("lacuna ticket id"), secret).subarray(0, 8),
    fromHex(timestampUs.toString(16).padStart(16, "0")),
  ]);
  const proof = hmac(psk, text("lacuna proof"), script.h, statement).subarray(0, 16);
  const payload = script.encrypt(Buffer.concat([statement, proof]));
  const message1 = Buffer.concat([publicOf(e1), sealedStatic, payload]);
  const header = opening.bytes.subarray(0, 10);
  const mac1 = hmac(sha256(text("mac1"), rs), header, message1).subarray(0, 16);
  const handshake = Buffer.concat([message1, mac1, Buffer.alloc(16)]);
  expect(Buffer.from(opening.bytes.subarray(10, 170)).equals(handshake)).toBe(true);
  const early = hmac(script.ck, text("lacuna early"), script.h, psk);
  expect(opened(early, opening)).toEqual(FRAMES);

  const privateKey = receiverKey;
  const receiver = new ReceiverHandshakes(withKey(e2), {
    privateKey,
    tickets: new TestBook(secret),
  });
  const admission = admit(receiver, opening);
  if (admission.kind !== "admitted") throw new Error(admission.kind);
  script.ephemeral(publicOf(e2));
  script.mixKey(dh(e2, publicOf(e1)));
  script.mixKey(dh(e2, s));
  script.psk(psk);
  const answer = Buffer.concat([publicOf(e2), script.encrypt(new Uint8Array(0))]);
  expect(Buffer.from(admission.answer).equals(answer)).toBe(true);
  const [fromSender, fromReceiver] = script.hkdf(new Uint8Array(0), 2) as [Buffer, Buffer];
  expect(opened(fromReceiver, welcome(admission.seal, answer, connectionId))).toEqual(FRAMES);
  expect(opened(fromReceiver, sealed(admission.seal, 300))).toEqual(FRAMES);
  expect(security.takeAnswer(answer)).toBe(true);
  expect(opened(fromSender, sealed(security.seal, 70_000))).toEqual(FRAMES);

  const resetKey = hmac(receiverKey, text("lacuna reset"));
  const token = hmac(resetKey, connectionId).subarray(0, 16);
  expect(Buffer.from(receiver.resetToken(connectionId)).equals(token)).toBe(true);
});

test("and asks for what it says by a cookie", () => {
  const [receiverKey, drawn] = [Buffer.alloc(32, 2), Buffer.alloc(32, 9)];
  const fixed = { ...suite, random: (length: number) => drawn.subarray(0, length) };
  const secret = Buffer.alloc(16, 5);
  const tickets = new TestBook(secret);
  const receiver = new ReceiverHandshakes(fixed, { privateKey: receiverKey, tickets });
  const rs = publicOf(receiverKey);
  const identity = suite.keyPair(Buffer.alloc(32, 1));
  const connectionId = Buffer.alloc(8, 6);
  const ticket = { receiverKey: rs, secret };
  const options = { identity, ticket, connectionId, timestampUs: 1 };
  const sender = { security: new SenderHandshake(suite, options), identity, connectionId };
  const opening = hello(sender);
  const asked = admit(receiver, opening, { isBusy: true, from: "192.0.2.1:4000" });
  const cookie = hmac(drawn, text("192.0.2.1:4000")).subarray(0, 16);
  const nonce = drawn.subarray(0, 24);
  const key = hmac(sha256(text("cookie"), rs), nonce);
  const mac1 = opening.bytes.subarray(138, 154);
  const body = Buffer.concat([nonce, sealing(key, ZEROS, mac1, cookie)]);
  expect(asked.kind === "cookie" && body.equals(asked.body)).toBe(true);

  expect(sender.security.takeCookie(body)).toBe(true);
  const second = hello(sender, 1).bytes;
  const mac2 = hmac(cookie, second.subarray(0, 154)).subarray(0, 16);
  expect(mac2.equals(second.subarray(154, 170))).toBe(true);
});
