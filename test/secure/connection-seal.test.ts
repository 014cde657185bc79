import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { PhasedSeal, SEAL_LIMITS, type SealLimits } from "../../src/secure/connection-seal.js";
import { KEY_PHASE_BIT, KIND_EARLY, KIND_SEALED } from "../../src/wire/datagram.js";
import type { ConnectionSeal } from "../../src/wire/security.js";
import { connected, opens, type Sealed, sealed, suite } from "./world.js";

/** Both sides' seals with keys, and with other limits. */
function pair(limits: Partial<SealLimits> = {}) {
  const earlySecret = suite.random(32);
  const secrets = [suite.random(32), suite.random(32)] as const;
  const of = (role: "sender" | "receiver") => {
    const options = { role, earlySecret, limits: { ...SEAL_LIMITS, ...limits } };
    const seal = new PhasedSeal(suite, options);
    seal.establish(secrets);
    return seal;
  };
  return { sender: of("sender"), receiver: of("receiver") };
}

/** A way on which a fifth is lost, and others come up to 16 packets late. */
class Way {
  private next = 0;
  private readonly held: Sealed[] = [];

  constructor(
    private readonly from: ConnectionSeal,
    private readonly to: ConnectionSeal,
    private readonly random: Random,
  ) {}

  /** Sends one and lets one arrive; false when that does not open. */
  step(): boolean {
    this.held.push(sealed(this.from, this.next++));
    if (this.held.length < 8) return true;
    const isLate = (this.held[0]?.packetNumber ?? 0) < this.next - 16;
    const taken = isLate ? 0 : this.random.between(0, this.held.length - 1);
    const [datagram] = this.held.splice(taken, 1);
    return datagram === undefined || this.random.chance(0.2) || opens(this.to, datagram);
  }
}

describe("a sealed datagram", () => {
  test("opens at the other side only, and only under its number", () => {
    const { sender, receiver } = connected();
    const datagram = sealed(sender, 3);
    expect(opens(receiver, datagram)).toBe(true);
    expect(opens(sender, datagram)).toBe(false);
    expect(opens(receiver, { ...datagram, packetNumber: 4 })).toBe(false);
    expect(opens(connected().receiver, datagram)).toBe(false);
  });

  test("hides its frames, and differs from every other with the same", () => {
    const { sender } = pair();
    const [one, other] = [sealed(sender, 0), sealed(sender, 1)];
    const text = Buffer.from(one.bytes).toString("latin1");
    expect(text).not.toContain("frames");
    expect(one.bytes).not.toEqual(other.bytes);
  });

  test("does not open when any bit was changed", () => {
    const { sender, receiver } = connected();
    const datagram = sealed(sender, 7);
    for (let bit = 0; bit < datagram.bytes.length * 8; bit += 1) {
      const bytes = Uint8Array.from(datagram.bytes);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, opens(receiver, { ...datagram, bytes })]).toEqual([bit, false]);
    }
    expect(opens(receiver, datagram)).toBe(true);
  });

  test("uses numbers of more than 32 bits", () => {
    const { sender, receiver } = pair();
    const numbers = [0, 2 ** 32, 2 ** 32 + 1, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER];
    const datagrams = numbers.map((number) => sealed(sender, number));
    for (const datagram of datagrams) {
      expect(opens(receiver, datagram)).toBe(true);
      for (const packetNumber of numbers.filter((number) => number !== datagram.packetNumber)) {
        expect(opens(receiver, { ...datagram, packetNumber })).toBe(false);
      }
    }
  });

  test("of random bytes never opens, and never throws", () => {
    const { sender, receiver } = pair();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 90 }), fc.nat(), (bytes, number) => {
        const datagram = { bytes, framesAt: 10, end: bytes.length - 16, packetNumber: number };
        expect(opens(receiver, datagram)).toBe(false);
        expect(opens(sender, datagram)).toBe(false);
      }),
    );
  });
});

