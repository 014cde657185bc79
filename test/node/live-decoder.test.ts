import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { analyse, sampleAreas } from "../../src/codec/picture-coder.js";
import { bytesPerPixel } from "../../src/codec/pixels.js";
import { type LiveCounts, LiveDecoder } from "../../src/node/live-decoder.js";
import { LiveImage } from "../../src/node/live-image.js";
import type { LivePicture } from "../../src/node/live-picture.js";
import { EXACT, MISSING } from "../../src/picture/reduced-view.js";
import type { Manifest, PictureFacts } from "../../src/wire/manifest.js";
import { areaOf, encodeAll, noise } from "../codec/pictures.js";
import { noisePicture } from "../viewer/scene.js";
import { expectSame, testFolder } from "./pictures.js";

/** The built program: a thread cannot run TypeScript. */
const PROGRAM = new URL("../../dist/node/live-worker.js", import.meta.url);

/** A decoder, whose pieces lie in a list, and what it told. */
function decoderOf(program = PROGRAM, rasterBytes = 1e8, isWatched = true) {
  const pictures = new Map<string, LivePicture>();
  const counts: LiveCounts[] = [];
  const live = new LiveDecoder({
    rasterBytes,
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

describe("a picture as it is decoded", () => {
  test("counts what is no piece of it, and shows nothing of that", () => {
    const coded = codedPicture(100, 80);
    const raw = noisePicture(64, 64);
    const random = new Random(5);
    for (const { content } of [coded.manifest, raw.manifest]) {
      const image = new LiveImage({ content, raster: new SharedArrayBuffer(100 * 80 * 3) });
      for (let piece = 0; piece < 300; piece += 1) {
        image.take(piece, random.bytes(random.between(0, 5)));
      }
      image.take(1e9, new Uint8Array(0));
      expect(image.change()).toMatchObject({ refused: 301, exactPixels: 0, isComplete: false });
    }
  });

  test("has its pixels counted once, however often a piece comes", () => {
    const { manifest, pieces } = codedPicture(100, 80);
    const image = new LiveImage({ content: manifest.content });
    for (const bytes of [...pieces, ...pieces]) image.take(0, bytes);
    expect(image.change()).toMatchObject({ exactPixels: 8_000, refused: 0 });
  });

  test("whose tables are unknown refuses all pieces", () => {
    const { manifest, pieces } = codedPicture(100, 80);
    if (manifest.content.mode !== "coded") throw new Error("not coded");
    const image = new LiveImage({ content: { ...manifest.content, tables: Uint8Array.of(255) } });
    for (const bytes of pieces) image.take(0, bytes);
    expect(image.change()).toMatchObject({ exactPixels: 0, refused: pieces.length });
  });
});
