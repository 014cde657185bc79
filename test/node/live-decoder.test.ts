import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { analyse, sampleAreas } from "../../src/codec/picture-coder.js";
import { bytesPerPixel } from "../../src/codec/pixels.js";
import { cutPreview, type JpegCut, openJpeg } from "../../src/jpeg/cut.js";
import type { Unusual } from "../../src/jpeg/frame.js";
import { type LiveCounts, LiveDecoder } from "../../src/node/live/decoder.js";
import { LiveImage } from "../../src/node/live/image.js";
import { type LivePicture, viewSourceOf } from "../../src/node/live/picture.js";
import {
  APPROXIMATE,
  EXACT,
  MISSING,
  planesIn,
  viewBytes,
  viewSize,
} from "../../src/picture/reduced-view.js";
import type { Content, Manifest, PictureFacts } from "../../src/wire/manifest.js";
import { areaOf, encodeAll, noise } from "../codec/pictures.js";
import { noisePicture } from "../viewer/scene.js";
import { expectSame, testFolder } from "./pictures.js";

/** The built program: a thread cannot run TypeScript. */
const PROGRAM = new URL("../../dist/node/live/worker.js", import.meta.url);

/** A decoder, whose pieces lie in a list, and what it told. */
function decoderOf(program = PROGRAM, memoryBytes = 1e8, isWatched = true) {
  const pictures = new Map<string, LivePicture>();
  const counts: LiveCounts[] = [];
  const live = new LiveDecoder({
    memoryBytes,
    isWatched: () => isWatched,
    onPicture: (id, picture) => pictures.set(id, picture),
    onCounts: (_, told) => counts.push(told),
    program,
  });
  onTestFinished(() => live.end());
  return { live, pictures, counts };
}

const fromList =
  (pieces: readonly Uint8Array[], read: number[] = []) =>
  (piece: number, target: Uint8Array, offset: number): number | undefined => {
    read.push(piece);
    const bytes = pieces[piece];
    if (bytes !== undefined) target.set(bytes, offset);
    return bytes?.length;
  };

function codedPicture(width: number, height: number, fields: 1 | 2 = 1) {
  const facts: PictureFacts = {
    width,
    height,
    channels: 3,
    bits: 8,
    colour: "rgb",
    fields,
    format: "png",
    metadata: [],
  };
  const picture = noise(facts, 7);
  const samples = sampleAreas(facts).map((area) => areaOf(picture, area, bytesPerPixel(facts)));
  const { tables } = analyse(facts, samples);
  const pieces = encodeAll(facts, picture, tables, 1_150);
  const manifest: Manifest = {
    name: "noise.png",
    digest: new Uint8Array(32),
    pieceCount: pieces.length,
    pieceBytes: 1_150,
    content: { mode: "coded", ...facts, tables },
  };
  return { manifest, pieces, raster: picture.bytes };
}

