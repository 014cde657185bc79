import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter, VARINT_MAX, varintBytes } from "../../src/wire/bytes.js";
import { fromHex, hex } from "./crc.js";

function written(value: number): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(varintBytes(value)));
  writer.varint(value);
  expect(writer.room).toBe(0);
  return writer.target;
}

describe("a variable-length integer", () => {
  test("reads as the examples of RFC 9000 appendix A.1 that a double holds", () => {
    const examples: [string, number][] = [
      ["9d7f3e7d", 494_878_333],
      ["7bbd", 15_293],
      ["25", 37],
      ["4025", 37],
    ];
    for (const [bytes, value] of examples) {
      const reader = new ByteReader(fromHex(bytes));
      expect([reader.varint(), reader.failed, reader.remaining]).toEqual([value, false, 0]);
    }
  });

  test("of 62 bits, as in the first example there, is more than a double holds and fails", () => {
    const reader = new ByteReader(fromHex("c2197c5eff14e88c"));
    reader.varint();
    expect([reader.failed, reader.remaining]).toEqual([true, 0]);
  });

  test("is written in the fewest bytes, at every edge", () => {
    const edges: [number, string][] = [
      [0, "00"],
      [63, "3f"],
      [64, "4040"],
      [16_383, "7fff"],
      [16_384, "80004000"],
      [2 ** 30 - 1, "bfffffff"],
      [2 ** 30, "c000000040000000"],
      [2 ** 32 + 1, "c000000100000001"],
      [VARINT_MAX, "c01fffffffffffff"],
    ];
    for (const [value, bytes] of edges) {
      expect(hex(written(value))).toBe(bytes);
      expect(varintBytes(value) * 2).toBe(bytes.length);
    }
  });

  test("one past the largest fails to be read, and stops the program when we write it", () => {
    const reader = new ByteReader(fromHex("c020000000000000"));
    reader.varint();
    expect(reader.failed).toBe(true);
    const writer = new ByteWriter(new Uint8Array(8));
    for (const value of [VARINT_MAX + 1, -1, Number.NaN]) {
      expect(() => writer.varint(value)).toThrow("broken promise");
    }
  });

  test("comes back as it was, wherever it stands", () => {
    const values = fc.array(fc.maxSafeNat(), { maxLength: 20 });
    fc.assert(
      fc.property(values, (numbers) => {
        const writer = new ByteWriter(new Uint8Array(8 * numbers.length));
        for (const value of numbers) writer.varint(value);
        const reader = new ByteReader(writer.target, 0, writer.offset);
        expect(numbers.map(() => reader.varint())).toEqual(numbers);
        expect([reader.failed, reader.remaining]).toEqual([false, 0]);
      }),
    );
  });

  test("cut short anywhere fails", () => {
    for (const value of [64, 16_384, 2 ** 30]) {
      const bytes = written(value);
      for (let length = 0; length < bytes.length; length += 1) {
        const reader = new ByteReader(bytes, 0, length);
        reader.varint();
        expect([reader.failed, reader.remaining]).toEqual([true, 0]);
      }
    }
  });
});

test("a view past the end fails and is empty; after a failure nothing more is read", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3));
  expect(reader.view(4)).toHaveLength(0);
  expect([reader.failed, reader.remaining, reader.u8(), reader.u32()]).toEqual([true, 0, 0, 0]);
});

test("big-endian numbers come back as they were written", () => {
  const writer = new ByteWriter(new Uint8Array(7));
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedc_ba98);
  expect(hex(writer.target)).toBe("fefedcfedcba98");
  const reader = new ByteReader(writer.target);
  expect([reader.u8(), reader.u16(), reader.u32()]).toEqual([0xfe, 0xfedc, 0xfedc_ba98]);
});

test("writing past the end stops the program, and none of it is written", () => {
  const target = new Uint8Array(6).fill(0xaa);
  const writer = new ByteWriter(target, 1, 3);
  expect(() => writer.bytes(new Uint8Array(3))).toThrow("broken promise");
  expect(() => writer.reserve(3)).toThrow("broken promise");
  expect(() => writer.u32(0)).toThrow("broken promise");
  expect(hex(target)).toBe("aaaaaaaaaaaa");
});
