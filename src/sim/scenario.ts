import { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import {
  type BytesPerSecond,
  type DurationUs,
  durationUs,
  type InstantUs,
  instantUs,
} from "../base/units.js";
import { Bbr } from "../protocol/bbr.js";
import type { CongestionControl } from "../protocol/congestion.js";
import { Receiver } from "../protocol/receiver.js";
import { Sender, type SenderEnd } from "../protocol/sender.js";
import type { Guard } from "../wire/guard.js";
import { Link, type LinkCounters, type LinkOptions } from "./link.js";
import { Delivery, SimulatedReceiver } from "./simulated-receiver.js";
import { sourceOf } from "./simulated-source.js";
import type { Seen } from "./trace.js";
import { type Lane, Lateness, World } from "./world.js";

export interface Scenario {
  /** Draws the connection id and the pieces' bytes. */
  readonly seed: number;
  readonly guard: Guard;
  readonly images: readonly SimulatedImage[];
  readonly forward: LinkOptions;
  readonly backward: LinkOptions;
  readonly repair?: boolean;
  readonly rateCap?: BytesPerSecond;
  readonly congestion?: () => CongestionControl;
  /** Virtual time after which the run is given up. */
  readonly limitUs?: number;
  readonly connectTimeoutUs?: number;
  readonly host?: HostOptions;
  /** The widest window of a connection of the receiver, in bytes. */
  readonly windowBytes?: number;
  readonly meddler?: Meddler;
  /** Somebody stops one side, as with Ctrl-C. */
  readonly interrupt?: Interrupt;
  /** Timers fire up to this much late, evenly drawn, as on a busy machine. */
  readonly timersLateUs?: DurationUs;
  /** Told each datagram, event and timer, in order. */
  readonly trace?: (line: string) => void;
}

export interface SimulatedImage {
  readonly pieceCount: number;
  readonly pieceBytes: number;
  readonly withheld?: readonly Range[];
  /** Pieces that the receiver holds from an earlier time. */
  readonly resumed?: readonly Range[];
  /** Bytes of a colour profile, for a manifest that takes several datagrams. */
  readonly profileBytes?: number;
  /** Times that the digest differs although every piece came. */
  readonly damagedTimes?: number;
}

/** How long a receiving program takes for what it does. */
export interface HostOptions {
  /** From an offer to its acceptance. */
  readonly acceptUs?: DurationUs;
  /** To write one piece; pieces are written one after another. */
  readonly writeUs?: DurationUs;
  /** From the last piece to the verdict on the digest. */
  readonly verifyUs?: DurationUs;
}

export interface Interrupt {
  readonly who: "sender" | "receiver";
  readonly atUs: InstantUs;
}

/** Somebody on the path, who sees every datagram before it enters its link. */
export interface Meddler {
  /** True: the datagram is lost. */
  loses?(seen: Seen): boolean;
  /** Datagrams that arrive at once beside it. */
  injects?(seen: Seen): readonly Injection[];
}

export interface Injection {
  readonly to: "sender" | "receiver";
  readonly datagram: Uint8Array;
  /** Where it claims to be from; the sender's own address unless told otherwise. */
  readonly from?: string;
}

export interface Outcome {
  /** Every image arrived, byte by byte what was sent, and both ends say so. */
  readonly exact: boolean;
  readonly end: SenderEnd | "timeLimit";
  /** Virtual seconds from the first datagram to the sender's end. */
  readonly seconds: number;
  /** Virtual seconds from the first datagram to the receiver's word on the last image. */
  readonly completeSeconds: number;
  readonly pieces: number;
  /** Pieces sent again, or late because withheld. */
  readonly repaired: number;
  /** Pieces that came although they were held: repairs that nobody needed. */
  readonly needless: number;
  readonly datagrams: number;
  /** Of the sender and of the receiver. */
  readonly malformed: number;
  readonly forward: LinkCounters;
  readonly backward: LinkCounters;
  /** Missing pieces of each image at the end. */
  readonly missing: readonly (readonly Range[])[];
  /** How the receiver's connections with this sender ended; the last stays open at a time limit. */
  readonly receiverEnds: readonly string[];
  /** Virtual seconds until the receiver had forgotten the connection. */
  readonly lingerSeconds: number;
}

/** An hour: the longest that a run of the suite may take in virtual time. */
const LIMIT_US = 3_600_000_000;

/** Runs one sender and one receiver over two links on a virtual clock until both have ended. */
export function simulate(scenario: Scenario): Outcome {
  return simulateTogether([scenario])[0] as Outcome;
}

/**
 * Runs several senders at once, each over its own links, to one receiver. What
 * concerns the receiver is taken from the first scenario.
 */
export function simulateTogether(scenarios: readonly Scenario[]): Outcome[] {
  const [first] = scenarios;
  if (first === undefined) return [];
  const { guard, repair = true, windowBytes } = first;
  const window = windowBytes === undefined ? {} : { windowBytesMax: windowBytes };
  const receiver = new Receiver({ guard, repair, ...window });
  const lanes = scenarios.map((scenario, number) => laneOf(scenario, `sender ${number}`));
  const deliveries = new Map(lanes.map((lane) => [lane.name, lane.delivery]));
  const log = (what: string, nowUs: InstantUs): void => world.log("receiver", what, nowUs);
  const host = new SimulatedReceiver(receiver, first.host ?? {}, deliveries, log);
  const late = new Lateness(first.timersLateUs ?? durationUs(0), new Random(first.seed));
  const world = new World(lanes, host, guard, late);
  world.run(instantUs(first.limitUs ?? LIMIT_US));
  return lanes.map((lane) => outcomeOf(lane, receiver, world.nowUs));
}

function laneOf(scenario: Scenario, name: string): Lane {
  const random = new Random(scenario.seed);
  const { rateCap, connectTimeoutUs, guard } = scenario;
  const start = instantUs(0);
  const sender = new Sender({
    connectionId: random.bytes(8),
    guard,
    congestion: scenario.congestion?.() ?? new Bbr(),
    nowUs: start,
    ...(rateCap === undefined ? {} : { rateCap }),
    ...(connectTimeoutUs === undefined ? {} : { connectTimeoutUs }),
  });
  const sources = scenario.images.map((image) => sourceOf(image, random));
  for (const source of sources) sender.addImage(source);
  sender.finish(start);
  return {
    name,
    sender,
    delivery: new Delivery(sources, scenario.images),
    forward: new Link(scenario.forward),
    backward: new Link(scenario.backward),
    meddler: scenario.meddler ?? {},
    trace: scenario.trace,
    interrupt: scenario.interrupt,
    end: undefined,
    endUs: start,
    resultUs: start,
  };
}

function outcomeOf(lane: Lane, receiver: Receiver, endUs: InstantUs): Outcome {
  const { sender, delivery, forward, backward } = lane;
  const images = delivery.sources.map((_, number) => sender.image(number));
  const sum = (values: (number | undefined)[]): number =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return {
    exact: delivery.exact && images.every((image) => image?.result?.outcome === "verified"),
    end: lane.end ?? "timeLimit",
    completeSeconds: lane.resultUs / 1_000_000,
    seconds: (lane.end === undefined ? endUs : lane.endUs) / 1_000_000,
    pieces: sum(delivery.sources.map((source) => source.pieceCount)),
    repaired: sum(images.map((image) => image?.pieces.repaired)),
    needless: delivery.needless,
    datagrams: sender.recovery.sentPackets,
    malformed: sender.malformed + receiver.malformed,
    forward: forward.counters,
    backward: backward.counters,
    missing: delivery.missing,
    receiverEnds: delivery.closed,
    lingerSeconds: (endUs - lane.endUs) / 1_000_000,
  };
}
