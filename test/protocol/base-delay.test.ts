import { expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { BaseDelay } from "../../src/protocol/base-delay.js";

const minute = (number: number) => instantUs(number * 60e6);

test("is the least that has been seen", () => {
  const base = new BaseDelay();
  expect(base.leastUs).toBe(Number.POSITIVE_INFINITY);
  for (const delayUs of [50_000, 40_000, 45_000]) base.update(delayUs, minute(0));
  expect(base.leastUs).toBe(40_000);
});

test("forgets after ten minutes with samples: RFC 6817 section 2.5", () => {
  const base = new BaseDelay();
  base.update(40_000, minute(0));
  for (let number = 1; number < 10; number += 1) {
    base.update(90_000 - number, minute(number));
    expect(base.leastUs).toBe(40_000);
  }
  base.update(95_000, minute(10));
  expect(base.leastUs).toBe(89_991);
});

test("forgets nothing while nothing is measured", () => {
  const base = new BaseDelay();
  base.update(40_000, minute(0));
  base.update(70_000, minute(500));
  expect(base.leastUs).toBe(40_000);
});
