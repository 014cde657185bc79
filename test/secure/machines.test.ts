import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { instantUs, milliseconds, NEVER } from "../../src/base/units.js";
import { Bbr } from "../../src/protocol/bbr.js";
import { Receiver } from "../../src/protocol/receiver.js";
import { Sender, type SenderEnd } from "../../src/protocol/sender.js";
import { SEAL_LIMITS, type SealLimits } from "../../src/secure/connection-seal.js";
import { LOAD_LIMITS } from "../../src/secure/load.js";
import { ReceiverHandshakes } from "../../src/secure/receiver.js";
import { SenderHandshake } from "../../src/secure/sender.js";
import { Link, type LinkOptions } from "../../src/sim/link.js";
import { Delivery, SimulatedReceiver } from "../../src/sim/simulated-receiver.js";
import { sourceOf } from "../../src/sim/simulated-source.js";
import { KEY_PHASE_BIT } from "../../src/wire/datagram.js";
import { suite, TestBook } from "./world.js";

interface Story {
  readonly seed: number;
  readonly link?: Omit<LinkOptions, "seed">;
  readonly pieces?: number;
  readonly sealLimits?: SealLimits;
  /** The receiver asks everybody for a cookie. */
  readonly isLoaded?: boolean;
  readonly book?: TestBook;
  /** The secret in the sender's ticket, when it is not the receiver's. */
  readonly secret?: Uint8Array;
}

interface Ending {
  end: SenderEnd | undefined;
  isExact: boolean;
  /** First bytes of all that was sent, and all datagrams as text. */
  readonly firsts: Set<number>;
  wire: string;
  readonly receiver: Receiver;
  readonly sender: Sender;
}

const SECRET = new Uint8Array(16).fill(7);

/** A sender and a receiver as the product has them, over two links in virtual time. */
function run({ seed, link, pieces = 300, sealLimits, isLoaded = false, book, secret }: Story) {
  const random = new Random(seed);
  const privateKey = random.bytes(32);
  const limits = sealLimits && { sealLimits };
  const receiver = new Receiver({
    repair: true,
    security: new ReceiverHandshakes(suite, {
      ...{ privateKey, tickets: book ?? new TestBook(SECRET), ...limits },
      load: isLoaded ? { ...LOAD_LIMITS, free: 0 } : LOAD_LIMITS,
    }),
  });
  const connectionId = random.bytes(8);
  const ticket = {
    receiverKey: suite.keyPair(privateKey).publicKey,
    secret: secret ?? SECRET,
  };
  const identity = suite.keyPair(random.bytes(32));
  const security = new SenderHandshake(suite, {
    ...{ identity, ticket, connectionId, timestampUs: seed, ...limits },
  });
  let nowUs = instantUs(0);
  const sender = new Sender({ connectionId, security, congestion: new Bbr(), nowUs });
  const image = { pieceCount: pieces, pieceBytes: 1_000 };
  const source = sourceOf(image, random);
  sender.addImage(source);
  sender.finish(nowUs);
  const delivery = new Delivery([source], [image]);
  const host = new SimulatedReceiver(receiver, {}, new Map([["there:1", delivery]]), () => {});
  const forward = new Link({ delayUs: milliseconds(20), ...link, seed });
  const backward = new Link({ delayUs: milliseconds(20), ...link, seed: seed + 1_000 });
  const ending: Ending = {
    ...{ end: undefined, isExact: false, firsts: new Set(), wire: "", receiver, sender },
  };
  const carry = (way: Link, datagram: Uint8Array): void => {
    ending.firsts.add(datagram[0] ?? 0);
    ending.wire += Buffer.from(datagram).toString("latin1");
    way.offer(datagram, nowUs);
  };
  const drainSender = () => {
    for (;;) {
      const out = sender.pollOutput(nowUs);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "transmit") carry(forward, out.datagram);
      else if (out.event.kind === "closed") ending.end = out.event.end;
    }
  };
  for (;;) {
    const senderUs = drainSender();
    const receiverUs = host.drain(nowUs, (datagram) => carry(backward, datagram));
    const next = Math.min(
      ...[senderUs, receiverUs, host.deadlineUs],
      ...[forward.nextDelivery(), backward.nextDelivery()],
    );
    if (next === NEVER) break;
    nowUs = instantUs(Math.max(nowUs, next));
    // Decrypted in place, and a link may bring one twice.
    for (let d = forward.deliver(nowUs); d !== undefined; d = forward.deliver(nowUs)) {
      receiver.handleDatagram(Uint8Array.from(d), "there:1", nowUs);
    }
    for (let d = backward.deliver(nowUs); d !== undefined; d = backward.deliver(nowUs)) {
      sender.handleDatagram(Uint8Array.from(d), nowUs);
    }
    if (senderUs <= nowUs && ending.end === undefined) sender.handleTimeout(nowUs);
    if (receiverUs <= nowUs) receiver.handleTimeout(nowUs);
    host.handleTimeout(nowUs);
  }
  ending.isExact = delivery.exact && delivery.isExact(0);
  return { ...ending, source };
}

