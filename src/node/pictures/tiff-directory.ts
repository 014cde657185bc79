/**
 * The directories ("IFD") that TIFF files and EXIF blocks are made of: read
 * into a tree, and written anew at any place. TIFF 6.0 section 2, EXIF 2.32
 * section 4.6.
 */

export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** The values, little-endian; empty when `directory` is there. */
  readonly bytes: Uint8Array;
  /** What the entry points to, for the tags in `POINTER_TAGS`. */
  readonly directory?: Directory;
}

/** Entries by rising tag. */
export type Directory = readonly Entry[];

/** Gives `length` bytes from `position`, or fewer at the end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/**
 * The first directory behind a TIFF header. What is damaged or out of bounds
 * is left out; no header at all (or BigTIFF) gives `undefined`.
 */
export async function readTiffDirectory(readAt: ReadAt): Promise<Directory | undefined> {
  const header = await readAt(0, TIFF_HEADER_BYTES);
  if (header.length < TIFF_HEADER_BYTES) return undefined;
  const order = String.fromCharCode(header[0] as number, header[1] as number);
  if (order !== "II" && order !== "MM") return undefined;
  const littleEndian = order === "II";
  const view = viewOf(header);
  if (view.getUint16(2, littleEndian) !== TIFF_VERSION) return undefined;
  return readDirectory(
    { readAt, littleEndian, bytesLeft: BYTES_MAX, directoriesLeft: DIRECTORIES_MAX },
    view.getUint32(4, littleEndian),
    0,
  );
}

/** A whole EXIF block, or the head of a TIFF file, with the directory right behind the header. */
export function writeTiffBlock(directory: Directory): Uint8Array {
  const body = writeDirectory(directory, TIFF_HEADER_BYTES);
  const block = new Uint8Array(TIFF_HEADER_BYTES + body.length);
  block.set(tiffHeader(TIFF_HEADER_BYTES));
  block.set(body, TIFF_HEADER_BYTES);
  return block;
}

/** Little-endian, pointing to the first directory. */
export function tiffHeader(directoryAt: number): Uint8Array {
  const header = new Uint8Array(TIFF_HEADER_BYTES);
  header.set([0x49, 0x49, TIFF_VERSION, 0]);
  viewOf(header).setUint32(4, directoryAt, true);
  return header;
}

/** The bytes of a directory that will stand at `at` (an even number), values and directories below it included. */
export function writeDirectory(directory: Directory, at: number): Uint8Array {
  const sorted = [...directory].sort((a, b) => a.tag - b.tag);
  const table = new Uint8Array(2 + sorted.length * ENTRY_BYTES + 4);
  const view = viewOf(table);
  view.setUint16(0, sorted.length, true);
  const parts: Uint8Array[] = [table];
  let end = at + table.length;
  sorted.forEach((entry, index) => {
    const place = 2 + index * ENTRY_BYTES;
    view.setUint16(place, entry.tag, true);
    view.setUint16(place + 2, entry.directory === undefined ? entry.type : TYPE_LONG, true);
    view.setUint32(place + 4, entry.directory === undefined ? entry.count : 1, true);
    if (entry.directory === undefined && entry.bytes.length <= 4) {
      table.set(entry.bytes, place + 8);
      return;
    }
    view.setUint32(place + 8, end, true);
    const value =
      entry.directory === undefined
        ? evenLength(entry.bytes)
        : writeDirectory(entry.directory, end);
    parts.push(value);
    end += value.length;
  });
  return concat(parts);
}

export function shortEntry(tag: number, ...values: number[]): Entry {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, index) => {
    viewOf(bytes).setUint16(2 * index, value, true);
  });
  return { tag, type: TYPE_SHORT, count: values.length, bytes };
}

export function longEntry(tag: number, ...values: number[]): Entry {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, index) => {
    viewOf(bytes).setUint32(4 * index, value, true);
  });
  return { tag, type: TYPE_LONG, count: values.length, bytes };
}

/** A positive number as a fraction of two 32-bit integers, as near as that can be. */
export function rationalEntry(tag: number, value: number): Entry {
  const denominator = Number.isInteger(value)
    ? 1
    : Math.max(1, Math.floor(0x7fff_ffff / Math.max(1, value)));
  const bytes = new Uint8Array(8);
  viewOf(bytes).setUint32(0, Math.round(value * denominator), true);
  viewOf(bytes).setUint32(4, denominator, true);
  return { tag, type: TYPE_RATIONAL, count: 1, bytes };
}

export function undefinedEntry(tag: number, bytes: Uint8Array): Entry {
  return { tag, type: TYPE_UNDEFINED, count: bytes.length, bytes };
}

export function byteEntry(tag: number, bytes: Uint8Array): Entry {
  return { tag, type: TYPE_BYTE, count: bytes.length, bytes };
}

