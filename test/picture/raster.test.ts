import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { Partition } from "../../src/picture/partition.js";
import {
  bandsOf,
  cutPart,
  cutPiece,
  partsIn,
  placePart,
  placePiece,
} from "../../src/picture/raster.js";

const side = fc.integer({ min: 1, max: 90 });

test("pieces cut from a raster and placed in any order give the raster back", () => {
  fc.assert(
    fc.property(
      fc.record({
        width: side,
        height: side,
        tileWidth: side,
        tileHeight: side,
        fields: fc.constantFrom(1 as const, 2 as const),
        order: fc.constantFrom("raster" as const, "dispersed" as const),
      }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer(),
      (shape, bytesPerPixel, seed) => {
        const partition = new Partition(shape);
        const random = new Random(seed);
        const raster = random.bytes(shape.width * shape.height * bytesPerPixel);
        const copy = new Uint8Array(raster.length);
        const pieces = Array.from({ length: partition.pieceCount }, (_, i) => i);
        pieces.sort(() => random.unit() - 0.5);
        const piece = new Uint8Array(partition.piecePixelsMax * bytesPerPixel + 5);
        for (const number of pieces) {
          const length = cutPiece(raster, partition, bytesPerPixel, number, piece, 5);
          expect(length).toBe(partition.pixelsOf(number) * bytesPerPixel);
          expect(placePiece(copy, partition, bytesPerPixel, number, piece, 5)).toBe(length);
        }
        expect(copy).toEqual(raster);
      },
    ),
  );
});

test("a piece holds its rows in order, those of its field only", () => {
  const partition = new Partition({
    width: 3,
    height: 4,
    tileWidth: 2,
    tileHeight: 2,
    fields: 2,
    order: "raster",
  });
  const raster = Uint8Array.from({ length: 12 }, (_, i) => i);
  const pieces = [0, 1, 2, 3].map((piece) => {
    const target = new Uint8Array(4);
    return [...target.subarray(0, cutPiece(raster, partition, 1, piece, target, 0))];
  });
  expect(pieces).toEqual([
    [0, 1, 6, 7],
    [2, 8],
    [3, 4, 9, 10],
    [5, 11],
  ]);
});

test("a buffer that is too short for the piece is refused, not half used in silence", () => {
  const partition = new Partition({
    width: 4,
    height: 4,
    tileWidth: 4,
    tileHeight: 4,
    fields: 1,
    order: "raster",
  });
  expect(() => cutPiece(new Uint8Array(16), partition, 1, 0, new Uint8Array(15), 0)).toThrow(
    RangeError,
  );
  expect(() => placePiece(new Uint8Array(16), partition, 1, 0, new Uint8Array(15))).toThrow(
    RangeError,
  );
});

test("cut and placed band by band, the pieces are the same as cut from the whole, and give the raster back", () => {
  fc.assert(
    fc.property(
      fc.record({
        width: side,
        height: side,
        tileWidth: side,
        tileHeight: side,
        fields: fc.constantFrom(1 as const, 2 as const),
        order: fc.constantFrom("raster" as const, "dispersed" as const),
      }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 90 * 90 * 8 }),
      fc.integer(),
      (shape, bytesPerPixel, bytesMax, seed) => {
        const partition = new Partition(shape);
        const lineBytes = shape.width * bytesPerPixel;
        const raster = new Random(seed).bytes(shape.height * lineBytes);
        const slotBytes = partition.piecePixelsMax * bytesPerPixel;
        const slots = new Uint8Array(partition.pieceCount * slotBytes);
        const copy = new Uint8Array(raster.length);
        let y = 0;
        for (const band of bandsOf(partition, bytesPerPixel, bytesMax)) {
          expect(band.y).toBe(y);
          expect(band.endY).toBeGreaterThan(y);
          expect((band.endY - y) * lineBytes).toBeLessThanOrEqual(Math.max(bytesMax, lineBytes));
          y = band.endY;
          const rows = raster.subarray(band.y * lineBytes, band.endY * lineBytes);
          const back = copy.subarray(band.y * lineBytes, band.endY * lineBytes);
          for (const part of partsIn(partition, bytesPerPixel, band)) {
            const at = part.piece * slotBytes + part.skip;
            expect(cutPart(rows, part, slots, at)).toBe(part.length * part.count);
            expect(placePart(back, part, slots, at)).toBe(part.length * part.count);
          }
        }
        expect(y).toBe(shape.height);
        expect(copy).toEqual(raster);
        const piece = new Uint8Array(slotBytes);
        for (let number = 0; number < partition.pieceCount; number += 1) {
          const length = cutPiece(raster, partition, bytesPerPixel, number, piece, 0);
          const slot = slots.subarray(number * slotBytes, number * slotBytes + length);
          expect(slot).toEqual(piece.subarray(0, length));
        }
      },
    ),
  );
});
