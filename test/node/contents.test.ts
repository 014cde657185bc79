import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { PieceDecoder } from "../../src/codec/picture-coder.js";
import { finishImage } from "../../src/node/receiving/finish.js";
import { inspect } from "../../src/node/receiving/inspect.js";
import { missingCounter } from "../../src/node/receiving/missing-counter.js";
import { keepPartial, partialPaths } from "../../src/node/receiving/partial.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import type { PartialReport } from "../../src/node/receiving/report.js";
import { snapshotOfStore } from "../../src/node/receiving/snapshot.js";
import { GapTracker } from "../../src/protocol/gaps.js";
import { previewPiecesOf } from "../../src/wire/manifest.js";
import { jpeg } from "../jpeg/files.js";
import {
  behindPreview,
  codedImage,
  fileImage,
  fill,
  jpegImage,
  type MadeImage,
  openStore,
} from "./contents.js";
import { expectSame, noise, type Samples, samplesOfPng, testFolder } from "./pictures.js";

/** So little that every picture is a large one, and goes by way of the disk. */
const TIGHT = { memoryMb: 1 };
const SMALL = { width: 70, height: 45, channels: 3, bits: 8 } as const;

/** The paths of what is in the folder for received files, hidden ones left out. */
const filesIn = (out: string): string[] => readdirSync(out).filter((name) => name !== ".lacuna");

async function finish(image: MadeImage, store: PieceStore, out: string, memory = {}) {
  if (store.pieceCount === undefined) store.learnCount(image.pieces.length);
  return finishImage(store, image.manifest, { out, onExisting: "rename", ...memory });
}

const KINDS = ([1, 2, 3, 4] as const).flatMap((channels) =>
  ([8, 16] as const).map((bits) => ({ channels, bits })),
);

test.each(KINDS)(
  "coded pixels of $channels channels of $bits bits become the picture, in memory and by way of the disk",
  async (kind) => {
    const samples = noise({ ...SMALL, ...kind });
    for (const [fields, memory] of [[1, {}] as const, [2, {}] as const, [2, TIGHT] as const]) {
      const image = codedImage(samples, { fields });
      const out = testFolder();
      const store = await openStore(out, image);
      fill(store, image);
      expect(await finish(image, store, out, memory)).toMatchObject({ outcome: "saved" });
      await store.discard();
      expect(readdirSync(out)).toEqual(["picture.png"]);
      expectSame(samplesOfPng(readFileSync(join(out, "picture.png"))), samples.raster);
    }
  },
);

test("a JPEG file comes together byte by byte, whatever stands in it", async () => {
  const options = { width: 150, height: 97 };
  const files = [
    await jpeg(options),
    await jpeg({ ...options, channels: 1 }),
    await jpeg({ ...options, channels: 4 }),
    Buffer.concat([await jpeg({ ...options, chromaSubsampling: "4:4:4" }), Buffer.from("tail")]),
  ];
  for (const file of files) {
    const image = jpegImage(file);
    const out = testFolder();
    const store = await openStore(out, image);
    fill(store, image);
    expect(await finish(image, store, out)).toMatchObject({ outcome: "saved" });
    await store.discard();
    expectSame(readFileSync(join(out, "photo.jpg")), file);
  }
});

test("pieces of any length are found again after an interruption, whether their number is known or not", async () => {
  const samples = noise(SMALL);
  for (const isOpen of [false, true]) {
    const image = codedImage(samples, { isOpen });
    const out = testFolder();
    const first = await openStore(out, image);
    fill(first, image, (piece) => piece % 3 === 0);
    await first.close();
    const second = await openStore(out, image);
    expect(second.held.size).toBe(first.held.size);
    const bytes = new Uint8Array(image.manifest.pieceBytes);
    for (const { start, end } of second.held.ranges()) {
      for (let piece = start; piece < end; piece += 1) {
        const length = second.readPiece(piece, bytes, 0);
        expectSame(bytes.subarray(0, length), image.pieces[piece] as Uint8Array);
      }
    }
    fill(second, image, (piece) => piece % 3 !== 0);
    expect(await finish(image, second, out)).toMatchObject({ outcome: "saved" });
    expectSame(samplesOfPng(readFileSync(join(out, "picture.png"))), samples.raster);
  }
});

