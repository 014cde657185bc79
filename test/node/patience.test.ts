import { expect, test } from "vitest";
import { type InstantUs, instantUs } from "../../src/base/units.js";
import { Patience } from "../../src/node/sending/patience.js";

const at = (seconds: number): InstantUs => instantUs(seconds * 1_000_000);

/** What it waits after failures in a row, in seconds, as long as it does. */
function waits(patience: Patience, from: number, most: number): number[] {
  const found: number[] = [];
  let now = from;
  while (found.length < most) {
    const waitUs = patience.nextWaitUs(at(now));
    if (waitUs === undefined) break;
    found.push(waitUs / 1_000_000);
    now += waitUs / 1_000_000;
  }
  return found;
}

test("waits twice as long each time, up to a minute, and begins anew once the receiver was heard", () => {
  const patience = new Patience({ random: () => 0 });
  patience.begin(at(0));
  patience.onHeard(at(5));
  expect(waits(patience, 6, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  patience.onHeard(at(400));
  expect(waits(patience, 401, 2)).toEqual([1, 2]);
});

test("chance shortens a wait by up to half", () => {
  const patience = new Patience({ random: () => 0.999_999 });
  patience.onHeard(at(0));
  for (const [index, wait] of waits(patience, 0, 8).entries()) {
    expect(wait).toBeCloseTo(Math.min(2 ** index, 60) / 2, 3);
  }
});

test("who never answered is waited for shortly, who was there once for a day, from when it was last heard", () => {
  const patience = new Patience({ random: () => 0 });
  patience.begin(at(100));
  expect(patience.isOver(at(114.9))).toBe(false);
  expect(patience.nextWaitUs(at(115))).toBeUndefined();
  const day = 24 * 60 * 60;
  patience.onHeard(at(200));
  expect(patience.isOver(at(200 + day - 1))).toBe(false);
  expect(patience.isOver(at(200 + day))).toBe(true);
  expect(patience.nextWaitUs(at(200 + day))).toBeUndefined();
});

test("what was asked for holds, and the last connection still has a moment", () => {
  const options = { firstAnswerSeconds: 3, giveUpAfterSeconds: 10, random: () => 0 };
  const patience = new Patience(options);
  patience.begin(at(0));
  expect(patience.attemptUs(at(0))).toBe(3_000_000);
  expect(waits(patience, 0, 2)).toEqual([1, 1]);
  patience.onHeard(at(50));
  expect(waits(patience, 58, 1)).toEqual([1]);
  expect(patience.attemptUs(at(59))).toBe(1_000_000);
  expect(patience.nextWaitUs(at(60))).toBeUndefined();
});
