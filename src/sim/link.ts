import { assert } from "../base/assert.js";
import { Random } from "../base/random.js";
import {
  after,
  type BytesPerSecond,
  type DurationUs,
  durationUs,
  type InstantUs,
  instantUs,
} from "../base/units.js";
import { Bottleneck } from "./bottleneck.js";
import { BurstLoss } from "./burst-loss.js";
import { corrupted } from "./corruption.js";
import { DeliveryQueue } from "./delivery-queue.js";

/** A time during which everything that enters the link is lost. */
export interface Cut {
  readonly startUs: InstantUs;
  /** The first instant that is well again. */
  readonly endUs: InstantUs;
}

/** The longest datagram that passes from an instant on: the link's MTU less the headers of IP and UDP. */
export interface DatagramLimit {
  readonly fromUs: InstantUs;
  /** UDP payload. */
  readonly bytes: number;
}

/** What is wrong with a link. All shares lie in 0..1; what is left out is well. */
export interface LinkOptions {
  /** The same seed, options and datagrams at the same instants give the same deliveries. */
  readonly seed: number;
  readonly lossShare?: number;
  /**
   * Mean length of a run of losses, in datagrams, at the same mean share. 1: independent losses. A second
   * without a datagram ends a run.
   */
  readonly burstMean?: number;
  readonly delayUs?: DurationUs;
  /** Each datagram takes 0..jitterUs longer, evenly drawn; this may reorder. */
  readonly jitterUs?: DurationUs;
  /** 0: unlimited. */
  readonly rateBytesPerSecond?: BytesPerSecond;
  /**
   * Bytes that may wait for, or be on, the rate-limited wire; one more datagram is dropped (tail drop).
   * Without a rate there is no queue.
   */
  readonly queueBytes?: number;
  /** Such a datagram is held back a further 1 ms .. 10 ms + delayUs, evenly drawn. */
  readonly reorderShare?: number;
  /** Such a datagram arrives twice, each copy with its own jitter and damage. */
  readonly duplicateShare?: number;
  /** Such a copy has 1..8 bits flipped, or is cut short, or lengthened. */
  readonly corruptShare?: number;
  readonly cuts?: readonly Cut[];
  /** Rising in time; longer datagrams vanish without a word. Before the first, and without any, all lengths pass. */
  readonly limits?: readonly DatagramLimit[];
}

/** Datagrams by fate. Once the link is empty, in + duplicated = out + lost + queueDropped + cut + tooLong. */
export interface LinkCounters {
  in: number;
  out: number;
  lost: number;
  queueDropped: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  cut: number;
  tooLong: number;
  /** Bytes delivered. */
  bytes: number;
}

/**
 * One direction of a bad UDP path.
 *
 * A datagram passes, in this order: cuts, the limit of length, the queue and the wire of limited
 * rate, loss (a lost datagram has used up its time on the wire, as on radio), duplication, damage, and
 * the way itself (delay, jitter, holding back). Every fate draws from its own random stream, so
 * changing one share leaves the others' luck as it was.
 *
 * Time comes in with each call and never runs backwards.
 */
export class Link {
  readonly counters: LinkCounters = {
    in: 0,
    out: 0,
    lost: 0,
    queueDropped: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    cut: 0,
    tooLong: 0,
    bytes: 0,
  };
  private readonly options: Required<LinkOptions>;
  private readonly loss: BurstLoss;
  private readonly luck: Record<"duplicate" | "corrupt" | "jitter" | "reorder", Random>;
  private readonly onTheWay = new DeliveryQueue();
  private readonly bottleneck: Bottleneck;
  private lastOfferUs = instantUs(0);

  /** @param shared a bottleneck that other links have too; without it this one has its own, of its rate and queue */
  constructor(options: LinkOptions, shared?: Bottleneck) {
    this.options = { ...WELL, ...options };
    this.bottleneck = shared ?? new Bottleneck(this.options);
    assertSane(this.options);
    const { seed, lossShare, burstMean } = this.options;
    const stream = (index: number): Random => new Random(seed * 8 + index);
    this.loss = new BurstLoss(lossShare, burstMean, stream(0));
    this.luck = {
      duplicate: stream(1),
      corrupt: stream(2),
      jitter: stream(3),
      reorder: stream(4),
    };
  }

