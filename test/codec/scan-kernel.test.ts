import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView } from "../../src/codec/pixels.js";
import { ScanKernel } from "../../src/codec/scan/kernel.js";
import { ScanReferenceCoder, ScanReferenceDecoder } from "../../src/codec/scan/reference.js";
import { readScanTables } from "../../src/codec/scan/tables.js";
import { trainScan } from "../../src/codec/scan/train.js";
import type { PictureShape } from "../../src/codec/units.js";
import { FORMATS, noise, pictureOf } from "./pictures.js";

const shapeOf = (format: (typeof FORMATS)[number], width: number, height: number): PictureShape =>
  ({ ...format, width, height, fields: 1 }) as const;

/** Noise whose strength changes from place to place. */
function uneven(shape: PictureShape, seed: number) {
  const random = new Random(seed);
  return pictureOf(shape, (x, y, channel) => {
    const grain = ((x >> 3) * (y >> 3)) % 40;
    return 2 ** (shape.bits - 1) + 9 * x - 5 * y + 20 * channel + random.between(-grain, grain);
  });
}

describe.each(FORMATS)("the scan kernel for $channels x $bits bits $colour", (format) => {
  const learnt = shapeOf(format, 90, 70);
  const tables = readScanTables(format, trainScan(format, [uneven(learnt, 1)], 5));
  if (tables === undefined) throw new Error("the tables are not read back");
  const kernel = new ScanKernel(format, tables);
  const coder = new ScanReferenceCoder(format, tables);
  const decoder = new ScanReferenceDecoder(format, tables);

  test("writes the bytes that the reference writes, and reads them as it does", () => {
    const [one, other] = [new Uint8Array(3_000), new Uint8Array(3_000)];
    for (const [width, height] of [
      [1, 1],
      [1, 40],
      [40, 1],
      [2, 3],
      [33, 64],
      [90, 70],
    ] as const) {
      const shape = shapeOf(format, width, height);
      for (const picture of [uneven(shape, width), noise(shape, height)]) {
        for (const capacity of [3, 4, 60, 500, 1_150, 2_900]) {
          const expected = coder.encode(picture, one, 5, capacity);
          expect(kernel.encode(picture, other, 5, capacity)).toEqual(expected);
          expect(other).toEqual(one);
          if (expected.rows === 0) continue;
          const payload = one.slice(5, 5 + expected.bytes);
          const view = newView(width, expected.rows, bytesPerPixel(format));
          expect(kernel.decode(payload, view)).toBe(true);
          expect(view.bytes).toEqual(picture.bytes.slice(0, view.bytes.length));
        }
      }
    }
  });

  test("does so at every width, whatever four at a time leave over", () => {
    const [one, other] = [new Uint8Array(3_000), new Uint8Array(3_000)];
    for (let width = 1; width <= 13; width += 1) {
      const picture = uneven(shapeOf(format, width, 6), width);
      const expected = coder.encode(picture, one, 0, one.length);
      expect(expected.rows).toBe(6);
      expect(kernel.encode(picture, other, 0, other.length)).toEqual(expected);
      expect(other).toEqual(one);
      const view = newView(width, 6, bytesPerPixel(format));
      expect(kernel.decode(one.slice(0, expected.bytes), view)).toBe(true);
      expect(view.bytes).toEqual(picture.bytes);
    }
  });

  test("makes of any bytes what the reference makes of them", () => {
    const random = new Random(17);
    for (let round = 0; round < 150; round += 1) {
      const [width, height] = [random.between(1, 40), random.between(1, 12)];
      const payload = random.bytes(random.between(0, 90));
      const [one, other] = [1, 2].map(() => newView(width, height, bytesPerPixel(format)));
      if (one === undefined || other === undefined) throw new Error("two views");
      expect(kernel.decode(payload, one)).toBe(decoder.decode(payload, other));
      expect(one.bytes).toEqual(other.bytes);
    }
  });
});
