import { dispersedOrder } from "../base/dispersal.js";
import type { Rect } from "../base/geometry.js";
import { type FileRange, mapFile, settled } from "./file-map.js";
import { areasOfRun, type Frame, type Scan, type Unusual } from "./frame.js";
import { standardBody } from "./huffman.js";
import { joinParts } from "./joining.js";
import { Marker } from "./marker.js";
import { type CutPart, partHead, plainHeadBytes, widthsOf } from "./piece-head.js";
import type { Run } from "./runs.js";
import {
  encodeTables,
  FILE_BYTES_MAX,
  type HeadWidths,
  isTableMarker,
  segmentAt,
  TABLES_BYTES_MAX,
  type TableRecord,
} from "./tables.js";

/**
 * Cuts a JPEG file into pieces of its own bytes, of at most `pieceBytes` each, that decode alone.
 *
 * Pieces and tables together hold every byte of the file. They come scan by scan, within a scan those of most detail first, for
 * these a preview shows worst; bytes that show nothing come last. Returns why not, for a file that is damaged or of a rare kind. Never throws,
 * whatever the bytes. `bytes` must stay as they are while pieces are asked for.
 */
export function openJpeg(bytes: Uint8Array, pieceBytes: number): JpegCut | Unusual {
  return cut(bytes, pieceBytes, true);
}

/**
 * The same for a small JPEG that is made only to be shown: its headers' bytes and places in a file are left out, so that no file
 * can be made of the pieces. Their order is spread over the picture.
 */
export function cutPreview(bytes: Uint8Array, pieceBytes: number): JpegCut | Unusual {
  return cut(bytes, pieceBytes, false);
}

/** A JPEG in pieces, which are numbered in the order in which they should be sent. */
export class JpegCut {
  readonly width: number;
  readonly height: number;
  /** Components of the frame: gray has 1, CMYK 4. */
  readonly channels: 1 | 3 | 4;
  readonly progressive: boolean;
  readonly pieceCount: number;
  readonly fileBytes: number;

  constructor(
    private readonly source: Uint8Array,
    /** For the manifest: what decoding needs of the headers, and the file's few bytes that are in no piece. */
    readonly tables: Uint8Array,
    private readonly frame: Frame,
    readonly scans: readonly Scan[],
    readonly widths: HeadWidths,
    /** The parts of each piece, in the order of sending. */
    private readonly pieces: readonly (readonly CutPart[])[],
    asFile: boolean,
  ) {
    this.width = frame.width;
    this.height = frame.height;
    this.channels = frame.components.length as 1 | 3 | 4;
    this.progressive = frame.progressive;
    this.pieceCount = pieces.length;
    this.fileBytes = asFile ? source.length : 0;
  }

  /** The bytes of a piece: heads and the file's bytes; a new array each time. */
  piece(number: number): Uint8Array {
    const piece = new Uint8Array(this.pieceLength(number));
    let at = 0;
    this.partsOf(number).forEach((part, index, { length }) => {
      const head = partHead(this, part, index === length - 1);
      piece.set(head, at);
      piece.set(this.source.subarray(part.start, part.end), at + head.length);
      at += head.length + part.end - part.start;
    });
    return piece;
  }

  pieceLength(number: number): number {
    let bytes = 0;
    this.partsOf(number).forEach((part, index, { length }) => {
      bytes += partHead(this, part, index === length - 1).length + part.end - part.start;
    });
    return bytes;
  }

  /** The pixels that a piece shows, or adds to; none for a piece of plain bytes. */
  areasOf(number: number): Rect[] {
    return this.partsOf(number).flatMap((part) =>
      "scan" in part
        ? areasOfRun(this.frame, this.scans[part.scan] as Scan, part.first, part.count)
        : [],
    );
  }

  private partsOf(number: number): readonly CutPart[] {
    const parts = this.pieces[number];
    if (parts === undefined) throw new RangeError(`no piece ${number}`);
    return parts;
  }
}

