import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SEAL_LIMITS } from "../../src/secure/connection-seal.js";
import { ReceiverHandshakes } from "../../src/secure/receiver.js";
import { ticketIdOf } from "../../src/secure/ticket-keys.js";
import { KEY_PHASE_BIT, KIND_EARLY, KIND_SEALED } from "../../src/wire/datagram.js";
import { COOKIE_BYTES, HELLO_BYTES } from "../../src/wire/security.js";
import { toHex } from "./hex.js";
import {
  admit,
  hello,
  opens,
  receiverWith,
  type Sealed,
  sealed,
  senderFor,
  suite,
  TestBook,
  welcome,
} from "./world.js";

describe("a handshake", () => {
  test("admits who has the ticket, with early frames, and gives both sides keys", () => {
    const { security, book, ticket } = receiverWith();
    const sender = senderFor(ticket);
    const opening = hello(sender);
    const early = sealed(sender.security.seal, 1);
    expect(sender.security.seal.mark).toBe(KIND_EARLY);

    const admission = admit(security, opening);
    if (admission.kind !== "admitted") throw new Error(admission.kind);
    expect(admission.peer.key).toEqual(sender.identity.publicKey);
    expect(admission.peer.ticket).toEqual(ticketIdOf(suite, ticket.secret));
    expect(opens(admission.seal, early)).toBe(true);
    expect(opens(admission.seal, opening)).toBe(true);
    expect(book.uses).toEqual([toHex(ticketIdOf(suite, ticket.secret))]);

    const answered = welcome(admission.seal, admission.answer, sender.connectionId);
    expect(opens(sender.security.seal, answered)).toBe(false);
    expect(sender.security.takeAnswer(admission.answer)).toBe(true);
    expect(sender.security.takeAnswer(Uint8Array.from(admission.answer))).toBe(true);
    expect(opens(sender.security.seal, answered)).toBe(true);
    expect(sender.security.seal.mark).toBe(KIND_SEALED);
    expect(opens(admission.seal, sealed(sender.security.seal, 2))).toBe(true);
    expect(opens(sender.security.seal, sealed(admission.seal, 1))).toBe(true);
    // What was sent before the answer may come after it.
    expect(opens(admission.seal, early)).toBe(true);
  });

  test("is the same in every HELLO, but for what vouches for the header", () => {
    const { security, ticket } = receiverWith();
    const sender = senderFor(ticket);
    const [first, second] = [hello(sender, 0), hello(sender, 5)];
    expect(second.bytes.subarray(10, 138)).toEqual(first.bytes.subarray(10, 138));
    expect(second.bytes.subarray(138, 154)).not.toEqual(first.bytes.subarray(138, 154));
    const admission = admit(security, second);
    expect(admission.kind === "admitted" && opens(admission.seal, first)).toBe(true);
  });

  test.each([
    ["receiver's key", { receiverKey: suite.keyPair(suite.random(32)).publicKey }],
    ["secret", { secret: suite.random(16) }],
  ])("is dropped when the ticket's %s is another", (_what, wrong) => {
    const { security, ticket } = receiverWith();
    expect(admit(security, hello(senderFor({ ...ticket, ...wrong }))).kind).toBe("dropped");
  });

  test("is dropped when the ticket's id is right and its psk is not", () => {
    const { ticket, privateKey } = receiverWith();
    const tickets = new TestBook(ticket.secret);
    tickets.find = () => ({ psk: suite.random(32) });
    const security = new ReceiverHandshakes(suite, { privateKey, tickets });
    expect(admit(security, hello(senderFor(ticket))).kind).toBe("dropped");
  });

  test("tells who has the ticket why it may not come in, and keeps nothing", () => {
    const { security, book, ticket } = receiverWith();
    book.judgement = "ticketExpired";
    const sender = senderFor(ticket);
    const opening = hello(sender);
    const refused = admit(security, opening);
    if (refused.kind !== "refused") throw new Error(refused.kind);
    expect(refused.reason).toBe("ticketExpired");
    expect(sender.security.takeAnswer(refused.answer)).toBe(true);
    const closing = welcome(refused.seal, refused.answer, sender.connectionId);
    expect(opens(sender.security.seal, closing)).toBe(true);
    expect(opens(refused.seal, opening)).toBe(true);
    expect(book.uses).toEqual([]);
    // Asked again it says it again: the first word may be lost.
    expect(admit(security, opening).kind).toBe("refused");
  });

  test("is dropped when any byte of the header or of the handshake was changed", () => {
    const { security, ticket } = receiverWith();
    const opening = hello(senderFor(ticket));
    for (let at = 0; at < 10 + 144; at += 1) {
      const bytes = Uint8Array.from(opening.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 0x04;
      expect([at, admit(security, { ...opening, bytes }).kind]).toEqual([at, "dropped"]);
    }
    // A wrong mac2 says no more than that there is no cookie.
    expect(admit(security, opening).kind).toBe("admitted");
  });

  test("is dropped when it is about another connection", () => {
    const { security, ticket } = receiverWith();
    const opening = hello(senderFor(ticket));
    const header = { ...opening.header, connectionId: suite.random(8) };
    expect(admit(security, { ...opening, header }).kind).toBe("dropped");
  });

  test("takes no answer that was changed, cut, or meant for another, and then the true one", () => {
    const { security, ticket } = receiverWith();
    const [sender, other] = [senderFor(ticket), senderFor(ticket)];
    const [mine, theirs] = [admit(security, hello(sender)), admit(security, hello(other))];
    if (mine.kind !== "admitted" || theirs.kind !== "admitted") throw new Error("not admitted");
    for (let i = 0; i < mine.answer.length; i += 1) {
      const tampered = Uint8Array.from(mine.answer);
      tampered[i] = (tampered[i] ?? 0) ^ 0x20;
      expect(sender.security.takeAnswer(tampered)).toBe(false);
      expect(sender.security.takeAnswer(mine.answer.subarray(0, i))).toBe(false);
    }
    expect(sender.security.takeAnswer(theirs.answer)).toBe(false);
    expect(sender.security.takeAnswer(mine.answer)).toBe(true);
    expect(sender.security.takeAnswer(theirs.answer)).toBe(false);
  });
});

test("both sides use keys as long as they are told", () => {
  const sealLimits = { ...SEAL_LIMITS, updateAfter: 2 };
  const { security, ticket } = receiverWith({ sealLimits });
  const sender = senderFor(ticket, { sealLimits });
  const admission = admit(security, hello(sender));
  if (admission.kind !== "admitted") throw new Error(admission.kind);
  sender.security.takeAnswer(admission.answer);
  const ends = [sender.security.seal, admission.seal] as const;
  for (let number = 1; number < 4; number += 1) {
    const [one, other] = ends.map((seal) => sealed(seal, number)) as [Sealed, Sealed];
    expect(opens(ends[0], other) && opens(ends[1], one)).toBe(true);
  }
  expect(ends.map(({ mark }) => mark)).toEqual([KEY_PHASE_BIT, KEY_PHASE_BIT]);
});

describe("replayed", () => {
  test("a HELLO opens no second connection", () => {
    const { security, ticket } = receiverWith();
    const opening = hello(senderFor(ticket));
    const first = admit(security, opening);
    expect(first.kind === "admitted" && opens(first.seal, opening)).toBe(true);
    expect(admit(security, opening).kind).toBe("dropped");
  });

  test("a HELLO with other frames behind it does not use up the true one", () => {
    const { security, book, ticket } = receiverWith();
    const opening = hello(senderFor(ticket));
    const bytes = Uint8Array.from(opening.bytes);
    bytes[opening.framesAt] = (bytes[opening.framesAt] ?? 0) ^ 1;
    const spoilt = admit(security, { ...opening, bytes });
    expect(spoilt.kind === "admitted" && opens(spoilt.seal, { ...opening, bytes })).toBe(false);
    expect(book.uses).toEqual([]);
    const admission = admit(security, opening);
    expect(admission.kind === "admitted" && opens(admission.seal, opening)).toBe(true);
    expect(book.uses.length).toBe(1);
  });

  test("HELLOs of one sender that overtook each other all open connections", () => {
    const { security, ticket } = receiverWith();
    const identity = suite.random(32);
    const openings = Array.from({ length: 12 }, () => hello(senderFor(ticket, { identity })));
    for (const opening of openings.reverse()) {
      const admission = admit(security, opening);
      expect(admission.kind === "admitted" && opens(admission.seal, opening)).toBe(true);
    }
    for (const opening of openings) expect(admit(security, opening).kind).toBe("dropped");
  });
});

describe("a cookie", () => {
  test("is asked for when the host is busy, shorter than the question, and lets in", () => {
    const { security, ticket } = receiverWith();
    const sender = senderFor(ticket);
    const opening = hello(sender);
    const asked = admit(security, opening, { isBusy: true });
    if (asked.kind !== "cookie") throw new Error(asked.kind);
    expect(asked.body.length).toBe(COOKIE_BYTES);
    expect(9 + COOKIE_BYTES).toBeLessThan(10 + HELLO_BYTES);
    expect(sender.security.takeCookie(asked.body)).toBe(true);
    expect(admit(security, hello(sender, 1), { isBusy: true }).kind).toBe("admitted");
    // From elsewhere it proves nothing.
    const elsewhere = { isBusy: true, from: "192.0.2.1:4001" };
    expect(admit(security, hello(sender, 2), elsewhere).kind).toBe("cookie");
    // Nor after its time.
    const later = { isBusy: true, nowUs: 122_000_000 };
    expect(admit(security, hello(sender, 3), later).kind).toBe("cookie");
  });

  test("is given to nobody who never had the receiver's key", () => {
    const { security, ticket } = receiverWith();
    const receiverKey = suite.keyPair(suite.random(32)).publicKey;
    const opening = hello(senderFor({ ...ticket, receiverKey }));
    expect(admit(security, opening, { isBusy: true }).kind).toBe("dropped");
  });

  test("is taken when it answers any of the last HELLOs, and not when it was changed or is another's", () => {
    const { security, ticket } = receiverWith();
    const [sender, other] = [senderFor(ticket), senderFor(ticket)];
    const asked = admit(security, hello(sender, 0), { isBusy: true });
    if (asked.kind !== "cookie") throw new Error(asked.kind);
    hello(sender, 1);
    hello(other, 1);
    for (let i = 0; i < asked.body.length; i += 1) {
      const tampered = Uint8Array.from(asked.body);
      tampered[i] = (tampered[i] ?? 0) ^ 0x40;
      expect(sender.security.takeCookie(tampered)).toBe(false);
      expect(sender.security.takeCookie(asked.body.subarray(0, i))).toBe(false);
    }
    expect(other.security.takeCookie(asked.body)).toBe(false);
    expect(sender.security.takeCookie(asked.body)).toBe(true);
  });

  test("is asked for when there are many handshakes in a second, and no more", () => {
    const { security, ticket } = receiverWith({ load: { free: 3, perHost: 2, total: 6 } });
    const sender = senderFor(ticket);
    const ask = (from: string, nowUs: number) =>
      admit(security, hello(sender), { from, nowUs }).kind;
    const at = (from: string, count: number, nowUs = 0) =>
      Array.from({ length: count }, () => ask(from, nowUs));
    expect(at("a:1", 4)).toEqual(["admitted", "admitted", "admitted", "cookie"]);
    const withCookie = (from: string) => {
      const asked = admit(security, hello(sender), { from, nowUs: 0 });
      if (asked.kind === "cookie") sender.security.takeCookie(asked.body);
      return at(from, 3);
    };
    expect(withCookie("a:1")).toEqual(["admitted", "admitted", "dropped"]);
    expect(withCookie("b:1")).toEqual(["admitted", "dropped", "dropped"]);
    expect(at("c:1", 1, 999_999)).toEqual(["cookie"]);
    expect(at("c:1", 4, 1_000_000)).toEqual(["admitted", "admitted", "admitted", "cookie"]);
  });
});

describe("whatever bytes come", () => {
  const { security, ticket } = receiverWith();
  const opening = hello(senderFor(ticket));
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

  test("admit drops them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, isBusy) => {
        expect(admit(security, { ...opening, bytes: noise }, { isBusy }).kind).toBe("dropped");
      }),
    );
  });

  test("admit drops a HELLO that they have damaged", () => {
    const { security: fresh } = receiverWith();
    const hits = fc.array(fc.tuple(fc.nat(153), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(hits, fc.nat(opening.bytes.length), fc.boolean(), (damage, length, isCut) => {
        const bytes = Uint8Array.from(opening.bytes).subarray(0, isCut ? length : undefined);
        for (const [at, change] of damage) bytes[at] = (opening.bytes[at] ?? 0) ^ change;
        expect(admit(security, { ...opening, bytes }).kind).toBe("dropped");
        expect(admit(fresh, { ...opening, bytes }, { isBusy: true }).kind).toBe("dropped");
      }),
    );
  });

  test("admit drops them when they are behind a true mac1", () => {
    const sender = senderFor(ticket);
    const forge = (message: Uint8Array) => {
      const datagram = new Uint8Array(10 + HELLO_BYTES + 40);
      datagram.set(sender.connectionId, 1);
      sender.security.writeHello(datagram, 10);
      datagram.set(message, 10);
      const key = suite.hash(new TextEncoder().encode("mac1"), ticket.receiverKey);
      datagram.set(suite.hmac(key, datagram.subarray(0, 138)).subarray(0, 16), 138);
      return { ...hello(sender), bytes: datagram };
    };
    fc.assert(
      fc.property(bytes(128), (noise) => {
        const { security: fresh } = receiverWith();
        expect(admit(fresh, forge(noise)).kind).toBe("dropped");
        expect(admit(security, forge(noise), { nowUs: 5e9 }).kind).not.toBe("admitted");
      }),
      { numRuns: 50 },
    );
  });

  test("a sender takes neither an answer nor a cookie", () => {
    const sender = senderFor(ticket);
    hello(sender);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), bytes(48), bytes(56)), (noise) => {
        expect(sender.security.takeAnswer(noise)).toBe(false);
        expect(sender.security.takeCookie(noise)).toBe(false);
      }),
    );
  });
});

test("a reset token is of one connection and one receiver, also after a restart", () => {
  const { security, privateKey } = receiverWith();
  const restarted = new ReceiverHandshakes(suite, { privateKey, tickets: new TestBook() });
  const [one, other] = [suite.random(8), suite.random(8)];
  expect(security.resetToken(one)).toEqual(restarted.resetToken(one));
  expect(security.resetToken(one)).not.toEqual(security.resetToken(other));
  expect(receiverWith().security.resetToken(one)).not.toEqual(security.resetToken(one));
  expect(security.resetToken(one).length).toBe(16);
  expect(security.challenge().length).toBe(8);
  expect(security.challenge()).not.toEqual(security.challenge());
});
