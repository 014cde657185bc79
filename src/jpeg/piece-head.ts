import { BitReader, BitWriter, bitsFor } from "./bits.js";
import { type Frame, hasPredictions, type Scan } from "./frame.js";
import type { Run } from "./runs.js";
import { RUN_UNITS_MAX } from "./runs.js";
import { DC_MAX } from "./sequential-walk.js";
import type { HeadWidths, JpegTables } from "./tables.js";

/** What a part of a piece of a JPEG is: units that decode alone, or plain bytes of the file. */
export type JpegPart = RunPart | BytesPart;

export interface RunPart extends Omit<Run, "start" | "end"> {
  readonly kind: "run";
  /** Its bytes' place in the file; 0 in a preview. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface BytesPart {
  readonly kind: "bytes";
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A part as its sender has it: a run, or plain bytes from a place in the file to another. */
export type CutPart = Run | { readonly start: number; readonly end: number };

type HeadTables = Pick<JpegTables, "fileBytes" | "scans" | "widths">;

/** The head of a part, which is the last of its piece or not. Its bits are listed in docs/codec.md. */
export function partHead(tables: HeadTables, part: CutPart, isLast: boolean): Uint8Array {
  if (isLast) return headOf(tables, part, undefined);
  return headOf(tables, part, headOf(tables, part, 0).length + part.end - part.start);
}

/** @param partBytes of the whole part, where another follows */
function headOf(tables: HeadTables, part: CutPart, partBytes: number | undefined): Uint8Array {
  const { fileBytes, widths } = tables;
  const head = new BitWriter();
  if (widths.part > 0) {
    head.put(partBytes === undefined ? 0 : 1, 1);
    if (partBytes !== undefined) head.put(partBytes, widths.part);
  }
  const isRun = "scan" in part;
  if (fileBytes > 0) {
    head.put(isRun ? 0 : 1, 1);
    head.put(part.start, bitsFor(fileBytes));
  }
  if (isRun) putRun(head, tables, part);
  return head.take();
}

function putRun(head: BitWriter, { scans, widths }: HeadTables, run: Run): void {
  const scan = scans[run.scan] as Scan;
  head.put(run.scan, bitsFor(scans.length - 1));
  head.put(run.first, bitsFor(scan.units - 1));
  head.put(run.count - 1, widths.count);
  head.put(run.bit, 3);
  if (hasPredictions(scan)) {
    scan.components.forEach(({ index }, place) => {
      const width = widths.predictions[index] as number;
      const prediction = run.predictions[place] as number;
      head.put(prediction < 0 ? prediction + 2 ** width : prediction, width);
    });
  }
  if (scan.bandStart > 0) head.put(run.blocksEnded, widths.blocksEnded);
}

/**
 * Reads a piece from a peer: its parts, at least one. Undefined when one lies outside the file or its scan, or they have too many
 * units. Never throws.
 */
export function readPiece(tables: JpegTables, piece: Uint8Array): JpegPart[] | undefined {
  const parts: JpegPart[] = [];
  let units = 0;
  for (let rest = piece; ; ) {
    const head = new BitReader(rest);
    const follows = tables.widths.part > 0 && head.take(1) === 1;
    const length = follows ? head.take(tables.widths.part) : rest.length;
    if (length > rest.length) return undefined;
    const part = readPart(tables, rest.subarray(0, length), head);
    if (part === undefined) return undefined;
    parts.push(part);
    units += part.kind === "run" ? part.count : 0;
    if (units > RUN_UNITS_MAX + 1) return undefined;
    if (!follows) return parts;
    rest = rest.subarray(length);
  }
}

/** @param head behind the part's length */
function readPart(tables: JpegTables, bytes: Uint8Array, head: BitReader): JpegPart | undefined {
  const { fileBytes } = tables;
  const plain = fileBytes > 0 && head.take(1) === 1;
  const offset = fileBytes > 0 ? head.take(bitsFor(fileBytes)) : 0;
  const run = plain ? undefined : readRun(tables, head);
  // A head ends inside its part.
  if (head.failed || head.bytesRead > bytes.length) return undefined;
  const data = bytes.subarray(head.bytesRead);
  if (fileBytes > 0 && offset + data.length > fileBytes) return undefined;
  if (plain) return data.length > 0 ? { kind: "bytes", offset, bytes: data } : undefined;
  return run && { kind: "run", ...run, offset, bytes: data };
}

function readRun(
  { scans, widths }: JpegTables,
  head: BitReader,
): Omit<Run, "start" | "end"> | undefined {
  const number = head.take(bitsFor(scans.length - 1));
  const scan = scans[number];
  if (scan === undefined) return undefined;
  const first = head.take(bitsFor(scan.units - 1));
  const count = head.take(widths.count) + 1;
  const bit = head.take(3);
  const predictions = hasPredictions(scan)
    ? scan.components.map(({ index }) => {
        const width = widths.predictions[index] as number;
        const value = head.take(width);
        return value >= 2 ** (width - 1) ? value - 2 ** width : value;
      })
    : [];
  const blocksEnded = scan.bandStart > 0 ? head.take(widths.blocksEnded) : 0;
  if (first + count > scan.units) return undefined;
  return { scan: number, first, count, bit, predictions, blocksEnded };
}

/** The most bytes that the head of plain bytes can take. */
export const plainHeadBytes = (fileBytes: number): number =>
  Math.ceil((1 + 1 + bitsFor(fileBytes)) / 8);

/** The most bytes that the head of a scan's piece can take, before its widths are known. */
export function headBytesMax(fileBytes: number, frame: Frame, scan: Scan): number {
  const single = !frame.progressive && scan.components.length === frame.components.length;
  const bits =
    1 +
    (frame.progressive ? 1 : 0) +
    (fileBytes > 0 ? bitsFor(fileBytes) : 0) +
    (single ? 0 : SCAN_BITS_MAX) +
    bitsFor(scan.units - 1) +
    bitsFor(RUN_UNITS_MAX - 1) +
    3 +
    (hasPredictions(scan) ? PREDICTION_BITS_MAX * scan.components.length : 0) +
    (scan.bandStart > 0 ? BLOCKS_ENDED_BITS_MAX : 0);
  return Math.ceil(bits / 8);
}

/** The narrowest fields that hold what all runs need, each in a piece of its own. */
export function widthsOf(frame: Frame, scans: readonly Scan[], runs: readonly Run[]): HeadWidths {
  let count = 0;
  let blocksEnded = 0;
  const predictions = frame.components.map(() => 0);
  for (const run of runs) {
    count = Math.max(count, run.count - 1);
    blocksEnded = Math.max(blocksEnded, run.blocksEnded);
    if (!hasPredictions(scans[run.scan] as Scan)) continue;
    (scans[run.scan] as Scan).components.forEach(({ index }, place) => {
      const value = run.predictions[place] as number;
      const bits = value === 0 ? 0 : 1 + bitsFor(value < 0 ? -1 - value : value);
      predictions[index] = Math.max(predictions[index] as number, bits);
    });
  }
  return { part: 0, count: bitsFor(count), blocksEnded: bitsFor(blocksEnded), predictions };
}

const SCAN_BITS_MAX = 6;
const PREDICTION_BITS_MAX = 1 + bitsFor(DC_MAX);
const BLOCKS_ENDED_BITS_MAX = 15;
