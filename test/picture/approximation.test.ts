import fc from "fast-check";
import { expect, test } from "vitest";
import { Approximation } from "../../src/picture/approximation.js";

const side = fc.integer({ min: 1, max: 300 });

test("what a rectangle of the small picture makes known is exactly what falls into it", () => {
  fc.assert(
    fc.property(side, side, fc.nat(), fc.nat(), fc.nat(), fc.nat(), (width, height, a, b, c, d) => {
      const smallWidth = 1 + (a % width);
      const smallHeight = 1 + (b % height);
      const small = new Approximation({ width, height }, smallWidth, smallHeight);
      const [x, y] = [c % smallWidth, d % smallHeight];
      const rect = { x, y, width: 1 + (a % (smallWidth - x)), height: 1 + (b % (smallHeight - y)) };
      const { known: area } = small.put(rect, new Uint8Array(rect.width * rect.height * 4));
      const target = new Uint8Array(4);
      let count = 0;
      for (let row = 0; row < height; row += 1) {
        for (let column = 0; column < width; column += 1) {
          if (!small.estimate(column, row, target, 0)) continue;
          count += 1;
          expect(column >= area.x && column < area.x + area.width).toBe(true);
          expect(row >= area.y && row < area.y + area.height).toBe(true);
        }
      }
      expect(count).toBe(area.width * area.height);
    }),
    { numRuns: 60 },
  );
});

test("a ramp stays a ramp, and its ends are not darkened by what has not come", () => {
  const small = new Approximation({ width: 80, height: 8 }, 10, 1);
  const ramp = (values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v, 255]));
  small.put({ x: 0, y: 0, width: 5, height: 1 }, ramp([0, 20, 40, 60, 80]));
  const target = new Uint8Array(4);
  const at = (x: number) => (small.estimate(x, 3, target, 0) ? [...target] : undefined);
  expect(at(4)?.[0]).toBeCloseTo(1, 0);
  for (let x = 4; x < 36; x += 1) expect(at(x)?.[0]).toBeCloseTo((x - 3.5) * 2.5, -0.3);
  expect(at(39)).toEqual([80, 80, 80, 255]);
  expect(at(40)).toBeUndefined();
});

test("a picture as large as the source is shown as it is", () => {
  const small = new Approximation({ width: 3, height: 2 }, 3, 2);
  const pixels = Uint8Array.from({ length: 24 }, (_, i) => i * 9);
  small.put({ x: 0, y: 0, width: 3, height: 2 }, pixels);
  const target = new Uint8Array(24);
  for (let pixel = 0; pixel < 6; pixel += 1) {
    small.estimate(pixel % 3, Math.floor(pixel / 3), target, pixel * 4);
  }
  expect(target).toEqual(pixels);
});

test("pixels around a rectangle are taken where they are known, for they may change with it", () => {
  const small = new Approximation({ width: 3, height: 1 }, 3, 1);
  const grays = (...values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v, 255]));
  small.put({ x: 0, y: 0, width: 1, height: 1 }, grays(10));
  const whole = { x: 0, y: 0, width: 3, height: 1 };
  const put = small.put({ x: 1, y: 0, width: 1, height: 1 }, grays(30, 40, 50), whole);
  expect(put.known).toMatchObject({ x: 1, width: 1 });
  expect(put.changed).toMatchObject({ x: 0, width: 3 });
  const target = new Uint8Array(4);
  const at = (x: number) => (small.estimate(x, 0, target, 0) ? target[0] : undefined);
  expect([0, 1, 2].map(at)).toEqual([30, 40, undefined]);
});
