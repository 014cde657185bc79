import { expect, test } from "vitest";
import { assert, unreachable } from "../../src/base/assert.js";
import {
  after,
  between,
  durationUs,
  instantUs,
  milliseconds,
  NEVER,
  seconds,
} from "../../src/base/units.js";

test("milliseconds and seconds are microseconds", () => {
  expect(milliseconds(25)).toBe(25_000);
  expect(seconds(1.5)).toBe(1_500_000);
});

test("a deadline is a whole microsecond, never early", () => {
  expect(after(instantUs(10), durationUs(0.2))).toBe(11);
  expect(after(instantUs(10), durationUs(5))).toBe(15);
  for (const delay of [0.001, 1 / 3, 2.5, 999.999]) {
    const at = after(instantUs(1_000), durationUs(delay));
    expect(Number.isInteger(at) && at >= 1_000 + delay && at < 1_001 + delay).toBe(true);
  }
});

test("the time between is negative when the end is earlier", () => {
  expect(between(instantUs(30), instantUs(10))).toBe(-20);
});

test("never lies after every instant, whatever is added to an instant", () => {
  expect(instantUs(Number.MAX_SAFE_INTEGER) < NEVER).toBe(true);
  expect(after(NEVER, seconds(1))).toBe(NEVER);
});

test("a broken promise names itself", () => {
  expect(() => assert(false, "water runs down")).toThrow("broken promise: water runs down");
  expect(() => assert(true, "water runs down")).not.toThrow();
  expect(() => unreachable("cat" as never)).toThrow('unreachable value: "cat"');
});