describe("sealed by the product's handshake and cipher, an image", () => {
  test("crosses, and nothing of it can be read on the way", () => {
    const { end, isExact, firsts, wire, source, sender, receiver } = run({ seed: 1 });
    expect({ end, isExact }).toEqual({ end: { how: "finished" }, isExact: true });
    expect(sender.malformed + receiver.malformed).toBe(0);
    const manifest = Buffer.from(source.manifest).toString("latin1");
    expect(wire).not.toContain(manifest.slice(10, 20));
    for (let piece = 0; piece < source.pieces; piece += 1) {
      const start = piece * source.pieceBytes;
      const inside = Buffer.from(source.slots.subarray(start, start + 8)).toString("latin1");
      expect(wire.includes(inside)).toBe(false);
    }
    // Opening, early and sealed ones of the sender; opening and sealed ones of the receiver.
    expect([...firsts].map((first) => first & 0xf0).sort()).toEqual(
      [0x80, 0x40, 0x00, 0x90, 0x10].sort(),
    );
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "crosses a bad path with keys changing on the way, seed %i",
    (seed) => {
      const link = {
        ...{ lossShare: 0.1, jitterUs: milliseconds(30), duplicateShare: 0.05 },
        ...{ reorderShare: 0.05, corruptShare: 0.02 },
      };
      const sealLimits = { ...SEAL_LIMITS, updateAfter: 40 };
      const { end, isExact, firsts } = run({ seed, link, sealLimits, pieces: 600 });
      expect({ end, isExact }).toEqual({ end: { how: "finished" }, isExact: true });
      expect(firsts.has(KEY_PHASE_BIT | 2) || firsts.has(KEY_PHASE_BIT | 0x12)).toBe(true);
    },
  );

  test("crosses to a receiver that asks for cookies, also when some are lost", () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { end, isExact, firsts } = run({ seed, isLoaded: true, link: { lossShare: 0.2 } });
      expect({ end, isExact }).toEqual({ end: { how: "finished" }, isExact: true });
      expect(firsts.has(0xd2)).toBe(true);
    }
  });

  test("is refused in words that the sender can believe", () => {
    const book = new TestBook(SECRET);
    book.judgement = "ticketRevoked";
    const { end, isExact, receiver } = run({ seed: 1, book });
    expect(end).toEqual({ how: "closedByPeer", reason: "ticketRevoked" });
    expect(isExact).toBe(false);
    expect([...receiver.open]).toEqual([]);
  });

  test("gets no answer when the ticket is not the receiver's", () => {
    const { end, firsts } = run({ seed: 1, secret: suite.random(16) });
    expect(end).toEqual({ how: "noAnswer" });
    expect([...firsts].every((first) => (first & 0x10) === 0)).toBe(true);
  });
});
