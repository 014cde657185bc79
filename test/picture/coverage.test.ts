import fc from "fast-check";
import { expect, test } from "vitest";
import { Coverage } from "../../src/picture/coverage.js";
import type { PieceRect } from "../../src/picture/partition.js";

const scene = fc
  .record({
    width: fc.integer({ min: 1, max: 600 }),
    height: fc.integer({ min: 1, max: 600 }),
  })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      areas: fc.array(areaIn(width, height), { maxLength: 12 }),
    }),
  );

function areaIn(width: number, height: number): fc.Arbitrary<PieceRect> {
  return fc
    .tuple(fc.nat(width - 1), fc.nat(height - 1), fc.nat(), fc.nat(), fc.constantFrom(1, 2))
    .map(([x, y, wide, tall, step]) => {
      const rowStep = step as 1 | 2;
      const rows = Math.ceil((height - y) / rowStep);
      return { x, y, width: 1 + (wide % (width - x)), height: 1 + (tall % rows), rowStep };
    });
}

test("coverage is that of a boolean for each pixel, whatever areas overlap", () => {
  fc.assert(
    fc.property(scene, fc.nat(), ({ width, height, areas }, spot) => {
      const coverage = new Coverage(width, height);
      const plain = new Uint8Array(width * height);
      for (const area of areas) {
        let fresh = 0;
        for (let row = 0; row < area.height; row += 1) {
          const line = (area.y + row * area.rowStep) * width;
          for (let x = area.x; x < area.x + area.width; x += 1) {
            if (plain[line + x] === 0) fresh += 1;
            plain[line + x] = 1;
          }
        }
        expect(coverage.add(area)).toBe(fresh);
      }
      const sum = plain.reduce((total, value) => total + value, 0);
      expect(coverage.covered).toBe(sum);
      expect(coverage.isComplete).toBe(sum === width * height);
      expect(coverage.countIn(0, 0, width, height)).toBe(sum);
      const gaps = new Uint8Array(width * height).fill(1);
      for (let row = 0; row < height; row += 1) {
        for (const { start, end } of coverage.gapsIn(row)) {
          gaps.fill(0, row * width + start, row * width + end);
        }
      }
      expect(gaps.every((value, pixel) => value === plain[pixel])).toBe(true);
      const [x, y] = [spot % width, spot % height];
      expect(coverage.has(x, y)).toBe(plain[y * width + x] === 1);
      let inPart = 0;
      for (let row = y; row < height; row += 1) {
        for (let column = x; column < width; column += 1)
          inPart += plain[row * width + column] ?? 0;
      }
      expect(coverage.countIn(x, y, width - x, height - y)).toBe(inPart);
    }),
    { numRuns: 60 },
  );
});

test("an area outside the picture is a mistake of ours", () => {
  const coverage = new Coverage(10, 10);
  expect(() => coverage.add({ x: 8, y: 0, width: 3, height: 1, rowStep: 1 })).toThrow();
  expect(() => coverage.add({ x: 0, y: 8, width: 1, height: 2, rowStep: 2 })).toThrow();
});
