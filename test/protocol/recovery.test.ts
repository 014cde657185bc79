import { describe, expect, test } from "vitest";
import { durationUs, instantUs, NEVER } from "../../src/base/units.js";
import type { CongestionControl, FlightPacket } from "../../src/protocol/congestion.js";
import { Recovery } from "../../src/protocol/recovery.js";

/** Writes down what it is told. */
class Scribe implements CongestionControl {
  readonly name = "scribe";
  readonly windowBytes = 1e9;
  readonly losses: { readonly count: number; readonly persistent: boolean }[] = [];
  ackedBytes = 0;

  pacingRate(): never {
    throw new Error("nobody asks for the pace here");
  }

  onAcked(packets: readonly FlightPacket[]): void {
    for (const { bytes } of packets) this.ackedBytes += bytes;
  }

  onLost(packets: readonly FlightPacket[], _nowUs: number, persistent: boolean): void {
    this.losses.push({ count: packets.length, persistent });
  }
}

const at = (ms: number) => instantUs(ms * 1_000);

function sendAt(recovery: Recovery<number>, ms: number, bytes = 1_200): number {
  const packetNumber = recovery.takePacketNumber();
  recovery.onSent({ packetNumber, sentUs: at(ms), bytes, contents: [packetNumber] });
  return packetNumber;
}

function ack(recovery: Recovery<number>, ms: number, ...packets: number[]) {
  const ranges = packets.sort((a, b) => b - a).map((start) => ({ start, end: start + 1 }));
  return recovery.onAck(ranges, durationUs(0), at(ms), true);
}

/** A round trip of 100 ms is known, nothing is on the way. */
function measured(): { recovery: Recovery<number>; scribe: Scribe } {
  const scribe = new Scribe();
  const recovery = new Recovery<number>(scribe);
  ack(recovery, 100, sendAt(recovery, 0));
  return { recovery, scribe };
}

describe("acknowledgements", () => {
  test("take packets out of flight, each once", () => {
    const { recovery, scribe } = measured();
    const packets = [110, 111, 112].map((ms) => sendAt(recovery, ms));
    expect(recovery.inFlightBytes).toBe(3_600);
    expect(ack(recovery, 210, ...packets)?.acked).toHaveLength(3);
    expect(ack(recovery, 211, ...packets)?.acked).toHaveLength(0);
    expect(recovery.inFlightBytes).toBe(0);
    expect(scribe.ackedBytes).toBe(4 * 1_200);
    expect(recovery.deadlineUs).toBe(NEVER);
  });

  test("of packets never sent are refused and change nothing", () => {
    const { recovery } = measured();
    sendAt(recovery, 110);
    expect(ack(recovery, 200, 5)).toBeUndefined();
    expect(recovery.inFlightBytes).toBe(1_200);
  });

  test("sample the round trip from the newest packet, and only the first time", () => {
    const { recovery } = measured();
    const [first, second] = [sendAt(recovery, 200), sendAt(recovery, 290)];
    ack(recovery, 400, first, second);
    expect(recovery.rtt.latestUs).toBe(110_000);
    ack(recovery, 900, second);
    expect(recovery.rtt.latestUs).toBe(110_000);
  });

  test("of a bare acknowledgement of ours prove the loss of what left before it", () => {
    const { recovery } = measured();
    const lost = sendAt(recovery, 110);
    const bare = [0, 1, 2].map(() => recovery.takePacketNumber());
    const outcome = ack(recovery, 215, bare[2] as number);
    expect(outcome?.lost.map(({ packetNumber }) => packetNumber)).toEqual([lost]);
  });
});

