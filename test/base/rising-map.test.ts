import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RisingMap } from "../../src/base/rising-map.js";

/** A step up and a value, or a number to delete, counted back from the newest. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ up: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 2, arbitrary: fc.record({ back: fc.nat({ max: 200 }) }) },
  ),
  { maxLength: 300 },
);

/** Every question, against a plain map. */
function agree(rising: RisingMap<string>, model: Map<number, string>, newest: number): void {
  expect(rising.size).toBe(model.size);
  expect(rising.first).toBe([...model.keys()][0]);
  expect([...rising.values()]).toEqual([...model.values()]);
  for (let number = newest - 210; number <= newest + 2; number += 1) {
    expect(rising.get(number)).toBe(model.get(number));
  }
}

describe("values by rising numbers", () => {
  test.each([0, 2 ** 31 - 100, 2 ** 40])("are kept as a map keeps them, from %i on", (from) => {
    fc.assert(
      fc.property(steps, (list) => {
        const rising = new RisingMap<string>();
        const model = new Map<number, string>();
        let newest = from;
        for (const step of list) {
          if ("up" in step) {
            newest += step.up;
            rising.set(newest, `value ${newest}`);
            model.set(newest, `value ${newest}`);
          } else {
            const number = newest - step.back;
            expect(rising.delete(number)).toBe(model.get(number));
            model.delete(number);
          }
        }
        agree(rising, model, newest);
      }),
    );
  });

  test("that stay long let the ring grow around them", () => {
    const rising = new RisingMap<number>();
    for (let number = 0; number < 10_000; number += 1) {
      rising.set(number, number);
      if (number > 0) rising.delete(number);
    }
    expect([rising.size, rising.first, rising.get(0)]).toEqual([1, 0, 0]);
    rising.delete(0);
    expect([rising.size, rising.first, [...rising.values()]]).toEqual([0, undefined, []]);
  });

  test("must rise: the same number twice stops the program", () => {
    const rising = new RisingMap<number>();
    rising.set(5, 5);
    expect(() => rising.set(5, 5)).toThrow("numbers rise");
  });
});
