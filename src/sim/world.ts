import { assert } from "../base/assert.js";
import type { Random } from "../base/random.js";
import { type DurationUs, type InstantUs, instantUs, NEVER } from "../base/units.js";
import type { PieceSupply } from "../protocol/piece-ledger.js";
import type { Sender, SenderEnd } from "../protocol/sender.js";
import type { ChecksumSealing } from "./checksum-sealing.js";
import type { Link } from "./link.js";
import type { Interrupt, Meddler, Move } from "./plan.js";
import type { Delivery, SimulatedReceiver } from "./simulated-receiver.js";
import { describeDatagram, look } from "./trace.js";

/** Pieces of an image that become ready. */
export interface TimedSupply {
  readonly atUs: InstantUs;
  readonly image: number;
  readonly supply: PieceSupply;
}

/** One sender with its links. */
export interface Lane {
  readonly name: string;
  /** Where datagrams of the sender come from at present. */
  address: string;
  /** Still to come, soonest first. */
  readonly moves: Move[];
  readonly sender: Sender;
  readonly delivery: Delivery;
  readonly forward: Link;
  readonly backward: Link;
  readonly meddler: Meddler;
  readonly trace: ((line: string) => void) | undefined;
  /** Still to come. */
  interrupt: Interrupt | undefined;
  /** Still to come, soonest first. */
  readonly supplies: TimedSupply[];
  end: SenderEnd | undefined;
  endUs: InstantUs;
  /** When the sender had the last result. */
  resultUs: InstantUs;
}

/** Outputs and turns at one instant beyond which time is said to stand still. */
const TURNS_AT_ONE_INSTANT_MAX = 20_000;

/** How late each deadline is met. A deadline that stays the same stays as late. */
export class Lateness {
  private readonly seen = new Map<
    number,
    { readonly deadlineUs: InstantUs; readonly lateUs: number }
  >();

  constructor(
    private readonly mostUs: DurationUs,
    private readonly random: Random,
  ) {}

  /** When `who` wakes for its deadline. */
  of(who: number, deadlineUs: InstantUs, nowUs: InstantUs): InstantUs {
    if (this.mostUs === 0 || deadlineUs <= nowUs || deadlineUs === NEVER) return deadlineUs;
    let kept = this.seen.get(who);
    if (kept?.deadlineUs !== deadlineUs) {
      kept = { deadlineUs, lateUs: this.random.between(0, this.mostUs) };
      this.seen.set(who, kept);
    }
    return instantUs(deadlineUs + kept.lateUs);
  }
}

/** The virtual clock, and all that happens by it. */
export class World {
  nowUs = instantUs(0);
  /** Turns of the loop and datagrams since time last moved. */
  private turns = 0;

  constructor(
    private readonly lanes: readonly Lane[],
    private readonly host: SimulatedReceiver,
    private readonly sealing: ChecksumSealing,
    private readonly late: Lateness,
  ) {}

  /** Runs until every sender has ended and the receiver has forgotten them, or until `limitUs`. */
  run(limitUs: InstantUs): void {
    for (;;) {
      const deadlines = this.lanes.map((lane, i) =>
        this.late.of(i, this.drainSender(lane), this.nowUs),
      );
      const drainedUs = this.host.drain(this.nowUs, (datagram, to) => {
        const lane = this.lanes.find(({ address }) => address === to);
        this.carry("receiver", datagram, lane);
      });
      const receiverUs = this.late.of(-1, drainedUs, this.nowUs);
      if (this.isOver) return;
      let next = Math.min(receiverUs, this.host.deadlineUs, ...deadlines);
      for (const { forward, backward, interrupt, supplies, moves } of this.lanes) {
        next = Math.min(next, forward.nextDelivery(), backward.nextDelivery());
        next = Math.min(next, interrupt?.atUs ?? NEVER, supplies[0]?.atUs ?? NEVER);
        next = Math.min(next, moves[0]?.atUs ?? NEVER);
      }
      if (next > limitUs) return;
      this.moveTo(next, deadlines, receiverUs);
      for (const lane of this.lanes) {
        this.deliver(lane);
        this.supply(lane);
        this.interrupt(lane);
        this.move(lane);
      }
      this.lanes.forEach((lane, i) => {
        if ((deadlines[i] as number) > this.nowUs || lane.end !== undefined) return;
        this.log(lane.name, "timer", this.nowUs);
        lane.sender.handleTimeout(this.nowUs);
      });
      if (receiverUs <= this.nowUs) {
        this.log("receiver", "timer", this.nowUs);
        this.host.receiver.handleTimeout(this.nowUs);
      }
      this.host.handleTimeout(this.nowUs);
    }
  }

  log(who: string, what: string, nowUs: InstantUs): void {
    const trace = this.lanes[0]?.trace;
    if (trace === undefined) return;
    trace(`${(nowUs / 1_000).toFixed(3).padStart(13)} ms  ${who.padEnd(10)} ${what}`);
  }

