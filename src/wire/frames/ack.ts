import type { Range } from "../../base/range-set.js";
import type { ByteReader, ByteWriter } from "../bytes.js";
import { FrameType, frameBytes, varintsBytes, writeFrameHead } from "./type.js";

/**
 * ACK: which packets have come. RFC 9000 section 19.3, with two things added: when the newest came, by the writer's
 * clock (the idea of draft-smith-quic-receive-ts, for one packet of each ACK), so that a rate of delivery can be told
 * from a rate of acknowledgements; and a receive window: how many bytes of pieces the writer can take beyond those
 * that it acknowledges.
 */
export interface AckFrame {
  readonly kind: "ack";
  /** From the arrival of the newest packet acknowledged until this frame was written. */
  readonly delayUs: number;
  /** When the newest packet acknowledged came, since the first that the writer had of the connection. */
  readonly arrivedUs: number;
  readonly windowBytes: number;
  /** Newest first, disjoint and not touching, `end` not included; never empty. */
  readonly ranges: readonly Range[];
}

/** More ranges than this are refused, and never written: they would fill a datagram with the past. */
export const ACK_RANGES_MAX = 256;

export function ackFrameBytes(frame: AckFrame): number {
  return frameBytes(ackBodyBytes(frame));
}

export function writeAck(writer: ByteWriter, frame: AckFrame): void {
  writeFrameHead(writer, FrameType.ack, ackBodyBytes(frame));
  for (const value of ackNumbers(frame)) writer.varint(value);
}

function ackBodyBytes(frame: AckFrame): number {
  return varintsBytes(...ackNumbers(frame));
}

/** Largest, delay, arrival, window, further ranges, first range; then gap and length for each further range. */
function ackNumbers(frame: AckFrame): number[] {
  const [first, ...rest] = frame.ranges as [Range, ...Range[]];
  const numbers = [first.end - 1, frame.delayUs, frame.arrivedUs, frame.windowBytes, rest.length];
  numbers.push(first.end - first.start - 1);
  let below = first.start;
  for (const range of rest) {
    // At least one packet is missing between two ranges, so that the gap is counted from 1.
    numbers.push(below - range.end - 1, range.end - range.start - 1);
    below = range.start;
  }
  return numbers;
}

export function readAck(body: ByteReader): AckFrame | undefined {
  const largest = body.varint();
  const delayUs = body.varint();
  const arrivedUs = body.varint();
  const windowBytes = body.varint();
  const further = body.varint();
  if (body.failed || further >= ACK_RANGES_MAX) return undefined;
  const ranges: Range[] = [];
  let end = largest + 1;
  let length = body.varint() + 1;
  for (let i = 0; ; i += 1) {
    const start = end - length;
    if (body.failed || start < 0) return undefined;
    ranges.push({ start, end });
    if (i === further) break;
    end = start - (body.varint() + 1);
    length = body.varint() + 1;
  }
  return { kind: "ack", delayUs, arrivedUs, windowBytes, ranges };
}
