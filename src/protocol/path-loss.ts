/** What the newest packets tell of a path's losses. */
export interface LossShape {
  /**
   * Share of packets lost, 0..1: what was measured and one standard deviation more, for of r runs of losses there might as
   * well have been the root of r more.
   */
  readonly share: number;
  /** Mean length of a run of losses, in packets; 1 when there are none. */
  readonly run: number;
  /** How many packets tell it. */
  readonly packets: number;
}

interface Totals {
  readonly resolved: number;
  readonly lost: number;
  readonly losses: number;
  readonly runs: number;
}

/**
 * How a path loses, by the newest packets of which it is known: recent enough that the start's full queue is forgotten,
 * long enough that one stray loss is not a rate.
 */
export class PathLoss {
  private totals: Totals = { resolved: 0, lost: 0, losses: 0, runs: 0 };
  /** Totals of every so many packets ago, oldest first. */
  private readonly marks: Totals[] = [this.totals];
  private lastLost = -1;

  /**
   * Takes the totals since the start: packets acknowledged or lost, and those lost for good, which falls
   * when one comes after all.
   */
  update(resolved: number, lost: number): void {
    this.totals = { ...this.totals, resolved, lost };
    const newest = this.marks[this.marks.length - 1] as Totals;
    if (resolved - newest.resolved < MARK_EVERY_PACKETS) return;
    this.marks.push(this.totals);
    if (this.marks.length > MARKS_MAX) this.marks.shift();
  }

  /** Packets were declared lost, with rising numbers. */
  onLost(packetNumbers: Iterable<number>): void {
    let { losses, runs } = this.totals;
    for (const number of packetNumbers) {
      if (number !== this.lastLost + 1) runs += 1;
      losses += 1;
      this.lastLost = number;
    }
    this.totals = { ...this.totals, losses, runs };
  }

  get shape(): LossShape {
    const since = this.marks[0] as Totals;
    const packets = this.totals.resolved - since.resolved;
    const lost = this.totals.lost - since.lost;
    if (packets <= 0 || lost <= 0) return { share: 0, run: 1, packets: Math.max(0, packets) };
    const runs = Math.max(1, this.totals.runs - since.runs);
    const run = Math.max(1, (this.totals.losses - since.losses) / runs);
    return { share: Math.min(1, (lost / packets) * (1 + 1 / Math.sqrt(runs))), run, packets };
  }
}

/** Ours: with five marks, the newest 1,024 to 1,280 packets count. */
const MARK_EVERY_PACKETS = 256;
const MARKS_MAX = 5;
