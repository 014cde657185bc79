import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDestination } from "../../../src/node/secure/destination.js";
import { ensureKeyPair } from "../../../src/node/secure/keys.js";
import { createTicket, showTicket } from "../../../src/node/secure/own-tickets.js";
import { noteReceiverAddress } from "../../../src/node/secure/receiver-address.js";
import { forgetTicket, savedTickets, saveTicket } from "../../../src/node/secure/saved-tickets.js";
import { TicketBook } from "../../../src/node/secure/ticket-book.js";
import {
  recordsFromText,
  recordsToText,
  type TicketLimits,
  type TicketRecord,
  ticketIdText,
} from "../../../src/node/secure/ticket-record.js";
import { parseTicket } from "../../../src/node/secure/ticket-text.js";
import { stateFolder } from "./state.js";

const NOW = Date.UTC(2026, 1, 3);
const DAY = 86_400_000;
const key = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const keyText = (number: number): string => Buffer.from(key(number)).toString("base64url");
const idOf = ({ secret }: TicketRecord): Uint8Array => Buffer.from(ticketIdText(secret), "hex");

async function bookWith(limits: TicketLimits): Promise<{ book: TicketBook; id: Uint8Array }> {
  const book = new TicketBook(stateFolder());
  return { book, id: idOf(await book.create(NOW, limits, "it")) };
}

describe("a ticket lets in", () => {
  test("anybody who has it, when it has no limits", async () => {
    const { book, id } = await bookWith({});
    for (let sender = 0; sender < 3; sender += 1) {
      expect(book.judge(id, key(sender), NOW + 9_999 * DAY)).toMatchObject({ refusal: undefined });
    }
  });

  test("until it expires", async () => {
    const { book, id } = await bookWith({ expiresAt: NOW + DAY });
    expect(book.judge(id, key(1), NOW + DAY - 1)?.refusal).toBeUndefined();
    expect(book.judge(id, key(1), NOW + DAY)?.refusal).toBe("ticketExpired");
  });

  test("as long as fewer files have come than may", async () => {
    const { book, id } = await bookWith({ uses: 2 });
    await book.spend(id);
    expect(book.judge(id, key(1), NOW)?.refusal).toBeUndefined();
    await book.spend(id);
    expect(book.judge(id, key(1), NOW)?.refusal).toBe("ticketUsedUp");
  });

  test("the first senders that come, again and again, and no others", async () => {
    const { book, id } = await bookWith({ senders: 2 });
    const noted = [book.admit(id, key(1)), book.admit(id, key(1)), book.admit(id, key(2))];
    // It counts before the disk has it.
    expect(book.judge(id, key(3), NOW)?.refusal).toBe("senderNotAdmitted");
    await Promise.all(noted);
    expect(book.judge(id, key(3), NOW)?.refusal).toBe("senderNotAdmitted");
    expect(book.judge(id, key(1), NOW)?.refusal).toBeUndefined();
    expect(book.named("it")?.senders).toEqual([keyText(1), keyText(2)]);
  });

  test("only senders with the keys that it names", async () => {
    const { book, id } = await bookWith({ only: [keyText(7)] });
    expect(book.judge(id, key(7), NOW)?.refusal).toBeUndefined();
    expect(book.judge(id, key(8), NOW)?.refusal).toBe("senderNotAdmitted");
  });

  test("nobody once it is revoked, and its holder is still known", async () => {
    const { book, id } = await bookWith({});
    await book.revoke("it", NOW);
    expect(book.judge(id, key(1), NOW)).toMatchObject({
      record: { name: "it", revokedAt: NOW },
      refusal: "ticketRevoked",
    });
    expect(book.named("it")).toBeUndefined();
    await expect(book.revoke("it", NOW)).rejects.toMatchObject({ code: "LACUNA_UNKNOWN_TICKET" });
  });

  test("nobody when there is no such ticket", async () => {
    const { book } = await bookWith({});
    expect(book.judge(new Uint8Array(8), key(1), NOW)).toBeUndefined();
  });
});

