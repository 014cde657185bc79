import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "../../src/secure/base64url.js";
import { REPLAY_OPENED_MAX, REPLAY_WINDOW_US, ReplayTable } from "../../src/secure/replays.js";
import {
  readTicket,
  readTicketWord,
  TICKET_WORD_LETTERS,
  writeTicket,
  writeTicketWord,
} from "../../src/secure/ticket.js";
import { fromHex } from "./hex.js";
import { suite } from "./world.js";

const keys = {
  receiverKey: fromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
  secret: fromHex("000102030405060708090a0b0c0d0e0f"),
};
const word = writeTicketWord(suite, keys);

describe("a ticket", () => {
  test.each([
    ["pictures.example.org", 7316],
    ["192.0.2.7", 0],
    ["2001:db8::7", 65_535],
  ])("for %s can be read again", (host, port) => {
    const text = writeTicket(suite, { ...keys, host, port });
    expect(text).toMatch(/^[\w-]{70}@[\w.:[\]]+:\d+$/);
    expect(readTicket(suite, text)).toEqual({ ...keys, host, port });
    const wrapped = `  ${text.slice(0, 30)}\n ${text.slice(30)}\r\n`;
    expect(readTicket(suite, wrapped)).toEqual({ ...keys, host, port });
  });

  test("has always the same word", () => {
    expect(word).toBe("hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmoAAQIDBAUGBwgJCgsMDQ4PBcUSAA");
    expect(TICKET_WORD_LETTERS).toBe(70);
  });

  test.each([
    ["empty", " \n"],
    ["noWord", "192.0.2.7:7316"],
    ["noWord", "@192.0.2.7:7316"],
    ["noAddress", word],
    ["noAddress", `${word}@`],
    ["badAddress", `${word}@192.0.2.7`],
    ["badAddress", `${word}@192.0.2.7:65536`],
    ["badAddress", `${word}@2001:db8::7:7316`],
    ["badAddress", `${word}@:7316`],
    ["badAddress", `${word}@a@b:7316`],
    ["truncated", `${word.slice(0, -1)}@192.0.2.7:7316`],
    ["truncated", `${word.slice(5)}@192.0.2.7:7316`],
    ["tooLong", `${word}A@192.0.2.7:7316`],
    ["mistyped", `${word.slice(0, -1)}*@192.0.2.7:7316`],
  ])("is %s", (fault, text) => {
    expect(readTicket(suite, text)).toBe(fault);
  });

  test("is mistyped when any letter is another, or two have changed places", () => {
    for (let i = 0; i < word.length; i += 1) {
      const other = word[i] === "x" ? "y" : "x";
      expect(readTicketWord(suite, word.slice(0, i) + other + word.slice(i + 1))).toBe("mistyped");
      const [a = "", b = ""] = [word[i], word[i + 1]];
      if (b === "" || a === b) continue;
      expect(readTicketWord(suite, word.slice(0, i) + b + a + word.slice(i + 2))).toBe("mistyped");
    }
  });

  test("with a key that nobody can have is no ticket", () => {
    const nobodys = writeTicketWord(suite, { ...keys, receiverKey: new Uint8Array(32) });
    expect(readTicketWord(suite, nobodys)).toBe("mistyped");
  });

  test("of any text is read or refused", () => {
    const likely = fc.stringMatching(/^[\w-]{0,80}@?[\w.:[\]@]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        expect(typeof readTicket(suite, text)).toBe("string");
      }),
    );
  });
});

test("base64url is Node's, and has one text for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toBase64Url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect(fromBase64Url(text)).toEqual(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[\w-]{0,12}$/), (text) => {
      const bytes = fromBase64Url(text);
      if (bytes !== undefined) expect(toBase64Url(bytes)).toBe(text);
    }),
  );
});

describe("the table of replays", () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

  test("takes each timestamp of a sender once, in any order", () => {
    const table = new ReplayTable();
    for (const timestamp of [50, 40, 60, 45]) {
      expect(table.isNew(one, timestamp)).toBe(true);
      table.note(one, timestamp);
      expect(table.isNew(one, timestamp)).toBe(false);
      expect(table.isNew(other, timestamp)).toBe(true);
    }
    expect(table.revision).toBe(4);
    table.note(one, 50);
    expect(table.revision).toBe(4);
  });

  test("takes nothing older than all that it remembers of a sender", () => {
    const table = new ReplayTable();
    for (let i = 0; i <= REPLAY_OPENED_MAX; i += 1) table.note(one, 1_000 + 2 * i);
    expect([999, 1_000].map((timestamp) => table.isNew(one, timestamp))).toEqual([false, false]);
    expect([1_001, 1_002].map((timestamp) => table.isNew(one, timestamp))).toEqual([true, false]);
    expect(table.entries()[0]?.openedUs.length).toBe(REPLAY_OPENED_MAX);
  });

  test("takes nothing that is too long before the newest", () => {
    const table = new ReplayTable();
    table.note(one, 5 + REPLAY_WINDOW_US);
    expect(table.isNew(one, 5)).toBe(false);
    expect(table.isNew(one, 6)).toBe(true);
  });

  test("forgets the senders not heard for the longest, and is the same once saved", () => {
    const table = new ReplayTable([], 3);
    const keysOf = [1, 2, 3, 4].map((value) => new Uint8Array(32).fill(value));
    for (const key of keysOf.slice(0, 3)) table.note(key, 7);
    table.note(keysOf[0] as Uint8Array, 8);
    table.note(keysOf[3] as Uint8Array, 7);
    const restored = new ReplayTable(JSON.parse(JSON.stringify(table.entries())), 3);
    for (const seen of [table, restored]) {
      expect(keysOf.map((key) => seen.isNew(key, 7))).toEqual([false, true, false, false]);
    }
  });
});
