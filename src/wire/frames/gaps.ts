import type { Range } from "../../base/range-set.js";
import { type ByteReader, type ByteWriter, varintBytes } from "../bytes.js";
import { FrameType, frameBytes, varintsBytes, writeFrameHead } from "./type.js";

/**
 * GAPS: the receiver's word on the pieces [from, to) of an image: those listed
 * are missing and asked for, all others are held. It states what is, so it can
 * be lost, repeated and reordered without harm.
 */
export interface GapsFrame {
  readonly kind: "gaps";
  readonly image: number;
  readonly from: number;
  readonly to: number;
  /** Rising, disjoint and not touching, inside [from, to); may be empty. */
  readonly missing: readonly Range[];
}

/** Bytes of the longest list in one datagram bound the count; this bounds the work on hostile ones. */
export const GAPS_RANGES_MAX = 512;

export function writeGaps(writer: ByteWriter, frame: GapsFrame): void {
  const numbers = gapsNumbers(frame);
  writeFrameHead(writer, FrameType.gaps, varintsBytes(...numbers));
  for (const value of numbers) writer.varint(value);
}

/**
 * Fills a GAPS frame with as many of the ranges as `room` bytes take; when they
 * do not all fit, `to` ends behind the last that does. Undefined when nothing fits.
 */
export function fitGaps(
  image: number,
  from: number,
  to: number,
  missing: Iterable<Range>,
  room: number,
): GapsFrame | undefined {
  // The frame's length field may take two bytes; the count at most two.
  const budget = room - frameBytes(0) - 1 - varintsBytes(image, from, to) - 2;
  if (budget < 0) return undefined;
  const ranges: Range[] = [];
  let used = 0;
  let above = from;
  for (const range of missing) {
    const cost = varintsBytes(range.start - above, range.end - range.start - 1);
    if (used + cost > budget || ranges.length === GAPS_RANGES_MAX) {
      return ranges.length === 0
        ? undefined
        : { kind: "gaps", image, from, to: above, missing: ranges };
    }
    used += cost;
    ranges.push(range);
    above = range.end;
  }
  return { kind: "gaps", image, from, to, missing: ranges };
}

/** Image, from, length of the scope, count; then gap and length for each missing range. */
function gapsNumbers(frame: GapsFrame): number[] {
  const numbers = [frame.image, frame.from, frame.to - frame.from, frame.missing.length];
  let above = frame.from;
  for (const range of frame.missing) {
    numbers.push(range.start - above, range.end - range.start - 1);
    above = range.end;
  }
  return numbers;
}

export function readGaps(body: ByteReader): GapsFrame | undefined {
  const image = body.varint();
  const from = body.varint();
  const to = from + body.varint();
  const count = body.varint();
  if (body.failed || count > GAPS_RANGES_MAX || !Number.isSafeInteger(to)) return undefined;
  const missing: Range[] = [];
  let above = from;
  for (let i = 0; i < count; i += 1) {
    const start = above + body.varint();
    const end = start + body.varint() + 1;
    const touching = i > 0 && start === above;
    if (body.failed || touching || end > to) return undefined;
    missing.push({ start, end });
    above = end;
  }
  return { kind: "gaps", image, from, to, missing };
}

/** The least room that is worth offering to `fitGaps`. */
export const GAPS_ROOM_MIN = frameBytes(0) + 1 + 4 * 8 + 2 * varintBytes(0x4000_0000);
