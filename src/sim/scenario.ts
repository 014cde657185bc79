import { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import { type BytesPerSecond, type InstantUs, instantUs } from "../base/units.js";
import type { CongestionControl } from "../protocol/congestion.js";
import { NewReno } from "../protocol/new-reno.js";
import type { ImageSource } from "../protocol/outgoing-image.js";
import { Receiver } from "../protocol/receiver.js";
import { Sender, type SenderEnd } from "../protocol/sender.js";
import type { Guard } from "../wire/guard.js";
import type { Manifest } from "../wire/manifest.js";
import { encodeManifest } from "../wire/manifest-bytes.js";
import { Link, type LinkCounters, type LinkOptions } from "./link.js";
import { SimulatedReceiver } from "./simulated-receiver.js";

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
}

export interface SimulatedImage {
  readonly pieceCount: number;
  readonly pieceBytes: number;
  readonly withheld?: readonly Range[];
  /** Pieces that the receiver holds from an earlier time. */
  readonly resumed?: readonly Range[];
}

export interface Outcome {
  /** Every image arrived, byte by byte what was sent, and both ends say so. */
  readonly exact: boolean;
  readonly end: SenderEnd | "timeLimit";
  /** Virtual seconds from the first datagram to the sender's end. */
  readonly seconds: number;
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
  readonly missing: readonly number[];
}

/** An hour: the longest that a run of the suite may take in virtual time. */
const LIMIT_US = 3_600_000_000;

/** Runs one sender and one receiver over two links on a virtual clock until the sender ends. */
export function simulate(scenario: Scenario): Outcome {
  const { seed, guard } = scenario;
  const random = new Random(seed);
  const start = instantUs(0);
  const timeout = scenario.connectTimeoutUs;
  const sender = new Sender({
    connectionId: random.bytes(8),
    guard,
    congestion: scenario.congestion?.() ?? new NewReno(),
    nowUs: start,
    ...(scenario.rateCap === undefined ? {} : { rateCap: scenario.rateCap }),
    ...(timeout === undefined ? {} : { connectTimeoutUs: timeout }),
  });
  const sources = scenario.images.map((image) => sourceOf(image, random));
  for (const source of sources) sender.addImage(source);
  sender.finish(start);
  const receiver = new Receiver({ guard, repair: scenario.repair ?? true });
  const host = new SimulatedReceiver(receiver, sources, scenario.images);
  const forward = new Link(scenario.forward);
  const backward = new Link(scenario.backward);
  const clock = run(sender, host, forward, backward, scenario.limitUs ?? LIMIT_US);
  const images = sources.map((_, number) => sender.image(number));
  const sum = (values: (number | undefined)[]): number =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return {
    exact: host.exact && images.every((image) => image?.result?.outcome === "verified"),
    end: clock.end,
    seconds: clock.nowUs / 1_000_000,
    pieces: sum(sources.map((source) => source.pieceCount)),
    repaired: sum(images.map((image) => image?.pieces.repaired)),
    needless: host.needless,
    datagrams: sender.recovery.sentPackets,
    malformed: sender.malformed + receiver.malformed,
    forward: forward.counters,
    backward: backward.counters,
    missing: host.missing,
  };
}

function run(
  sender: Sender,
  host: SimulatedReceiver,
  forward: Link,
  backward: Link,
  limitUs: number,
): { nowUs: InstantUs; end: SenderEnd | "timeLimit" } {
  let nowUs = instantUs(0);
  for (;;) {
    let senderDeadline = instantUs(0);
    for (let out = sender.pollOutput(nowUs); ; out = sender.pollOutput(nowUs)) {
      if (out.kind === "transmit") forward.offer(out.datagram, nowUs);
      else if (out.kind === "waitUntil") {
        senderDeadline = out.deadlineUs;
        break;
      } else if (out.event.kind === "closed") return { nowUs, end: out.event.end };
    }
    const receiverDeadline = host.drain(nowUs, (datagram) => backward.offer(datagram, nowUs));
    const next = Math.min(
      senderDeadline,
      receiverDeadline,
      forward.nextDelivery(),
      backward.nextDelivery(),
    );
    nowUs = instantUs(Math.max(nowUs, next));
    if (nowUs > limitUs) return { nowUs, end: "timeLimit" };
    for (let d = forward.deliver(nowUs); d !== undefined; d = forward.deliver(nowUs)) {
      host.receiver.handleDatagram(d, "sender", nowUs);
    }
    for (let d = backward.deliver(nowUs); d !== undefined; d = backward.deliver(nowUs)) {
      sender.handleDatagram(d, nowUs);
    }
    if (senderDeadline <= nowUs) sender.handleTimeout(nowUs);
    if (receiverDeadline <= nowUs) host.receiver.handleTimeout(nowUs);
  }
}

/** A source whose pieces hold random bytes; its digest is made up, for the receiver compares the bytes themselves. */
function sourceOf(image: SimulatedImage, random: Random): ImageSource & { bytes: Uint8Array } {
  const { pieceCount, pieceBytes } = image;
  const bytes = random.bytes(pieceCount * pieceBytes - random.between(0, pieceBytes - 1));
  const digest = random.bytes(32);
  const content = { mode: "file", bytes: bytes.length } as const;
  const manifest: Manifest = { name: "simulated", digest, pieceCount, pieceBytes, content };
  const pieceLength = (piece: number): number =>
    Math.min(pieceBytes, bytes.length - piece * pieceBytes);
  return {
    bytes,
    digest,
    pieceCount,
    manifest: encodeManifest(manifest),
    withheld: image.withheld ?? [],
    pieceLength,
    readPiece(piece, target, offset) {
      const start = piece * pieceBytes;
      target.set(bytes.subarray(start, start + pieceLength(piece)), offset);
    },
  };
}
