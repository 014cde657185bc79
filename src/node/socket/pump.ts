import { after, type InstantUs, instantUs, milliseconds, NEVER } from "../../base/units.js";
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
  /** When the timer fires, at the earliest. */
  private armedUs = NEVER;
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

  /** A timer that fires before the deadline stays: it finds nothing to do, and is set anew. */
  private arm(): void {
    if (this.isStopped || this.deadlineUs === NEVER || this.armedUs <= this.deadlineUs) return;
    clearTimeout(this.timer);
    const now = nowUs();
    const waitMs = Math.min(Math.max(0, Math.ceil((this.deadlineUs - now) / 1_000)), TIMER_MS_MAX);
    this.armedUs = after(now, milliseconds(waitMs));
    this.timer = setTimeout(() => {
      this.armedUs = NEVER;
      this.turn();
    }, waitMs);
  }
}

/** The longest that a Node timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** An instant that many seconds from now. */
export const secondsFromNow = (seconds: number): InstantUs =>
  instantUs(nowUs() + Math.ceil(seconds * 1_000_000));