  /** Datagrams that are under way. */
  get inFlight(): number {
    return this.onTheWay.size;
  }

  /** Lets a datagram enter. The link keeps it and never writes to it; the caller must not either. */
  offer(datagram: Uint8Array, now: InstantUs): void {
    this.counters.in += 1;
    if (now - this.lastOfferUs >= BURST_FORGOTTEN_US) this.loss.forget();
    this.lastOfferUs = now;
    if (this.options.cuts.some((cut) => now >= cut.startUs && now < cut.endUs)) {
      this.counters.cut += 1;
      return;
    }
    const limit = this.options.limits.findLast(({ fromUs }) => fromUs <= now);
    if (limit !== undefined && datagram.length > limit.bytes) {
      this.counters.tooLong += 1;
      return;
    }
    const sentUs = this.bottleneck.pass(datagram.length, now);
    if (sentUs === undefined) {
      this.counters.queueDropped += 1;
      return;
    }
    if (this.loss.next()) {
      this.counters.lost += 1;
      return;
    }
    this.travel(datagram, sentUs);
    if (this.luck.duplicate.chance(this.options.duplicateShare)) {
      this.counters.duplicated += 1;
      this.travel(datagram, sentUs);
    }
  }

  /** When `deliver` will next have something; NEVER when nothing is under way. */
  nextDelivery(): InstantUs {
    return this.onTheWay.nextUs;
  }

  /** The next datagram that is due by `now`, in due order; call until it gives undefined. */
  deliver(now: InstantUs): Uint8Array | undefined {
    if (this.onTheWay.nextUs > now) return undefined;
    const datagram = this.onTheWay.take();
    if (datagram === undefined) return undefined;
    this.counters.out += 1;
    this.counters.bytes += datagram.length;
    return datagram;
  }

  private travel(datagram: Uint8Array, sentUs: InstantUs): void {
    const { delayUs, jitterUs, corruptShare, reorderShare } = this.options;
    let wayUs = delayUs + this.luck.jitter.unit() * jitterUs;
    if (this.luck.reorder.chance(reorderShare)) {
      this.counters.reordered += 1;
      wayUs += this.luck.reorder.between(HELD_US_MIN, HELD_US_SPAN + delayUs);
    }
    let arriving = datagram;
    if (this.luck.corrupt.chance(corruptShare)) {
      this.counters.corrupted += 1;
      arriving = corrupted(datagram, this.luck.corrupt);
    }
    // Rounded up to whole microseconds: nothing arrives early.
    this.onTheWay.put(arriving, instantUs(Math.ceil(after(sentUs, durationUs(wayUs)))));
  }
}

/**
 * Ours: a pause after which a run of losses does not go on. Runs are counted in datagrams; without this a run of
 * twenty would be an outage of a minute to a sender that asks every three seconds.
 */
const BURST_FORGOTTEN_US = 1_000_000;

/** Ours: long enough to pass several later datagrams, and with the delay added, at times a whole round trip. */
const HELD_US_MIN = 1_000;
const HELD_US_SPAN = 10_000;

const WELL = {
  lossShare: 0,
  burstMean: 1,
  delayUs: durationUs(0),
  jitterUs: durationUs(0),
  rateBytesPerSecond: 0 as BytesPerSecond,
  /** A common size for a home router's queue. */
  queueBytes: 256 * 1024,
  reorderShare: 0,
  duplicateShare: 0,
  corruptShare: 0,
  cuts: [],
  limits: [],
} as const;

function assertSane(options: Required<LinkOptions>): void {
  const shares = ["lossShare", "reorderShare", "duplicateShare", "corruptShare"] as const;
  for (const name of shares) {
    assert(options[name] >= 0 && options[name] <= 1, `${name} lies in 0..1`);
  }
  const sizes = ["delayUs", "jitterUs", "rateBytesPerSecond", "queueBytes"] as const;
  for (const name of sizes) assert(options[name] >= 0, `${name} is not negative`);
  assert(options.burstMean >= 1, "a run of losses has at least one loss");
}
