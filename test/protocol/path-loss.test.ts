import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { PathLoss } from "../../src/protocol/path-loss.js";

/** Sends packets and tells their fates, a few at a time; `loses` decides by packet number. */
function lossOf(packets: number, loses: (packet: number) => boolean): PathLoss {
  const loss = new PathLoss();
  let lost = 0;
  for (let from = 0; from < packets; from += 16) {
    const gone = Array.from({ length: 16 }, (_, i) => from + i).filter(loses);
    loss.onLost(gone);
    lost += gone.length;
    loss.update(from + 16, lost);
  }
  return loss;
}

test("a path that loses nothing has no loss", () => {
  expect(lossOf(5_000, () => false).shape).toMatchObject({ share: 0, run: 1 });
});

test("independent losses have their share and a little more, and runs of about one", () => {
  const random = new Random(1);
  const { share, run } = lossOf(8_000, () => random.chance(0.1)).shape;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.14);
  expect(run).toBeLessThan(1.25);
});

test("runs are measured, across acknowledgements too", () => {
  const { share, run } = lossOf(8_000, (packet) => packet % 100 >= 90).shape;
  // Twelve runs: there might as well have been fifteen.
  expect(share).toBeCloseTo(0.1 * (1 + 1 / Math.sqrt(12)), 2);
  expect(run).toBeCloseTo(10, 0);
});

test("what was lost at the start is forgotten after 1,280 packets", () => {
  const early = (packet: number): boolean => packet < 200;
  expect(lossOf(1_024, early).shape.share).toBeGreaterThan(0.15);
  expect(lossOf(2_000, early).shape).toMatchObject({ share: 0, run: 1 });
});

test("losses that were none are taken back", () => {
  const loss = new PathLoss();
  loss.onLost([3, 4]);
  loss.update(100, 2);
  expect(loss.shape).toMatchObject({ share: 0.04, run: 2 });
  loss.update(120, 0);
  expect(loss.shape).toMatchObject({ share: 0, run: 1 });
});
