import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { fromSigned, TOKEN_ROOM, tokenOf } from "../../src/codec/entropy/tokens.js";
import { classOf, NEIGHBOURS, ScanModel } from "../../src/codec/scan/model.js";
import { Planes } from "../../src/codec/scan/planes.js";
import { leastUnrest, ScanStudy } from "../../src/codec/scan/study.js";
import { solveWeights } from "../../src/codec/scan/weights.js";
import type { PixelFormat, PixelView } from "../../src/codec/types.js";
import { FORMATS, pictureOf } from "./pictures.js";

const CLASSES = 3;

/** A slope with some grain. */
function grainy(format: PixelFormat, seed: number): PixelView {
  const random = new Random(seed);
  const shape = { ...format, width: 37, height: 22, fields: 1 } as const;
  return pictureOf(shape, (x, y, channel) => 60 + 2 * x + 3 * y - channel + random.between(-9, 9));
}

/** Rows of numbers of each plane. */
function rowsOf(planes: Planes, view: PixelView): Int32Array[][] {
  return Array.from({ length: view.height }, (_, row) => {
    const lines = planes.newLines(view.width);
    planes.readRow(view, row, lines, 0);
    return lines;
  });
}

describe.each(FORMATS)("the study of scans of $channels x $bits bits $colour", (format) => {
  const decorrelated = format.colour === "rgb";
  const planes = new Planes(format, decorrelated);
  const samples = [grainy(format, 1), grainy(format, 2)];

  test("finds the weights of least squares", () => {
    const fits = Array.from({ length: 2 * CLASSES }, () =>
      Array.from({ length: NEIGHBOURS }, () => new Float64Array(NEIGHBOURS + 1)),
    );
    for (const view of samples) {
      const rows = rowsOf(planes, view);
      for (let plane = 0; plane < planes.count; plane += 1) {
        const at = (x: number, y: number): number => rows[y]?.[plane]?.[x] as number;
        for (let y = 2; y < view.height; y += 1) {
          for (let x = 2; x < view.width - 1; x += 1) {
            const [w, n, nw, ne] = [at(x - 1, y), at(x, y - 1), at(x - 1, y - 1), at(x + 1, y - 1)];
            const [, base = 0] = [w, n, w + n - nw].sort((a, b) => a - b);
            const [across, down] = [Math.abs(n - nw), Math.abs(w - nw)];
            const group = planes.isDifference(plane) ? CLASSES : 0;
            const far = [at(x - 2, y), at(x, y - 2), at(x - 2, y - 1), at(x + 1, y - 2)];
            const around = [w, n, nw, ne, ...far, at(x, y)].map((value) => value - base);
            const calm = 1 / (4 + across + down + Math.abs(n - ne));
            fits[group + classOf(across, down)]?.forEach((row, i) => {
              for (let j = 0; j <= NEIGHBOURS; j += 1) {
                row[j] = (row[j] ?? 0) + calm * calm * (around[i] ?? 0) * (around[j] ?? 0);
              }
            });
          }
        }
      }
    }
    const expected = fits.flatMap((fit) => solveWeights(fit));
    const weights = new ScanStudy(format, decorrelated).weights(samples);
    expect(weights).toEqual(Int16Array.from(expected));
  });

  test("counts the tokens that the reference would code, by unrest", () => {
    const study = new ScanStudy(format, decorrelated);
    const weights = study.weights(samples);
    const middles = Array.from({ length: format.channels }, () => 0);
    const { steps, counts } = study.counts(samples, weights);
    const expected = new Uint32Array(format.channels * steps * TOKEN_ROOM);
    for (const view of samples) {
      const parameters = { decorrelated, middles, weights, unrestShift: 0, thresholds: [] };
      const model = new ScanModel(format, parameters);
      model.begin(view.width);
      for (const lines of rowsOf(planes, view)) {
        model.beginRow();
        lines.forEach((line, plane) => {
          line.forEach((value, x) => {
            model.predict(plane, x);
            const residual = value - model.prediction;
            let step = steps - 1;
            while (leastUnrest(step) > model.unrest) step -= 1;
            const at = (plane * steps + step) * TOKEN_ROOM + tokenOf(fromSigned(residual));
            expected[at] = (expected[at] ?? 0) + 1;
            model.learn(plane, x, residual);
          });
        });
        model.endRow(view.width);
      }
    }
    expect(counts).toEqual(expected);
  });
});
