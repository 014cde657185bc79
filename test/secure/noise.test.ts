import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cipherSuite } from "../../src/node/secure/suite.js";
import { HandshakeState, IK_PSK2 } from "../../src/secure/handshake.js";
import type { CipherSuite } from "../../src/secure/suite.js";
import { CipherState } from "../../src/secure/symmetric.js";
import { fromHex, toHex } from "./hex.js";
import { patternOf } from "./patterns.js";

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: string[];
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly init_remote_static?: string;
  readonly resp_prologue: string;
  readonly resp_psks?: string[];
  readonly resp_static?: string;
  readonly resp_ephemeral?: string;
  readonly resp_remote_static?: string;
  readonly handshake_hash?: string;
  readonly messages: { payload: string; ciphertext: string }[];
}

const path = new URL("noise-vectors.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] };
const suite = cipherSuite();

/** One side of a vector: its ephemeral key is what its randomness gives. */
function sideOf(vector: Vector, side: "init" | "resp"): HandshakeState {
  const [, name = ""] = /^Noise_([^_]+)_/.exec(vector.protocol_name) ?? [];
  const fixed: CipherSuite = {
    ...suite,
    random: () => fromHex(vector[`${side}_ephemeral`] ?? ""),
  };
  const own = vector[`${side}_static`];
  const remote = vector[`${side}_remote_static`];
  return new HandshakeState(fixed, {
    pattern: patternOf(name),
    isInitiator: side === "init",
    prologue: fromHex(vector[`${side}_prologue`]),
    ...(own !== undefined && { static: suite.keyPair(fromHex(own)) }),
    ...(remote !== undefined && { remoteStatic: fromHex(remote) }),
  });
}

describe("the published vectors of", () => {
  test.each(vectors)("$protocol_name", (vector) => {
    const initiator = sideOf(vector, "init");
    const responder = sideOf(vector, "resp");
    const [, name = ""] = /^Noise_([^_]+)_/.exec(vector.protocol_name) ?? [];
    const pattern = patternOf(name);
    let psksUsed = 0;
    pattern.messages.forEach((tokens, number) => {
      const { payload = "", ciphertext } = vector.messages[number] ?? {};
      const psksEnd = psksUsed + tokens.filter((token) => token === "psk").length;
      const psks = (list?: string[]) => (list ?? []).slice(psksUsed, psksEnd).map(fromHex);
      const ofInitiator = psks(vector.init_psks);
      const ofResponder = psks(vector.resp_psks);
      psksUsed = psksEnd;
      const isInitiators = number % 2 === 0;
      const [writer, reader] = isInitiators ? [initiator, responder] : [responder, initiator];
      const [writes, reads] = isInitiators
        ? [ofInitiator, ofResponder]
        : [ofResponder, ofInitiator];
      const message = writer.writeMessage(() => fromHex(payload), ...writes);
      expect(toHex(message)).toBe(ciphertext);
      const read = reader.readMessage(fromHex(ciphertext ?? ""), ...reads);
      expect(toHex(read?.payload)).toBe(payload);
    });
    expect(psksUsed).toBe(vector.init_psks?.length ?? 0);
    expect(initiator.isComplete && responder.isComplete).toBe(true);
    if (vector.handshake_hash !== undefined) {
      expect(toHex(initiator.hash)).toBe(vector.handshake_hash);
      expect(toHex(responder.hash)).toBe(vector.handshake_hash);
    }
    const own = initiator.split().map((key) => new CipherState(suite, key));
    const their = responder.split().map((key) => new CipherState(suite, key));
    vector.messages.slice(pattern.messages.length).forEach(({ payload, ciphertext }, i) => {
      const direction = (pattern.messages.length + i) % 2;
      const [writer, reader] = direction === 0 ? [own[0], their[0]] : [their[1], own[1]];
      const none = new Uint8Array(0);
      expect(toHex(writer?.encrypt(none, fromHex(payload)))).toBe(ciphertext);
      expect(toHex(reader?.decrypt(none, fromHex(ciphertext)))).toBe(payload);
    });
  });
});

test("the product's pattern is the published one", () => {
  expect(IK_PSK2).toEqual(patternOf("IKpsk2"));
  expect(vectors.map(({ protocol_name }) => protocol_name)).toContain(
    "Noise_IKpsk2_25519_ChaChaPoly_SHA256",
  );
});

test("a message of which only the end is wrong leaves it so, too", () => {
  const vector = vectors.find(({ protocol_name }) => protocol_name.includes("_XX_"));
  if (vector === undefined) throw new Error("there is no such vector");
  const responder = sideOf(vector, "resp");
  const [first, second, third] = vector.messages;
  responder.readMessage(fromHex(first?.ciphertext ?? ""));
  responder.writeMessage(() => fromHex(second?.payload ?? ""));
  const message = fromHex(third?.ciphertext ?? "");
  const tampered = Uint8Array.from(message);
  tampered[message.length - 1] = (message.at(-1) ?? 0) ^ 1;
  expect(responder.readMessage(tampered)).toBeUndefined();
  expect(responder.remoteStatic).toBeUndefined();
  expect(toHex(responder.readMessage(message)?.payload)).toBe(third?.payload);
  expect(responder.isComplete).toBe(true);
});

test("a message that is not genuine leaves the handshake as it was", () => {
  const vector = vectors.find(({ protocol_name }) => protocol_name.includes("_IKpsk2_"));
  if (vector === undefined) throw new Error("there is no such vector");
  const responder = sideOf(vector, "resp");
  const message = fromHex(vector.messages[0]?.ciphertext ?? "");
  for (let i = 0; i < message.length; i += 1) {
    const tampered = Uint8Array.from(message);
    tampered[i] = (tampered[i] ?? 0) ^ 0x10;
    expect(responder.readMessage(tampered)).toBeUndefined();
    expect(responder.readMessage(message.subarray(0, i))).toBeUndefined();
  }
  expect(toHex(responder.readMessage(message)?.payload)).toBe(vector.messages[0]?.payload);
});

test("the key of nobody is refused on both sides", () => {
  const nobody = new Uint8Array(32);
  const own = suite.keyPair(suite.random(32));
  const prologue = new Uint8Array(0);
  const initiator = new HandshakeState(suite, {
    pattern: patternOf("NK"),
    isInitiator: true,
    prologue,
    remoteStatic: nobody,
  });
  expect(initiator.writeMessage(() => prologue)).toBeUndefined();
  const responder = new HandshakeState(suite, {
    pattern: patternOf("NK"),
    isInitiator: false,
    prologue,
    static: own,
  });
  expect(responder.readMessage(new Uint8Array(48))).toBeUndefined();
});
