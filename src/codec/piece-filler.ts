import type { Rect } from "../base/geometry.js";
import { PAYLOAD_LENGTH_BYTES, type PieceHeads } from "./piece-head.js";
import type { Family } from "./tables.js";

/** Puts parts together to pieces. All parts of a piece are of one unit. */
export class PieceFiller {
  /** Where the payloads of parts are written, before they are added. */
  readonly bytes: Uint8Array;
  /** The longest payload of a part that is alone. */
  readonly capacity: number;
  private used = 0;
  private last = { family: 0 as Family, rect: { x: 0, y: 0, width: 0, height: 0 }, offset: 0 };

  constructor(
    private readonly heads: PieceHeads,
    pieceBytes: number,
  ) {
    this.bytes = new Uint8Array(pieceBytes);
    this.capacity = pieceBytes - heads.bytes;
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Where the next part's payload begins. */
  get start(): number {
    return this.used + this.heads.bytes + (this.isEmpty ? 0 : PAYLOAD_LENGTH_BYTES);
  }

  /** The longest payload that the next part may have; below 0 when not even its head has room. */
  get room(): number {
    return this.bytes.length - this.start;
  }

  /** Adds a part whose payload, so many bytes, lies at `start`. */
  add(family: Family, unit: number, rect: Rect, payloadBytes: number): void {
    const { bytes, heads } = this;
    const end = this.start + payloadBytes;
    if (!this.isEmpty) this.endLast(unit);
    const offset = this.isEmpty ? 0 : this.used + PAYLOAD_LENGTH_BYTES;
    heads.write(bytes, offset, { family, unit, rect });
    this.last = { family, rect, offset };
    this.used = end;
  }

  /** The piece as it is, a copy; the next part begins another. */
  take(): Uint8Array {
    const piece = this.bytes.slice(0, this.used);
    this.used = 0;
    return piece;
  }

  /** Tells in the last part's head that another follows, and where. */
  private endLast(unit: number): void {
    const { family, rect, offset } = this.last;
    const start = offset + this.heads.bytes;
    this.bytes.copyWithin(start + PAYLOAD_LENGTH_BYTES, start, this.used);
    const payloadBytes = this.used - start;
    this.heads.write(this.bytes, offset, { family, unit, rect, payloadBytes });
  }
}
