import fc from "fast-check";
import { expect, test } from "vitest";
import { Partition } from "../../src/picture/partition.js";

/** The piece of every pixel, painted piece by piece; fails where two pieces claim one pixel. */
function paint(partition: Partition): Int32Array {
  const owner = new Int32Array(partition.width * partition.height).fill(-1);
  for (let piece = 0; piece < partition.pieceCount; piece += 1) {
    const rect = partition.rectOf(piece);
    for (let row = 0; row < rect.height; row += 1) {
      for (let x = rect.x; x < rect.x + rect.width; x += 1) {
        const pixel = (rect.y + row * rect.rowStep) * partition.width + x;
        if (owner[pixel] !== -1) throw new Error(`pixel ${pixel} belongs to two pieces`);
        owner[pixel] = piece;
      }
    }
  }
  return owner;
}

const NUMBERINGS = ([1, 2] as const).flatMap((fields) =>
  (["raster", "dispersed"] as const).map((order) => ({ fields, order })),
);

test("every small picture, tile and field count covers each pixel exactly once", () => {
  for (let width = 1; width <= 7; width += 1) {
    for (let height = 1; height <= 7; height += 1) {
      for (let tileWidth = 1; tileWidth <= 8; tileWidth += 1) {
        for (let tileHeight = 1; tileHeight <= 8; tileHeight += 1) {
          for (const numbering of NUMBERINGS) {
            const shape = { width, height, tileWidth, tileHeight, ...numbering };
            const partition = new Partition(shape);
            const owner = paint(partition);
            if (owner.includes(-1)) throw new Error(`a pixel without a piece: ${width}x${height}`);
            checkAnswers(partition, owner);
          }
        }
      }
    }
  }
});

function checkAnswers(partition: Partition, owner: Int32Array): void {
  for (let tile = 0; tile < partition.pieceCount; tile += 1) {
    const piece = partition.pieceOf(tile);
    if (partition.tileOf(piece) !== tile) throw new Error(`tileOf(${piece})`);
    const pixels = owner.filter((owned) => owned === piece).length;
    if (partition.pixelsOf(piece) !== pixels) throw new Error(`pixelsOf(${piece})`);
    if (pixels > partition.piecePixelsMax) throw new Error(`piecePixelsMax at ${piece}`);
  }
  owner.forEach((piece, pixel) => {
    const x = pixel % partition.width;
    if (partition.pieceAt(x, (pixel - x) / partition.width) !== piece) throw new Error("pieceAt");
  });
}

test("two fields put all even rows before all odd rows", () => {
  const shape = {
    width: 5,
    height: 9,
    tileWidth: 2,
    tileHeight: 2,
    fields: 2,
    order: "raster",
  } as const;
  const partition = new Partition(shape);
  const fieldOf = Array.from({ length: partition.pieceCount }, (_, i) => partition.rectOf(i).y % 2);
  expect(fieldOf).toEqual([...fieldOf].sort());
  expect(new Set(fieldOf)).toEqual(new Set([0, 1]));
});

test("the chosen tile fits the capacity and no other tile needs a hundredth fewer pieces", () => {
  fc.assert(
    fc.property(
      fc.record({
        width: fc.integer({ min: 1, max: 40 }),
        height: fc.integer({ min: 1, max: 40 }),
        fields: fc.constantFrom(1 as const, 2 as const),
        order: fc.constantFrom("raster" as const, "dispersed" as const),
        bytesPerPixel: fc.integer({ min: 1, max: 8 }),
        capacity: fc.integer({ min: 8, max: 400 }),
      }),
      (options) => {
        const { width, height, fields, bytesPerPixel, capacity } = options;
        const chosen = Partition.choose(options);
        expect(chosen.piecePixelsMax * bytesPerPixel).toBeLessThanOrEqual(capacity);
        for (let tileWidth = 1; tileWidth <= width; tileWidth += 1) {
          const tileHeight = Math.min(40, Math.floor(capacity / bytesPerPixel / tileWidth));
          if (tileHeight === 0) continue;
          const other = new Partition({
            width,
            height,
            tileWidth,
            tileHeight,
            fields,
            order: "raster",
          });
          expect(chosen.pieceCount).toBeLessThanOrEqual(other.pieceCount * 1.01);
        }
      },
    ),
  );
});

test.each([
  { width: 1, height: 1, pieces: 1 },
  { width: 1, height: 65_535, pieces: 172 },
  { width: 65_535, height: 1, pieces: 172 },
  { width: 3, height: 3, pieces: 1 },
])(
  "a picture of $width x $height RGB pixels becomes about $pieces pieces of at most 1,150 bytes",
  ({ width, height, pieces }) => {
    const partition = Partition.choose({
      width,
      height,
      fields: 1,
      order: "raster",
      bytesPerPixel: 3,
      capacity: 1150,
    });
    expect(partition.pieceCount).toBeGreaterThanOrEqual(pieces);
    expect(partition.pieceCount).toBeLessThanOrEqual(pieces * 1.01);
  },
);

test("a photograph is cut into near-square tiles that fill their datagrams", () => {
  const partition = Partition.choose({
    width: 5640,
    height: 3172,
    fields: 1,
    order: "raster",
    bytesPerPixel: 3,
    capacity: 1150,
  });
  expect(partition.tileWidth / partition.tileHeight).toBeGreaterThan(0.5);
  expect(partition.tileWidth / partition.tileHeight).toBeLessThan(2);
  expect((5640 * 3172 * 3) / partition.pieceCount).toBeGreaterThan(1110);
});

test("a tile without room for one pixel is a broken promise", () => {
  const options = {
    width: 4,
    height: 4,
    fields: 1,
    order: "raster" as const,
    bytesPerPixel: 8,
    capacity: 7,
  } as const;
  expect(() => Partition.choose(options)).toThrow("room for at least one pixel");
});
