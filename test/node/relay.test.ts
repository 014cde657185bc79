import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { milliseconds } from "../../src/base/units.js";
import { parseAddress } from "../../src/node/socket/address.js";
import { type Relay, startRelay } from "../../src/node/socket/relay.js";
import type { LinkOptions } from "../../src/sim/link.js";

const WELL: LinkOptions = { seed: 1 };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function openSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  closers.push(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** A socket that sends every datagram back to where it came from. */
async function openEcho(): Promise<Socket> {
  const echo = await openSocket();
  echo.on("message", (datagram, from) => echo.send(datagram, from.port, from.address));
  return echo;
}

async function relayTo(
  target: Socket,
  forward: LinkOptions = WELL,
  backward: LinkOptions = WELL,
): Promise<{ relay: Relay; port: number }> {
  const to = `127.0.0.1:${target.address().port}`;
  const relay = await startRelay({ listen: "127.0.0.1:0", to, forward, backward });
  closers.push(() => relay.close());
  return { relay, port: parseAddress(relay.address).port };
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms`);
    await sleep(5);
  }
}

function heardBy(socket: Socket): string[] {
  const heard: string[] = [];
  socket.on("message", (datagram) => heard.push(datagram.toString()));
  return heard;
}

test("two clients talk through the relay and each gets its own replies", async () => {
  const { relay, port } = await relayTo(await openEcho());
  const [one, two] = [await openSocket(), await openSocket()];
  const [heardOne, heardTwo] = [heardBy(one), heardBy(two)];
  one.send("from one", port, "127.0.0.1");
  two.send("from two", port, "127.0.0.1");
  await until(() => heardOne.length + heardTwo.length === 2, 5_000);
  expect(heardOne).toEqual(["from one"]);
  expect(heardTwo).toEqual(["from two"]);
  expect(relay.counters()).toMatchObject({
    clients: 2,
    refused: 0,
    forward: { in: 2, out: 2, bytes: 16 },
    backward: { in: 2, out: 2, bytes: 16 },
  });
});

test("no datagram comes back before both delays have passed", async () => {
  const slow = { seed: 1, delayUs: milliseconds(20), jitterUs: milliseconds(5) };
  const { port } = await relayTo(await openEcho(), slow, slow);
  const client = await openSocket();
  const roundTripsMs: number[] = [];
  client.on("message", (datagram) => {
    roundTripsMs.push(performance.now() - Number(datagram.toString()));
  });
  for (let i = 0; i < 100; i += 1) {
    client.send(String(performance.now()), port, "127.0.0.1");
    await sleep(2);
  }
  await until(() => roundTripsMs.length === 100, 5_000);
  expect(Math.min(...roundTripsMs)).toBeGreaterThanOrEqual(40);
});

test("each direction has its own loss, and the counters tell where datagrams went", async () => {
  const lossy = { seed: 3, lossShare: 0.5 };
  const { relay, port } = await relayTo(await openEcho(), lossy, WELL);
  const client = await openSocket();
  const heard = heardBy(client);
  for (let i = 0; i < 500; i += 1) {
    client.send(String(i), port, "127.0.0.1");
    if (i % 50 === 49) await sleep(2);
  }
  await until(() => heard.length === 500 - relay.counters().forward.lost, 5_000);
  const { forward, backward } = relay.counters();
  expect(forward.in).toBe(500);
  expect(forward.lost).toBeGreaterThan(180);
  expect(forward.lost).toBeLessThan(320);
  expect(backward).toMatchObject({ in: 500 - forward.lost, lost: 0 });
});

test("clients have different luck from one seed", async () => {
  const target = await openSocket();
  const heard = heardBy(target);
  const { relay, port } = await relayTo(target, { seed: 3, lossShare: 0.5 });
  const clients = [await openSocket(), await openSocket()];
  for (let i = 0; i < 50; i += 1) {
    for (const [k, client] of clients.entries()) client.send(`${k} ${i}`, port, "127.0.0.1");
    if (i % 10 === 9) await sleep(2);
  }
  await until(() => {
    const { forward } = relay.counters();
    return forward.in === 100 && heard.length === forward.out;
  }, 5_000);
  const numbers = (k: number): string[] =>
    heard.filter((text) => text.startsWith(`${k} `)).map((text) => text.slice(2));
  expect(numbers(0)).not.toEqual(numbers(1));
});

test("more clients than it serves are refused, the others go on", async () => {
  const target = await openSocket();
  const heard = heardBy(target);
  const { relay, port } = await relayTo(target);
  const clients: Socket[] = [];
  for (let i = 0; i < 260; i += 1) clients.push(await openSocket());
  for (const [i, client] of clients.entries()) {
    client.send("hello", port, "127.0.0.1");
    if (i % 20 === 19) await sleep(2);
  }
  await until(() => heard.length === 256 && relay.counters().refused === 4, 5_000);
  clients[0]?.send("again", port, "127.0.0.1");
  await until(() => heard.at(-1) === "again", 5_000);
  expect(relay.counters()).toMatchObject({ clients: 256, refused: 4, forward: { in: 257 } });
});

test("a target that does not exist stops nothing", async () => {
  const target = await openSocket();
  const { relay, port } = await relayTo(target);
  target.close();
  closers.splice(0, 1);
  const client = await openSocket();
  for (let i = 0; i < 20; i += 1) client.send("anyone?", port, "127.0.0.1");
  await until(() => relay.counters().forward.out === 20, 5_000);
});

test("a taken port, an unknown host and a bad address are told by code", async () => {
  const taken = await openSocket();
  const listen = `127.0.0.1:${taken.address().port}`;
  const options = { listen, to: "127.0.0.1:9", forward: WELL, backward: WELL };
  await expect(startRelay(options)).rejects.toMatchObject({ code: "LACUNA_PORT_TAKEN" });
  await expect(startRelay({ ...options, to: "no.such.host.invalid:9" })).rejects.toMatchObject({
    code: "LACUNA_UNKNOWN_HOST",
  });
  await expect(startRelay({ ...options, to: "127.0.0.1" })).rejects.toMatchObject({
    code: "LACUNA_BAD_ADDRESS",
  });
});
