import type { InstantUs } from "../base/units.js";
import type { ImageSource } from "../protocol/outgoing-image.js";
import type { Receiver } from "../protocol/receiver.js";
import type { ReceiverConnection, ReceiverEvent } from "../protocol/receiver-connection.js";
import type { SimulatedImage } from "./scenario.js";

type Source = ImageSource & { readonly bytes: Uint8Array };

/** Does at a receiver what a program would: takes every image, keeps its pieces, compares them at the end. */
export class SimulatedReceiver {
  private readonly arrived: Uint8Array[];
  private readonly verified = new Set<number>();
  private connection: ReceiverConnection | undefined;

  constructor(
    readonly receiver: Receiver,
    private readonly sources: readonly Source[],
    private readonly images: readonly SimulatedImage[],
  ) {
    this.arrived = sources.map((source) => new Uint8Array(source.bytes.length));
  }

  /** Every image came, byte by byte. */
  get exact(): boolean {
    return this.verified.size === this.sources.length;
  }

  get needless(): number {
    let total = 0;
    for (const image of this.connection?.images.values() ?? []) {
      total += image.tracker?.duplicates ?? 0;
    }
    return total;
  }

  get missing(): number[] {
    return this.sources.map((source, number) => {
      const tracker = this.connection?.images.get(number)?.tracker;
      return tracker?.missingCount ?? source.pieceCount;
    });
  }

  /** Drains the receiver; returns its deadline. */
  drain(nowUs: InstantUs, transmit: (datagram: Uint8Array) => void): InstantUs {
    for (;;) {
      const out = this.receiver.pollOutput(nowUs);
      if (out.kind === "waitUntil") return out.deadlineUs;
      if (out.kind === "transmit") transmit(out.datagram);
      else this.handleEvent(out.connection, out.event, nowUs);
    }
  }

  private handleEvent(
    connection: ReceiverConnection,
    event: ReceiverEvent,
    nowUs: InstantUs,
  ): void {
    this.connection = connection;
    if (event.kind === "closed") return;
    const source = this.sources[event.image] as Source;
    const arrived = this.arrived[event.image] as Uint8Array;
    const pieceBytes = source.pieceLength(0);
    switch (event.kind) {
      case "offer": {
        const resumed = this.images[event.image]?.resumed ?? [];
        for (const { start, end } of resumed) {
          const from = start * pieceBytes;
          arrived.set(source.bytes.subarray(from, end * pieceBytes), from);
        }
        return connection.accept(event.image, (piece) => source.pieceLength(piece), resumed, nowUs);
      }
      case "piece":
        arrived.set(event.bytes, event.piece * pieceBytes);
        return connection.pieceWritten(event.bytes.length);
      case "complete": {
        const same = arrived.every((byte, i) => byte === source.bytes[i]);
        if (!same) return connection.damaged(event.image);
        this.verified.add(event.image);
        return connection.verified(event.image, source.digest);
      }
      case "passOver": {
        const missing = connection.images.get(event.image)?.tracker?.missingCount ?? 0;
        return connection.endImage(event.image, "partial", "noRepair", missing, missing);
      }
    }
  }
}