describe("the book of tickets", () => {
  test("heeds at once what another process does to it", async () => {
    const folder = stateFolder();
    const [here, there] = [new TicketBook(folder), new TicketBook(folder)];
    const made = await here.create(NOW, {}, "it");
    expect(there.judge(idOf(made), key(1), NOW)?.refusal).toBeUndefined();
    await there.revoke("it", NOW);
    expect(here.judge(idOf(made), key(1), NOW)?.refusal).toBe("ticketRevoked");
  });

  test("loses nothing when several write at the same time", async () => {
    const folder = stateFolder();
    const made = await Promise.all(
      Array.from({ length: 12 }, () => new TicketBook(folder).create(NOW, {})),
    );
    const names = new TicketBook(folder).records.map(({ name }) => name);
    expect(names).toEqual(made.map((_, index) => `ticket-${index + 1}`));
    const id = idOf(made[3] as TicketRecord);
    await Promise.all(Array.from({ length: 9 }, () => new TicketBook(folder).spend(id)));
    expect(new TicketBook(folder).named("ticket-4")?.used).toBe(9);
  });

  test("has one default ticket, which stays until it is revoked", async () => {
    const folder = stateFolder();
    const [one, same] = await Promise.all([
      new TicketBook(folder).ensureDefault(NOW),
      new TicketBook(folder).ensureDefault(NOW),
    ]);
    expect(same).toEqual(one);
    const book = new TicketBook(folder);
    await book.revoke("default", NOW);
    const next = await book.ensureDefault(NOW);
    expect(next.secret).not.toEqual(one.secret);
    expect(book.records).toHaveLength(2);
  });

  test("is for its user alone, and refuses a name that is taken or none", async () => {
    const folder = stateFolder();
    const book = new TicketBook(folder);
    await book.create(NOW, {}, "anna");
    expect(statSync(join(folder, "tickets.json")).mode & 0o777).toBe(0o600);
    await expect(book.create(NOW, {}, "anna")).rejects.toMatchObject({
      code: "LACUNA_TICKET_EXISTS",
    });
    for (const name of ["", "a b", "a@b", "host:1", "../x", "x".repeat(65)]) {
      await expect(book.create(NOW, {}, name)).rejects.toMatchObject({ code: "LACUNA_BAD_OPTION" });
    }
  });

  test("forgets the oldest revoked tickets when it is full, and never a valid one", async () => {
    const folder = stateFolder();
    const book = new TicketBook(folder);
    const made = await book.create(NOW, {}, "first");
    const filled = Array.from({ length: 1_000 }, (_, index) => ({
      ...made,
      name: `t${index}`,
      secret: new Uint8Array(16).map((_, at) =>
        at === 0 ? index & 255 : at === 1 ? index >> 8 : 7,
      ),
      ...(index === 5 || index === 9 ? { revokedAt: NOW } : {}),
    }));
    writeFileSync(join(folder, "tickets.json"), recordsToText(filled));
    await book.create(NOW, {}, "next");
    const names = book.records.map(({ name }) => name);
    expect(names).toHaveLength(1_000);
    expect(names).not.toContain("t5");
    expect(names).toContain("t9");
    await book.create(NOW, {}, "last");
    await expect(book.create(NOW, {}, "more")).rejects.toMatchObject({
      code: "LACUNA_TOO_MANY_TICKETS",
    });
  });

  test.each([
    "",
    "{}",
    "[]",
    '{"version":1}',
    '{"version":2,"tickets":[]}',
    '{"version":1,"tickets":[{}]}',
  ])("that says %j is an error, and is not replaced", async (text) => {
    const folder = stateFolder();
    const book = new TicketBook(folder);
    await book.create(NOW, {}, "anna");
    writeFileSync(join(folder, "tickets.json"), text);
    expect(() => new TicketBook(folder)).toThrow(/is damaged/);
    await expect(book.ensureDefault(NOW)).rejects.toMatchObject({ code: "LACUNA_STATE_DAMAGED" });
    expect(readFileSync(join(folder, "tickets.json"), "utf8")).toBe(text);
  });

  test("reads any text at all as tickets or as damaged", () => {
    const ticket = { name: "a", secret: "A".repeat(22), createdAt: 1, limits: {}, used: 0 };
    const whole = JSON.stringify({ version: 1, tickets: [{ ...ticket, senders: [] }] });
    expect(recordsFromText(whole)).toHaveLength(1);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.nat(whole.length), (text, at) => {
        for (const tried of [text, whole.slice(0, at) + text + whole.slice(at + text.length)]) {
          for (const record of recordsFromText(tried) ?? []) expect(record.secret).toHaveLength(16);
        }
      }),
    );
  });

  test("reads what it has written, and nothing in which a limit may be lost", () => {
    const count = fc.nat(1e9);
    const limits = fc.record(
      {
        uses: count,
        expiresAt: count,
        maxBytes: count,
        senders: count,
        only: fc.array(fc.string(), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const record = fc.record(
      {
        name: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
        secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        createdAt: count,
        limits,
        used: count,
        senders: fc.array(fc.string(), { maxLength: 3 }),
        revokedAt: count,
        address: fc.string(),
      },
      { requiredKeys: ["name", "secret", "createdAt", "limits", "used", "senders"] },
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 4 }), (records) => {
        expect(recordsFromText(recordsToText(records))).toEqual(records);
      }),
    );
    const text = recordsToText([
      {
        name: "a",
        secret: new Uint8Array(16),
        createdAt: 1,
        limits: { uses: 1 },
        used: 0,
        senders: [],
      },
    ]);
    expect(recordsFromText(text.replace('"uses": 1', '"uses": "1"'))).toBeUndefined();
    expect(recordsFromText(text.replace('"uses": 1', '"weight": 1'))).toBeUndefined();
  });
});

