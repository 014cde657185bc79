import { between, type InstantUs, seconds } from "../base/units.js";

/** The loss shown is that of the last while: a total since the start tells nobody anything. */
const WINDOW_US = seconds(10);
const SAMPLES_MAX = 20;
const SAMPLE_EVERY_US = WINDOW_US / SAMPLES_MAX;

interface Sample {
  readonly atUs: InstantUs;
  readonly total: number;
  readonly lost: number;
}

/** The share of packets lost in the last ten seconds. */
export class LossMeter {
  private samples: Sample[] = [];

  /** Takes the totals since the start. */
  update(total: number, lost: number, nowUs: InstantUs): void {
    const newest = this.samples[this.samples.length - 1];
    if (newest !== undefined && between(newest.atUs, nowUs) < SAMPLE_EVERY_US) return;
    this.samples.push({ atUs: nowUs, total, lost });
    if (this.samples.length > SAMPLES_MAX + 1) this.samples.shift();
  }

  /** 0..1, given the totals now. */
  share(total: number, lost: number): number {
    const oldest = this.samples[0] ?? { total: 0, lost: 0 };
    const since = total - oldest.total;
    return since <= 0 ? 0 : Math.min(1, Math.max(0, (lost - oldest.lost) / since));
  }
}
