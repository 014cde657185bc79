import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { densityOf } from "../../src/node/pictures/metadata-blocks.js";
import { openSource, type Source, type SourceOptions } from "../../src/node/sending/source.js";
import { Partition } from "../../src/picture/partition.js";
import { placePiece } from "../../src/picture/raster.js";
import type { PixelContent } from "../../src/wire/manifest.js";
import { expectSame, imageOf, noise, pngByHand, testFolder } from "./pictures.js";

/** The picture's raster, put together from the source's pieces. */
function rasterOf(source: Source): Uint8Array {
  const content = pixelsOf(source);
  const bytes = (content.channels * content.bits) / 8;
  const raster = new Uint8Array(content.width * content.height * bytes);
  const piece = new Uint8Array(source.manifest.pieceBytes);
  const partition = new Partition(content);
  expect(source.manifest.pieceCount).toBe(partition.pieceCount);
  for (let number = 0; number < source.manifest.pieceCount; number += 1) {
    expect(source.readPiece(number, piece, 0)).toBe(source.pieceLength(number));
    placePiece(raster, partition, bytes, number, piece);
  }
  return raster;
}

function pixelsOf(source: Source): PixelContent {
  const { content } = source.manifest;
  if (content.mode !== "pixels") throw new Error("sent as a plain file");
  return content;
}

async function open(bytes: Uint8Array, options: SourceOptions, name = "picture"): Promise<Source> {
  const path = join(testFolder(), name);
  writeFileSync(path, bytes);
  return openSource(path, options);
}

const LOSSLESS = {
  png: { channels: [1, 2, 3, 4], bits: [8, 16] },
  tiff: { channels: [1, 2, 3, 4], bits: [8, 16] },
  webp: { channels: [3, 4], bits: [8] },
  avif: { channels: [3], bits: [8] },
} as const;
const LOSSLESS_CASES = Object.entries(LOSSLESS).flatMap(([format, kinds]) =>
  kinds.channels.flatMap((channels) =>
    kinds.bits.map((bits) => ({ format: format as keyof typeof LOSSLESS, channels, bits })),
  ),
);

test.each(LOSSLESS_CASES)(
  "$format with $channels channels of $bits bits is cut into exactly its stored pixels",
  async ({ format, channels, bits }) => {
    const samples = noise({ width: 67, height: 41, channels, bits });
    const image = imageOf(samples);
    const options = {
      png: {},
      tiff: { compression: "lzw" },
      webp: { lossless: true, exact: true },
      avif: { lossless: true, chromaSubsampling: "4:4:4" },
    } as const;
    const bytes = await image.toFormat(format, options[format]).toBuffer();
    for (const fields of [1, 2] as const) {
      const source = await open(bytes, { mode: "pixels", fields, pieceBytes: 300 });
      expect(pixelsOf(source)).toMatchObject({ width: 67, height: 41, channels, bits, fields });
      expect(source.manifest.pieceBytes).toBeLessThanOrEqual(300);
      expectSame(rasterOf(source), samples.raster);
      const digest = createHash("sha256").update(samples.raster).digest();
      expect(Buffer.from(source.manifest.digest)).toEqual(digest);
    }
  },
);

test.each([
  { width: 1, height: 1 },
  { width: 1, height: 65_535 },
  { width: 65_535, height: 1 },
  { width: 3, height: 1000 },
])("a picture of $width x $height pixels is sent exactly", async ({ width, height }) => {
  const samples = noise({ width, height, channels: 3, bits: 8 });
  const source = await open(await imageOf(samples).png().toBuffer(), { mode: "auto" });
  expectSame(rasterOf(source), samples.raster);
});

test("1, 2 and 4 bit gray is widened to 8 bits over the whole range", async () => {
  const kinds = [
    { bitDepth: 1, row: [0b1010_0000], values: [255, 0, 255] },
    { bitDepth: 2, row: [0b0001_1000], values: [0, 85, 170] },
    { bitDepth: 4, row: [0x0f, 0x30], values: [0, 255, 51] },
  ];
  for (const { bitDepth, row, values } of kinds) {
    const png = pngByHand({ width: 3, height: 1, bitDepth, colourType: 0, rows: [row] });
    const source = await open(png, { mode: "auto" });
    expect(pixelsOf(source)).toMatchObject({ channels: 1, bits: 8, colour: "gray" });
    expect([...rasterOf(source)]).toEqual(values);
  }
});

