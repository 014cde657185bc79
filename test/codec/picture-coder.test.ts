import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  analyse,
  PIECE_BYTES_MIN,
  type PictureShape,
  PieceDecoder,
  sampleAreas,
  UnitGrid,
} from "../../src/codec/picture-coder.js";
import { PieceHeads } from "../../src/codec/piece-head.js";
import { bytesPerPixel, newView, partOf } from "../../src/codec/pixels.js";
import { Family } from "../../src/codec/tables.js";
import type { PixelView } from "../../src/codec/types.js";
import {
  areaOf,
  decodeAll,
  describeFormat,
  encodeAll,
  FORMATS,
  noise,
  pictureOf,
} from "./pictures.js";

const GRAY = { channels: 1, bits: 8, colour: "gray" } as const;
const RGB = { channels: 3, bits: 8, colour: "rgb" } as const;

function tablesOf(shape: PictureShape, picture: PixelView): Uint8Array {
  const samples = sampleAreas(shape).map((area) => areaOf(picture, area, bytesPerPixel(shape)));
  return analyse(shape, samples).tables;
}

function expectExact(shape: PictureShape, picture: PixelView, pieceBytes = 1_150): Uint8Array[] {
  const tables = tablesOf(shape, picture);
  const pieces = encodeAll(shape, picture, tables, pieceBytes);
  const decoded = decodeAll(shape, pieces, tables, pieceBytes);
  expect(Buffer.compare(decoded.bytes, picture.bytes)).toBe(0);
  return pieces;
}

const SIDES: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 2],
  [2, 1],
  [3, 5],
  [31, 64],
  [97, 33],
  [523, 7],
];

describe.each(FORMATS)("pictures of $channels x $bits bits", (format) => {
  test.each([1, 2] as const)("are exact in %i field(s), whatever their sides", (fields) => {
    for (const [width, height] of SIDES) {
      const shape = { ...format, width, height, fields };
      expectExact(shape, noise(shape, width * 1_000 + height));
      expectExact(
        shape,
        pictureOf(shape, (x, y, c) => x * 3 + y * 5 + c * 70),
      );
    }
  });
});

test.each([
  [1, 65_535],
  [65_535, 1],
  [65_535, 3],
  [2, 65_534],
])("a picture of %i x %i is exact", (width, height) => {
  for (const fields of [1, 2] as const) {
    const shape = { ...GRAY, width, height, fields };
    const pieces = expectExact(shape, noise(shape, 7));
    const fill = pieces.reduce((sum, piece) => sum + piece.length, 0) / (1_150 * pieces.length);
    expect(fill).toBeGreaterThan(0.93);
  }
});

/** Smooth to the left, restless to the right: no strip ends with a full piece by itself. */
const restless = (shape: PictureShape): PixelView => {
  const random = new Random(17);
  return pictureOf(shape, (x, y) => 90 + (y >> 3) + (random.uint32() % (2 + (x >> 4))));
};

test("a piece is filled on by the strips that follow", () => {
  for (const [width, height] of [
    [400, 300],
    [130, 700],
  ] as const) {
    for (const fields of [1, 2] as const) {
      const shape = { ...GRAY, width, height, fields };
      const picture = restless(shape);
      const pieces = expectExact(shape, picture);
      const fill = pieces.reduce((sum, { length }) => sum + length, 0) / (1_150 * pieces.length);
      expect(fill).toBeGreaterThan(0.92);
      const decoder = PieceDecoder.of(shape, tablesOf(shape, picture));
      expect(pieces.some((piece) => (decoder?.areasOf(piece)?.length ?? 0) > 1)).toBe(true);
    }
  }
});

test("parts of a piece are of one unit, and hold no more than it does", () => {
  const shape = { ...GRAY, width: 700, height: 400, fields: 1 } as const;
  const tables = Uint8Array.of(1, 0x88, 0);
  const heads = new PieceHeads(new UnitGrid(shape, { log2Width: 8, log2Height: 8 }));
  const decoder = PieceDecoder.of(shape, tables);
  const pieceOf = (...parts: { unit: number; width: number; height: number }[]): Uint8Array => {
    const bytes = new Uint8Array(0x10000);
    let at = 0;
    parts.forEach(({ unit, width, height }, index) => {
      const payloadBytes = width * height;
      const follows = index < parts.length - 1 ? { payloadBytes } : {};
      const rect = { x: 0, y: 0, width, height };
      heads.write(bytes, at, { family: Family.raw, unit, rect, ...follows });
      at += heads.bytes + ("payloadBytes" in follows ? 2 : 0) + payloadBytes;
    });
    return bytes.subarray(0, at);
  };
  const half = { unit: 1, width: 100, height: 100 };
  const areas = decoder?.decodeAlone(pieceOf(half, half));
  expect(areas?.map(({ area }) => area.x)).toEqual([232, 232]);
  expect(decoder?.areasOf(pieceOf(half, half).subarray(0, 10_000))).toBeUndefined();
  expect(decoder?.areasOf(pieceOf(half, { ...half, unit: 2 }))).toBeUndefined();
  const most = { unit: 1, width: 232, height: 100 };
  expect(decoder?.areasOf(pieceOf(most, most))).toHaveLength(2);
  expect(decoder?.areasOf(pieceOf(most, most, half))).toBeUndefined();
});

test("the shortest pieces allowed hold the largest pixels", () => {
  for (const format of FORMATS) {
    const shape = { ...format, width: 37, height: 21, fields: 1 } as const;
    expectExact(shape, noise(shape, 3), PIECE_BYTES_MIN);
  }
});