test("what lies beyond the number of pieces, once that is known, is not held", async () => {
  const image = codedImage(noise(SMALL), { isOpen: true });
  const store = await openStore(testFolder(), image);
  fill(store, image);
  store.write(image.pieces.length + 3, Uint8Array.of(1, 2, 3));
  store.learnCount(image.pieces.length);
  expect(store.held.size).toBe(image.pieces.length);
  expect(store.pieceCount).toBe(image.pieces.length);
});

test("a folder whose file of pieces has become shorter is begun anew", async () => {
  for (const isOpen of [false, true]) {
    const image = codedImage(noise(SMALL), { isOpen });
    const out = testFolder();
    const first = await openStore(out, image);
    fill(first, image);
    await first.close();
    truncateSync(first.piecesPath, 302 * (image.pieces.length - 1));
    expect(await PieceStore.inspect(first.folder)).toBeUndefined();
    expect((await openStore(out, image)).held.size).toBe(0);
  }
});

/** What pieces cover, by looking at every pixel: 255 where none does. */
function holesOf({ manifest, pieces }: MadeImage, lacks: (piece: number) => boolean): Uint8Array {
  const { content } = manifest;
  if (content.mode !== "coded") throw new Error("no coded picture");
  const mask = new Uint8Array(content.width * content.height).fill(255);
  const decoder = PieceDecoder.of(content, content.tables);
  pieces.forEach((bytes, piece) => {
    const areas = lacks(piece) ? undefined : decoder?.areasOf(bytes);
    for (const { x, y, width, height, rowStep } of areas ?? []) {
      for (let row = 0; row < height; row += 1) {
        const from = (y + row * rowStep) * content.width + x;
        mask.fill(0, from, from + width);
      }
    }
  });
  return mask;
}

const missingIn = (image: MadeImage, lost: readonly number[]): number =>
  holesOf(image, (piece) => lost.includes(piece)).filter((value) => value === 255).length;

/** The regions drawn; they must not overlap. */
function drawn({ regions, width, height }: PartialReport): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (const { x, y, width: wide, height: tall } of regions) {
    for (let row = y; row < y + tall; row += 1) {
      for (let pixel = row * width + x; pixel < row * width + x + wide; pixel += 1) {
        expect(mask[pixel]).toBe(0);
        mask[pixel] = 255;
      }
    }
  }
  return mask;
}

/** The picture with zeros where pixels are missing. */
function withHoles({ raster, channels, bits }: Samples, mask: Uint8Array): Uint8Array {
  const pixelBytes = (channels * bits) / 8;
  return raster.map((byte, at) => (mask[Math.floor(at / pixelBytes)] === 255 ? 0 : byte));
}

test("a partial coded picture shows what has come and nothing else, and says exactly what is missing", async () => {
  const samples = noise({ ...SMALL, channels: 4 });
  const lacks = (piece: number) => piece % 4 === 1;
  for (const [memory, isOpen] of [[{}, false] as const, [TIGHT, true] as const]) {
    const image = codedImage(samples, { fields: 2, isOpen });
    const out = testFolder();
    const store = await openStore(out, image);
    fill(store, image, lacks);
    const causeOf = () => "lost";
    const { report } = await keepPartial(store, image.manifest, { out, causeOf, ...memory });
    const holes = holesOf(image, lacks);
    const missing = holes.filter((value) => value === 255).length;
    const lost = image.pieces.filter((_, piece) => lacks(piece)).length;
    expect(report).toMatchObject({
      mode: "pixels",
      pixels: SMALL.width * SMALL.height,
      missingPixels: missing,
      missingBytes: missing * 4,
      approximatePixels: 0,
      missingPieces: isOpen ? lost + 5 : lost,
      pieces: isOpen ? image.pieces.length + 5 : image.pieces.length,
    });
    expect(report.piecesEstimated).toBe(isOpen ? true : undefined);
    expectSame(drawn(report), holes);
    expectSame(samplesOfPng(readFileSync(join(out, "picture.missing.png"))), holes);
    const shown = samplesOfPng(readFileSync(join(out, "picture.partial.png")));
    expectSame(shown, withHoles(samples, holes));
    const snapshot = await snapshotOfStore("a", image.manifest, store);
    expectSame(snapshot?.pixels ?? new Uint8Array(), withHoles(samples, holes));
    expectSame(
      snapshot?.mask ?? new Uint8Array(),
      holes.map((value) => 255 - value),
    );
    await store.close();
    for (const path of [store.folder, join(out, "picture.report.json")]) {
      expect(await inspect(path)).toMatchObject({ mode: "pixels", missingPixels: missing });
    }
  }
});