test("a palette becomes the colours it names, with its transparency", async () => {
  const picture = { width: 3, height: 1, bitDepth: 8, colourType: 3, rows: [[2, 0, 1]] };
  const palette = ["PLTE", [10, 20, 30, 40, 50, 60, 70, 80, 90]] as const;
  const opaque = await open(pngByHand({ ...picture, chunks: [palette] }), { mode: "auto" });
  expect([...rasterOf(opaque)]).toEqual([70, 80, 90, 10, 20, 30, 40, 50, 60]);
  const clear = ["tRNS", [0, 128]] as const;
  const source = await open(pngByHand({ ...picture, chunks: [palette, clear] }), { mode: "auto" });
  expect([...rasterOf(source)]).toEqual([70, 80, 90, 255, 10, 20, 30, 0, 40, 50, 60, 128]);
});

test("an embedded profile travels beside the pixels and does not change them", async () => {
  const samples = noise({ width: 20, height: 10, channels: 3, bits: 8 });
  const tagged = await imageOf(samples).withIccProfile("p3").png().toBuffer();
  const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
  const source = await open(tagged, { mode: "auto" });
  expectSame(rasterOf(source), new Uint8Array(stored));
  const { icc } = await sharp(tagged).metadata();
  const block = pixelsOf(source).metadata.find(({ kind }) => kind === "icc");
  expect(Buffer.from(block?.bytes ?? [])).toEqual(icc);
});

test("a picture marked as turned is sent as it is stored, and the mark travels", async () => {
  const samples = noise({ width: 12, height: 5, channels: 3, bits: 8 });
  for (const format of ["png", "jpeg", "webp"] as const) {
    const image = imageOf(samples).withMetadata({ orientation: 6 });
    const source = await open(await image[format]().toBuffer(), { mode: "auto" });
    expect(pixelsOf(source)).toMatchObject({ width: 12, height: 5 });
    const exif = pixelsOf(source).metadata.find(({ kind }) => kind === "exif");
    expect(String.fromCharCode(...(exif?.bytes.subarray(0, 2) ?? []))).toMatch(/II|MM/);
  }
});

test("a PNG's density is told to the pixel per metre", async () => {
  const phys = ["pHYs", [0, 0, 0x1c, 0x23, 0, 0, 0x0e, 0x12, 1]] as const;
  const png = pngByHand({
    width: 1,
    height: 1,
    bitDepth: 8,
    colourType: 0,
    rows: [[7]],
    chunks: [phys],
  });
  const source = await open(png, { mode: "auto" });
  const density = densityOf(pixelsOf(source).metadata);
  expect(density?.across).toBeCloseTo(0x1c23 * 0.0254, 9);
  expect(density?.down).toBeCloseTo(0x0e12 * 0.0254, 9);
});

test("JPEG, GIF and CMYK pictures are sent as the library decodes them, the first page only", async () => {
  const samples = noise({ width: 30, height: 20, channels: 3, bits: 8 });
  const jpeg = await imageOf(samples).jpeg().toBuffer();
  expectSame(
    rasterOf(await open(jpeg, { mode: "auto" })),
    new Uint8Array(await sharp(jpeg).raw().toBuffer()),
  );
  const cmyk = await imageOf(samples).toColourspace("cmyk").jpeg().toBuffer();
  const separated = await open(cmyk, { mode: "auto" });
  expect(pixelsOf(separated)).toMatchObject({ channels: 4, colour: "cmyk", format: "jpeg" });
  const stored = await sharp(cmyk, { ignoreIcc: true })
    .pipelineColourspace("cmyk")
    .toColourspace("cmyk")
    .raw()
    .toBuffer();
  expectSame(rasterOf(separated), new Uint8Array(stored));
  const frames = { raw: { width: 30, height: 40, channels: 3, pageHeight: 20 } } as const;
  const twice = Buffer.concat([samples.raster, samples.raster.map((value) => 255 - value)]);
  const gif = await sharp(twice, frames).gif().toBuffer();
  const animated = await open(gif, { mode: "auto" });
  expect(pixelsOf(animated)).toMatchObject({ width: 30, height: 20, format: "gif" });
  expect(animated.notes.join()).toContain("first of 2 pages");
});

