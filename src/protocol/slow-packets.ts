import type { FlightPacket } from "./congestion.js";
import type { LossCount } from "./own-loss.js";

/** What becomes of the packets that left during the last `down`: those that show what the link itself loses. */
export class SlowPackets {
  private fromUs = Number.POSITIVE_INFINITY;
  private toUs = 0;
  private lost = 0;
  private total = 0;

  begin(nowUs: number): void {
    this.fromUs = nowUs;
    this.toUs = Number.POSITIVE_INFINITY;
  }

  end(nowUs: number): void {
    this.toUs = Math.min(this.toUs, nowUs);
  }

  onAcked(packets: readonly FlightPacket[]): void {
    this.total += this.countOf(packets);
  }

  onLost(packets: readonly FlightPacket[]): void {
    const count = this.countOf(packets);
    this.lost += count;
    this.total += count;
  }

  /** What has become known since this was last asked. */
  take(): LossCount {
    const { lost, total } = this;
    this.lost = 0;
    this.total = 0;
    return { lost, total };
  }

  private countOf(packets: readonly FlightPacket[]): number {
    let count = 0;
    for (const { sentUs } of packets) if (sentUs >= this.fromUs && sentUs < this.toUs) count += 1;
    return count;
  }
}