test("a partial JPEG shows the pixels of its pieces as the whole file does, and waits for the rest", async () => {
  const file = await jpeg({ width: 160, height: 96, chromaSubsampling: "4:4:4" });
  const image = jpegImage(file);
  const out = testFolder();
  const whole = await openStore(testFolder(), image);
  fill(whole, image);
  const all = { out: testFolder(), causeOf: () => "lost" };
  await keepPartial(whole, image.manifest, all);
  const wanted = samplesOfPng(readFileSync(join(all.out, "photo.partial.png")));
  const lacks = (piece: number) => piece % 3 === 1;
  for (const memory of [{}, { memoryMb: 111 }]) {
    const store = await openStore(out, image);
    fill(store, image, lacks);
    const causeOf = () => "requested";
    const { report } = await keepPartial(store, image.manifest, { out, causeOf, ...memory });
    const holes = samplesOfPng(readFileSync(join(out, "photo.missing.png")));
    const missing = holes.filter((value) => value === 255).length;
    expect(report).toMatchObject({ mode: "jpeg", missingPixels: missing, approximatePixels: 0 });
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThan(160 * 96);
    expect(report.regions.every(({ cause }) => cause === "requested")).toBe(true);
    expectSame(drawn(report), holes);
    const shown = samplesOfPng(readFileSync(join(out, "photo.partial.png")));
    expectSame(
      shown,
      wanted.map((byte, at) => (holes[at >> 2] === 255 ? 0 : byte)),
    );
    await store.close();
    expect(await inspect(store.folder)).toMatchObject({ mode: "jpeg", missingPixels: missing });
  }
  expect(filesIn(out)).toEqual(["photo.missing.png", "photo.partial.png", "photo.report.json"]);
});

test("of a JPEG that is too large to be drawn in memory the report is kept", async () => {
  const image = jpegImage(await jpeg({ width: 160, height: 96 }));
  const out = testFolder();
  const store = await openStore(out, image);
  fill(store, image, (piece) => piece % 3 === 1);
  const how = { out, causeOf: () => "lost" };
  const drawn = await keepPartial(store, image.manifest, { ...how, out: testFolder() });
  const told = await keepPartial(store, image.manifest, { ...how, ...TIGHT });
  expect(told.report).toEqual(drawn.report);
  expect(filesIn(out)).toEqual([basename(told.path)]);
});

test("pieces that lie about their place are never counted twice, and never make a picture", async () => {
  const samples = noise(SMALL);
  const image = codedImage(samples);
  const { pieces, manifest } = image;
  // Another piece again under this number, one whose head is right and whose pixels are cut off, and one that is none.
  const hostile = { ...image, pieces: pieces.slice() };
  hostile.pieces[0] = pieces[1] as Uint8Array;
  hostile.pieces[2] = (pieces[2] as Uint8Array).subarray(0, 20);
  hostile.pieces[3] = Uint8Array.of(255, 255, 255);
  const counter = missingCounter(manifest);
  const tracker = new GapTracker(pieces.length);
  for (let round = 0; round < 2; round += 1) {
    hostile.pieces.forEach((piece, number) => {
      counter?.add(number, piece);
    });
    // By its head, the piece that is cut off is there.
    expect(counter?.count(tracker.held)).toBe(missingIn(image, [0, 3]));
  }
  const missing = missingIn(image, [0, 2, 3]);
  const out = testFolder();
  const store = await openStore(out, image);
  fill(store, hostile);
  const { report } = await keepPartial(store, manifest, { out, causeOf: () => "lost" });
  expect(report).toMatchObject({ missingPixels: missing, missingPieces: 0 });
  for (const memory of [{}, TIGHT]) {
    expect(await finish(image, store, out, memory)).toMatchObject({ outcome: "digest-differs" });
  }
  expect(filesIn(out)).toHaveLength(3);
});

