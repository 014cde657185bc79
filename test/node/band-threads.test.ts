import { expect, test } from "vitest";
import { UnitGrid } from "../../src/codec/picture-coder.js";
import { BandDecoder } from "../../src/node/receiving/band-decoder.js";
import { bandEdges, planBands } from "../../src/node/receiving/band-plan.js";
import { decodeBands } from "../../src/node/receiving/band-threads.js";
import type { CodedContent } from "../../src/wire/manifest.js";
import { codedImage, fill, openStore } from "./contents.js";
import { expectSame, noise, testFolder } from "./pictures.js";

const SAMPLES = noise({ width: 50, height: 90, channels: 3, bits: 8 });
const LINE_BYTES = 150;

function contentOf(fields: 1 | 2): CodedContent {
  const { content } = codedImage(SAMPLES, { fields }).manifest;
  if (content.mode !== "coded") throw new Error("no coded picture");
  return content;
}

test("threads decode the bands of a picture in order, whatever its pieces cross", async () => {
  for (const fields of [1, 2] as const) {
    const content = contentOf(fields);
    const image = codedImage(SAMPLES, { fields });
    const store = await openStore(testFolder(), image);
    fill(store, image, (piece) => piece === 3);
    const decoder = new BandDecoder(content);
    const lost = decoder.areasOf(image.pieces[3] as Uint8Array) ?? [];
    const edges = [0, 7, 14, 40, 41, 80];
    const bands = await planBands(edges, 90, decoder, store.runs());
    const setup = { folder: store.folder, manifest: image.manifest, content };
    const raster = new Uint8Array(90 * LINE_BYTES);
    let y = 0;
    let areas = 0;
    for await (const band of decodeBands(setup, bands, LINE_BYTES)) {
      expect(band.y).toBe(y);
      y = band.endY;
      raster.set(band.bytes, band.y * LINE_BYTES);
      areas += band.areas.length;
    }
    expect(y).toBe(90);
    const areasIn = (piece: number): number =>
      decoder.areasOf(image.pieces[piece] as Uint8Array)?.length ?? 0;
    const told = bands.flatMap(({ pieces }) => [...pieces].map(areasIn));
    expect(areas).toBe(told.reduce((sum, count) => sum + count, 0));
    const wanted = SAMPLES.raster.slice();
    for (const area of lost) {
      for (let row = 0; row < area.height; row += 1) {
        const from = (area.y + row * area.rowStep) * LINE_BYTES + area.x * 3;
        wanted.fill(0, from, from + area.width * 3);
      }
    }
    expectSame(raster, wanted);
  }
});

test("what threads cannot read is told", async () => {
  const image = codedImage(SAMPLES);
  const setup = { folder: testFolder(), manifest: image.manifest, content: contentOf(1) };
  const bands = [{ y: 0, endY: 90, pieces: Uint32Array.of(0) }];
  const decoded = decodeBands(setup, bands, LINE_BYTES)[Symbol.asyncIterator]();
  await expect(decoded.next()).rejects.toThrow("ENOENT");
});

test("bands begin where units do, unless they would be too large", () => {
  const size = { width: 1_000, height: 3_000 };
  for (const fields of [1, 2] as const) {
    const content = { ...contentOf(fields), ...size };
    const units = UnitGrid.of(content, content.tables)?.all() ?? [];
    const starts = units.map(({ y, rowStep }) => y - (y % rowStep));
    const tallest = Math.max(...units.map(({ height, rowStep }) => height * rowStep));
    for (const rows of [1, 100, tallest - 1, tallest, 2 * tallest, 2_999, 3_000, 9_999]) {
      const edges = bandEdges(content, 3_000, rows * 3_000 + 17);
      expect(edges[0]).toBe(0);
      edges.forEach((edge, band) => {
        const end = edges[band + 1] ?? size.height;
        expect(end).toBeGreaterThan(edge);
        expect(end - edge).toBeLessThanOrEqual(rows);
        if (rows >= tallest) expect(starts).toContain(edge);
      });
    }
  }
});
