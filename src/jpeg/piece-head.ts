import { BitReader, BitWriter, bitsFor } from "./bits.js";
import { type Frame, hasPredictions, type Scan } from "./frame.js";
import type { Run } from "./runs.js";
import { RUN_UNITS_MAX } from "./runs.js";
import { DC_MAX } from "./sequential-walk.js";
import type { HeadWidths, JpegTables } from "./tables.js";

/** What a piece of a JPEG is: units that decode alone, or plain bytes of the file. */
export type JpegPiece = RunPiece | BytesPiece;

export interface RunPiece extends Omit<Run, "start" | "end"> {
  readonly kind: "run";
  /** Its bytes' place in the file; 0 in a preview. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface BytesPiece {
  readonly kind: "bytes";
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type HeadTables = Pick<JpegTables, "fileBytes" | "scans" | "widths">;

/** The head of a piece that holds a run. Its bits are listed in docs/codec.md. */
export function runHead(tables: HeadTables, run: Run): Uint8Array {
  const { fileBytes, scans, widths } = tables;
  const scan = scans[run.scan] as Scan;
  const head = new BitWriter();
  if (fileBytes > 0) {
    head.put(0, 1);
    head.put(run.start, bitsFor(fileBytes));
  }
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
  return head.take();
}

/** The head of a piece of plain bytes. */
export function bytesHead(fileBytes: number, offset: number): Uint8Array {
  const head = new BitWriter();
  head.put(1, 1);
  head.put(offset, bitsFor(fileBytes));
  return head.take();
}

/** Reads a piece from a peer. Undefined when it lies outside the file or the scan. Never throws. */
export function readPiece(tables: JpegTables, piece: Uint8Array): JpegPiece | undefined {
  const { fileBytes, scans, widths } = tables;
  const head = new BitReader(piece);
  const plain = fileBytes > 0 && head.take(1) === 1;
  const offset = fileBytes > 0 ? head.take(bitsFor(fileBytes)) : 0;
  if (plain) {
    const bytes = piece.subarray(head.bytesRead);
    const inside = bytes.length > 0 && offset + bytes.length <= fileBytes;
    return inside && !head.failed ? { kind: "bytes", offset, bytes } : undefined;
  }
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
  const bytes = piece.subarray(head.bytesRead);
  if (head.failed || first + count > scan.units) return undefined;
  if (fileBytes > 0 && offset + bytes.length > fileBytes) return undefined;
  return { kind: "run", scan: number, first, count, offset, bit, predictions, blocksEnded, bytes };
}

/** The most bytes that the head of a scan's piece can take, before its widths are known. */
export function headBytesMax(fileBytes: number, frame: Frame, scan: Scan): number {
  const single = !frame.progressive && scan.components.length === frame.components.length;
  const bits =
    1 +
    (fileBytes > 0 ? bitsFor(fileBytes) : 0) +
    (single ? 0 : SCAN_BITS_MAX) +
    bitsFor(scan.units - 1) +
    bitsFor(RUN_UNITS_MAX - 1) +
    3 +
    (hasPredictions(scan) ? PREDICTION_BITS_MAX * scan.components.length : 0) +
    (scan.bandStart > 0 ? BLOCKS_ENDED_BITS_MAX : 0);
  return Math.ceil(bits / 8);
}

/** The narrowest fields that hold what all runs need. */
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
  return { count: bitsFor(count), blocksEnded: bitsFor(blocksEnded), predictions };
}

const SCAN_BITS_MAX = 6;
const PREDICTION_BITS_MAX = 1 + bitsFor(DC_MAX);
const BLOCKS_ENDED_BITS_MAX = 15;
