import { ByteReader, ByteWriter, varintBytes } from "./bytes.js";

/*
 * Lists of fields, each tag, length, value, like frames: a reader steps over
 * the tags that it does not know. docs/protocol.md section 7.
 */

/** Fields of one manifest: a colour profile and notes are a few. Ours: bounds what a list of nothing but tags costs. */
export const FIELDS_MAX = 1_024;

/** A field: its tag and its value. */
export type Field = readonly [tag: number, value: Uint8Array];

export function writeFields(fields: readonly Field[]): Uint8Array {
  return concat(fields.flatMap(([tag, value]) => [varints(tag, value.length), value]));
}

/** The fields in their order, their values views of `bytes`; undefined when one runs past the end, or they are too many. */
export function readFields(bytes: Uint8Array): Field[] | undefined {
  const reader = new ByteReader(bytes);
  const fields: Field[] = [];
  while (reader.remaining > 0) {
    const tag = reader.varint();
    const value = reader.view(reader.varint());
    if (reader.failed || fields.length === FIELDS_MAX) return undefined;
    fields.push([tag, value]);
  }
  return fields;
}

export function varints(...values: number[]): Uint8Array {
  let length = 0;
  for (const value of values) length += varintBytes(value);
  const writer = new ByteWriter(new Uint8Array(length));
  for (const value of values) writer.varint(value);
  return writer.target;
}

/** The first `count` numbers of a value, to which a later version may have added more. */
export function readVarints(value: Uint8Array | undefined, count: number): number[] | undefined {
  if (value === undefined) return undefined;
  const reader = new ByteReader(value);
  const numbers = Array.from({ length: count }, () => reader.varint());
  return reader.failed ? undefined : numbers;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0)));
  for (const part of parts) out.bytes(part);
  return out.target;
}
