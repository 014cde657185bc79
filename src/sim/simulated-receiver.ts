import { assert } from "../base/assert.js";
import { after, type DurationUs, durationUs, type InstantUs, NEVER } from "../base/units.js";
import type { GapTracker } from "../protocol/gaps.js";
import type { Receiver } from "../protocol/receiver.js";
import type { ReceiverConnection, ReceiverEvent } from "../protocol/receiver-connection.js";
import type { HostOptions, SimulatedImage } from "./plan.js";
import type { SimulatedSource } from "./simulated-source.js";

/** What one sender's images are, and what has become of them at the receiver. */
export class Delivery {
  /** Slots of the longest piece, as in the source. */
  readonly arrived: Uint8Array[];
  /** Of each piece that has come. */
  readonly lengths: Uint16Array[];
  readonly verified = new Set<number>();
  readonly connections = new Set<ReceiverConnection>();
  /** How its connections ended. */
  readonly closed: string[] = [];
  /** Times that each image is still to be found damaged. */
  readonly damages: number[];

  /** When the last piece of all previews came; NaN until then. */
  previewUs = Number.NaN;
  private previewPiecesLeft: number;

  constructor(
    readonly sources: readonly SimulatedSource[],
    readonly images: readonly SimulatedImage[],
  ) {
    this.arrived = sources.map((source) => new Uint8Array(source.slots.length));
    this.lengths = sources.map((source) => new Uint16Array(source.pieces));
    this.previewPiecesLeft = images.reduce((sum, image) => sum + (image.previewPieces ?? 0), 0);
    this.damages = images.map((image) => image.damagedTimes ?? 0);
  }

  /** Notes when the last piece of the previews comes. */
  noticePreview(image: number, piece: number, nowUs: InstantUs): void {
    if (piece >= (this.sources[image]?.previewPieces ?? 0)) return;
    this.previewPiecesLeft -= 1;
    if (this.previewPiecesLeft === 0) this.previewUs = nowUs;
  }

  /** Keeps a piece in its slot. */
  place(image: number, piece: number, bytes: Uint8Array): void {
    const { pieceBytes } = this.sources[image] as SimulatedSource;
    this.arrived[image]?.set(bytes, piece * pieceBytes);
    (this.lengths[image] as Uint16Array)[piece] = bytes.length;
  }

  /** Copies a piece that has come; tells its length. */
  readBack(image: number, piece: number, target: Uint8Array, offset: number): number {
    const { pieceBytes } = this.sources[image] as SimulatedSource;
    const length = this.lengths[image]?.[piece] ?? 0;
    const start = piece * pieceBytes;
    target.set((this.arrived[image] as Uint8Array).subarray(start, start + length), offset);
    return length;
  }

  /** Whether an image is here, byte by byte and in pieces of the right lengths. */
  isExact(image: number): boolean {
    const { slots, pieceLength } = this.sources[image] as SimulatedSource;
    const lengths = this.lengths[image] ?? new Uint16Array(0);
    if (lengths.some((length, piece) => length !== pieceLength(piece))) return false;
    return sameBytes(this.arrived[image] ?? new Uint8Array(0), slots);
  }

  /** Every image came, byte by byte. */
  get exact(): boolean {
    return this.verified.size === this.sources.length;
  }

  get needless(): number {
    return this.count((tracker) => tracker.duplicates);
  }

  /** Pieces that parity gave back. */
  get recovered(): number {
    return this.count((tracker) => tracker.recovered);
  }

  /** Of its connections. */
  get malformed(): number {
    let total = 0;
    for (const connection of this.connections) total += connection.malformed;
    return total;
  }

  private count(of: (tracker: GapTracker) => number): number {
    let total = 0;
    for (const connection of this.connections) {
      for (const { tracker } of connection.images.values()) {
        total += of(tracker);
      }
    }
    return total;
  }

  /** Ranges missing of each image. */
  get missing(): { start: number; end: number }[][] {
    return this.sources.map((source, number) => {
      let missing = [{ start: 0, end: source.pieces }];
      for (const connection of this.connections) {
        const tracker = connection.images.get(number)?.tracker;
        if (tracker?.pieceCount !== undefined) missing = [...tracker.missing()];
      }
      return missing;
    });
  }
}

interface Duty {
  readonly dueUs: InstantUs;
  readonly connection: ReceiverConnection;
  readonly run: (nowUs: InstantUs) => void;
}

/**
 * Does at a receiver what a program would: takes every image, keeps its pieces,
 * compares them at the end; each a while later, as a disk and a digest take.
 */
export class SimulatedReceiver {
  /** What is still to be done, soonest first. */
  private readonly duties: Duty[] = [];
  private diskFreeUs: InstantUs = 0 as InstantUs;

  constructor(
    readonly receiver: Receiver,
    private readonly options: HostOptions,
    private readonly deliveries: ReadonlyMap<string, Delivery>,
    private readonly log: (what: string, nowUs: InstantUs) => void,
  ) {}

