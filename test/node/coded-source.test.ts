import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PieceDecoder } from "../../src/codec/picture-coder.js";
import { JpegPicture } from "../../src/jpeg/picture.js";
import type { DescribedImage } from "../../src/node/pictures/image-file.js";
import { CoderPool } from "../../src/node/sending/coder-pool.js";
import { type CodingOptions, openSource, type Source } from "../../src/node/sending/source.js";
import { Withholding } from "../../src/node/sending/withhold.js";
import { type CodedContent, type Manifest, previewPiecesOf } from "../../src/wire/manifest.js";
import { expectSame, imageOf, noise, type Samples, testFolder } from "./pictures.js";

/** Too little for any raster in memory. */
const TIGHT = { memoryMb: 110 };
const CODED = { mode: "pixels", coding: "coded", pieceBytes: 300 } as const;

async function open(path: string, options: Omit<CodingOptions, "mode" | "coding"> = {}) {
  const source = await openSource(path, { ...CODED, ...options });
  onTestFinished(() => source.close());
  await source.complete;
  return source;
}

async function fileOf(samples: Samples): Promise<string> {
  const path = join(testFolder(), "picture.png");
  await imageOf(samples).png().toFile(path);
  return path;
}

function contentOf({ manifest: { content } }: Source<Manifest>): CodedContent {
  if (content.mode !== "coded") throw new Error(`sent as ${content.mode}`);
  return content;
}

/** The picture put together from the pieces, each decoded alone; every pixel must be in exactly one. */
function decoded(source: Source<Manifest>, pieces = exactOf(source)): Uint8Array {
  const content = contentOf(source);
  const { width, height, channels, bits } = content;
  const decoder = PieceDecoder.of(content, content.tables);
  const stride = (width * channels * bits) / 8;
  const bytes = new Uint8Array(stride * height);
  const times = new Uint8Array(width * height);
  for (const piece of pieces) {
    const areas = decoder?.decode(piece, { bytes, offset: 0, stride, width, height }, 0, 0);
    if (areas === undefined) throw new Error("a piece is refused");
    for (const area of areas) {
      for (let row = 0; row < area.height; row += 1) {
        const from = (area.y + row * area.rowStep) * width + area.x;
        for (let x = 0; x < area.width; x += 1) times[from + x] = (times[from + x] as number) + 1;
      }
    }
  }
  expect(times.findIndex((count) => count !== 1)).toBe(-1);
  return bytes;
}

function allOf(source: Source<Manifest>): Uint8Array[] {
  return Array.from({ length: source.supply.available }, (_, piece) => {
    const bytes = new Uint8Array(source.pieceLength(piece));
    expect(source.readPiece(piece, bytes, 0)).toBe(bytes.length);
    expect(bytes.length).toBeLessThanOrEqual(source.manifest.pieceBytes);
    return bytes;
  });
}

const exactOf = (source: Source<Manifest>): Uint8Array[] =>
  allOf(source).slice(previewPiecesOf(source.manifest.content));

const KINDS = ([1, 2, 3, 4] as const).flatMap((channels) =>
  ([8, 16] as const).map((bits) => ({ channels, bits })),
);

test.each(KINDS)(
  "a picture of $channels channels of $bits bits is coded in pieces that are exactly its pixels",
  async ({ channels, bits }) => {
    const samples = noise({ width: 67, height: 41, channels, bits });
    const path = await fileOf(samples);
    for (const fields of [1, 2] as const) {
      const source = await open(path, { fields });
      expect(contentOf(source)).toMatchObject({ width: 67, height: 41, channels, bits, fields });
      expectSame(decoded(source), samples.raster);
      const digest = createHash("sha256").update(samples.raster).digest();
      expect(Buffer.from(source.manifest.digest)).toEqual(digest);
    }
  },
);

test.each([
  { width: 1, height: 1 },
  { width: 1, height: 65_535 },
  { width: 65_535, height: 1 },
  { width: 5, height: 2 },
])("a picture of $width x $height pixels is coded exactly", async ({ width, height }) => {
  const samples = noise({ width, height, channels: 3, bits: 8 });
  const path = await fileOf(samples);
  for (const fields of [1, 2] as const) {
    expectSame(decoded(await open(path, { fields })), samples.raster);
  }
});

