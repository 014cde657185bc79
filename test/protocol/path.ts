import {
  type BytesPerSecond,
  bytesPerSecond,
  durationUs,
  instantUs,
} from "../../src/base/units.js";
import type { Bbr } from "../../src/protocol/bbr.js";
import { Pacer } from "../../src/protocol/pacer.js";
import { Recovery } from "../../src/protocol/recovery.js";

const DATAGRAM = 1_200;

/** A path that may change at any time. */
export interface PathState {
  rate: BytesPerSecond;
  rttUs: number;
  queueBytes: number;
  loses: (nowUs: number) => boolean;
}

/** Somebody who always has more to send, over one bottleneck; each packet that comes is acknowledged by itself. */
export class Flow {
  nowUs = instantUs(0);
  deliveredBytes = 0;
  readonly recovery: Recovery<never>;
  private readonly pacer = new Pacer();
  private readonly acks: { readonly atUs: number; readonly number: number }[] = [];
  private wireFreeUs = 0;

  constructor(
    readonly bbr: Bbr,
    readonly path: PathState,
    private readonly watch: () => void = () => undefined,
  ) {
    this.recovery = new Recovery<never>(bbr);
  }

  /** Runs until an instant, and tells the rate of delivery since the last call, as a share of the path's. */
  run(untilSeconds: number): number {
    const from = { us: this.nowUs, bytes: this.deliveredBytes };
    while (this.nowUs < untilSeconds * 1e6) this.step();
    const rate = ((this.deliveredBytes - from.bytes) * 1e6) / (this.nowUs - from.us);
    return rate / this.path.rate;
  }

  private step(): void {
    const { bbr, recovery, pacer } = this;
    const isOpen = (): boolean => recovery.inFlightBytes + DATAGRAM <= bbr.windowBytes;
    const paceUs = (): number => pacer.nextUs(this.nowUs, bbr.pacingRate(recovery.rtt));
    while (isOpen() && paceUs() <= this.nowUs) this.send();
    const sendUs = isOpen() ? paceUs() : Number.POSITIVE_INFINITY;
    const next = Math.min(sendUs, this.acks[0]?.atUs ?? sendUs, recovery.deadlineUs);
    this.nowUs = instantUs(Math.max(this.nowUs, Math.ceil(next)));
    for (let ack = this.acks[0]; ack !== undefined && ack.atUs <= this.nowUs; ack = this.acks[0]) {
      this.acks.shift();
      this.deliveredBytes += DATAGRAM;
      const range = { start: ack.number, end: ack.number + 1 };
      recovery.onAck([range], durationUs(0), this.nowUs, true);
      this.watch();
    }
    if (recovery.deadlineUs > this.nowUs) return;
    if (recovery.onDeadline(this.nowUs).probes > 0) this.send();
  }

  private send(): void {
    const packetNumber = this.recovery.takePacketNumber();
    const { nowUs, path } = this;
    this.recovery.onSent({ packetNumber, sentUs: nowUs, bytes: DATAGRAM, contents: [] });
    this.pacer.onSent(DATAGRAM);
    const startUs = Math.max(nowUs, this.wireFreeUs);
    if (((startUs - nowUs) * path.rate) / 1e6 + DATAGRAM > path.queueBytes) return;
    this.wireFreeUs = startUs + (DATAGRAM * 1e6) / path.rate;
    if (path.loses(nowUs)) return;
    this.acks.push({ atUs: Math.ceil(this.wireFreeUs + path.rttUs), number: packetNumber });
  }
}

/** So many megabits a second, 40 ms there and back, a queue of two products, no loss. */
export function pathOf(mbit: number, changes: Partial<PathState> = {}): PathState {
  const rate = bytesPerSecond((mbit * 1e6) / 8);
  return { rate, rttUs: 40_000, queueBytes: 0.08 * rate, loses: () => false, ...changes };
}