test("units partition every picture, begin at even places and are about as large as asked", () => {
  const side = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(side, side, fc.constantFrom(1 as const, 2 as const), (width, height, fields) => {
      const grid = new UnitGrid(
        { ...GRAY, width, height, fields },
        { log2Width: 9, log2Height: 9 },
      );
      let pixels = 0;
      for (let index = 0; index < Math.min(grid.count, 600); index += 1) {
        const unit = grid.unit(index);
        expect(unit.x % 2).toBe(0);
        expect(((unit.y - (unit.y % fields)) / fields) % 2).toBe(0);
        expect(unit.width).toBeGreaterThan(0);
        expect(unit.height).toBeGreaterThan(0);
        expect(unit.width).toBeLessThanOrEqual(grid.widthMax);
        expect(unit.height).toBeLessThanOrEqual(grid.heightMax);
        expect(unit.width * unit.height).toBeLessThan(2.5 * 512 * 512);
        pixels += unit.width * unit.height;
      }
      if (grid.count <= 600) expect(pixels).toBe(width * height);
    }),
  );
});

test("samples lie in the picture, each in one field, and are all of a small picture", () => {
  const side = fc.integer({ min: 1, max: 2_000 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(1 as const, 2 as const), (width, height, fields) => {
      for (const area of sampleAreas({ ...GRAY, width, height, fields })) {
        expect(area.x).toBeGreaterThanOrEqual(0);
        expect(area.x + area.width).toBeLessThanOrEqual(width);
        expect(area.y + (area.height - 1) * area.rowStep).toBeLessThan(height);
        expect(area.rowStep).toBe(fields);
      }
    }),
  );
  expect(sampleAreas({ ...GRAY, width: 100, height: 90, fields: 1 })).toEqual([
    { x: 0, y: 0, width: 100, height: 90, rowStep: 1 },
  ]);
});

test("a piece is decoded into a band of the picture: the rows inside, and nothing else", () => {
  for (const fields of [1, 2] as const) {
    const shape = { ...RGB, width: 90, height: 70, fields };
    const picture = noise(shape, 11);
    const tables = tablesOf(shape, picture);
    const decoder = PieceDecoder.of(shape, tables);
    const [x, y, width, height] = [13, 21, 50, 17];
    const around = newView(width + 2, height + 2, 3);
    around.bytes.fill(0xa5);
    const band = partOf(around, { x: 1, y: 1, width, height }, 3);
    for (const piece of encodeAll(shape, picture, tables, 400)) {
      expect(decoder?.decode(piece, band, x, y)).toBeDefined();
    }
    const expected = newView(width + 2, height + 2, 3);
    expected.bytes.fill(0xa5);
    for (let row = 0; row < height; row += 1) {
      const start = (y + row) * picture.stride + x * 3;
      expected.bytes.set(
        picture.bytes.subarray(start, start + 3 * width),
        (row + 1) * expected.stride + 3,
      );
    }
    expect(Buffer.compare(around.bytes, expected.bytes)).toBe(0);
  }
});

test("whatever the bytes, a piece is decoded inside the picture or refused", () => {
  for (const format of FORMATS) {
    const shape = { ...format, width: 85, height: 67, fields: 2 } as const;
    const picture = pictureOf(shape, (x, y, c) => x * y + c);
    const tables = tablesOf(shape, picture);
    const decoder = PieceDecoder.of(shape, tables);
    const pieces = encodeAll(shape, picture, tables, 300);
    const random = new Random(5);
    const guard = 64;
    const around = new Uint8Array(picture.bytes.length + 2 * guard).fill(0x5a);
    const raster = { ...picture, bytes: around, offset: guard };
    for (let round = 0; round < 400; round += 1) {
      const piece = damaged(pieces[random.between(0, pieces.length - 1)] as Uint8Array, random);
      const areas = decoder?.decode(piece, raster, 0, 0);
      if (areas === undefined) continue;
      expect(decoder?.areasOf(piece)).toEqual(areas);
      for (const area of areas) {
        expect(area.x + area.width).toBeLessThanOrEqual(shape.width);
        expect(area.y + (area.height - 1) * area.rowStep).toBeLessThan(shape.height);
      }
    }
    const edges = [...around.subarray(0, guard), ...around.subarray(around.length - guard)];
    expect(
      edges.every((byte) => byte === 0x5a),
      describeFormat(format),
    ).toBe(true);
  }
});

test("tables are read or refused, whatever the bytes", () => {
  const shape = { ...RGB, width: 120, height: 80, fields: 1 } as const;
  const tables = tablesOf(shape, noise(shape, 1));
  const random = new Random(9);
  expect(PieceDecoder.of(shape, tables)).toBeDefined();
  expect(PieceDecoder.of(shape, new Uint8Array())).toBeUndefined();
  for (let round = 0; round < 500; round += 1) {
    const decoder = PieceDecoder.of(shape, damaged(tables, random));
    decoder?.areasOf(random.bytes(random.between(0, 40)));
  }
});

/** Some bytes changed, or the end cut off or added to. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const length = random.chance(0.3) ? random.between(0, bytes.length + 3) : bytes.length;
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  const changes = length === 0 ? 0 : random.between(1, 4);
  for (let change = 0; change < changes; change += 1) {
    out[random.between(0, Math.min(length - 1, 30))] = random.uint32() & 0xff;
  }
  return out;
}
