import fc from "fast-check";
import { expect, test } from "vitest";
import { RangeSet } from "../../src/base/range-set.js";
import {
  blockMap,
  missingMask,
  missingMaskIn,
  missingPixels,
  missingRegions,
} from "../../src/picture/hole-map.js";
import { Partition } from "../../src/picture/partition.js";
import { bandsOf } from "../../src/picture/raster.js";

const side = fc.integer({ min: 1, max: 12 });
const shapes = fc.record({
  width: side,
  height: side,
  tileWidth: side,
  tileHeight: side,
  fields: fc.constantFrom(1 as const, 2 as const),
  order: fc.constantFrom("raster" as const, "dispersed" as const),
});

/** A partition, some missing pieces, and the missing pixels as one flag each, by the slowest way. */
const cases = fc.tuple(shapes, fc.infiniteStream(fc.boolean())).map(([shape, lacks]) => {
  const partition = new Partition(shape);
  const missing = new RangeSet();
  for (let piece = 0; piece < partition.pieceCount; piece += 1) {
    if (lacks.next().value === true) missing.add(piece);
  }
  const flags: boolean[] = [];
  for (let y = 0; y < shape.height; y += 1) {
    for (let x = 0; x < shape.width; x += 1) flags.push(missing.has(partition.pieceAt(x, y)));
  }
  return { partition, missing, flags };
});

const causeOf = (piece: number): string => (piece % 3 === 0 ? "not sent" : "requested");

test("the count and the mask of missing pixels agree with a flag per pixel", () => {
  fc.assert(
    fc.property(cases, ({ partition, missing, flags }) => {
      expect(missingPixels(partition, missing)).toBe(flags.filter(Boolean).length);
      const mask = missingMask(partition, missing.ranges());
      expect([...mask]).toEqual(flags.map((lacks) => (lacks ? 255 : 0)));
      for (const band of bandsOf(partition, 1, partition.width * 7)) {
        const part = missingMaskIn(partition, band, (piece) => missing.has(piece));
        const { width } = partition;
        expect(part).toEqual(mask.subarray(band.y * width, band.endY * width));
      }
    }),
  );
});

test("regions cover each missing pixel once, with its cause, and nothing else", () => {
  fc.assert(
    fc.property(cases, ({ partition, missing, flags }) => {
      const painted: (string | undefined)[] = flags.map(() => undefined);
      for (const region of missingRegions(partition, missing.ranges(), causeOf)) {
        for (let y = region.y; y < region.y + region.height; y += 1) {
          for (let x = region.x; x < region.x + region.width; x += 1) {
            expect(painted[y * partition.width + x]).toBeUndefined();
            painted[y * partition.width + x] = region.cause;
          }
        }
      }
      const wanted = flags.map((lacks, pixel) => {
        const x = pixel % partition.width;
        const y = (pixel - x) / partition.width;
        return lacks ? causeOf(partition.pieceAt(x, y)) : undefined;
      });
      expect(painted).toEqual(wanted);
    }),
  );
});

test("all odd rows missing are one region a row", () => {
  const partition = Partition.choose({
    width: 272,
    height: 171,
    fields: 2,
    order: "raster",
    bytesPerPixel: 4,
    capacity: 1150,
  });
  const odd = RangeSet.of({ start: partition.pieceAt(0, 1), end: partition.pieceCount });
  expect(missingPixels(partition, odd)).toBe(272 * 85);
  const regions = missingRegions(partition, odd.ranges(), () => "withheld");
  expect(regions).toEqual(
    Array.from({ length: 85 }, (_, i) => ({
      x: 0,
      y: 2 * i + 1,
      width: 272,
      height: 1,
      cause: "withheld",
    })),
  );
});

test("neighbouring tiles with one cause are one region", () => {
  for (const fields of [1, 2] as const) {
    const partition = new Partition({
      width: 30,
      height: 32,
      order: "raster",
      tileWidth: 10,
      tileHeight: 4,
      fields,
    });
    const missing = new RangeSet();
    for (const y of [8, 9, 16, 17]) {
      for (const x of [10, 20]) missing.add(partition.pieceAt(x, y));
    }
    expect(missingRegions(partition, missing.ranges(), () => "lost")).toEqual([
      fields === 1
        ? { x: 10, y: 8, width: 20, height: 4, cause: "lost" }
        : { x: 10, y: 8, width: 20, height: 16, cause: "lost" },
      ...(fields === 1 ? [{ x: 10, y: 16, width: 20, height: 4, cause: "lost" }] : []),
    ]);
  }
});

test("a block map gives the exact share of present pixels in every cell", () => {
  fc.assert(
    fc.property(
      cases,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      ({ partition, missing, flags }, columns, rows) => {
        const { width, height } = partition;
        const map = blockMap(partition, missing.ranges(), columns, rows);
        expect(map.length).toBe(columns * rows);
        for (let row = 0; row < rows; row += 1) {
          for (let column = 0; column < columns; column += 1) {
            const left = Math.floor((column * width) / columns);
            const right = Math.max(left + 1, Math.floor(((column + 1) * width) / columns));
            const top = Math.floor((row * height) / rows);
            const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / rows));
            let present = 0;
            for (let y = top; y < bottom; y += 1) {
              for (let x = left; x < right; x += 1) if (!flags[y * width + x]) present += 1;
            }
            const share = present / ((right - left) * (bottom - top));
            expect(map[row * columns + column]).toBeCloseTo(share, 12);
          }
        }
      },
    ),
  );
});

test("fifty thousand pieces with every other one missing are mapped ten times well within a second", () => {
  const partition = Partition.choose({
    width: 5640,
    height: 3172,
    fields: 2,
    order: "raster",
    bytesPerPixel: 3,
    capacity: 1150,
  });
  const missing = new RangeSet();
  for (let piece = 0; piece < partition.pieceCount; piece += 2) missing.add(piece);
  const start = performance.now();
  for (let i = 0; i < 10; i += 1) blockMap(partition, missing.ranges(), 60, 20);
  expect(performance.now() - start).toBeLessThan(1000);
});