describe("the decoding thread", () => {
  test("draws raw pieces, and only those that have come", async () => {
    const { partition, manifest, pieceOf, raster } = noisePicture(300, 200);
    const { live, pictures } = decoderOf();
    live.open("a", manifest, fromList([]));
    for (let piece = 0; piece < partition.pieceCount; piece += 3) {
      live.put("a", piece, pieceOf(piece));
    }
    await live.settled("a");
    const picture = pictures.get("a");
    let exact = 0;
    for (let pixel = 0; pixel < 300 * 200; pixel += 1) {
      const has = partition.pieceAt(pixel % 300, Math.floor(pixel / 300)) % 3 === 0;
      if (has) exact += 1;
      expect(picture?.view.state[pixel]).toBe(has ? EXACT : MISSING);
      const shown = picture?.view.rgba.subarray(pixel * 4, pixel * 4 + 3);
      if (has) expect(shown).toEqual(raster.subarray(pixel * 3, pixel * 3 + 3));
    }
    expect(picture).toMatchObject({ exactPixels: exact, approximatePixels: 0 });
    expect(live.rasterOf("a"), "raw pieces need no decoding").toBeUndefined();
  });

  test.each([1, 2] as const)("fills a raster with coded pieces of %i field(s)", async (fields) => {
    const { manifest, pieces, raster } = codedPicture(333, 251, fields);
    const { live, pictures } = decoderOf();
    live.open("a", manifest, fromList(pieces));
    const last = pieces.length - 1;
    for (let piece = 0; piece < last; piece += 1) live.put("a", piece, pieces[piece] as Uint8Array);
    await live.settled("a");
    const made = live.rasterOf("a");
    expect(made?.isComplete).toBe(false);
    live.put("a", last, pieces[last] as Uint8Array);
    await made?.settled();
    expect(made?.isComplete).toBe(true);
    expectSame(made?.raster ?? new Uint8Array(), raster);
    expect(pictures.get("a")?.view.state.every((state) => state === EXACT)).toBe(true);
  });

  test("draws coded pieces where no raster is to be had, and makes a raster where nobody looks", async () => {
    const { manifest, pieces, raster } = codedPicture(200, 160, 2);
    const seen = decoderOf(PROGRAM, 0);
    const unseen = decoderOf(PROGRAM, 1e8, false);
    for (const { live } of [seen, unseen]) {
      live.open("a", manifest, fromList(pieces));
      for (const [piece, bytes] of pieces.entries()) live.put("a", piece, bytes);
      await live.settled("a");
    }
    expect(seen.live.rasterOf("a")).toBeUndefined();
    const view = seen.pictures.get("a")?.view;
    const rgb = view?.rgba.filter((_, index) => index % 4 < 3);
    expectSame(rgb ?? new Uint8Array(), raster);
    expect(unseen.pictures.size).toBe(0);
    expectSame(unseen.live.rasterOf("a")?.raster ?? new Uint8Array(), raster);
  });

  test("holds a bounded part of what it is late with, and reads the rest back", async () => {
    const { manifest, pieces, raster } = codedPicture(1_400, 1_000);
    const read: number[] = [];
    const { live } = decoderOf();
    live.open("a", manifest, fromList(pieces, read));
    // All at once: the thread cannot answer before this is over.
    for (const [piece, bytes] of pieces.entries()) live.put("a", piece, bytes);
    const made = live.rasterOf("a");
    await made?.settled();
    expect(made?.isComplete).toBe(true);
    expectSame(made?.raster ?? new Uint8Array(), raster);
    const held = pieces.length - read.length;
    expect(held * 1_150).toBeLessThan(17 * 128 * 1_024);
    expect(new Set(read).size, "nothing is read twice").toBe(read.length);
  });

  test("begins anew with an image that begins anew, and forgets one that is closed", async () => {
    const { manifest, pieces } = codedPicture(100, 80);
    const { live } = decoderOf();
    live.open("a", manifest, fromList(pieces));
    for (const [piece, bytes] of pieces.entries()) live.put("a", piece, bytes);
    const first = live.rasterOf("a");
    await first?.settled();
    live.open("a", manifest, fromList(pieces));
    expect(live.rasterOf("a")?.isComplete).toBe(false);
    live.close("a");
    live.put("a", 0, pieces[0] as Uint8Array);
    expect(live.rasterOf("a")).toBeUndefined();
    await live.settled("a");
  });

  test("gives rasters only as long as there is memory for them", () => {
    const { manifest, pieces, raster } = codedPicture(100, 80);
    const { live } = decoderOf(PROGRAM, raster.length * 1.5);
    live.open("a", manifest, fromList(pieces));
    live.open("b", manifest, fromList(pieces));
    expect(live.rasterOf("a")).toBeDefined();
    expect(live.rasterOf("b")).toBeUndefined();
    live.close("a");
    live.open("b", manifest, fromList(pieces));
    expect(live.rasterOf("b")).toBeDefined();
  });

  test("is started again when it dies, and nothing is lost", async () => {
    const { manifest, pieces, raster } = codedPicture(333, 251);
    const { live } = decoderOf(dyingProgram("once"));
    live.open("a", manifest, fromList(pieces));
    for (const [piece, bytes] of pieces.entries()) live.put("a", piece, bytes);
    const made = live.rasterOf("a");
    await made?.settled();
    expect(made?.isComplete).toBe(true);
    expectSame(made?.raster ?? new Uint8Array(), raster);
  });

  test("that dies again is given up: the picture says so, and nobody waits for it", async () => {
    const { manifest, pieces } = codedPicture(333, 251);
    const { live, pictures } = decoderOf(dyingProgram("always"));
    live.open("a", manifest, fromList(pieces));
    let news = 0;
    pictures.get("a")?.onChange(() => {
      news += 1;
    });
    for (const [piece, bytes] of pieces.entries()) live.put("a", piece, bytes);
    await live.settled("a");
    expect(live.rasterOf("a")?.isComplete).toBe(false);
    expect(pictures.get("a")?.failure).toContain("died");
    expect(news).toBe(1);
    live.open("b", manifest, fromList(pieces));
    await live.settled("b");
    expect(pictures.get("b")?.failure).toContain("died");
  });
});

/** A decoding thread that ends with its first pieces, the first time or always. */
function dyingProgram(when: "once" | "always"): URL {
  const file = join(testFolder(), "dying.mjs");
  const mark = JSON.stringify(join(testFolder(), "died"));
  const text = `
    import { existsSync, writeFileSync } from "node:fs";
    import { parentPort } from "node:worker_threads";
    if (${when === "once"} && existsSync(${mark})) await import(${JSON.stringify(PROGRAM.href)});
    else parentPort.on("message", ({ kind }) => {
      if (kind !== "pieces") return;
      writeFileSync(${mark}, "");
      throw new Error("as intended");
    });
  `;
  writeFileSync(file, text);
  return pathToFileURL(file);
}

