import { expect, test } from "vitest";
import { instantUs, seconds } from "../../src/base/units.js";
import { LossMeter } from "../../src/protocol/loss-meter.js";

test("the loss shown is that of the last ten seconds", () => {
  const meter = new LossMeter();
  let total = 0;
  let lost = 0;
  const live = (forSeconds: number, lostOfTen: number): void => {
    const end = total + forSeconds * 100;
    for (; total < end; total += 10) {
      lost += lostOfTen;
      meter.update(total, lost, instantUs((total / 100) * seconds(1)));
    }
  };
  live(20, 5);
  expect(meter.share(total, lost)).toBeCloseTo(0.5, 1);
  live(5, 0);
  expect(meter.share(total, lost)).toBeCloseTo(0.25, 1);
  live(11, 0);
  expect(meter.share(total, lost)).toBeCloseTo(0, 2);
});

test("nothing sent is nothing lost, and packets that come after all never make it negative", () => {
  const meter = new LossMeter();
  expect(meter.share(0, 0)).toBe(0);
  meter.update(10, 5, instantUs(0));
  expect(meter.share(20, 2)).toBe(0);
  expect(meter.share(10, 5)).toBe(0);
});
