import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { keepPartial, type PartialOptions } from "../../src/node/receiving/partial.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import type { PartialReport } from "../../src/node/receiving/report.js";
import type { Source, SourceOptions } from "../../src/node/sending/source.js";
import { Partition } from "../../src/picture/partition.js";
import { fillStore, imageOf, noise, samplesOfPng, sourceOf, testFolder } from "./pictures.js";

const PIXELS: SourceOptions = { mode: "pixels", pieceBytes: 200 };

interface Kept {
  readonly out: string;
  readonly source: Source;
  readonly report: PartialReport;
}

async function keep(
  source: Source,
  lacks: (piece: number) => boolean,
  options: Partial<PartialOptions> = {},
  out = testFolder(),
): Promise<Kept> {
  const store = await PieceStore.open(PieceStore.folderFor(out, source.manifest), source.manifest);
  onTestFinished(() => store.discard());
  fillStore(store, source, lacks);
  const causeOf = (piece: number) => (piece % 2 === 0 ? "lost" : "not sent");
  const { path, report } = await keepPartial(store, source.manifest, { out, causeOf, ...options });
  await store.close();
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(report);
  return { out, source, report };
}

const KINDS = [1, 2, 3, 4].flatMap((channels) =>
  [8, 16].map((bits) => ({ channels: channels as 1 | 2 | 3 | 4, bits: bits as 8 | 16 })),
);

test.each(KINDS)(
  "$channels channels of $bits bits: holes are transparent, all else is as it was sent",
  async ({ channels, bits }) => {
    const samples = noise({ width: 50, height: 33, channels, bits });
    const bytes = await imageOf(samples).png().toBuffer();
    const source = await sourceOf(bytes, "photo.png", { ...PIXELS, fields: 2 });
    const { content } = source.manifest;
    if (content.mode !== "pixels") throw new Error("no picture");
    const lacks = (piece: number) => piece % 3 === 1;
    const { out, report } = await keep(source, lacks);
    const picture = readFileSync(join(out, "photo.partial.png"));
    const shown = samplesOfPng(picture);
    const mask = samplesOfPng(readFileSync(join(out, "photo.missing.png")));
    const partition = new Partition(content);
    const sample = bits / 8;
    const alphaChannels = channels % 2 === 0 ? channels : channels + 1;
    expect(await sharp(picture).metadata()).toMatchObject({
      channels: alphaChannels,
      bitsPerSample: bits,
    });
    let missing = 0;
    for (let pixel = 0; pixel < 50 * 33; pixel += 1) {
      const isHole = lacks(partition.pieceAt(pixel % 50, Math.floor(pixel / 50)));
      const from = pixel * channels * sample;
      const kept = [...samples.raster.subarray(from, from + channels * sample)];
      const wanted = channels % 2 === 0 ? kept : [...kept, ...new Array(sample).fill(255)];
      const at = pixel * alphaChannels * sample;
      const found = [...shown.subarray(at, at + wanted.length)];
      if (isHole) missing += 1;
      expect(mask[pixel]).toBe(isHole ? 255 : 0);
      expect(found).toEqual(isHole ? wanted.map(() => 0) : wanted);
    }
    expect(report).toMatchObject({ missingPixels: missing, pixels: 50 * 33, channels, bits });
  },
);

test("a picture without its odd rows reports width times half the height, row by row", async () => {
  const samples = noise({ width: 272, height: 171, channels: 4, bits: 8 });
  const bytes = await imageOf(samples).png().toBuffer();
  const source = await sourceOf(bytes, "photo.png", { mode: "pixels", fields: 2 });
  const content = source.manifest.content;
  if (content.mode !== "pixels") throw new Error("no picture");
  const firstOdd = new Partition(content).pieceAt(0, 1);
  const { report } = await keep(source, (piece) => piece >= firstOdd, {
    causeOf: () => "withheld",
    reason: "no-repair",
    seconds: 1.5,
  });
  expect(report).toMatchObject({
    name: "photo.png",
    mode: "pixels",
    width: 272,
    height: 171,
    channels: 4,
    bits: 8,
    pixels: 272 * 171,
    missingPixels: 272 * 85,
    approximatePixels: 0,
    missingPieces: source.manifest.pieceCount - firstOdd,
    pieces: source.manifest.pieceCount,
    reason: "no-repair",
    seconds: 1.5,
  });
  expect(report.regions).toHaveLength(85);
  expect(report.regions[84]).toEqual({ x: 0, y: 169, width: 272, height: 1, cause: "withheld" });
});

test("of a plain file the byte ranges that are missing are reported, with their causes", async () => {
  const source = await sourceOf(new Random(2).bytes(4500), "data.bin", {
    mode: "file",
    pieceBytes: 1000,
  });
  const { out, report } = await keep(source, (piece) => piece === 1 || piece >= 3);
  expect(report).toMatchObject({
    mode: "file",
    missingPieces: 3,
    missingPixels: 2500,
    regions: [],
  });
  expect(report.holes).toEqual([
    { start: 1000, end: 2000, cause: "not sent" },
    { start: 3000, end: 4000, cause: "not sent" },
    { start: 4000, end: 4500, cause: "lost" },
  ]);
  expect(readdirSync(out).sort()).toEqual([".lacuna", "data.report.json"]);
});

test("nothing at all received is a wholly transparent picture", async () => {
  const samples = noise({ width: 9, height: 7, channels: 3, bits: 8 });
  const source = await sourceOf(await imageOf(samples).png().toBuffer(), "a.png", PIXELS);
  const { out, report } = await keep(source, () => true, { causeOf: () => "not sent" });
  expect(report).toMatchObject({ missingPixels: 63, missingPieces: report.pieces });
  expect(report.regions).toEqual([{ x: 0, y: 0, width: 9, height: 7, cause: "not sent" }]);
  expect(samplesOfPng(readFileSync(join(out, "a.partial.png"))).every((byte) => byte === 0)).toBe(
    true,
  );
});

test("a later partial result replaces the earlier one", async () => {
  const samples = noise({ width: 30, height: 30, channels: 3, bits: 8 });
  const bytes = await imageOf(samples).png().toBuffer();
  const out = testFolder();
  const first = await keep(await sourceOf(bytes, "a.png", PIXELS), (piece) => piece > 2, {}, out);
  const later = await keep(await sourceOf(bytes, "a.png", PIXELS), (piece) => piece > 5, {}, out);
  expect(later.report.missingPieces).toBe(first.report.missingPieces - 3);
  expect(readdirSync(out).sort()).toEqual([
    ".lacuna",
    "a.missing.png",
    "a.partial.png",
    "a.report.json",
  ]);
});

test("a CMYK picture is shown in RGB, its holes transparent", async () => {
  const image = imageOf(noise({ width: 20, height: 20, channels: 3, bits: 8 }));
  const bytes = await image.toColourspace("cmyk").jpeg().toBuffer();
  const { out } = await keep(await sourceOf(bytes, "print.jpg", PIXELS), (piece) => piece === 0);
  const facts = await sharp(join(out, "print.partial.png")).metadata();
  expect(facts).toMatchObject({ space: "srgb", channels: 4, hasProfile: false });
  const alpha = samplesOfPng(readFileSync(join(out, "print.partial.png"))).filter(
    (_, index) => index % 4 === 3,
  );
  const mask = samplesOfPng(readFileSync(join(out, "print.missing.png")));
  expect([...alpha]).toEqual([...mask].map((value) => 255 - value));
  expect(mask.includes(255)).toBe(true);
});
