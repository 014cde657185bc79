import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView } from "../../src/codec/pixels.js";
import { ScanCoder, ScanDecoder } from "../../src/codec/scan/coder.js";
import { trainScan } from "../../src/codec/scan/train.js";
import type { PictureShape } from "../../src/codec/units.js";
import { describeFormat, FORMATS, noise, pictureOf } from "./pictures.js";

/** A soft slope with grain, as scanners make it. */
function scanned(shape: PictureShape, seed: number) {
  const random = new Random(seed);
  const top = 2 ** shape.bits - 1;
  return pictureOf(shape, (x, y, channel) => {
    const wave = 0.5 + 0.4 * Math.sin((x + 2 * y) / 17 + channel / 3);
    return Math.floor(top * wave) + random.between(-3, 3);
  });
}

describe.each(FORMATS)("scan pieces of $channels x $bits bits $colour", (format) => {
  const shape = { ...format, width: 61, height: 48, fields: 1 } as const;
  const tables = trainScan(format, [scanned(shape, 1)], 10);
  const coder = ScanCoder.of(format, tables);
  const decoder = ScanDecoder.of(format, tables);

  test("hold as many rows as fit, and decode to the same pixels", () => {
    const target = new Uint8Array(9_000);
    for (const picture of [scanned(shape, 2), noise(shape, 3)]) {
      for (const capacity of [3, 40, 500, 2_000, 8_000]) {
        const { rows = 0, bytes = 0 } = coder?.encode(picture, target, 7, capacity) ?? {};
        expect(bytes).toBeLessThanOrEqual(capacity);
        expect(rows % 2 === 0 || rows === shape.height).toBe(true);
        if (rows === 0) continue;
        const decoded = newView(shape.width, rows, bytesPerPixel(shape));
        expect(decoder?.decode(target.slice(7, 7 + bytes), decoded)).toBe(true);
        expect(decoded.bytes).toEqual(picture.bytes.slice(0, decoded.bytes.length));
      }
    }
  });

  test("are smaller than the pixels", () => {
    const target = new Uint8Array(40_000);
    const coded = coder?.encode(scanned(shape, 5), target, 0, target.length);
    expect(coded?.rows).toBe(shape.height);
    expect(coded?.bytes).toBeLessThan(0.6 * shape.width * shape.height * bytesPerPixel(shape));
  });

  test("decode or are refused, whatever the bytes", () => {
    const random = new Random(8);
    const view = newView(31, 9, bytesPerPixel(shape));
    for (let round = 0; round < 300; round += 1) {
      decoder?.decode(random.bytes(random.between(0, 60)), view);
    }
  });
});

test("tables are read or refused, whatever the bytes", () => {
  const random = new Random(12);
  for (const format of FORMATS) {
    const shape = { ...format, width: 40, height: 20, fields: 1 } as const;
    const tables = trainScan(format, [scanned(shape, 1)], 1);
    let refused = 0;
    for (let round = 0; round < 200; round += 1) {
      const other = tables.slice(
        0,
        random.chance(0.2) ? random.between(0, tables.length) : undefined,
      );
      const at = random.between(0, Math.max(0, other.length - 1));
      other[at] = random.uint32();
      const decoder = ScanDecoder.of(format, other);
      if (decoder === undefined) refused += 1;
      decoder?.decode(random.bytes(50), newView(13, 5, bytesPerPixel(shape)));
    }
    expect(refused, describeFormat(format)).toBeGreaterThan(0);
  }
});
