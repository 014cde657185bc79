import type { RemoteInfo, Socket } from "node:dgram";
import { type InstantUs, instantUs, NEVER } from "../../base/units.js";
import { Link, type LinkCounters, type LinkOptions } from "../../sim/link.js";
import { formatAddress, parseAddress, type ResolvedAddress, resolveAddress } from "./address.js";
import { bindUdp, createUdpSocket } from "./udp.js";

export interface RelayOptions {
  /** HOST:PORT that clients send to. Port 0: any free one. */
  readonly listen: string;
  /** HOST:PORT that the datagrams go on to. */
  readonly to: string;
  /** From clients to `to`. Instants of cuts count from the relay's start. */
  readonly forward: LinkOptions;
  /** From `to` back to clients. */
  readonly backward: LinkOptions;
}

export interface RelayCounters {
  /** Clients seen since the start. */
  clients: number;
  /** Datagrams turned away because too many clients or too many datagrams were held already. */
  refused: number;
  forward: LinkCounters;
  backward: LinkCounters;
}

export interface Relay {
  /** HOST:PORT that it listens at. */
  readonly address: string;
  counters(): RelayCounters;
  /** Ends it; what is under way is lost. */
  close(): Promise<void>;
}

/**
 * A UDP relay with a bad link in each direction, to try things on.
 *
 * Each client address gets a socket of its own towards `to`, so that replies find their way back, and two
 * links whose seeds come from the given ones.
 *
 * @throws LacunaError LACUNA_BAD_ADDRESS, LACUNA_UNKNOWN_HOST, LACUNA_PORT_TAKEN, LACUNA_NO_PERMISSION
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const [listen, to] = await Promise.all([
    resolveAddress(parseAddress(options.listen)),
    resolveAddress(reachable(parseAddress(options.to))),
  ]);
  return new UdpRelay(await bindUdp(listen), to, options);
}

interface Client {
  readonly address: string;
  readonly port: number;
  readonly upstream: Socket;
  readonly forward: Link;
  readonly backward: Link;
  lastHeardUs: InstantUs;
}

class UdpRelay implements Relay {
  readonly address: string;
  private readonly clients = new Map<string, Client>();
  private readonly originMs = performance.now();
  private readonly past: RelayCounters = {
    clients: 0,
    refused: 0,
    forward: new Link({ seed: 0 }).counters,
    backward: new Link({ seed: 0 }).counters,
  };
  private timer: NodeJS.Timeout | undefined;
  private timerDueUs = NEVER;
  private readonly sweep: NodeJS.Timeout;
  /** Datagrams inside all links. */
  private held = 0;

  constructor(
    private readonly socket: Socket,
    private readonly to: ResolvedAddress,
    private readonly options: RelayOptions,
  ) {
    const bound = socket.address();
    this.address = formatAddress({ host: bound.address, port: bound.port });
    socket.on("message", (datagram, from) => this.fromClient(datagram, from));
    socket.on("error", ignoreSocketError);
    this.sweep = setInterval(() => this.dropIdle(), SWEEP_MS);
  }

  counters(): RelayCounters {
    const sum = structuredClone(this.past);
    for (const client of this.clients.values()) addClient(sum, client);
    return sum;
  }

  async close(): Promise<void> {
    clearInterval(this.sweep);
    clearTimeout(this.timer);
    const sockets = [this.socket, ...[...this.clients.values()].map((client) => client.upstream)];
    await Promise.all(
      sockets.map((socket) => new Promise<void>((closed) => socket.close(() => closed()))),
    );
  }

  private fromClient(datagram: Uint8Array, from: RemoteInfo): void {
    const client = this.clientAt(from);
    if (client === undefined) this.past.refused += 1;
    else this.enter(client, client.forward, datagram);
  }

  private clientAt(from: RemoteInfo): Client | undefined {
    const key = `${from.address} ${from.port}`;
    const known = this.clients.get(key);
    if (known !== undefined) return known;
    if (this.clients.size >= CLIENTS_MAX) return undefined;
    const index = this.past.clients;
    this.past.clients += 1;
    const upstream = createUdpSocket(this.to.family);
    const { forward, backward } = this.options;
    const client: Client = {
      address: from.address,
      port: from.port,
      upstream,
      forward: new Link({ ...forward, seed: derivedSeed(forward.seed, 2 * index) }),
      backward: new Link({ ...backward, seed: derivedSeed(backward.seed, 2 * index + 1) }),
      lastHeardUs: this.now(),
    };
    upstream.on("error", ignoreSocketError);
    upstream.on("message", (datagram, sender) => {
      if (sender.port !== this.to.port || sender.address !== this.to.host) return;
      this.enter(client, client.backward, datagram);
    });
    this.clients.set(key, client);
    return client;
  }

  private enter(client: Client, link: Link, datagram: Uint8Array): void {
    if (this.held >= HELD_DATAGRAMS_MAX) {
      this.past.refused += 1;
      return;
    }
    const now = this.now();
    client.lastHeardUs = now;
    const before = link.inFlight;
    link.offer(datagram, now);
    this.held += link.inFlight - before;
    this.drain(client, now);
    this.arm(Math.min(client.forward.nextDelivery(), client.backward.nextDelivery()));
  }

  private drain(client: Client, now: InstantUs): void {
    for (let out = client.forward.deliver(now); out; out = client.forward.deliver(now)) {
      this.held -= 1;
      client.upstream.send(out, this.to.port, this.to.host);
    }
    for (let out = client.backward.deliver(now); out; out = client.backward.deliver(now)) {
      this.held -= 1;
      this.socket.send(out, client.port, client.address);
    }
  }

  /** Makes sure that the timer fires by `dueUs`, but not more often than each millisecond. */
  private arm(dueUs: number): void {
    if (dueUs >= this.timerDueUs) return;
    clearTimeout(this.timer);
    this.timerDueUs = instantUs(dueUs);
    this.timer = setTimeout(
      () => this.tick(),
      Math.max(1, Math.ceil((dueUs - this.now()) / US_PER_MS)),
    );
  }

  private tick(): void {
    this.timerDueUs = NEVER;
    const now = this.now();
    let nextUs: number = NEVER;
    for (const client of this.clients.values()) {
      this.drain(client, now);
      nextUs = Math.min(nextUs, client.forward.nextDelivery(), client.backward.nextDelivery());
    }
    this.arm(nextUs);
  }

  private dropIdle(): void {
    const heardBeforeUs = this.now() - CLIENT_IDLE_MS * US_PER_MS;
    for (const [key, client] of this.clients) {
      if (client.lastHeardUs >= heardBeforeUs) continue;
      this.clients.delete(key);
      this.held -= client.forward.inFlight + client.backward.inFlight;
      addClient(this.past, client);
      client.upstream.close();
    }
  }

  private now(): InstantUs {
    return instantUs((performance.now() - this.originMs) * US_PER_MS);
  }
}

/** Different for every client and direction; the golden ratio's bits spread neighbours apart. */
function derivedSeed(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
}

function addClient(sum: RelayCounters, client: Client): void {
  for (const name of Object.keys(sum.forward) as (keyof LinkCounters)[]) {
    sum.forward[name] += client.forward.counters[name];
    sum.backward[name] += client.backward.counters[name];
  }
}

/** "Any address" makes sense only for listening; towards it, this machine is meant. */
function reachable<T extends { host: string }>(address: T): T {
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  return address.host === "::" ? { ...address, host: "::1" } : address;
}

/** An unreachable port or a full send buffer loses a datagram, as any network may. */
function ignoreSocketError(): void {}

const US_PER_MS = 1_000;
/** Ours: each client costs a socket; a test bench needs a few. */
const CLIENTS_MAX = 256;
const CLIENT_IDLE_MS = 5 * 60 * 1_000;
const SWEEP_MS = 15_000;
/** Ours: about 250 MB at 1,200 bytes each, ten seconds of delay at 20,000 a second. */
const HELD_DATAGRAMS_MAX = 200_000;
