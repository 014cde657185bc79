import type { InstantUs } from "../base/units.js";

interface Sample {
  readonly atUs: number;
  readonly bytes: number;
}

/** The rate of a growing count of bytes: the shown one over the last seconds, time left over a longer while. */
export class RateMeter {
  private readonly samples: Sample[] = [];

  /** Takes the bytes so far. Counts held from an earlier run belong to the first sample. */
  update(bytes: number, now: InstantUs): void {
    const newest = this.samples[this.samples.length - 1];
    if (newest !== undefined && now - newest.atUs < SAMPLE_EVERY_US) return;
    this.samples.push({ atUs: now, bytes });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  get bytesPerSecond(): number {
    return this.rateOver(SHOWN_WINDOW_US);
  }

  /** How long `bytes` more take at the rate of the last half minute; undefined while nothing comes. */
  secondsFor(bytes: number): number | undefined {
    const rate = this.rateOver(FORECAST_WINDOW_US);
    return rate > 0 ? bytes / rate : undefined;
  }

  private rateOver(windowUs: number): number {
    const newest = this.samples[this.samples.length - 1];
    if (newest === undefined) return 0;
    const oldest = this.samples.find((sample) => newest.atUs - sample.atUs <= windowUs);
    if (oldest === undefined || oldest.atUs === newest.atUs) return 0;
    return ((newest.bytes - oldest.bytes) * 1_000_000) / (newest.atUs - oldest.atUs);
  }
}

const SAMPLE_EVERY_US = 100_000;
const SHOWN_WINDOW_US = 2_000_000;
const FORECAST_WINDOW_US = 30_000_000;
const SAMPLES_MAX = FORECAST_WINDOW_US / SAMPLE_EVERY_US + 1;