test("a lossless WebP is told from a lossy one, with and without metadata", async () => {
  const image = imageOf(noise({ width: 9, height: 9, channels: 4, bits: 8 })).withMetadata();
  for (const lossless of [true, false]) {
    for (const tagged of [image, image.clone().withIccProfile("p3")]) {
      const source = await open(await tagged.webp({ lossless }).toBuffer(), { mode: "auto" });
      expect(pixelsOf(source).format).toBe(lossless ? "webp-lossless" : "webp");
    }
  }
});

test("a plain file is cut into byte ranges and read in any order", async () => {
  const bytes = new Random(5).bytes(300_001);
  const source = await open(bytes, { mode: "file", pieceBytes: 1000 }, "data.bin");
  expect(source.facts).toMatchObject({
    name: "data.bin",
    mode: "file",
    bytes: 300_001,
    pieces: 301,
  });
  const copy = new Uint8Array(bytes.length);
  for (let i = 0; i < 301; i += 1) {
    const piece = (i * 11) % 301;
    expect(source.readPiece(piece, copy, piece * 1000)).toBe(source.pieceLength(piece));
  }
  expectSame(copy, bytes);
  expect(Buffer.from(source.manifest.digest)).toEqual(createHash("sha256").update(bytes).digest());
  source.close();
});

test("auto sends what is no picture as a plain file and says why; pixels refuses it", async () => {
  const path = join(testFolder(), "notes.txt");
  writeFileSync(path, "not a picture");
  const source = await openSource(path, { mode: "auto" });
  expect(source.facts.mode).toBe("file");
  expect(source.notes[0]).toMatch(/plain file.*not a picture/);
  source.close();
  await expect(openSource(path, { mode: "pixels" })).rejects.toMatchObject({
    code: "LACUNA_NOT_AN_IMAGE",
  });
});

test("half a picture, floating-point samples and drawings go as plain files", async () => {
  const samples = noise({ width: 200, height: 200, channels: 3, bits: 8 });
  const png = await imageOf(samples).png().toBuffer();
  const floats = await sharp(png).toColourspace("scrgb").raw({ depth: "float" }).toBuffer();
  expect(floats.length).toBe(200 * 200 * 3 * 4);
  const tiff = await imageOf(samples).toColourspace("lab").tiff({ compression: "none" }).toBuffer();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  for (const bytes of [png.subarray(0, png.length / 2), tiff, svg]) {
    const source = await open(bytes, { mode: "auto" });
    expect(source.facts).toMatchObject({ mode: "file", bytes: bytes.length });
    expect(source.notes).toHaveLength(1);
    source.close();
  }
});

test("a picture wider than 65,535 pixels is refused as pixels", async () => {
  const wide = noise({ width: 65_536, height: 1, channels: 1, bits: 8 });
  const bytes = await imageOf(wide).png().toBuffer();
  await expect(open(bytes, { mode: "pixels" })).rejects.toMatchObject({
    code: "LACUNA_IMAGE_TOO_LARGE",
  });
  const source = await open(bytes, { mode: "auto" });
  expect(source.facts.mode).toBe("file");
  source.close();
});

test("a missing file, a folder, an empty file and a forbidden one have their codes", async () => {
  const folder = testFolder();
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "forbidden"), "x");
  chmodSync(join(folder, "forbidden"), 0);
  const codes: [string, string][] = [
    ["absent.png", "LACUNA_NO_SUCH_FILE"],
    ["empty/below.png", "LACUNA_NO_SUCH_FILE"],
    ["folder", "LACUNA_NOT_A_FILE"],
    ["empty", "LACUNA_EMPTY_FILE"],
  ];
  // Root may read everything.
  if (process.getuid?.() !== 0) codes.push(["forbidden", "LACUNA_NO_PERMISSION"]);
  for (const [name, code] of codes) {
    for (const mode of ["auto", "pixels", "file"] as const) {
      await expect(openSource(join(folder, name), { mode })).rejects.toMatchObject({ code });
    }
  }
});

test("a file that shrinks while it is sent fails with a code instead of sending nonsense", async () => {
  const path = join(testFolder(), "data.bin");
  writeFileSync(path, new Uint8Array(200_000));
  const source = await openSource(path, { mode: "file", pieceBytes: 1000 });
  truncateSync(path, 1500);
  const piece = new Uint8Array(1000);
  expect(source.readPiece(0, piece, 0)).toBe(1000);
  expect(() => source.readPiece(150, piece, 0)).toThrow("has become shorter");
  source.close();
});