function cut(source: Uint8Array, pieceBytes: number, asFile: boolean): JpegCut | Unusual {
  if (source.length > FILE_BYTES_MAX) return { unusual: "more bytes than 2^28" };
  const map = mapFile(source, pieceBytes, asFile);
  if (typeof map === "string") return { unusual: map };
  const { frame, scans, colour } = map.headers;
  if (frame === undefined || colour === undefined) return { unusual: "no picture" };
  const ranges = settled(map.ranges);
  const records = asFile ? fileRecords(source, ranges) : previewRecords(source, ranges);
  const fileBytes = asFile ? source.length : 0;
  const alone = widthsOf(frame, scans, map.runs);
  const runs = scans.flatMap((scan, number) => {
    const spread = dispersed(scan, number, map.runs);
    return asFile ? spread.sort((one, other) => density(other) - density(one)) : spread;
  });
  const plain = asFile ? plainPieces(fileBytes, ranges, pieceBytes) : [];
  const parts = [...runs, ...plain];
  const { pieces, lengthBits } =
    asFile && frame.progressive
      ? joinParts({ fileBytes, scans, widths: alone }, parts, pieceBytes)
      : { pieces: parts.map((part) => [part]), lengthBits: 0 };
  const widths = { ...alone, part: lengthBits };
  const tables = encodeTables({ fileBytes, colour, widths, records });
  if (tables.length > TABLES_BYTES_MAX) return { unusual: "headers longer than 64 KiB" };
  return new JpegCut(source, tables, frame, scans, widths, pieces, asFile);
}

/** A scan's runs in dispersed order. They are about equally long, so that their places in a grid are nearly those in the picture. */
function dispersed(scan: Scan, number: number, all: readonly Run[]): Run[] {
  const runs = all.filter((run) => run.scan === number);
  const columns = Math.max(1, Math.round(runs.length / scan.unitsDown));
  const rows = Math.ceil(runs.length / columns);
  const order: Run[] = [];
  for (const place of dispersedOrder(columns, rows)) {
    const run = runs[place];
    if (run !== undefined) order.push(run);
  }
  return order;
}

/**
 * Bytes a unit. Pieces are about equally long, so whoever shows the densest first shows what a preview lacks most: of six
 * photographs, when half had come, this order was within 1 dB of the best there is, the dispersed one up to 2.3 dB away.
 */
const density = ({ start, end, count }: Run): number => (end - start) / count;

function fileRecords(source: Uint8Array, ranges: readonly FileRange[]): TableRecord[] {
  return ranges
    .filter(({ use }) => use !== "pieces")
    .map(({ start, end, use }) => ({
      offset: start,
      bytes: source.subarray(start, end),
      opaque: use === "opaque",
    }));
}

/** The segments that decoding needs, one record each; a standard Huffman table need not be told. */
function previewRecords(source: Uint8Array, ranges: readonly FileRange[]): TableRecord[] {
  const records: TableRecord[] = [];
  for (const { start, end, use } of ranges) {
    for (let at = start; use === "segments" && at < end; ) {
      const segment = segmentAt(source, at);
      if (segment === undefined) break;
      const bytes = source.subarray(at, segment.end);
      const standard = segment.marker === Marker.huffmanTables && isStandard(segment.body);
      const needed = isTableMarker(segment.marker) && !standard;
      if (needed) records.push({ offset: 0, bytes, opaque: false });
      at = segment.end;
    }
  }
  return records;
}

/** Whether a segment defines one standard table, in its usual place. */
function isStandard(body: Uint8Array): boolean {
  const head = body[0] as number;
  const standard = standardBody(head >>> 4 === 0 ? "dc" : "ac", head & 15);
  return standard?.length === body.length && standard.every((byte, i) => byte === body[i]);
}

/** Bytes that are in no run, cut into pieces. */
function plainPieces(
  fileBytes: number,
  ranges: readonly FileRange[],
  pieceBytes: number,
): Pick<FileRange, "start" | "end">[] {
  const room = pieceBytes - plainHeadBytes(fileBytes);
  return ranges.flatMap(({ start, end, use }) => {
    if (use !== "pieces") return [];
    const count = Math.ceil((end - start) / room);
    return Array.from({ length: count }, (_, i) => ({
      start: start + i * room,
      end: Math.min(end, start + (i + 1) * room),
    }));
  });
}
