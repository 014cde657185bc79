import type { Random } from "../base/random.js";

/**
 * Gilbert's model of loss in bursts: a link that is either good (nothing is
 * lost) or bad (everything is), and may change state after each datagram.
 * E. N. Gilbert, "Capacity of a Burst-Noise Channel", BSTJ 39 (1960).
 *
 * With P(bad -> good) = 1 / mean run and P(good -> bad) chosen so that the
 * long-run share of bad is `lossShare`. Runs cannot be shorter on average than
 * those of independent losses, 1 / (1 - lossShare); a smaller `burstMean` means just that.
 */
export class BurstLoss {
  private readonly worsen: number;
  private readonly recover: number;
  private readonly lossShare: number;
  private bad: boolean;

  constructor(
    lossShare: number,
    burstMean: number,
    private readonly random: Random,
  ) {
    this.lossShare = lossShare;
    const meanRun = Math.max(burstMean, 1 / (1 - lossShare));
    this.recover = 1 / meanRun;
    this.worsen = lossShare === 1 ? 1 : (this.recover * lossShare) / (1 - lossShare);
    this.bad = random.chance(lossShare);
  }

  /** Draws the state anew, as after a pause long enough for a fade to have passed. */
  forget(): void {
    this.bad = this.random.chance(this.lossShare);
  }

  /** Whether the next datagram is lost. */
  next(): boolean {
    const lost = this.bad;
    this.bad = this.bad ? !this.random.chance(this.recover) : this.random.chance(this.worsen);
    return lost;
  }
}