  get deadlineUs(): InstantUs {
    return this.duties[0]?.dueUs ?? NEVER;
  }

  handleTimeout(nowUs: InstantUs): void {
    for (let duty = this.duties[0]; duty !== undefined; duty = this.duties[0]) {
      if (duty.dueUs > nowUs) return;
      this.duties.shift();
      duty.run(nowUs);
      this.receiver.touch(duty.connection);
    }
  }

  /** Ends every image that is not whole, and every connection. */
  interrupt(nowUs: InstantUs): void {
    for (const connection of this.receiver.open) {
      for (const [number, image] of connection.images) {
        const missing = image.tracker?.missingCount ?? 0;
        connection.endImage(number, "partial", "interrupted", missing, missing);
      }
      connection.close("interrupted", nowUs);
      this.receiver.touch(connection);
    }
  }

  /** Drains the receiver; returns its deadline. */
  drain(nowUs: InstantUs, transmit: (datagram: Uint8Array, to: string) => void): InstantUs {
    for (;;) {
      const out = this.receiver.pollOutput(nowUs);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "transmit") transmit(out.datagram, out.to);
      else this.handleEvent(out.connection, out.event, nowUs);
    }
  }

  private handleEvent(
    connection: ReceiverConnection,
    event: ReceiverEvent,
    nowUs: InstantUs,
  ): void {
    if (event.kind !== "piece") this.log(describeEvent(event), nowUs);
    const delivery = this.deliveries.get(connection.options.path);
    if (delivery === undefined) return;
    delivery.connections.add(connection);
    const { acceptUs, verifyUs, writeUs } = this.options;
    switch (event.kind) {
      case "closed":
        delivery.closed.push(event.how);
        return;
      case "offer":
        return this.later(after(nowUs, acceptUs ?? ZERO), nowUs, connection, (at) =>
          this.accept(delivery, connection, event.image, at),
        );
      case "piece": {
        const { length } = event.bytes;
        delivery.place(event.image, event.piece, event.bytes);
        delivery.noticePreview(event.image, event.piece, nowUs);
        this.diskFreeUs = after(Math.max(nowUs, this.diskFreeUs) as InstantUs, writeUs ?? ZERO);
        return this.later(this.diskFreeUs, nowUs, connection, () =>
          connection.pieceWritten(length),
        );
      }
      case "complete":
        return this.later(after(nowUs, verifyUs ?? ZERO), nowUs, connection, () =>
          this.verify(delivery, connection, event.image),
        );
      case "counted":
        return assert(
          event.pieceCount === delivery.sources[event.image]?.pieces,
          "a receiver learns the count that there is",
        );
      case "passOver": {
        const missing = connection.images.get(event.image)?.tracker?.missingCount ?? 0;
        return connection.endImage(event.image, "partial", "noRepair", missing, missing);
      }
    }
  }

  private accept(
    delivery: Delivery,
    connection: ReceiverConnection,
    image: number,
    nowUs: InstantUs,
  ): void {
    const source = delivery.sources[image] as SimulatedSource;
    const resumed = delivery.images[image]?.resumed ?? [];
    for (const { start, end } of resumed) {
      for (let piece = start; piece < end; piece += 1) {
        const from = piece * source.pieceBytes;
        const bytes = source.slots.subarray(from, from + source.pieceLength(piece));
        delivery.place(image, piece, bytes);
      }
    }
    connection.accept(image, source.lengths, resumed, nowUs, (...where) =>
      delivery.readBack(image, ...where),
    );
  }

  private verify(delivery: Delivery, connection: ReceiverConnection, image: number): void {
    const source = delivery.sources[image] as SimulatedSource;
    const damages = delivery.damages[image] ?? 0;
    if (damages > 0 || !delivery.isExact(image)) {
      delivery.damages[image] = damages - 1;
      delivery.arrived[image]?.fill(0);
      return connection.damaged(image);
    }
    delivery.verified.add(image);
    connection.verified(image, source.digest);
  }

  /** Does it at `dueUs`; at once when that is now. */
  private later(
    dueUs: InstantUs,
    nowUs: InstantUs,
    connection: ReceiverConnection,
    run: (nowUs: InstantUs) => void,
  ): void {
    if (dueUs <= nowUs) return run(nowUs);
    let place = this.duties.length;
    while (place > 0 && (this.duties[place - 1] as Duty).dueUs > dueUs) place -= 1;
    this.duties.splice(place, 0, { dueUs, connection, run });
  }
}

const ZERO: DurationUs = durationUs(0);

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}

function describeEvent(event: ReceiverEvent): string {
  const image = "image" in event ? ` image ${event.image}` : "";
  return event.kind === "closed" ? `closed: ${event.how}` : `${event.kind}${image}`;
}