/** The first value of an entry of whole numbers or fractions. */
export function firstValue(entry: Entry | undefined): number | undefined {
  if (entry === undefined || entry.bytes.length < unitBytes(entry.type)) return undefined;
  const view = viewOf(entry.bytes);
  switch (entry.type) {
    case TYPE_BYTE:
      return view.getUint8(0);
    case TYPE_SHORT:
      return view.getUint16(0, true);
    case TYPE_LONG:
      return view.getUint32(0, true);
    case TYPE_RATIONAL:
      return view.getUint32(0, true) / view.getUint32(4, true);
    default:
      return undefined;
  }
}

interface Source {
  readonly readAt: ReadAt;
  readonly littleEndian: boolean;
  bytesLeft: number;
  directoriesLeft: number;
}

async function readDirectory(source: Source, at: number, depth: number): Promise<Directory> {
  source.directoriesLeft -= 1;
  if (depth > DEPTH_MAX || source.directoriesLeft < 0) return [];
  const countBytes = await source.readAt(at, 2);
  if (countBytes.length < 2) return [];
  const count = viewOf(countBytes).getUint16(0, source.littleEndian);
  const table = await source.readAt(at + 2, count * ENTRY_BYTES);
  const entries: Entry[] = [];
  for (let place = 0; place + ENTRY_BYTES <= table.length; place += ENTRY_BYTES) {
    const entry = await readEntry(source, table.subarray(place, place + ENTRY_BYTES), depth);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function readEntry(
  source: Source,
  raw: Uint8Array,
  depth: number,
): Promise<Entry | undefined> {
  const view = viewOf(raw);
  const tag = view.getUint16(0, source.littleEndian);
  const type = view.getUint16(2, source.littleEndian);
  const count = view.getUint32(4, source.littleEndian);
  const length = count * (TYPE_BYTES[type] ?? 0);
  if (length === 0 || SKIPPED_TAGS.has(tag)) return undefined;
  if (POINTER_TAGS.has(tag)) {
    const directory = await readDirectory(
      source,
      view.getUint32(8, source.littleEndian),
      depth + 1,
    );
    return directory.length === 0
      ? undefined
      : { tag, type, count: 1, bytes: new Uint8Array(), directory };
  }
  source.bytesLeft -= length;
  if (source.bytesLeft < 0) return undefined;
  const value =
    length <= 4
      ? raw.slice(8, 8 + length)
      : await source.readAt(view.getUint32(8, source.littleEndian), length);
  if (value.length !== length) return undefined;
  const bytes = source.littleEndian ? value : swapped(value, unitBytes(type));
  return { tag, type, count, bytes };
}

/** A copy with every group of `unit` bytes turned round. */
function swapped(bytes: Uint8Array, unit: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) {
    out[i] = bytes[i - (i % unit) + (unit - 1 - (i % unit))] as number;
  }
  return out;
}

/** Bytes that a change of byte order turns round together. */
function unitBytes(type: number): number {
  const bytes = TYPE_BYTES[type] ?? 1;
  return type === TYPE_RATIONAL || type === TYPE_SIGNED_RATIONAL ? bytes / 2 : bytes;
}

function evenLength(bytes: Uint8Array): Uint8Array {
  return bytes.length % 2 === 0 ? bytes : concat([bytes, new Uint8Array(1)]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export const TIFF_HEADER_BYTES = 8;
const TIFF_VERSION = 42;
const ENTRY_BYTES = 12;
const TYPE_BYTE = 1;
const TYPE_SHORT = 3;
const TYPE_LONG = 4;
const TYPE_RATIONAL = 5;
const TYPE_UNDEFINED = 7;
const TYPE_SIGNED_RATIONAL = 10;
/** Bytes of one value by its type; 0: no such type. */
const TYPE_BYTES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

export const EXIF_POINTER_TAG = 0x8769;
export const GPS_POINTER_TAG = 0x8825;
const INTEROPERABILITY_POINTER_TAG = 0xa005;
const POINTER_TAGS: ReadonlySet<number> = new Set([
  EXIF_POINTER_TAG,
  GPS_POINTER_TAG,
  INTEROPERABILITY_POINTER_TAG,
]);
/** Where the pixels lie: long tables that only hold for the file that they stand in. */
const SKIPPED_TAGS: ReadonlySet<number> = new Set([0x0111, 0x0117, 0x0144, 0x0145]);
/** Directory, EXIF, interoperability: nothing is deeper. */
const DEPTH_MAX = 2;
/** Ours: twice as many as one picture needs; a damaged tree may point to itself. */
const DIRECTORIES_MAX = 8;
/** Ours: no more than this is read of one tree, so that a damaged file cannot fill the memory. */
const BYTES_MAX = 4 * 2 ** 20;
