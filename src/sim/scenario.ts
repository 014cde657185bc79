import { Random } from "../base/random.js";
import { durationUs, type InstantUs, instantUs } from "../base/units.js";
import { Bbr } from "../protocol/bbr.js";
import type { CongestionControl } from "../protocol/congestion.js";
import { Receiver } from "../protocol/receiver.js";
import { Sender } from "../protocol/sender.js";
import { Bottleneck, type BottleneckOptions } from "./bottleneck.js";
import { Link } from "./link.js";
import type { Outcome, Scenario, SimulatedImage } from "./plan.js";
import { Delivery, SimulatedReceiver } from "./simulated-receiver.js";
import { sourceOf, supplyOf } from "./simulated-source.js";
import { type Lane, Lateness, type TimedSupply, World } from "./world.js";

export type {
  HostOptions,
  Injection,
  Interrupt,
  Meddler,
  Move,
  Outcome,
  Scenario,
  SimulatedImage,
} from "./plan.js";

/** An hour: the longest that a run of the suite may take in virtual time. */
const LIMIT_US = 3_600_000_000;

/** Runs one sender and one receiver over two links on a virtual clock until both have ended. */
export function simulate(scenario: Scenario): Outcome {
  return simulateTogether([scenario])[0] as Outcome;
}

/**
 * Runs several senders at once, each over its own links, to one receiver. What
 * concerns the receiver is taken from the first scenario.
 *
 * @param bottleneck one that all their datagrams go through, in place of the forward links' own
 */
export function simulateTogether(
  scenarios: readonly Scenario[],
  bottleneck?: BottleneckOptions,
): Outcome[] {
  const [first] = scenarios;
  if (first === undefined) return [];
  const { sealing, repair = true, windowBytes } = first;
  const window = windowBytes === undefined ? {} : { windowBytesMax: windowBytes };
  const receiver = new Receiver({ security: sealing.receiver(), repair, ...window });
  const shared = bottleneck === undefined ? undefined : new Bottleneck(bottleneck);
  const lanes = scenarios.map((scenario, number) => laneOf(scenario, `sender ${number}`, shared));
  const deliveries = new Map(lanes.map((lane) => [lane.address, lane.delivery]));
  const log = (what: string, nowUs: InstantUs): void => world.log("receiver", what, nowUs);
  const host = new SimulatedReceiver(receiver, first.host ?? {}, deliveries, log);
  const late = new Lateness(first.timersLateUs ?? durationUs(0), new Random(first.seed));
  const world = new World(lanes, host, sealing, late);
  world.run(instantUs(first.limitUs ?? LIMIT_US));
  return lanes.map((lane) => outcomeOf(lane, receiver, world.nowUs));
}

function laneOf(scenario: Scenario, name: string, shared: Bottleneck | undefined): Lane {
  const random = new Random(scenario.seed);
  const { rateCap, connectTimeoutUs, sealing, path } = scenario;
  const start = instantUs(0);
  const freshCongestion = (): CongestionControl => scenario.congestion?.() ?? new Bbr();
  const sender = new Sender({
    connectionId: random.bytes(8),
    security: sealing.sender(),
    congestion: freshCongestion(),
    freshCongestion,
    nowUs: start,
    ...(path === undefined ? {} : { path }),
    ...(rateCap === undefined ? {} : { rateCap }),
    ...(connectTimeoutUs === undefined ? {} : { connectTimeoutUs }),
  });
  const sources = scenario.images.map((image) => sourceOf(image, random));
  for (const source of sources) sender.addImage(source);
  sender.finish(start);
  return {
    name,
    address: addressOf(name),
    moves: [...(scenario.moves ?? [])],
    sender,
    delivery: new Delivery(sources, scenario.images),
    forward: new Link(scenario.forward, shared),
    backward: new Link(scenario.backward),
    meddler: scenario.meddler ?? {},
    trace: scenario.trace,
    interrupt: scenario.interrupt,
    supplies: suppliesOf(scenario.images),
    end: undefined,
    endUs: start,
    resultUs: start,
  };
}

/** A host, of the sender's name, and a port. */
const addressOf = (name: string): string => `${name}:1`;

/** What is supplied of all images, in order of time. */
function suppliesOf(images: readonly SimulatedImage[]): TimedSupply[] {
  const all = images.flatMap((image, number) =>
    (image.supplies ?? []).map(({ atUs }, step): TimedSupply => {
      return { atUs, image: number, supply: supplyOf(image, step) };
    }),
  );
  return all.sort((one, other) => one.atUs - other.atUs);
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
    pieces: sum(delivery.sources.map((source) => source.pieces)),
    repaired: sum(images.map((image) => image?.pieces.repaired)),
    parity: sum(images.map((image) => image?.parity.pieces)),
    recovered: delivery.recovered,
    previewSeconds: delivery.previewUs / 1_000_000,
    needless: delivery.needless,
    datagrams: sender.recovery.sentPackets,
    pathDatagramBytes: sender.pathDatagramBytes,
    malformed: sender.malformed + receiver.malformed + delivery.malformed,
    repeated: sender.repeated + receiver.repeated,
    forward: forward.counters,
    backward: backward.counters,
    missing: delivery.missing,
    receiverEnds: delivery.closed,
    lingerSeconds: (endUs - lane.endUs) / 1_000_000,
  };
}