describe("losses", () => {
  test("are found by three newer packets, and told to congestion control once", () => {
    const { recovery, scribe } = measured();
    const packets = [110, 111, 112, 113].map((ms) => sendAt(recovery, ms));
    const outcome = ack(recovery, 212, packets[3] as number);
    expect(outcome?.lost).toHaveLength(1);
    expect(scribe.losses).toEqual([{ count: 1, persistent: false }]);
    expect(recovery.lostPackets).toBe(1);
    expect(recovery.inFlightBytes).toBe(2_400);
  });

  test("are found by time at the deadline", () => {
    const { recovery } = measured();
    const [first, second] = [sendAt(recovery, 110), sendAt(recovery, 111)];
    ack(recovery, 211, second);
    // 9/8 of the 100 ms, after it was sent.
    expect(recovery.deadlineUs).toBe(110_000 + 112_500);
    const { lost, probes } = recovery.onDeadline(instantUs(222_500));
    expect(lost.map(({ packetNumber }) => packetNumber)).toEqual([first]);
    expect(probes).toBe(0);
  });

  test("that prove spurious are counted back, and teach patience", () => {
    const { recovery } = measured();
    const packets = Array.from({ length: 8 }, (_, i) => sendAt(recovery, 110 + i));
    ack(recovery, 217, ...packets.slice(5));
    expect(recovery.lostPackets).toBe(5);
    const late = ack(recovery, 218, ...packets.slice(0, 5));
    expect(late?.acked).toHaveLength(5);
    expect(recovery.spuriousPackets).toBe(5);
    expect(recovery.inFlightBytes).toBe(0);
    // The first came after packets seven numbers newer.
    expect(recovery.reorder.packets).toBe(8);
    const next = Array.from({ length: 8 }, (_, i) => sendAt(recovery, 220 + i));
    expect(ack(recovery, 327, next[7] as number)?.lost).toHaveLength(0);
  });

  test("over more than three probe timeouts without a word between are persistent", () => {
    const { recovery, scribe } = measured();
    // With the second sample of 100 ms the timeout is 100 + 4 * 37.5 + 25 ms; three are 825 ms.
    for (const ms of [200, 500, 1_026]) sendAt(recovery, ms);
    ack(recovery, 1_500, sendAt(recovery, 1_400));
    expect(scribe.losses.some(({ persistent }) => persistent)).toBe(true);
  });

  test("over less than that, or with one acknowledged between, are not", () => {
    const brief = measured();
    for (const ms of [200, 500, 1_025]) sendAt(brief.recovery, ms);
    ack(brief.recovery, 1_500, sendAt(brief.recovery, 1_400));
    expect(brief.scribe.losses.length).toBeGreaterThan(0);
    expect(brief.scribe.losses.some(({ persistent }) => persistent)).toBe(false);
    const broken = measured();
    const packets = [200, 500, 900, 1_300].map((ms) => sendAt(broken.recovery, ms));
    ack(broken.recovery, 1_500, packets[1] as number, sendAt(broken.recovery, 1_400));
    expect(broken.scribe.losses.some(({ persistent }) => persistent)).toBe(false);
  });

  test("of long ago are forgotten: an acknowledgement of them is no news", () => {
    const { recovery } = measured();
    const packets = [110, 111, 112, 113].map((ms) => sendAt(recovery, ms));
    ack(recovery, 212, packets[3] as number);
    ack(recovery, 5_100, sendAt(recovery, 5_000));
    ack(recovery, 5_300, sendAt(recovery, 5_200));
    expect(ack(recovery, 5_400, packets[0] as number)?.acked).toHaveLength(0);
    expect(recovery.spuriousPackets).toBe(0);
  });
});

describe("probes", () => {
  test("are due a probe timeout after the last packet, two at a time, then more, ever more slowly", () => {
    const { recovery } = measured();
    let ms = 200;
    const waits: number[] = [];
    const counts: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      sendAt(recovery, ms);
      waits.push(recovery.deadlineUs / 1_000 - ms);
      ms = recovery.deadlineUs / 1_000;
      counts.push(recovery.onDeadline(recovery.deadlineUs).probes);
    }
    // 100 + 4 * 50 + 25 ms, doubled; at three seconds RFC 8085 lets one datagram pass.
    expect(waits).toEqual([325, 650, 1_300, 2_600, 3_000, 3_000, 3_000, 3_000]);
    expect(counts).toEqual([2, 4, 8, 1, 1, 1, 1, 1]);
  });

  test("declare nothing lost, and an acknowledgement ends the backoff", () => {
    const { recovery } = measured();
    const packet = sendAt(recovery, 200);
    expect(recovery.onDeadline(at(525)).lost).toEqual([]);
    expect(recovery.backoff).toBe(1);
    ack(recovery, 530, packet);
    expect(recovery.backoff).toBe(0);
    sendAt(recovery, 600);
    expect(recovery.probeIntervalUs).toBe(recovery.rtt.probeTimeoutUs);
  });
});
