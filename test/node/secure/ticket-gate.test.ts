import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cipherSuite } from "../../../src/node/secure/suite.js";
import { TicketBook } from "../../../src/node/secure/ticket-book.js";
import { type Refused, TicketGate } from "../../../src/node/secure/ticket-gate.js";
import type { TicketLimits } from "../../../src/node/secure/ticket-record.js";
import { ticketIdOf } from "../../../src/secure/ticket-keys.js";
import type { Manifest } from "../../../src/wire/manifest.js";
import type { PeerIdentity } from "../../../src/wire/security.js";
import { stateFolder } from "./state.js";

async function gateWith(limits: TicketLimits) {
  const folder = stateFolder();
  const book = new TicketBook(folder);
  const { secret } = await book.create(Date.now(), limits, "it");
  const peer: PeerIdentity = {
    key: new Uint8Array(32).fill(1),
    ticket: ticketIdOf(cipherSuite(), secret),
  };
  const refused: Refused[] = [];
  const errors: unknown[] = [];
  const gate = new TicketGate(book, {
    onRefused: (one) => refused.push(one),
    onError: (error) => errors.push(error),
  });
  return { folder, book, gate, peer, refused, errors };
}

const image = (number: number): Manifest => ({
  ...{ name: `${number}.bin`, digest: new Uint8Array(32).fill(number), pieceCount: 1 },
  ...{ pieceBytes: 1_000, content: { mode: "file", bytes: 500 } },
});

test("files under way count as uses, the same file over two connections as one", async () => {
  const { gate, peer } = await gateWith({ uses: 1 });
  const [first, again] = [gate.permitFor(peer, image(1)), gate.permitFor(peer, image(1))];
  first.enter(500);
  again.enter(500);
  expect(() => gate.permitFor(peer, image(2)).enter(500)).toThrow("2.bin: the ticket is used up");
  first.leave();
  first.leave();
  expect(() => gate.permitFor(peer, image(2)).enter(500)).toThrow(/is used up/);
  again.leave();
  await Promise.resolve();
  gate.permitFor(peer, image(2)).enter(500);
});

test("a file that has come is counted before its place is free", async () => {
  const { book, gate, peer } = await gateWith({ uses: 1 });
  const permit = gate.permitFor(peer, image(1));
  permit.enter(500);
  const spent = permit.spend();
  permit.leave();
  expect(() => gate.permitFor(peer, image(2)).enter(500)).toThrow(/is used up/);
  await spent;
  expect(book.named("it")?.used).toBe(1);
  expect(() => gate.permitFor(peer, image(2)).enter(500)).toThrow(/is used up/);
});

test("who has used a ticket up may come to ask, and strangers may not", async () => {
  const { gate, peer, refused } = await gateWith({ uses: 1 });
  const permit = gate.permitFor(peer, image(1));
  permit.enter(500);
  await permit.spend();
  permit.leave();
  expect(gate.admit(peer.ticket, peer.key)).toBe("admitted");
  const stranger = new Uint8Array(32).fill(2);
  expect(gate.admit(peer.ticket, stranger)).toBe("ticketUsedUp");
  expect(gate.admit(peer.ticket, stranger)).toBe("ticketUsedUp");
  // A flood of the same is told once.
  expect(refused).toEqual([
    { ticket: "it", sender: Buffer.from(stranger).toString("base64url"), reason: "ticketUsedUp" },
  ]);
});

test("a ticket that is revoked ends what comes by it", async () => {
  const { book, gate, peer } = await gateWith({});
  const permit = gate.permitFor(peer, image(1));
  permit.enter(500);
  permit.check();
  await book.revoke("it", Date.now());
  expect(() => permit.check()).toThrow("1.bin: the ticket was revoked");
  expect(gate.admit(peer.ticket, peer.key)).toBe("ticketRevoked");
  expect(gate.find(peer.ticket)?.psk).toHaveLength(32);
});

test("a book that cannot be read lets nobody in, and crashes nothing", async () => {
  const { folder, gate, peer, errors } = await gateWith({});
  expect(gate.admit(peer.ticket, peer.key)).toBe("admitted");
  writeFileSync(join(folder, "tickets.json"), "{");
  expect(gate.find(peer.ticket)).toBeUndefined();
  expect(gate.admit(peer.ticket, peer.key)).toBe("ticketRevoked");
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({ code: "LACUNA_STATE_DAMAGED" });
});