  private get isOver(): boolean {
    for (const _ of this.host.receiver.open) return false;
    return this.lanes.every(({ end, forward }) => end !== undefined && forward.inFlight === 0);
  }

  private drainSender(lane: Lane): InstantUs {
    for (;;) {
      const out = lane.sender.pollOutput(this.nowUs);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "transmit") {
        assert(lane.end === undefined, "a sender that has ended is silent");
        this.carry("sender", out.datagram, lane);
        continue;
      }
      this.log(lane.name, `event ${out.event.kind}`, this.nowUs);
      if (out.event.kind === "result") lane.resultUs = this.nowUs;
      if (out.event.kind === "tooNarrow") lane.sender.stop(this.nowUs);
      if (out.event.kind !== "closed") continue;
      lane.end = out.event.end;
      lane.endUs = this.nowUs;
      this.log(lane.name, `end ${JSON.stringify(lane.end)}`, this.nowUs);
    }
  }

  /** Puts a datagram on its link, past whoever meddles. */
  private carry(from: "sender" | "receiver", datagram: Uint8Array, lane: Lane | undefined): void {
    this.turn(() => `the ${from} sends without end`);
    // To an address where nobody is: lost.
    if (lane === undefined) return;
    const { meddler, trace } = lane;
    const watched = trace ?? meddler.loses ?? meddler.injects;
    const seen = watched === undefined ? undefined : look(datagram, this.sealing.seal, this.nowUs);
    const lost = seen !== undefined && meddler.loses?.(seen) === true;
    if (trace !== undefined) {
      const fate = lost ? "loses" : "sends";
      this.log(from, `${fate} ${describeDatagram(datagram, seen)}`, this.nowUs);
    }
    if (!lost) (from === "sender" ? lane.forward : lane.backward).offer(datagram, this.nowUs);
    for (const injection of seen === undefined ? [] : (meddler.injects?.(seen) ?? [])) {
      if (injection.to === "sender") lane.sender.handleDatagram(injection.datagram, this.nowUs);
      else {
        const source = injection.from ?? lane.address;
        this.host.receiver.handleDatagram(injection.datagram, source, this.nowUs);
      }
    }
  }

  private deliver(lane: Lane): void {
    const { forward, backward, sender, name, address, trace } = lane;
    const arrives = (who: string, datagram: Uint8Array): void => {
      if (trace === undefined) return;
      const seen = look(datagram, this.sealing.seal, this.nowUs);
      this.log(who, `gets  ${describeDatagram(datagram, seen)}`, this.nowUs);
    };
    for (let d = forward.deliver(this.nowUs); d !== undefined; d = forward.deliver(this.nowUs)) {
      arrives("receiver", d);
      this.host.receiver.handleDatagram(d, address, this.nowUs);
    }
    for (let d = backward.deliver(this.nowUs); d !== undefined; d = backward.deliver(this.nowUs)) {
      arrives(name, d);
      sender.handleDatagram(d, this.nowUs);
    }
  }

  private supply(lane: Lane): void {
    for (let [next] = lane.supplies; next !== undefined; [next] = lane.supplies) {
      if (next.atUs > this.nowUs) return;
      lane.supplies.shift();
      const { available, pieceCount } = next.supply;
      this.log(
        lane.name,
        `supplies image ${next.image} to ${available} of ${pieceCount}`,
        this.nowUs,
      );
      lane.sender.supply(next.image, next.supply);
    }
  }

  private move(lane: Lane): void {
    const [next] = lane.moves;
    if (next === undefined || next.atUs > this.nowUs) return;
    lane.moves.shift();
    const [host, port] = lane.address.split(":") as [string, string];
    lane.address =
      next.changes === "port" ? `${host}:${Number(port) + 1}` : `${host}'s next:${port}`;
    this.log(lane.name, `moves to ${lane.address}`, this.nowUs);
  }

  private interrupt(lane: Lane): void {
    const { interrupt } = lane;
    if (interrupt === undefined || interrupt.atUs > this.nowUs) return;
    lane.interrupt = undefined;
    this.log(interrupt.who, "is interrupted", this.nowUs);
    if (interrupt.who === "sender") lane.sender.stop(this.nowUs);
    else this.host.interrupt(this.nowUs);
  }

  private moveTo(next: number, deadlines: readonly InstantUs[], receiverUs: InstantUs): void {
    if (next > this.nowUs) {
      this.nowUs = instantUs(next);
      this.turns = 0;
      return;
    }
    this.turn(() => {
      const senders = deadlines.map((at) => at - this.nowUs);
      return `senders wait for ${senders} us, the receiver for ${receiverUs - this.nowUs} us`;
    });
  }

  private turn(state: () => string): void {
    this.turns += 1;
    if (this.turns <= TURNS_AT_ONE_INSTANT_MAX) return;
    throw new Error(`time stands still at ${this.nowUs} us: ${state()}`);
  }
}
