import { type InstantUs, instantUs, NEVER } from "../base/units.js";
import { nowUs } from "./clock.js";

/** A pure machine, as the pump turns it. */
export interface Machine {
  handleTimeout(now: InstantUs): void;
  /** Polls all outputs and acts on them; returns the deadline to wait for. */
  drain(now: InstantUs): InstantUs;
}

/**
 * Turns a machine in real time: one timer, and one drain for all datagrams
 * that came in a turn of the event loop.
 */
export class Pump {
  private timer: NodeJS.Timeout | undefined;
  private deadlineUs = NEVER;
  private scheduled = false;
  private isStopped = false;

  /** @param onFailure told what a drain or timeout threw; the pump is stopped then */
  constructor(
    private readonly machine: Machine,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Something was put into the machine: drain it before the event loop waits again. */
  wake(): void {
    if (this.scheduled || this.isStopped) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.turn();
    });
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private turn(): void {
    if (this.isStopped) return;
    try {
      const now = nowUs();
      // Timers may fire early, and a busy loop may be late: only the clock decides.
      if (this.deadlineUs <= now) this.machine.handleTimeout(now);
      this.deadlineUs = this.machine.drain(now);
    } catch (error) {
      this.stop();
      this.onFailure(error);
      return;
    }
    this.arm();
  }

  private arm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isStopped || this.deadlineUs === NEVER) return;
    const waitMs = Math.max(0, Math.ceil((this.deadlineUs - nowUs()) / 1_000));
    this.timer = setTimeout(() => this.turn(), Math.min(waitMs, TIMER_MS_MAX));
  }
}

/** The longest that a Node timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** An instant that many seconds from now. */
export const secondsFromNow = (seconds: number): InstantUs =>
  instantUs(nowUs() + Math.ceil(seconds * 1_000_000));
