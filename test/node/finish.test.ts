import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { densityOf } from "../../src/node/pictures/metadata-blocks.js";
import {
  type FinishResult,
  finishImage,
  type OnExisting,
} from "../../src/node/receiving/finish.js";
import { keepPartial } from "../../src/node/receiving/partial.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import { openSource, type Source } from "../../src/node/sending/source.js";
import type { Metadata } from "../../src/wire/manifest.js";
import {
  expectSame,
  fillStore,
  imageOf,
  noise,
  samplesOfPng,
  sourceOf,
  testFolder,
} from "./pictures.js";

/** Sends every piece of the source to a store in `out`, and finishes it. */
async function receive(
  source: Source,
  out: string,
  onExisting: OnExisting = "rename",
): Promise<FinishResult> {
  const store = await PieceStore.open(PieceStore.folderFor(out, source.manifest), source.manifest);
  onTestFinished(() => store.discard());
  fillStore(store, source, () => false);
  const result = await finishImage(store, source.manifest, { out, onExisting });
  await store.discard();
  source.close();
  return result;
}

/** The path of the finished file; its stored samples must be `raster`, by the library's own way of reading. */
async function receiveExactly(
  bytes: Uint8Array,
  name: string,
  raster: Uint8Array,
): Promise<string> {
  const out = testFolder();
  const result = await receive(await sourceOf(bytes, name, { mode: "pixels", fields: 2 }), out);
  if (result.outcome !== "saved") throw new Error(result.outcome);
  expect(result.sha256).toBe(createHash("sha256").update(raster).digest("hex"));
  expect(readdirSync(out)).toEqual([basename(result.path)]);
  expectSame(await storedSamples(result.path), raster);
  return result.path;
}

/** A picture's samples as stored; other formats are turned into PNG by the library first. */
async function storedSamples(path: string): Promise<Uint8Array> {
  const { format, space } = await sharp(path).metadata();
  if (format === "png") return samplesOfPng(readFileSync(path));
  const image = sharp(path, { ignoreIcc: true }).toColourspace(space);
  return samplesOfPng(await image.png().toBuffer());
}

const KEPT = [1, 2, 3, 4].flatMap((channels) =>
  [8, 16].flatMap((bits) =>
    (["png", "tiff"] as const).map((format) => ({
      format,
      channels: channels as 1 | 2 | 3 | 4,
      bits: bits as 8 | 16,
    })),
  ),
);

test.each([
  ...KEPT,
  { format: "webp" as const, channels: 3 as const, bits: 8 as const },
  { format: "webp" as const, channels: 4 as const, bits: 8 as const },
])(
  "$format, $channels channels, $bits bits: arrives as $format, every sample the same",
  async ({ format, channels, bits }) => {
    const samples = noise({ width: 61, height: 43, channels, bits });
    const options = {
      png: {},
      tiff: { compression: "none" },
      webp: { lossless: true, exact: true },
    };
    const bytes = await imageOf(samples).toFormat(format, options[format]).toBuffer();
    const path = await receiveExactly(bytes, `picture.${format}`, samples.raster);
    expect(basename(path)).toBe(`picture.${format}`);
    const facts = await sharp(path).metadata();
    expect(facts).toMatchObject({
      format,
      width: 61,
      height: 43,
      channels,
      hasAlpha: channels % 2 === 0,
    });
  },
);

test.each([
  [1, 1],
  [1, 65_535],
  [65_535, 1],
  [301, 2],
])("a picture of %i x %i pixels arrives exactly as PNG and as TIFF", async (width, height) => {
  const samples = noise({ width, height, channels: 3, bits: 8 });
  for (const format of ["png", "tiff"] as const) {
    const options = { png: {}, tiff: { compression: "lzw" } } as const;
    const bytes = await imageOf(samples).toFormat(format, options[format]).toBuffer();
    await receiveExactly(bytes, `thin.${format}`, samples.raster);
  }
});

test("JPEG, lossy WebP, GIF and AVIF arrive as PNG with the pixels that the library reads", async () => {
  const image = imageOf(noise({ width: 40, height: 30, channels: 3, bits: 8 }));
  for (const format of ["jpeg", "webp", "gif", "avif"] as const) {
    const bytes = await image.clone().toFormat(format).toBuffer();
    const raster = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    const path = await receiveExactly(bytes, `picture.${format}`, new Uint8Array(raster));
    expect(basename(path)).toBe("picture.png");
    expect((await sharp(path).metadata()).format).toBe("png");
  }
});

