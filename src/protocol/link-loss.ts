/** What became of the packets of a round, and how they were sent. */
export interface LossRound {
  readonly lost: number;
  readonly total: number;
  /** Bytes that were allowed on the way. */
  readonly windowBytes: number;
  /** True when the round-trip time shows no queue worth speaking of. */
  readonly calm: boolean;
}

/**
 * The share of loss that a link has of its own, for a sender that gives way: every loss beyond it is a reason to.
 *
 * It is measured in rounds without a queue, sent with at most half the window at which loss was last
 * answered: what is lost even then is not our doing. `OwnLoss` answers the same question for a sender that claims
 * its share, and lets some loss pass; here the doubt is in the others' favour. Ours.
 */
export class LinkLoss {
  /** 0..1. */
  share = 0;
  /** The largest window at which loss was answered since the share was last measured. */
  private answeredBytes = 0;
  private isKnown = false;
  /** Packets lost beyond what is tolerated, as they add up. E. S. Page, Continuous inspection schemes, Biometrika 41 (1954). */
  private excess = 0;
  private readonly slow = new Count(PACKETS_TO_KNOW, EVENTS_TO_KNOW);
  private readonly all = new Count(PACKETS_TO_LOWER, Number.POSITIVE_INFINITY);

  /** True when more was lost than the link itself loses: time to give way. */
  isTooMuch(round: LossRound): boolean {
    const { lost, total } = round;
    // The first few losses of a sender that has already halved its window are looked at, not answered.
    if (!this.isKnown && round.calm && this.isSlow(round)) return false;
    this.excess = Math.max(0, this.excess + lost - SHARES_TOLERATED * this.share * total);
    return this.share === 0 ? lost > 0 : this.excess > EXCESS_TOLERATED;
  }

  /** Notes that loss was answered at that window. */
  onAnswered(windowBytes: number): void {
    this.answeredBytes = Math.max(this.answeredBytes, windowBytes);
    this.excess = 0;
  }

  /**
   * Takes a round; the bytes that loss was answered at, when it turns out that the link loses by itself
   * what was taken for a sign: these may be tried again.
   */
  measure(round: LossRound): number | undefined {
    const { lost, total, windowBytes, calm } = round;
    if (!calm) return undefined;
    // A link that has become better shows at any rate.
    const least = this.all.take(lost, total);
    if (least !== undefined && least < this.share * LOWER) this.share = least;
    if (!this.isSlow(round)) return undefined;
    const share = this.slow.take(lost, total);
    if (share === undefined) return undefined;
    this.isKnown = true;
    const { answeredBytes } = this;
    const isWorse = share >= LINK_LOSS_MIN && this.share < share * HIGHER;
    this.share = share < LINK_LOSS_MIN ? 0 : share;
    this.answeredBytes = windowBytes;
    return isWorse ? answeredBytes : undefined;
  }

  private isSlow({ windowBytes }: LossRound): boolean {
    return windowBytes <= this.answeredBytes * SLOW_WINDOW;
  }
}

/** Adds rounds up until they tell a share. */
class Count {
  private lost = 0;
  private total = 0;
  /** Rounds that had loss: a run of losses is one event. */
  private events = 0;

  constructor(
    private readonly packetsToKnow: number,
    private readonly eventsToKnow: number,
  ) {}

  take(lost: number, total: number): number | undefined {
    this.lost += lost;
    this.total += total;
    if (lost > 0) this.events += 1;
    if (this.events < this.eventsToKnow && this.total < this.packetsToKnow) return undefined;
    const share = this.lost / Math.max(1, this.total);
    this.lost = 0;
    this.total = 0;
    this.events = 0;
    return share;
  }
}

/** So few losses are those of a neighbour that fills a shallow queue. */
const LINK_LOSS_MIN = 0.005;
const EVENTS_TO_KNOW = 4;
const PACKETS_TO_KNOW = 600;
const PACKETS_TO_LOWER = 2_000;
const SLOW_WINDOW = 0.5;
/** A share has changed when it is so much less, or was so much less: in runs, it is never measured well. */
const LOWER = 0.25;
const HIGHER = 0.5;
/** Radio loses in runs: twice the share, and five runs of eight beyond it, may be its own. */
const SHARES_TOLERATED = 2;
const EXCESS_TOLERATED = 40;