describe("keys are updated", () => {
  test("by the one who has sealed enough, once it was heard, and the other follows", () => {
    const { sender, receiver } = pair({ updateAfter: 3 });
    const early = [0, 1, 2, 3].map((number) => sealed(sender, number));
    expect(sender.mark).toBe(KIND_SEALED);
    for (const datagram of early.slice(1)) expect(opens(receiver, datagram)).toBe(true);
    const late = sealed(receiver, 0);
    expect(opens(sender, sealed(receiver, 1))).toBe(true);
    expect(opens(receiver, sealed(sender, 4))).toBe(true);
    expect(sender.mark).toBe(KIND_SEALED | KEY_PHASE_BIT);
    expect(receiver.mark).toBe(KIND_SEALED);
    expect(opens(receiver, sealed(sender, 5))).toBe(true);
    expect(receiver.mark).toBe(KIND_SEALED | KEY_PHASE_BIT);
    // Overtaken by the update, on both ways.
    expect(opens(receiver, early[0] as Sealed)).toBe(true);
    expect(opens(sender, late)).toBe(true);
    expect(opens(sender, sealed(receiver, 2))).toBe(true);
  });

  test("by nobody who has not heard the other in the present phase", () => {
    const { sender, receiver } = pair({ updateAfter: 2 });
    expect(opens(sender, sealed(receiver, 0))).toBe(true);
    for (let number = 0; number < 2; number += 1) sealed(sender, number);
    expect(sender.mark).toBe(KEY_PHASE_BIT);
    for (let number = 2; number < 50; number += 1) sealed(sender, number);
    expect(sender.mark).toBe(KEY_PHASE_BIT);
  });

  test("also while a datagram is being written", () => {
    const { sender, receiver } = pair({ updateAfter: 1 });
    expect(opens(sender, sealed(receiver, 0))).toBe(true);
    const bytes = new Uint8Array(40);
    bytes[0] = sender.mark;
    expect(opens(receiver, sealed(sender, 0))).toBe(true);
    expect(sender.mark).toBe(KEY_PHASE_BIT);
    sender.seal(bytes, 10, 24, 1);
    expect(receiver.open(bytes, 10, 24, 1)).toBe(true);
  });

  test("by both at once", () => {
    const { sender, receiver } = pair({ updateAfter: 1 });
    const [toReceiver, toSender] = [sealed(sender, 0), sealed(receiver, 0)];
    expect(opens(receiver, toReceiver) && opens(sender, toSender)).toBe(true);
    const [second, third] = [sealed(sender, 1), sealed(receiver, 1)];
    expect([sender.mark, receiver.mark]).toEqual([KEY_PHASE_BIT, KEY_PHASE_BIT]);
    expect(opens(receiver, second) && opens(sender, third)).toBe(true);
    expect(opens(receiver, sealed(sender, 2)) && opens(sender, sealed(receiver, 2))).toBe(true);
  });

  test("and a forged phase bit changes nothing", () => {
    const { sender, receiver } = pair();
    expect(opens(receiver, sealed(sender, 0))).toBe(true);
    const datagram = sealed(sender, 5);
    const bytes = Uint8Array.from(datagram.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ KEY_PHASE_BIT;
    expect(opens(receiver, { ...datagram, bytes })).toBe(false);
    expect(receiver.mark).toBe(KIND_SEALED);
    expect(opens(receiver, datagram)).toBe(true);
  });

  test.each([1, 2, 3, 4, 5])("through reordering and loss, seed %i", (seed) => {
    const random = new Random(seed);
    const { sender, receiver } = pair({ updateAfter: 20 });
    const ways = [new Way(sender, receiver, random), new Way(receiver, sender, random)];
    const marks: number[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      for (const way of ways) expect([step, way.step()]).toEqual([step, true]);
      if (marks.at(-1) !== sender.mark) marks.push(sender.mark);
    }
    expect(marks.length).toBeGreaterThan(40);
    expect(sender.isSpent || receiver.isSpent).toBe(false);
  });

  test("and the early ones are then forgotten", () => {
    const { sender, receiver } = pair({ updateAfter: 1 });
    const early = new PhasedSeal(suite, { role: "sender", earlySecret: suite.random(32) });
    expect(early.mark).toBe(KIND_EARLY);
    expect(opens(receiver, sealed(early, 0))).toBe(false);
    expect(opens(receiver, sealed(sender, 1))).toBe(true);
    sealed(receiver, 0);
    expect(receiver.mark).toBe(KEY_PHASE_BIT);
    expect(opens(receiver, sealed(early, 0))).toBe(false);
  });
});

describe("a seal is spent", () => {
  test("when too many datagrams were forged", () => {
    const { sender, receiver } = pair({ forgedMax: 3 });
    const datagram = sealed(sender, 0);
    const forged = { ...datagram, packetNumber: 9 };
    for (let i = 0; i < 3; i += 1) {
      expect(receiver.isSpent).toBe(false);
      expect(opens(receiver, forged)).toBe(false);
    }
    expect(receiver.isSpent).toBe(true);
    expect(sender.isSpent).toBe(false);
  });

  test("when too many were sealed in one phase", () => {
    const { sender } = pair({ sealedMax: 4 });
    for (let number = 0; number < 4; number += 1) {
      expect(sender.isSpent).toBe(false);
      sealed(sender, number);
    }
    expect(sender.isSpent).toBe(true);
  });

  test("never by datagrams for which there are no keys", () => {
    const { sender, receiver } = pair({ forgedMax: 1 });
    const datagram = sealed(sender, 0);
    const bytes = Uint8Array.from(datagram.bytes);
    for (const first of [0xc0, KIND_SEALED | KEY_PHASE_BIT]) {
      bytes[0] = first;
      expect(opens(receiver, { ...datagram, bytes })).toBe(false);
    }
    expect(receiver.isSpent).toBe(false);
  });
});