test("CMYK pictures arrive as TIFF with their inks unchanged", async () => {
  const image = imageOf(noise({ width: 40, height: 30, channels: 3, bits: 8 }));
  for (const format of ["jpeg", "tiff"] as const) {
    const bytes = await image.clone().withIccProfile("cmyk").toFormat(format).toBuffer();
    const inks = await sharp(bytes, { ignoreIcc: true })
      .pipelineColourspace("cmyk")
      .toColourspace("cmyk")
      .raw()
      .toBuffer();
    expect(inks.length).toBe(40 * 30 * 4);
    const out = testFolder();
    const result = await receive(await sourceOf(bytes, `print.${format}`, { mode: "pixels" }), out);
    if (result.outcome !== "saved") throw new Error(result.outcome);
    expect(basename(result.path)).toBe(format === "jpeg" ? "print.tif" : "print.tiff");
    const facts = await sharp(result.path).metadata();
    expect(facts).toMatchObject({ space: "cmyk", channels: 4, hasProfile: true });
    const stored = sharp(result.path, { ignoreIcc: true })
      .pipelineColourspace("cmyk")
      .toColourspace("cmyk");
    expectSame(await stored.raw().toBuffer(), inks);
  }
});

/** The blocks that a new sender would find in the file. */
async function blocksOf(path: string): Promise<Map<Metadata["kind"], Uint8Array>> {
  const source = await openSource(path, { mode: "pixels" });
  const { content } = source.manifest;
  if (content.mode !== "pixels") throw new Error("no picture");
  return new Map(content.metadata.map(({ kind, bytes }) => [kind, bytes]));
}

test.each(["png", "tiff", "webp", "jpeg"] as const)(
  "profile, EXIF, XMP and density of a %s come through",
  async (format) => {
    const xmp =
      '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>';
    const image = imageOf(noise({ width: 10, height: 12, channels: 3, bits: 8 }))
      .withIccProfile("p3")
      .withXmp(xmp)
      .withExif({
        IFD0: { Copyright: "someone", Orientation: "6" },
        IFD2: { ExposureTime: "1/50" },
      })
      .withMetadata({ density: 300, orientation: 6 });
    const options = {
      png: {},
      tiff: { xres: 300 / 25.4, yres: 300 / 25.4 },
      webp: { lossless: true },
      jpeg: {},
    };
    const bytes = await image.toFormat(format, options[format]).toBuffer();
    const original = join(testFolder(), `picture.${format}`);
    writeFileSync(original, bytes);
    const wanted = await blocksOf(original);
    const result = await receive(await openSource(original, { mode: "pixels" }), testFolder());
    if (result.outcome !== "saved") throw new Error(result.outcome);
    const kept = await blocksOf(result.path);
    expect(Buffer.from(kept.get("icc") ?? [])).toEqual(Buffer.from(wanted.get("icc") ?? [1]));
    expect(Buffer.from(kept.get("xmp") ?? []).toString()).toContain("adobe:ns:meta");
    expect(Buffer.from(kept.get("exif") ?? [])).toEqual(Buffer.from(wanted.get("exif") ?? [1]));
    expect((await sharp(result.path).metadata()).orientation).toBe(6);
    // WebP has no density but the one in its EXIF block.
    if (format === "webp") return;
    const density = densityOf([
      { kind: "density", bytes: kept.get("density") ?? new Uint8Array() },
    ]);
    expect(density?.across).toBeCloseTo(300, 1);
    expect(density?.down).toBeCloseTo(300, 1);
  },
);

test("EXIF moved from a JPEG into a TIFF file still says what it said", async () => {
  const image = imageOf(noise({ width: 10, height: 12, channels: 3, bits: 8 }));
  const jpeg = await image
    .withExif({ IFD0: { Artist: "someone" }, IFD2: { ExposureTime: "1/50" } })
    .toColourspace("cmyk")
    .jpeg()
    .toBuffer();
  const result = await receive(await sourceOf(jpeg, "print.jpg", { mode: "pixels" }), testFolder());
  if (result.outcome !== "saved") throw new Error(result.outcome);
  const exif = Buffer.from((await blocksOf(result.path)).get("exif") ?? []);
  expect(exif.includes("someone")).toBe(true);
  // Exposure time, a fraction: 1 and 50 as little-endian 32-bit numbers.
  expect(exif.includes(Buffer.from([1, 0, 0, 0, 50, 0, 0, 0]))).toBe(true);
});

