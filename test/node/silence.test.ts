import { expect, test } from "vitest";
import { type InstantUs, instantUs } from "../../src/base/units.js";
import { Silence } from "../../src/node/sending/silence.js";

const at = (seconds: number): InstantUs => instantUs(seconds * 1_000_000);

/** Seconds at which a silence counts as long, of those asked about. */
function longAt(silence: Silence, from: number, to: number): number[] {
  const found: number[] = [];
  for (let second = from; second <= to; second += 1)
    if (silence.isLong(at(second))) found.push(second);
  return found;
}

test("a silence is long after five seconds, and again whenever it has lasted twice as long", () => {
  const silence = new Silence({ hasOutstanding: true, backoff: 4 }, at(0));
  expect(longAt(silence, 1, 45)).toEqual([5, 10, 20, 40]);
  silence.end(at(45));
  expect(longAt(silence, 46, 56)).toEqual([50, 55]);
});

test("it is none while nothing was asked, or before several probes", () => {
  const recovery = { hasOutstanding: false, backoff: 4 };
  const silence = new Silence(recovery, at(0));
  expect(longAt(silence, 1, 30)).toEqual([]);
  recovery.hasOutstanding = true;
  recovery.backoff = 2;
  expect(longAt(silence, 31, 60)).toEqual([]);
  recovery.backoff = 3;
  expect(silence.isLong(at(61))).toBe(true);
});

test("a socket that fails at once again is not replaced at once again", () => {
  const silence = new Silence({ hasOutstanding: true, backoff: 0 }, at(0));
  expect(silence.mayReplace(at(1))).toBe(true);
  expect(silence.mayReplace(at(1.5))).toBe(false);
  expect(silence.mayReplace(at(2))).toBe(true);
});