test("a preview lies beside the content, is told as approximate, and never gets into a file", async () => {
  const samples = noise(SMALL);
  const small = await jpeg({ width: 70, height: 45, quality: 100 });
  const original = await jpeg({ width: 70, height: 45 });
  const images = [
    codedImage(samples),
    codedImage(samples, { isOpen: true }),
    jpegImage(original),
    fileImage(original, SMALL),
  ].map((image) => behindPreview(image, small));
  for (const image of images) {
    const { content } = image.manifest;
    const ahead = previewPiecesOf(content);
    const out = testFolder();
    const first = await openStore(out, image);
    // The preview whole but for its first piece, and of the content every third piece.
    fill(first, image, (piece) => piece === 0 || (piece >= ahead && piece % 3 > 0));
    const how = { out, causeOf: () => "lost" };
    const { report } = await keepPartial(first, image.manifest, how);
    if (content.mode === "file") expect(report.approximatePixels).toBe(0);
    else {
      expect(report.approximatePixels).toBeGreaterThan(0);
      expect(report.approximatePixels).toBeLessThan(report.missingPixels);
      const holes = samplesOfPng(readFileSync(partialPaths(out, image.manifest).mask));
      expect(holes.filter((value) => value === 255).length).toBe(report.missingPixels);
    }
    await first.close();
    const { missingPixels, approximatePixels } = report;
    expect(await inspect(first.folder)).toMatchObject({ missingPixels, approximatePixels });
    const second = await openStore(out, image);
    expect(second.held.size).toBe(first.held.size);
    fill(second, image);
    const result = await finish(image, second, out);
    await second.discard();
    if (result.outcome !== "saved") throw new Error(result.outcome);
    expect(readdirSync(out)).toEqual([basename(result.path)]);
    const saved = readFileSync(result.path);
    expectSame(content.mode === "coded" ? samplesOfPng(saved) : saved, image.original);
  }
});

test("pixels that a preview stands for are counted once, and not where they are exact", async () => {
  const samples = noise(SMALL);
  const image = behindPreview(codedImage(samples), await jpeg({ width: 35, height: 23 }));
  const ahead = previewPiecesOf(image.manifest.content);
  const store = await openStore(testFolder(), image);
  fill(store, image, (piece) => piece === ahead);
  const how = { out: testFolder(), causeOf: () => "lost" };
  const { report } = await keepPartial(store, image.manifest, how);
  // All of the preview has come, so that it stands for all that is missing.
  expect(report.approximatePixels).toBe(report.missingPixels);
  expect(report.missingPixels).toBeGreaterThan(0);
});

test("a file's digest is of its own bytes, also while those of its preview come between", async () => {
  const file = noise({ ...SMALL, width: 300 }).raster;
  const image = behindPreview(
    fileImage(file, { width: 300, height: 45 }),
    await jpeg({ width: 50, height: 20 }),
  );
  const store = await openStore(testFolder(), image);
  const ahead = previewPiecesOf(image.manifest.content);
  const order = [...image.pieces.keys()];
  // In order, the digest follows the writer; the preview comes when half of the file is there.
  for (const piece of [...order.slice(ahead, 150), ...order.slice(0, ahead), ...order.slice(150)]) {
    store.write(piece, image.pieces[piece] as Uint8Array);
    if (piece % 20 === 0) await store.flush();
  }
  await store.flush();
  expectSame(await store.fileDigest(), image.manifest.digest);
});
