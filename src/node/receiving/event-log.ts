import { createWriteStream, type WriteStream } from "node:fs";
import type { Manifest } from "../../wire/manifest.js";
import { encodeManifest } from "../../wire/manifest-bytes.js";
import { diskError } from "../disk.js";
import type { ReceiveEvent } from "../events.js";
import type { PieceOrigin, ReceiveObserver } from "./observer.js";

/** First in a log. */
export interface LogBegun {
  readonly event: "log";
  readonly t: number;
  readonly version: 1;
  /** When t was 0, in milliseconds since 1970. */
  readonly startedMs: number;
}

/** Once per image, before its first piece; again when it begins anew. */
export interface LoggedManifest {
  readonly event: "manifest";
  readonly t: number;
  readonly id: string;
  /** As it came (docs/protocol.md section 7), in base64. */
  readonly manifest: string;
}

export interface LoggedPiece {
  readonly event: "piece";
  readonly t: number;
  readonly id: string;
  readonly piece: number;
  readonly via: PieceOrigin;
  /** In base64. */
  readonly bytes: string;
}

/** In the place of pieces for which there was no room. */
export interface PiecesSkipped {
  readonly event: "skipped";
  readonly t: number;
  readonly pieces: number;
}

export type LogLine = LogBegun | LoggedManifest | LoggedPiece | PiecesSkipped | ReceiveEvent;

/**
 * Writes all that a receiver has seen to a file, a JSON object a line: its events, and each piece with its bytes when it
 * came. Whoever reads it can work out what there was to be seen at any moment.
 *
 * What waits for a slow disk is bounded: beyond, pieces are skipped, and how many is told.
 */
export class EventLog implements ReceiveObserver {
  private readonly file: WriteStream;
  private skipped = 0;
  private failure: Error | undefined;

  /** @param t seconds since the receiver began */
  constructor(
    private readonly path: string,
    private readonly t: () => number,
  ) {
    this.file = createWriteStream(path);
    this.file.on("error", (error) => {
      this.failure ??= error;
    });
    const startedMs = performance.timeOrigin + performance.now() - t() * 1_000;
    this.write({ event: "log", t: t(), version: 1, startedMs });
  }

  onImage(id: string, manifest: Manifest): void {
    const encoded = Buffer.from(encodeManifest(manifest)).toString("base64");
    this.write({ event: "manifest", t: this.t(), id, manifest: encoded });
  }

  onPiece(id: string, piece: number, bytes: Uint8Array, via: PieceOrigin): void {
    if (this.file.writableLength > WAITING_BYTES_MAX) {
      this.skipped += 1;
      return;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    this.write({ event: "piece", t: this.t(), id, piece, via, bytes: text });
  }

  onEvent(event: ReceiveEvent): void {
    // A log is given to others, who may not come in by what stands in it.
    const isSecret = event.event === "listening";
    this.write(isSecret ? { ...event, ticket: event.ticket.replace(/^.*@/, "") } : event);
  }

  /** Resolves when all is written. Throws the codes of `diskError`. */
  async close(): Promise<void> {
    this.tellSkipped();
    await new Promise<void>((resolve) => {
      this.file.once("error", () => resolve());
      this.file.end(resolve);
    });
    if (this.failure !== undefined) throw diskError(this.failure, this.path);
  }

  private write(line: LogLine): void {
    this.tellSkipped();
    this.put(line);
  }

  private tellSkipped(): void {
    if (this.skipped === 0) return;
    this.put({ event: "skipped", t: this.t(), pieces: this.skipped });
    this.skipped = 0;
  }

  private put(line: LogLine): void {
    if (this.failure === undefined) this.file.write(`${JSON.stringify(line)}\n`);
  }
}

/** Ours: what a disk that stands still for some seconds leaves waiting at 100 Mbit/s. */
const WAITING_BYTES_MAX = 64 * 2 ** 20;
