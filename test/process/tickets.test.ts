import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TicketBook } from "../../src/node/secure/ticket-book.js";
import {
  badLink,
  expectSamePixels,
  folder,
  lacuna,
  ran,
  receiver,
  STATE,
  sender,
  start,
  writePicture,
} from "./lacuna.js";

async function cup(width = 60): Promise<string> {
  const picture = join(folder(), "cup.png");
  await writePicture(picture, width, 40);
  return picture;
}

/** Makes a ticket for a receiver that listens. */
async function ticketFor(
  address: string,
  ...limits: string[]
): Promise<{ name: string; ticket: string }> {
  const { exit, events, stderr } = await ran(
    "ticket",
    "create",
    "--address",
    address,
    ...limits,
    "--json",
  );
  expect(exit, stderr).toBe(0);
  return events[0] as unknown as { name: string; ticket: string };
}

let pictures = 0;

/** Sends a picture by a ticket; gives the exit code and the codes of errors. */
async function arrival(ticket: string, ...flags: string[]): Promise<[number | null, ...string[]]> {
  // Each another one: what is there already does not come again.
  pictures += 1;
  const sent = sender(await cup(60 + pictures), ticket, ...flags);
  return [await sent.exit, ...sent.all("error").map(({ code }) => code)];
}

describe("a ticket", () => {
  test("is used up by as many files as it was made for", async () => {
    const { received, address } = await receiver(folder());
    const { name, ticket } = await ticketFor(address, "--uses", "2");
    expect(await arrival(ticket)).toEqual([0]);
    expect(await arrival(ticket)).toEqual([0]);
    expect(await arrival(ticket)).toEqual([5, "LACUNA_TICKET_REFUSED"]);
    expect(new TicketBook(STATE).named(name)?.used).toBe(2);
    expect(received.all("error").map(({ code }) => code)).toEqual(["LACUNA_TICKET_REFUSED"]);
  });

  test("lets in no file that is larger than it was made for", async () => {
    const { received, address } = await receiver(folder());
    const { ticket } = await ticketFor(address, "--max-size", "7kB");
    expect(await arrival(ticket)).toEqual([5, "LACUNA_OVER_LIMIT"]);
    expect(received.all("error").map(({ code }) => code)).toEqual(["LACUNA_OVER_LIMIT"]);
    const enough = await ticketFor(address, "--max-size", "20kB");
    expect(await arrival(enough.ticket)).toEqual([0]);
  });

  test("expires", async () => {
    const { received, address } = await receiver(folder());
    const { name, ticket } = await ticketFor(address, "--expires", "1s");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await arrival(ticket)).toEqual([5, "LACUNA_TICKET_REFUSED"]);
    expect(await received.event("refused")).toMatchObject({
      ticket: name,
      reason: "ticketExpired",
    });
  });

  test("for one sender lets in the first that comes, and that one again", async () => {
    const { received, address } = await receiver(folder());
    const { ticket } = await ticketFor(address, "--senders", "1");
    expect(await arrival(ticket)).toEqual([0]);
    expect(await arrival(ticket)).toEqual([0]);
    const other = start("bin/lacuna", ["send", await cup(), "--to", ticket, "--json"], folder(), {
      LACUNA_STATE_DIR: join(folder(), "other"),
    });
    expect(await other.exit).toBe(5);
    expect(other.stderr).toContain("the ticket is for other senders");
    expect(await received.event("refused")).toMatchObject({ reason: "senderNotAdmitted" });
  });

  test("that is revoked ends at once what comes by it, on a receiver that runs", async () => {
    const { received, address } = await receiver(folder());
    const { name, ticket } = await ticketFor(address);
    const picture = join(folder(), "cup.png");
    await writePicture(picture, 300, 200);
    const sent = sender(picture, ticket, "--rate", "0.1");
    await received.event("offer");
    expect((await ran("ticket", "revoke", name)).exit).toBe(0);
    expect(await sent.exit, sent.stderr).toBe(5);
    expect(sent.stderr).toContain("the ticket was revoked");
    expect(await arrival(ticket)).toEqual([5, "LACUNA_TICKET_REFUSED"]);
    // Who comes by another is not concerned.
    expect(await arrival(address)).toEqual([0]);
  });

  test("that nobody gave out is not answered", async () => {
    const { received, ticket, address } = await receiver(folder());
    const theirs = start("bin/lacuna", ["ticket", "create", "--address", address], folder(), {
      LACUNA_STATE_DIR: join(folder(), "theirs"),
    });
    await theirs.exit;
    const [other = ""] = theirs.lines;
    expect(await arrival(other, "--timeout", "2")).toEqual([4, "LACUNA_NO_ANSWER"]);
    expect(received.all("refused")).toEqual([]);
    expect(await arrival(ticket)).toEqual([0]);
  });

  test("may be saved under a name, and sent by another way than its address", async () => {
    const out = folder();
    const { ticket, address } = await receiver(out);
    const wrong = ticket.replace(/@.*/, "@127.0.0.1:9");
    expect((await ran("ticket", "save", "studio", wrong)).exit).toBe(0);
    const link = await badLink(address, "--loss", "0.1");
    const picture = await cup();
    const sent = sender(picture, "studio", "--via", link);
    expect(await sent.exit, sent.stderr).toBe(0);
    await expectSamePixels(join(out, "cup.png"), picture);
  });
});

test("an address alone reaches only a receiver of one's own", async () => {
  const { address } = await receiver(folder());
  expect(await arrival(address)).toEqual([0]);
  const stranger = start("bin/lacuna", ["send", await cup(), "--to", address, "--json"], folder(), {
    LACUNA_STATE_DIR: join(folder(), "stranger"),
  });
  expect(await stranger.exit).toBe(2);
  expect(stranger.stderr).toContain("(LACUNA_NO_TICKET)");
});

test("many processes that make tickets at the same time lose none", async () => {
  const made = Array.from({ length: 8 }, () => lacuna("ticket", "create", "--json"));
  expect(await Promise.all(made.map((one) => one.exit))).toEqual(made.map(() => 0));
  const names = made.map((one) => (one.events[0] as unknown as { name: string }).name);
  expect(new Set(names).size).toBe(8);
  const listed = (await ran("ticket", "list", "--json")).events.map(({ name }) => name);
  expect(listed).toEqual(expect.arrayContaining(names));
});

test("a state folder whose secrets others can read, or that is damaged, ends the program", async () => {
  const state = join(folder(), "state");
  const receive = ["receive", "--listen", "127.0.0.1:0", "--out", folder(), "--deadline", "0.1"];
  const run = async (): Promise<string> => {
    const one = start("bin/lacuna", receive, folder(), { LACUNA_STATE_DIR: state });
    await one.exit;
    return one.stderr;
  };
  expect(await run()).toContain("LACUNA_NO_SENDER");
  expect(readdirSync(state).sort()).toEqual(["receiver.address", "receiver.key", "tickets.json"]);
  for (const name of readdirSync(state)) {
    expect(statSync(join(state, name)).mode & 0o777, name).toBe(0o600);
  }
  const key = join(state, "receiver.key");
  chmodSync(key, 0o644);
  expect(await run()).toContain("LACUNA_STATE_EXPOSED");
  chmodSync(key, 0o600);
  writeFileSync(join(state, "tickets.json"), "{");
  expect(await run()).toContain("LACUNA_STATE_DAMAGED");
  expect(existsSync(key)).toBe(true);
});
