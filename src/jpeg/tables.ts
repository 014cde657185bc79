import { type Frame, JPEG_COLOURS, type JpegColour, type Scan } from "./frame.js";
import { Headers } from "./headers.js";
import { MARKER_PREFIX, Marker, standsAlone } from "./marker.js";

/** Ours: a file that needs more of its headers in the manifest goes as a plain file. */
export const TABLES_BYTES_MAX = 0x1_0000;

/** Ours: bits are counted in whole numbers of 31 bits. */
export const FILE_BYTES_MAX = 0x1000_0000 - 1;

/** Bits of the fields of a piece's head, as this image needs them. */
export interface HeadWidths {
  /** The length of a part behind which another follows; 0 where each piece has one part. */
  readonly part: number;
  /** A run's units less one. */
  readonly count: number;
  /** Blocks that are known to end at once; 0 in sequential files. */
  readonly blocksEnded: number;
  /** Of each component of the frame, a DC prediction in two's complement. */
  readonly predictions: readonly number[];
}

/** Bytes of the file that the tables hold: whole marker segments, or others that are not read. */
export interface TableRecord {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly opaque: boolean;
}

/** What a receiver knows of a JPEG before any piece: read from the manifest. docs/codec.md. */
export interface JpegTables {
  /** Bytes of the file; 0 for a preview, which is no file. */
  readonly fileBytes: number;
  readonly frame: Frame;
  readonly scans: readonly Scan[];
  readonly colour: JpegColour;
  readonly widths: HeadWidths;
  readonly records: readonly TableRecord[];
}

export function encodeTables(
  tables: Pick<JpegTables, "fileBytes" | "colour" | "widths" | "records">,
): Uint8Array {
  const { fileBytes, colour, widths, records } = tables;
  const out: number[] = [];
  putVarint(out, fileBytes);
  out.push(JPEG_COLOURS.indexOf(colour), widths.part, widths.count, widths.blocksEnded);
  out.push(...widths.predictions);
  let end = 0;
  for (const { offset, bytes, opaque } of records) {
    if (fileBytes > 0) putVarint(out, offset - end);
    putVarint(out, bytes.length * 2 + (opaque ? 1 : 0));
    for (const byte of bytes) out.push(byte);
    end = offset + bytes.length;
  }
  return Uint8Array.from(out);
}

/** Reads tables from a peer. Undefined when they cannot be a picture's. Never throws. */
export function readTables(bytes: Uint8Array): JpegTables | undefined {
  if (bytes.length > TABLES_BYTES_MAX) return undefined;
  const reader = new TableReader(bytes);
  const fileBytes = reader.varint();
  const colour = JPEG_COLOURS[reader.u8()];
  const [part, count, blocksEnded] = [reader.u8(), reader.u8(), reader.u8()];
  const predictions = Array.from({ length: componentsOf(colour) }, () => reader.u8());
  if (reader.failed || colour === undefined || fileBytes > FILE_BYTES_MAX) return undefined;
  if (Math.max(part, count, blocksEnded, ...predictions) > WIDTH_MAX) return undefined;
  const headers = new Headers();
  const records: TableRecord[] = [];
  let end = 0;
  while (reader.left > 0) {
    const offset = end + (fileBytes > 0 ? reader.varint() : 0);
    const length = reader.varint();
    const held = reader.view(Math.floor(length / 2));
    end = offset + held.length;
    const record = { offset, bytes: held, opaque: length % 2 === 1 };
    if (reader.failed || (fileBytes > 0 && end > fileBytes)) return undefined;
    if (!record.opaque && !takeSegments(headers, held)) return undefined;
    records.push(record);
  }
  const { frame, scans } = headers;
  if (frame?.components.length !== predictions.length || !headers.complete) return undefined;
  const widths = { part, count, blocksEnded, predictions };
  return { fileBytes, frame, scans, colour, widths, records };
}

/** Tells the headers the segments of a record. */
function takeSegments(headers: Headers, bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const segment = segmentAt(bytes, at);
    if (segment === undefined) return false;
    if (headers.take(segment.marker, segment.body) !== undefined) return false;
    at = segment.end;
  }
  return true;
}

/** A marker and what belongs to it. */
export interface Segment {
  readonly marker: number;
  /** What follows its length; empty for a marker that stands alone. */
  readonly body: Uint8Array;
  readonly end: number;
}

/** The segment at a place, over bytes that merely fill. Undefined when there is none, or not all of it. */
export function segmentAt(bytes: Uint8Array, start: number): Segment | undefined {
  let at = start;
  if (bytes[at] !== MARKER_PREFIX) return undefined;
  while (bytes[at] === MARKER_PREFIX) at += 1;
  const marker = bytes[at];
  if (marker === undefined || marker === 0) return undefined;
  at += 1;
  if (standsAlone(marker)) return { marker, body: bytes.subarray(at, at), end: at };
  const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (length < 2 || at + length > bytes.length) return undefined;
  return { marker, body: bytes.subarray(at + 2, at + length), end: at + length };
}

/** Whether decoding needs the segment. */
export const isTableMarker = (marker: number): boolean =>
  (marker >= Marker.baseline && marker <= Marker.progressive) ||
  marker === Marker.huffmanTables ||
  marker === Marker.quantizationTables ||
  marker === Marker.restartInterval ||
  marker === Marker.startOfScan;

function componentsOf(colour: JpegColour | undefined): number {
  if (colour === "gray") return 1;
  return colour === "ycc" || colour === "rgb" ? 3 : 4;
}

/** No field of a head but an offset is wider. */
const WIDTH_MAX = 16;

/** A variable-length integer below 2^30. RFC 9000 section 16. */
function putVarint(out: number[], value: number): void {
  if (value < 0x40) out.push(value);
  else if (value < 0x4000) out.push((value >>> 8) | 0x40, value & 255);
  else out.push((value >>> 24) | 0x80, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

class TableReader {
  failed = false;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.failed ? 0 : this.bytes.length - this.at;
  }

  u8(): number {
    const byte = this.bytes[this.at];
    this.at += 1;
    if (byte === undefined) this.failed = true;
    return byte ?? 0;
  }

  varint(): number {
    const first = this.u8();
    let value = first & 0x3f;
    const more = (1 << (first >>> 6)) - 1;
    // Eight bytes would hold a number that nothing here reaches.
    if (more > 3) this.failed = true;
    else for (let i = 0; i < more; i += 1) value = value * 256 + this.u8();
    return value;
  }

  view(length: number): Uint8Array {
    if (length > this.left) this.failed = true;
    else this.at += length;
    return this.failed ? new Uint8Array(0) : this.bytes.slice(this.at - length, this.at);
  }
}