test("threads make the same pieces under the same numbers every time, in memory and by way of the disk", async () => {
  const samples = noise({ width: 1_100, height: 700, channels: 3, bits: 8 });
  const path = await fileOf(samples);
  const pool = new CoderPool();
  onTestFinished(() => pool.close());
  const cacheFolder = testFolder();
  const first = await open(path, { pool });
  const pieces = allOf(first);
  expectSame(decoded(first), samples.raster);
  for (const how of [{}, { pool }, { pool, cacheFolder, ...TIGHT }]) {
    const again = await open(path, how);
    expect(again.manifest).toEqual(first.manifest);
    expectSame(Buffer.concat(allOf(again)), Buffer.concat(pieces));
  }
  // What lies there has lost its name already: whatever becomes of this process, it leaves nothing.
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test("a large picture is open with its preview, and grows while it is being coded", async () => {
  const samples = noise({ width: 1_200, height: 1_000, channels: 1, bits: 8 });
  const path = await fileOf(samples);
  const pool = new CoderPool();
  onTestFinished(() => pool.close());
  const source = await openSource(path, { ...CODED, pool });
  onTestFinished(() => source.close());
  const { content, pieceCount, pieceEstimate = 0 } = source.manifest;
  const ahead = previewPiecesOf(content);
  expect(ahead).toBeGreaterThan(0);
  expect(source.supply).toMatchObject({ pieceCount: undefined, available: ahead, exactBytes: 0 });
  expect(pieceCount).toBeUndefined();
  expect(source.facts.pieces).toBe(pieceEstimate);
  const seen: number[] = [];
  source.onGrowth(() => seen.push(source.supply.available));
  await source.complete;
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  const { supply, facts } = source;
  expect(supply.pieceCount).toBe(seen.at(-1));
  expect(facts).toMatchObject({ pieces: supply.available, bytes: supply.exactBytes });
  const pieces = allOf(source);
  expect(supply.exactBytes + supply.previewBytes).toBe(Buffer.concat(pieces).length);
  expectSame(decoded(source), samples.raster);
  const again = await open(path);
  expect(again.manifest).toEqual(source.manifest);
  expectSame(Buffer.concat(allOf(again)), Buffer.concat(pieces));
});

test.each(KINDS)(
  "the preview of $channels channels of $bits bits takes a few per cent and looks like the picture",
  async ({ channels, bits }) => {
    const width = 500;
    const height = 400;
    const samples = noise({ width, height, channels, bits });
    // Left dark, right light, under some noise.
    const sampleBytes = bits / 8;
    for (let at = sampleBytes - 1; at < samples.raster.length; at += sampleBytes) {
      const x = Math.floor(at / (channels * sampleBytes)) % width;
      const isAlpha =
        channels % 2 === 0 && Math.floor(at / sampleBytes) % channels === channels - 1;
      const light = x < width / 2 ? 40 : 200;
      samples.raster[at] = isAlpha ? 255 : light + ((samples.raster[at] as number) & 15);
    }
    const source = await open(await fileOf(samples), { pieceBytes: 1_150 });
    const { preview } = contentOf(source);
    const { previewBytes, exactBytes } = source.supply;
    expect(previewBytes / exactBytes).toBeLessThan(0.13);
    const shown = JpegPicture.of(preview?.tables ?? new Uint8Array(), { bytesMax: 10_000_000 });
    if (shown === undefined) throw new Error("the preview's tables are refused");
    for (const [number, piece] of allOf(source).slice(0, preview?.pieces).entries()) {
      expect(shown.place(piece, number)?.shown).not.toHaveLength(0);
    }
    const { width: across, height: down } = shown;
    const row = new Uint8Array(across * shown.channels);
    shown.render({ x: 0, y: Math.floor(down / 2), width: across, height: 1 }, row);
    const at = (share: number) => row[Math.floor(across * share) * shown.channels] ?? 0;
    expect(Math.abs(at(0.25) - 47)).toBeLessThan(10);
    expect(Math.abs(at(0.75) - 207)).toBeLessThan(10);
  },
);

test("what the preview shows worst comes first", async () => {
  const width = 1_024;
  const samples = noise({ width, height: 600, channels: 1, bits: 8 });
  for (let at = 0; at < samples.raster.length; at += 1) {
    if (at % width < width / 2) samples.raster[at] = 96 + ((samples.raster[at] as number) & 7);
  }
  const source = await open(await fileOf(samples));
  const content = contentOf(source);
  const decoder = PieceDecoder.of(content, content.tables);
  const isLeft = exactOf(source).map((piece) => (decoder?.areasOf(piece)?.[0]?.x ?? 0) < width / 2);
  expect(isLeft.indexOf(true)).toBeGreaterThan(isLeft.lastIndexOf(false));
});

test("the pieces of the odd rows come last, and can be withheld", async () => {
  const samples = noise({ width: 90, height: 61, channels: 1, bits: 8 });
  const source = await open(await fileOf(samples), { fields: 2 });
  const [range] = new Withholding(source.manifest, "odd-rows").next(source.supply);
  const content = contentOf(source);
  const decoder = PieceDecoder.of(content, content.tables);
  const odd = allOf(source).map((piece) => (decoder?.areasOf(piece)?.[0]?.y ?? 0) % 2 === 1);
  expect(range).toEqual({ start: odd.indexOf(true), end: odd.length });
  expect(odd.lastIndexOf(false)).toBe(odd.indexOf(true) - 1);
});

test("when the threads are gone, what is being coded fails with a code, and what comes after", async () => {
  const path = await fileOf(noise({ width: 600, height: 600, channels: 3, bits: 8 }));
  const pool = new CoderPool();
  const cacheFolder = testFolder();
  const opened = expect(open(path, { pool, cacheFolder, ...TIGHT })).rejects.toMatchObject({
    code: "LACUNA_CODER_FAILED",
  });
  await pool.close();
  await opened;
  await expect(open(path, { pool })).rejects.toMatchObject({ code: "LACUNA_CODER_FAILED" });
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test("a thread that cannot go on is told with its reason", async () => {
  const pool = new CoderPool();
  onTestFinished(() => pool.close());
  const image: Pick<DescribedImage, "width" | "height" | "channels" | "bits" | "colour"> = {
    width: 600,
    height: 600,
    channels: 1,
    bits: 8,
    colour: "gray",
  };
  const setup = {
    // Nobody has this file open.
    raster: { kind: "file", file: 2 ** 30, start: 0 },
    shape: { ...image, fields: 1 },
    tables: contentOf(
      await open(await fileOf(noise({ width: 9, height: 9, channels: 1, bits: 8 }))),
    ).tables,
    pieceBytes: 300,
  } as const;
  const unit = { index: 0, x: 0, y: 0, width: 600, height: 600, rowStep: 1 } as const;
  const job = pool.code(setup, [unit], () => undefined);
  await expect(job.done).rejects.toThrow(/a thread that codes pictures failed: .*EBADF/);
  await job.end();
});
