import { expect, test } from "vitest";
import { dispersedOrder } from "../../src/base/dispersal.js";

test("four by four tiles come in the order of their reversed, interleaved bits", () => {
  expect([...dispersedOrder(4, 4)]).toEqual([0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15]);
});

test("every tile of every small grid comes exactly once", () => {
  for (let columns = 1; columns <= 20; columns += 1) {
    for (let rows = 1; rows <= 20; rows += 1) {
      const order = [...dispersedOrder(columns, rows)].sort((a, b) => a - b);
      expect(order).toEqual(Array.from({ length: columns * rows }, (_, i) => i));
    }
  }
});

test("a line of tiles, and a grid of a million, are ordered too", () => {
  expect([...dispersedOrder(1, 5)]).toEqual([0, 4, 2, 1, 3]);
  expect(new Set(dispersedOrder(1_000, 1_000)).size).toBe(1_000_000);
});

test("any beginning of the order is spread over the whole picture", () => {
  const [columns, rows] = [61, 43];
  const order = dispersedOrder(columns, rows);
  for (const share of [1 / 16, 1 / 8, 1 / 4, 1 / 2]) {
    const count = Math.round(order.length * share);
    const quarters = [0, 0, 0, 0];
    for (const tile of order.subarray(0, count)) {
      const right = tile % columns > columns / 2 ? 1 : 0;
      const below = Math.floor(tile / columns) > rows / 2 ? 2 : 0;
      quarters[right + below] = (quarters[right + below] as number) + 1;
    }
    // Four equal quarters would have a quarter each.
    for (const quarter of quarters) expect(quarter / count).toBeGreaterThan(0.17);
  }
});
