import { createSocket, type Socket } from "node:dgram";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { SendEvent } from "../../src/node/events.js";
import { expectSamePixels, folder, receiver, sender, start, writePicture } from "./lacuna.js";

/** The picture takes about 600 kB, or five seconds. */
const SLOW = ["--rate", "1"];

async function cup(): Promise<string> {
  const picture = join(folder(), "cup.png");
  await writePicture(picture, 700, 600);
  return picture;
}

test("a sender waits for a receiver that was killed, and goes on with what it holds", async () => {
  const [picture, out] = [await cup(), folder()];
  const first = await receiver(out);
  const sent = sender(picture, first.ticket, ...SLOW);
  const { t } = await first.received.event("offer");
  const late = await first.received.event("progress", (progress) => progress.t > t + 2.4);
  first.received.signal("SIGKILL");
  await first.received.exit;
  const { received } = await receiver(out, "--once", "--listen", first.address);
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  expect(sent.all("waiting").length).toBeGreaterThanOrEqual(1);
  expect(sent.all("connected").length).toBeGreaterThanOrEqual(2);
  // One transfer to whoever watches: one offer, one end, one id.
  expect(sent.all("offer").map(({ id }) => id)).toEqual(sent.all("complete").map(({ id }) => id));
  expect(received.all("offer")[0]?.resumedPieces).toBeGreaterThan(late.received / 8);
  // The sender knows what was there, and does not send it in vain.
  expect(received.all("progress").at(-1)?.duplicates).toBeLessThan(30);
  await expectSamePixels(join(out, "cup.png"), picture);
  expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual(["cup.png"]);
}, 60_000);

test("a sender gives up when it was told to", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out);
  const sent = sender(picture, ticket, ...SLOW, "--give-up-after", "1.5");
  await received.event("progress", (progress) => progress.received > 20);
  received.signal("SIGKILL");
  expect(await sent.exit, sent.stderr).toBe(4);
  expect(sent.all("error").map(({ code }) => code)).toEqual(["LACUNA_PEER_GONE"]);
});

test("a receiver that comes late is waited for as long as was asked for", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket, address } = await receiver(folder());
  received.signal("SIGTERM");
  await received.exit;
  const sent = sender(picture, ticket, "--give-up-after", "25");
  await sent.event("offer");
  const late = await receiver(out, "--once", "--listen", address);
  expect([await sent.exit, await late.received.exit], sent.stderr).toEqual([0, 0]);
  await expectSamePixels(join(out, "cup.png"), picture);
});

test("a sender that is killed and started again takes its image up at once", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out, "--once");
  const killed = sender(picture, ticket, ...SLOW);
  await received.event("progress", (progress) => progress.received > 200);
  killed.signal("SIGKILL");
  await killed.exit;
  const sent = sender(picture, ticket, "--rate", "4");
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  const [first, again] = received.all("offer");
  expect(again?.id).toBe(first?.id);
  expect(again?.resumedPieces).toBeGreaterThan(200);
  // No piece is written twice; some cross twice, until the sender has heard what is there.
  const last = received.all("progress").at(-1);
  expect(last?.received).toBe(first?.pieces);
  expect(last?.duplicates).toBeLessThan(60);
  await expectSamePixels(join(out, "cup.png"), picture);
  expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual(["cup.png"]);
}, 60_000);

test("a sender that is suspended and resumed goes on", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out, "--once");
  const sent = sender(picture, ticket, ...SLOW);
  await received.event("progress", (progress) => progress.received > 100);
  sent.signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  sent.signal("SIGCONT");
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  await expectSamePixels(join(out, "cup.png"), picture);
}, 60_000);

test("an image that is offered again by its sender is not received twice", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out);
  expect(await sender(picture, ticket).exit).toBe(0);
  await received.event("complete");
  const again = sender(picture, ticket);
  expect(await again.exit, again.stderr).toBe(0);
  expect(readdirSync(out)).toEqual(["cup.png"]);
});

test("a sender is paused and resumed by command", async () => {
  const [picture, out, state] = [await cup(), folder(), folder()];
  const own = { LACUNA_STATE_DIR: state };
  const { received, ticket, address } = await receiver(out, "--once");
  const argv = ["send", picture, "--to", ticket, "--json", "--rate", "2"];
  const sent = start<SendEvent>("bin/lacuna", argv, folder(), own);
  await sent.event("progress", (progress) => progress.acknowledgedPieces > 50);
  const pause = start("bin/lacuna", ["pause", "--json"], folder(), own);
  expect(await pause.exit, pause.stderr).toBe(0);
  expect(pause.all("paused")).toMatchObject([{ names: ["cup.png"], to: address }]);
  const { t } = await sent.event("paused");
  // What was on the way comes; then nothing does.
  const quiet = await sent.event("progress", (progress) => progress.t > t + 0.5);
  const still = await sent.event("progress", (progress) => progress.t > t + 1.5);
  expect(still.sentPieces).toBe(quiet.sentPieces);
  const resume = start("bin/lacuna", ["resume"], folder(), own);
  expect(await resume.exit, resume.stderr).toBe(0);
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  expect(sent.all("connected").length).toBe(1);
  await expectSamePixels(join(out, "cup.png"), picture);
  const late = start("bin/lacuna", ["pause", "--json"], folder(), own);
  expect(await late.exit).toBe(1);
  expect(late.events).toMatchObject([{ event: "error", code: "LACUNA_NOTHING_RUNS" }]);
}, 60_000);

/** Passes datagrams on, but forgets the first client after some of them, as a NAT does that was started anew. */
async function forgetful(to: string, remembered: number): Promise<string> {
  const [host = "", port = ""] = to.split(":");
  const front = createSocket("udp4");
  const upstreams = new Map<number, Socket>();
  onTestFinished(() => {
    front.close();
    for (const upstream of upstreams.values()) upstream.close();
  });
  let first: number | undefined;
  let seen = 0;
  front.on("message", (datagram, client) => {
    first ??= client.port;
    if (client.port === first) seen += 1;
    if (client.port === first && seen > remembered) return;
    let upstream = upstreams.get(client.port);
    if (upstream === undefined) {
      upstream = createSocket("udp4");
      upstream.on("message", (back) => {
        if (client.port !== first || seen <= remembered) front.send(back, client.port);
      });
      upstreams.set(client.port, upstream);
    }
    upstream.send(datagram, Number(port), host);
  });
  await new Promise<void>((resolve) => front.bind(0, "127.0.0.1", resolve));
  return `127.0.0.1:${front.address().port}`;
}

test("a sender whose way is forgotten takes another socket, and its connection goes on", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, address } = await receiver(out, "--once");
  const sent = sender(picture, await forgetful(address, 200), "--rate", "2");
  expect([await sent.exit, await received.exit], sent.stderr + received.stderr).toEqual([0, 0]);
  expect(sent.all("connected").length).toBe(1);
  expect(sent.all("waiting")).toEqual([]);
  await expectSamePixels(join(out, "cup.png"), picture);
}, 60_000);

test("two senders of one image bring one file", async () => {
  const [picture, out] = [await cup(), folder()];
  const { received, ticket } = await receiver(out);
  const both = [sender(picture, ticket, ...SLOW), sender(picture, ticket, ...SLOW)];
  expect(await Promise.all(both.map((one) => one.exit))).toEqual([0, 0]);
  await received.event("complete");
  expect(readdirSync(out)).toEqual(["cup.png"]);
  await expectSamePixels(join(out, "cup.png"), picture);
}, 60_000);