describe("whom a sender is to reach is told by", () => {
  test("a ticket, or the name that it was saved under", async () => {
    const [mine, theirs] = [stateFolder(), stateFolder()];
    const { text } = await createTicket(theirs, { limits: {}, address: "192.0.2.7:7316" });
    expect(findDestination(text, mine)).toEqual(parseTicket(text));
    await saveTicket(mine, "studio", text);
    expect(findDestination("studio", mine)).toEqual(parseTicket(text));
    expect([...savedTickets(mine)]).toEqual([["studio", text]]);
    await expect(saveTicket(mine, "studio", text)).rejects.toMatchObject({
      code: "LACUNA_TICKET_EXISTS",
    });
    await expect(saveTicket(mine, "other", text.slice(1))).rejects.toMatchObject({
      code: "LACUNA_BAD_TICKET",
    });
    await forgetTicket(mine, "studio");
    expect(() => findDestination("studio", mine)).toThrow(/no name of a saved ticket/);
  });

  test("an address alone, when the receiver is this user's", async () => {
    const folder = stateFolder();
    expect(() => findDestination("127.0.0.1:7316", folder)).toThrow(/is only an address/);
    const { secret } = await new TicketBook(folder).ensureDefault(NOW);
    const { publicKey: receiverKey } = await ensureKeyPair(folder, "receiver");
    const address = { host: "127.0.0.1", port: 7316 };
    expect(findDestination("127.0.0.1:7316", folder)).toEqual({ ...address, receiverKey, secret });
  });
});

test("a ticket has the address that it was made with, else that of the last receiver", async () => {
  const folder = stateFolder();
  const addressOf = async (name: string): Promise<unknown> =>
    parseTicket((await showTicket(folder, name)).text);
  await createTicket(folder, { name: "fixed", limits: {}, address: "nat.example:9" });
  await createTicket(folder, { name: "moving", limits: {} });
  expect(await addressOf("moving")).toMatchObject({ port: 7316 });
  await noteReceiverAddress(folder, "192.0.2.7:4000");
  expect(await addressOf("moving")).toMatchObject({ host: "192.0.2.7", port: 4_000 });
  expect(await addressOf("fixed")).toMatchObject({ host: "nat.example", port: 9 });
});