test("damaged metadata from the network costs the metadata, never the picture", async () => {
  const image = imageOf(noise({ width: 10, height: 12, channels: 3, bits: 8 }));
  const random = new Random(11);
  for (const format of ["png", "tiff", "webp"] as const) {
    for (let seed = 0; seed < 10; seed += 1) {
      const bytes = await image.clone().toFormat(format, { lossless: true }).toBuffer();
      const source = await sourceOf(bytes, `picture.${format}`, { mode: "pixels" });
      const { content } = source.manifest;
      if (content.mode !== "pixels") throw new Error("no picture");
      const exif = Buffer.concat([Buffer.from("II*\0\x08\0\0\0", "latin1"), random.bytes(200)]);
      // A directory whose EXIF pointer leads back to itself.
      exif.writeUInt16LE(20, 8);
      for (let entry = 0; entry < 10; entry += 1) {
        exif.set([0x69, 0x87, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0], 10 + 12 * entry);
      }
      const metadata: Metadata[] = [
        { kind: "exif", bytes: exif },
        { kind: "density", bytes: random.bytes(16) },
        { kind: "xmp", bytes: random.bytes(50) },
        { kind: "icc", bytes: random.bytes(200) },
      ];
      const manifest = { ...source.manifest, content: { ...content, metadata } };
      const result = await receive({ ...source, manifest }, testFolder());
      expect(result.outcome).toBe("saved");
    }
  }
});

test("a plain file arrives byte for byte", async () => {
  const bytes = new Random(9).bytes(123_457);
  const out = testFolder();
  const result = await receive(await sourceOf(bytes, "data.bin", { mode: "file" }), out);
  expect(result).toMatchObject({ outcome: "saved", path: join(out, "data.bin") });
  expectSame(readFileSync(join(out, "data.bin")), bytes);
  expect(readdirSync(out)).toEqual(["data.bin"]);
  // No second name by which the store could still change it.
  expect(statSync(join(out, "data.bin")).nlink).toBe(1);
});

test("pieces that do not give the announced digest leave no file behind", async () => {
  const image = imageOf(noise({ width: 20, height: 20, channels: 3, bits: 8 }));
  const picture = await sourceOf(await image.png().toBuffer(), "a.png", { mode: "pixels" });
  const plain = await sourceOf(new Uint8Array(5000), "b.bin", { mode: "file" });
  for (const source of [picture, plain]) {
    const out = testFolder();
    const manifest = { ...source.manifest, digest: new Uint8Array(32) };
    const result = await receive({ ...source, manifest }, out);
    expect(result).toEqual({ outcome: "digest-differs" });
    expect(readdirSync(out)).toEqual([]);
  }
});

test("an existing file is never touched but with overwrite", async () => {
  const out = testFolder();
  const send = async (text: string, onExisting: OnExisting) =>
    receive(await sourceOf(Buffer.from(text), "note.txt", { mode: "file" }), out, onExisting);
  const files = () =>
    Object.fromEntries(
      readdirSync(out).map((name) => [name, readFileSync(join(out, name), "utf8")]),
    );
  await send("one", "rename");
  await send("one", "rename");
  await send("two", "rename");
  expect(files()).toEqual({ "note.txt": "one", "note (2).txt": "one", "note (3).txt": "two" });
  expect(await send("three", "skip")).toMatchObject({
    outcome: "exists",
    path: join(out, "note.txt"),
  });
  expect(files()["note.txt"]).toBe("one");
  expect(await send("four", "overwrite")).toMatchObject({ outcome: "saved" });
  expect(files()).toEqual({ "note.txt": "four", "note (2).txt": "one", "note (3).txt": "two" });
});

test("a folder in the place of the file is not overwritten", async () => {
  const out = testFolder();
  mkdirSync(join(out, "note.txt"));
  const source = await sourceOf(Buffer.from("x"), "note.txt", { mode: "file" });
  await expect(receive(source, out, "overwrite")).rejects.toMatchObject({
    code: "LACUNA_NAME_TAKEN",
  });
});

test("a name from the network cannot leave the folder", async () => {
  const out = testFolder();
  const source = await sourceOf(Buffer.from("x"), "x", { mode: "file" });
  const manifest = { ...source.manifest, name: "../../escape.txt" };
  const result = await receive({ ...source, manifest }, out);
  expect(result).toMatchObject({ outcome: "saved", path: join(out, "escape.txt") });
});

test("completing an image takes its earlier partial result away", async () => {
  const out = testFolder();
  const image = imageOf(noise({ width: 40, height: 40, channels: 3, bits: 8 }));
  const source = await sourceOf(await image.png().toBuffer(), "a.png", { mode: "pixels" });
  const folder = PieceStore.folderFor(out, source.manifest);
  const first = await PieceStore.open(folder, source.manifest);
  fillStore(first, source, (piece) => piece === 2);
  const { path } = await keepPartial(first, source.manifest, { out, causeOf: () => "lost" });
  await first.close();
  expect(existsSync(path)).toBe(true);
  expect((await receive(source, out)).outcome).toBe("saved");
  expect(readdirSync(out)).toEqual(["a.png"]);
});