/** A photograph's like, as a JPEG file. */
async function jpegOf(
  width: number,
  height: number,
  quality: number,
  progressive = false,
): Promise<Uint8Array> {
  const raster = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    raster.set([(x * 255) / width, (y * 255) / height, 128 + 100 * Math.sin(x / 9)], pixel * 3);
  }
  return sharp(raster, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, progressive })
    .toBuffer();
}

function cutOf(cut: JpegCut | Unusual): JpegCut {
  if ("unusual" in cut) throw new Error(cut.unusual);
  return cut;
}

function view(content: Content) {
  const source = viewSourceOf(content);
  if (source === undefined) throw new Error("no picture");
  const size = viewSize(source);
  const memory = new SharedArrayBuffer(viewBytes(size));
  return {
    image: new LiveImage({ content, view: memory, memoryBytes: 1e8 }),
    ...planesIn(memory, size),
  };
}

const countOf = (plane: Uint8Array, state: number): number =>
  plane.reduce((sum, value) => sum + (value === state ? 1 : 0), 0);

const furthest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] as number))), 0);

describe("a picture with a preview", () => {
  test("is approximate where the preview has come, and exact where pieces have; no pixel is both", async () => {
    const { manifest, pieces } = codedPicture(256, 192);
    const small = cutOf(cutPreview(await jpegOf(64, 48, 80), 400));
    const { width, height, tables, pieceCount } = small;
    const preview = { pieces: pieceCount, width, height, tables };
    const content = { ...manifest.content, preview } as Content;
    const { image, state } = view(content);
    image.take(0, small.piece(0));
    const first = image.change();
    expect(first.exactPixels).toBe(0);
    expect(first.approximatePixels).toBeGreaterThan(0);
    expect(countOf(state, APPROXIMATE)).toBe(first.approximatePixels);
    for (let piece = 1; piece < pieceCount; piece += 1) image.take(piece, small.piece(piece));
    expect(image.change()).toMatchObject({ exactPixels: 0, approximatePixels: 256 * 192 });
    for (const [piece, bytes] of pieces.entries()) {
      image.take(pieceCount + piece, bytes);
      const { exactPixels, approximatePixels } = image.change();
      expect(exactPixels + approximatePixels).toBe(256 * 192);
      if (piece % 20 === 0) expect(countOf(state, EXACT)).toBe(exactPixels);
    }
    // The preview once more, and late: what is exact stays.
    for (let piece = 0; piece < pieceCount; piece += 1) image.take(piece, small.piece(piece));
    expect(image.change()).toMatchObject({
      exactPixels: 256 * 192,
      approximatePixels: 0,
      refused: 0,
    });
    expect(countOf(state, EXACT)).toBe(256 * 192);
  });

  test("looks like it, enlarged smoothly", async () => {
    const jpeg = await jpegOf(64, 48, 95);
    const small = cutOf(cutPreview(jpeg, 400));
    const { width, height, tables, pieceCount } = small;
    const preview = { pieces: pieceCount, width, height, tables };
    const picture = { width: 256, height: 192 };
    const { image, rgba, state } = view({ mode: "file", bytes: 1e5, picture, preview });
    for (let piece = 0; piece < pieceCount; piece += 1) image.take(piece, small.piece(piece));
    expect(countOf(state, APPROXIMATE)).toBe(256 * 192);
    const wanted = await sharp(jpeg)
      .resize(256, 192, { fit: "fill", kernel: "linear" })
      .ensureAlpha()
      .raw()
      .toBuffer();
    expect(furthest(rgba, wanted)).toBeLessThan(12);
  });

  test("of another size than announced is not shown, nor one larger than the picture", async () => {
    const cut = cutOf(cutPreview(await jpegOf(64, 48, 80), 400));
    const { tables, pieceCount } = cut;
    const piece = cut.piece(0);
    for (const [size, picture] of [
      [
        { width: 64, height: 64 },
        { width: 256, height: 192 },
      ],
      [
        { width: 64, height: 48 },
        { width: 63, height: 48 },
      ],
    ] as const) {
      const preview = { pieces: pieceCount, ...size, tables };
      const { image } = view({ mode: "file", bytes: 1e5, picture, preview });
      image.take(0, piece);
      expect(image.change()).toMatchObject({ approximatePixels: 0, refused: 1 });
    }
  });
});

/** A JPEG as its manifest tells it. */
function jpegContent(bytes: number, { width, height, channels, tables }: JpegCut): Content {
  return { mode: "jpeg", bytes, width, height, channels, bits: 8, tables };
}

