import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { LinkLoss } from "../../src/protocol/link-loss.js";

const round = (lost: number, total: number, windowBytes = 10_000, calm = true) => {
  return { lost, total, windowBytes, calm };
};

/** Loss answered at 40,000 bytes, and then rounds of a hundred packets at a quarter of that. */
function measured(losses: readonly number[]): LinkLoss {
  const loss = new LinkLoss();
  loss.onAnswered(40_000);
  for (const lost of losses) loss.measure(round(lost, 100));
  return loss;
}

describe("a link's own loss", () => {
  test("is unknown at first: every loss is too much", () => {
    const loss = new LinkLoss();
    expect(loss.isTooMuch(round(0, 1_000))).toBe(false);
    expect(loss.isTooMuch(round(1, 1_000))).toBe(true);
  });

  test("is what is lost at half the window at which loss was answered, and tells what was given up", () => {
    const loss = new LinkLoss();
    loss.onAnswered(40_000);
    expect(loss.measure(round(50, 100, 30_000))).toBeUndefined();
    for (const lost of [4, 6, 3]) expect(loss.measure(round(lost, 100))).toBeUndefined();
    expect(loss.measure(round(7, 100))).toBe(40_000);
    expect(loss.share).toBe(0.05);
  });

  test("is not measured while there is a queue", () => {
    const loss = new LinkLoss();
    loss.onAnswered(40_000);
    for (let i = 0; i < 20; i += 1) loss.measure(round(5, 100, 10_000, false));
    expect(loss.share).toBe(0);
  });

  test("is none where a neighbour fills a shallow queue: four in a thousand", () => {
    const loss = measured([1, 0, 0, 1, 0, 0]);
    expect(loss.share).toBe(0);
    expect(loss.isTooMuch(round(1, 100))).toBe(true);
  });

  test("is waited for once: what is lost meanwhile is not answered again, but later it is", () => {
    const loss = new LinkLoss();
    loss.onAnswered(40_000);
    expect(loss.isTooMuch(round(1, 100))).toBe(false);
    expect(loss.isTooMuch(round(1, 100, 30_000))).toBe(true);
    expect(loss.isTooMuch(round(1, 100, 10_000, false))).toBe(true);
    for (let i = 0; i < 6; i += 1) loss.measure(round(0, 100));
    expect(loss.isTooMuch(round(1, 100))).toBe(true);
  });

  test("may come in runs of eight without being too much, and half again as much is noticed", () => {
    const random = new Random(5);
    const run = (): number => (random.chance(0.05 / 8) ? 8 : 0);
    const lostOf = (packets: number) =>
      Array.from({ length: packets }, run).reduce((a, b) => a + b);
    const loss = measured([5, 5, 5, 5]);
    let answered = 0;
    for (let i = 0; i < 100; i += 1) if (loss.isTooMuch(round(lostOf(100), 100))) answered += 1;
    expect(answered).toBeLessThan(3);
    const rounds = Array.from({ length: 20 }, () => loss.isTooMuch(round(20, 100)));
    expect(rounds.indexOf(true)).toBeLessThan(5);
  });

  test("is taken back when the link becomes better, at any rate", () => {
    const loss = measured([5, 5, 5, 5]);
    const rounds = (count: number): void => {
      for (let i = 0; i < count; i += 1) loss.measure(round(1, 100, 90_000));
    };
    // Two thousand packets tell, and the first of them are those that it was measured by.
    rounds(35);
    expect(loss.share).toBe(0.05);
    rounds(1);
    expect(loss.share).toBe(0.01);
  });

  test("gives nothing back when it is measured again and is about the same", () => {
    const loss = measured([5, 5, 5, 5]);
    loss.onAnswered(40_000);
    for (const lost of [6, 8, 7, 7]) expect(loss.measure(round(lost, 100))).toBeUndefined();
    expect(loss.share).toBe(0.07);
  });
});
