/** What happened to the packets of a stretch of time. */
export interface LossCount {
  readonly lost: number;
  readonly total: number;
}

/** How a round was sent. */
export interface RoundFacts {
  /** Bytes a second. */
  readonly rate: number;
  /** True when the round-trip time shows a queue. */
  readonly queue: boolean;
  /** True while the rate is still rising: then nothing follows from what it was before. */
  readonly rising: boolean;
  /** True while as much is sent as the path is taken to carry, neither more nor less. */
  readonly steady: boolean;
}

/**
 * Tells the loss that a link has of its own from the loss that our sending causes.
 *
 * Random loss takes the same share at any rate; a full queue or a policer takes
 * what is too much. So what is lost of packets sent more slowly than the path delivers, the link itself has
 * lost; and so it has when a share of loss stays after the rate was taken back by a fifth. Anything well above
 * the link's own share is our doing: with a queue in sight one round tells, without one it takes several, for radio
 * loses in runs.
 *
 * The draft of BBR tolerates 2 % (draft-ietf-ccwg-bbr-05 section 2.7) whatever its
 * cause, and collapses on radio links; this takes the place of that bound. Ours.
 */
export class OwnLoss {
  /** The link's own share of loss, 0..1. */
  share = 0;
  /** Packets sent more slowly than the path delivers, the newest counting most. */
  private slow = { lost: 0, total: 0 };
  /** Rounds of startup of which it is not known yet whether they were too fast. */
  private starts: (LossCount & { readonly rate: number })[] = [];
  /** Rounds of gross loss in a row. */
  private grossRounds = 0;
  /** Rounds without a queue, until they are enough to tell. */
  private calm = { lost: 0, total: 0, rounds: 0 };
  /** Loss that began above the known share: at what rate, and how much. */
  private trial: { readonly rate: number; readonly share: number } | undefined;

  /** A round of startup, sent at `rate` at most; it tells once the path has been seen to deliver so much. */
  onStart(round: LossCount, rate: number, delivered: number): void {
    this.starts.push({ ...round, rate });
    for (const start of this.starts) if (start.rate <= delivered) this.onSlow(start);
    // A startup that is held back by other things lasts as long as these do.
    this.starts = this.starts.filter((start) => start.rate > delivered).slice(-STARTS_MAX);
  }

  /** Packets sent more slowly than the path delivers: what is lost of them, the link itself has lost. */
  onSlow({ lost, total }: LossCount): void {
    const { slow } = this;
    slow.lost += lost;
    slow.total += total;
    if (slow.total < SLOW_MIN) return;
    this.share = slow.lost / slow.total;
    while (slow.total > MEMORY_PACKETS) {
      slow.lost /= 2;
      slow.total /= 2;
    }
  }

  /** Judges a round; true when our sending caused loss, and it is time to retreat. */
  judge({ lost, total }: LossCount, facts: RoundFacts): boolean {
    if (total === 0) return false;
    const isGross = total >= GROSS_MIN && lost / total > this.share + GROSS_LOSS;
    this.grossRounds = isGross ? this.grossRounds + 1 : 0;
    // Where the link loses nothing and a queue is in sight, whatever is lost has run over its brim.
    if (facts.queue && facts.steady && lost > 0 && this.share < LOSSLESS) return true;
    if (facts.queue || this.grossRounds >= GROSS_ROUNDS)
      return this.weigh({ lost, total }, facts, LOSS_TOLERATED);
    const { calm } = this;
    calm.lost += lost;
    calm.total += total;
    calm.rounds += 1;
    if (calm.rounds < CALM_ROUNDS || calm.total < CALM_MIN) return false;
    const count = { lost: calm.lost, total: calm.total };
    this.calm = { lost: 0, total: 0, rounds: 0 };
    return this.weigh(count, facts, CALM_LOSS_TOLERATED);
  }

  private weigh({ lost, total }: LossCount, facts: RoundFacts, tolerated: number): boolean {
    const { rate, rising } = facts;
    const share = lost / total;
    const margin = tolerated + deviation(this.share, total);
    if (share <= this.share + margin) {
      this.trial = undefined;
      // A fast round can show that the link has become better, not that it has become worse.
      if (share < this.share) this.follow(share, total);
      return false;
    }
    if (rising) return true;
    if (this.trial !== undefined && rate <= this.trial.rate * RETREAT_TO_TELL) {
      // The rate went down: if the loss stayed, it is the link's own.
      if (share >= this.trial.share - deviation(this.trial.share, total)) {
        this.share = share;
        this.trial = undefined;
        // What was known of slow packets is of another time.
        this.slow = { lost: 0, total: 0 };
        return false;
      }
      this.trial = { rate, share };
    }
    this.trial ??= { rate, share };
    return true;
  }

  private follow(share: number, total: number): void {
    this.share += (share - this.share) * Math.min(1, total / MEMORY_PACKETS);
  }
}

/** Three deviations of a share measured over so many packets, when losses come in runs. */
function deviation(share: number, total: number): number {
  const p = Math.min(0.5, Math.max(share, 0.01));
  return 3 * Math.sqrt((RUN_LENGTH * p * (1 - p)) / total);
}

/** draft-ietf-ccwg-bbr-05 section 2.7: BBR.LossThresh. */
const LOSS_TOLERATED = 0.02;
/** Without a queue only a policer or a very shallow buffer can be the cause, and these take much. Ours. */
const CALM_LOSS_TOLERATED = 0.05;
/** So much more than was known, twice in a row, is enough, queue or none: one round may be a single burst. Ours. */
const GROSS_LOSS = 0.25;
const GROSS_MIN = 50;
const GROSS_ROUNDS = 2;
/** A link with less loss of its own than this is taken to have none: draft-ietf-ccwg-bbr-05 section 5.5.10.3 answers any loss. Ours. */
const LOSSLESS = 0.005;
const CALM_ROUNDS = 3;
const CALM_MIN = 300;
const RUN_LENGTH = 8;
const SLOW_MIN = 20;
const STARTS_MAX = 16;
const MEMORY_PACKETS = 2_000;
const RETREAT_TO_TELL = 0.8;