test("pieces of a progressive JPEG that refine others are read again when these have come", async () => {
  const jpeg = await jpegOf(300, 200, 85, true);
  const cut = cutOf(openJpeg(jpeg, 400));
  const { image, rgba } = view(jpegContent(jpeg.length, cut));
  for (let piece = cut.pieceCount - 1; piece >= 0; piece -= 1) image.take(piece, cut.piece(piece));
  let change = image.change();
  expect(change.exactPixels).toBeLessThan(60_000);
  expect(change.ready).not.toEqual([]);
  while (change.ready.length > 0) {
    for (const piece of change.ready) image.take(piece, cut.piece(piece));
    change = image.change();
  }
  expect(change).toMatchObject({ exactPixels: 60_000, approximatePixels: 0, refused: 0 });
  const wanted = await sharp(jpeg).ensureAlpha().raw().toBuffer();
  expect(furthest(rgba, wanted)).toBeLessThan(3);
});

test("the first, coarse scan of a progressive JPEG does not replace its preview", async () => {
  const small = cutOf(cutPreview(await jpegOf(100, 80, 90), 400));
  const raster = await sharp(await jpegOf(200, 160, 95))
    .jpeg({ progressive: true })
    .toBuffer();
  // So short that the first piece has nothing but the first scan.
  const cut = cutOf(openJpeg(raster, 300));
  const preview = { pieces: small.pieceCount, width: 100, height: 80, tables: small.tables };
  const { width, height, channels, tables } = cut;
  const facts = { mode: "jpeg", bytes: raster.length, width, height, channels, bits: 8 } as const;
  const { image, rgba } = view({ ...facts, tables, preview });
  for (let piece = 0; piece < small.pieceCount; piece += 1) image.take(piece, small.piece(piece));
  const before = rgba.slice();
  image.take(small.pieceCount, cut.piece(0));
  expect(rgba).toEqual(before);
  const all = [...Array(cut.pieceCount).keys()];
  for (let queue = all; queue.length > 0; ) {
    for (const piece of queue) image.take(small.pieceCount + piece, cut.piece(piece));
    queue = image.change().ready.map((number) => number - small.pieceCount);
  }
  expect(image.change()).toMatchObject({ exactPixels: 32_000, refused: 0 });
  expect(rgba).not.toEqual(before);
});

test("a JPEG is shown piece by piece as its library would show it", async () => {
  const jpeg = await jpegOf(300, 200, 85);
  const cut = cutOf(openJpeg(jpeg, 1_150));
  const { image, rgba, state } = view(jpegContent(jpeg.length, cut));
  for (let piece = 0; piece < cut.pieceCount; piece += 2) image.take(piece, cut.piece(piece));
  const half = image.change();
  expect(half.exactPixels).toBeGreaterThan(20_000);
  expect(countOf(state, EXACT)).toBe(half.exactPixels);
  for (let piece = 1; piece < cut.pieceCount; piece += 2) image.take(piece, cut.piece(piece));
  expect(image.change()).toMatchObject({ exactPixels: 60_000, approximatePixels: 0, refused: 0 });
  const wanted = await sharp(jpeg).ensureAlpha().raw().toBuffer();
  expect(furthest(rgba, wanted)).toBeLessThan(3);
});

describe("a picture as it is decoded", () => {
  test("counts what is no piece of it, and shows nothing of that", () => {
    const coded = codedPicture(100, 80);
    const raw = noisePicture(64, 64);
    const random = new Random(5);
    for (const { content } of [coded.manifest, raw.manifest]) {
      const image = new LiveImage({
        content,
        memoryBytes: 0,
        raster: new SharedArrayBuffer(100 * 80 * 3),
      });
      for (let piece = 0; piece < 300; piece += 1) {
        image.take(piece, random.bytes(random.between(0, 5)));
      }
      image.take(1e9, new Uint8Array(0));
      expect(image.change()).toMatchObject({ refused: 301, exactPixels: 0, isComplete: false });
    }
  });

  test("has its pixels counted once, however often a piece comes", () => {
    const { manifest, pieces } = codedPicture(100, 80);
    const image = new LiveImage({ content: manifest.content, memoryBytes: 0 });
    for (const bytes of [...pieces, ...pieces]) image.take(0, bytes);
    expect(image.change()).toMatchObject({ exactPixels: 8_000, refused: 0 });
  });

  test("whose tables are unknown refuses all pieces", () => {
    const { manifest, pieces } = codedPicture(100, 80);
    if (manifest.content.mode !== "coded") throw new Error("not coded");
    const content = { ...manifest.content, tables: Uint8Array.of(255) };
    const image = new LiveImage({ content, memoryBytes: 0 });
    for (const bytes of pieces) image.take(0, bytes);
    expect(image.change()).toMatchObject({ exactPixels: 0, refused: pieces.length });
  });
});
