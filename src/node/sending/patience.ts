import { after, durationUs, type InstantUs, NEVER, seconds } from "../../base/units.js";

export interface PatienceOptions {
  /** How long anybody is waited for who has not answered yet. Default 15. */
  readonly firstAnswerSeconds?: number | undefined;
  /** How long a receiver is waited for that was there once. Default a day. */
  readonly giveUpAfterSeconds?: number | undefined;
  /** Evenly drawn from 0 to 1. */
  readonly random: () => number;
}

/**
 * How long a sender goes on trying, and how long it waits between two connections: twice as long each time, up to a
 * minute, and by chance up to half less, so that many senders of one receiver do not come back as one.
 */
export class Patience {
  private readonly giveUpUs: number;
  private untilUs: InstantUs = NEVER;
  private failures = 0;

  constructor(private readonly options: PatienceOptions) {
    this.giveUpUs = seconds(options.giveUpAfterSeconds ?? GIVE_UP_SECONDS);
  }

  /** The first connection is about to be opened. */
  begin(nowUs: InstantUs): void {
    const { firstAnswerSeconds = FIRST_ANSWER_SECONDS } = this.options;
    this.untilUs = after(nowUs, seconds(firstAnswerSeconds));
  }

  /** The receiver is there: from when it was last heard, the time of waiting runs anew. */
  onHeard(heardUs: InstantUs): void {
    this.failures = 0;
    this.untilUs = after(heardUs, durationUs(this.giveUpUs));
  }

  /** Whether it is time to give up. */
  isOver(nowUs: InstantUs): boolean {
    return nowUs >= this.untilUs;
  }

  /** How long the next connection may take until it is answered. */
  attemptUs(nowUs: InstantUs): number {
    return Math.max(0, Math.min(ATTEMPT_US, this.untilUs - nowUs));
  }

  /** A connection has failed: how long to wait until the next, in microseconds; undefined: no more. */
  nextWaitUs(nowUs: InstantUs): number | undefined {
    const leftUs = this.untilUs - nowUs;
    if (leftUs <= 0) return undefined;
    const mostUs = Math.min(WAIT_US_MIN * 2 ** Math.min(this.failures, 30), WAIT_US_MAX);
    this.failures += 1;
    const waitUs = mostUs * (1 - this.options.random() / 2);
    // The last connection is to have a moment to be answered in.
    return Math.min(waitUs, leftUs / 2);
  }
}

/** As long as CONNECT_TIMEOUT_US of the protocol. */
const FIRST_ANSWER_SECONDS = 15;
/** Ours: a night, a journey, a restart that somebody has to come for. */
const GIVE_UP_SECONDS = 24 * 60 * 60;
/** Who has not answered by then may come up again under another address, so its name is asked for anew. Ours. */
const ATTEMPT_US = seconds(15);
const WAIT_US_MIN = seconds(1);
const WAIT_US_MAX = seconds(60);
