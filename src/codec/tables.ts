import type { UnitSize } from "./units.js";
import { decodeValueMap, encodeValueMap, type ValueMap } from "./value-map.js";

/** The methods of coding, by the number that pieces and tables name them with. */
export const Family = { raw: 0, photo: 1, scan: 2, synthetic: 3 } as const;
export type Family = (typeof Family)[keyof typeof Family];

/** What a picture's pieces have in common: how it is cut, and the tables of each family that is used beside raw. */
export interface Tables {
  readonly unitSize: UnitSize;
  readonly values: ValueMap;
  /** Ascending by family; never raw, which has no tables. */
  readonly sections: readonly TableSection[];
}

export interface TableSection {
  readonly family: Family;
  /** At most 65,535 bytes, meant for the family alone. */
  readonly bytes: Uint8Array;
}

/** Writes tables as docs/codec.md describes them. */
export function encodeTables({ unitSize, values, sections }: Tables): Uint8Array {
  const map = encodeValueMap(values);
  const start = 2 + map.length;
  const length = sections.reduce(
    (sum, { bytes }) => sum + SECTION_HEAD_BYTES + bytes.length,
    start,
  );
  const out = new Uint8Array(length);
  out[0] = TABLES_VERSION;
  out[1] = (unitSize.log2Width << 4) | unitSize.log2Height;
  out.set(map, 2);
  let at = start;
  for (const { family, bytes } of sections) {
    out[at] = family;
    out[at + 1] = bytes.length >>> 8;
    out[at + 2] = bytes.length & 0xff;
    out.set(bytes, at + SECTION_HEAD_BYTES);
    at += SECTION_HEAD_BYTES + bytes.length;
  }
  return out;
}

/**
 * Reads what `encodeTables` wrote for a picture with samples of so many bits; undefined for anything else. The sections
 * are views of `source`.
 */
export function decodeTables(source: Uint8Array, bits: 8 | 16): Tables | undefined {
  if (source.length < 2 || source[0] !== TABLES_VERSION) return undefined;
  const sizes = source[1] as number;
  const unitSize = { log2Width: sizes >>> 4, log2Height: sizes & 15 };
  const values = decodeValueMap(source, 2, bits);
  if (!isUnitSize(unitSize) || values === undefined || values.end > source.length) return undefined;
  const sections: TableSection[] = [];
  let at = values.end;
  let before: number = Family.raw;
  while (at < source.length) {
    if (at + SECTION_HEAD_BYTES > source.length) return undefined;
    const family = source[at] as number;
    const length = ((source[at + 1] as number) << 8) | (source[at + 2] as number);
    at += SECTION_HEAD_BYTES;
    if (!isFamily(family) || family <= before || at + length > source.length) return undefined;
    sections.push({ family, bytes: source.subarray(at, at + length) });
    before = family;
    at += length;
  }
  return { unitSize, values: values.map, sections };
}

function isUnitSize({ log2Width, log2Height }: UnitSize): boolean {
  const least = Math.min(log2Width, log2Height);
  return least >= UNIT_LOG2_MIN && log2Width + log2Height <= UNIT_LOG2_AREA_MAX;
}

const isFamily = (value: number): value is Family => value <= Family.synthetic;

const TABLES_VERSION = 1;

/** Family, length. */
const SECTION_HEAD_BYTES = 3;

/** Ours: smaller units would leave their pieces empty. */
const UNIT_LOG2_MIN = 8;

/** Ours: what a side must hold of a picture at a time, 4 million pixels. */
export const UNIT_LOG2_AREA_MAX = 22;
