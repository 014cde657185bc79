import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { ownProcess } from "../../src/node/processes.js";
import { finishImage } from "../../src/node/receiving/finish.js";
import { keepPartial, partialPaths } from "../../src/node/receiving/partial.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import { Scratch } from "../../src/node/scratch.js";
import { openSource, type Source, type SourceOptions } from "../../src/node/sending/source.js";
import { expectSame, fillStore, imageOf, noise, samplesOfPng, testFolder } from "./pictures.js";

/** So little that every picture is a large one, and goes by way of the disk. */
const TIGHT = { memoryMb: 1 };

const KINDS = [1, 2, 3, 4].flatMap((channels) =>
  [8, 16].flatMap((bits) =>
    (["png", "tiff"] as const).map((format) => ({
      format,
      channels: channels as 1 | 2 | 3 | 4,
      bits: bits as 8 | 16,
    })),
  ),
);

async function open(path: string, options: SourceOptions): Promise<Source> {
  const source = await openSource(path, options);
  onTestFinished(() => source.close());
  return source;
}

function piecesOf(source: Source): Uint8Array {
  const { pieceCount, pieceBytes } = source.manifest;
  const all = new Uint8Array(pieceCount * pieceBytes);
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const length = source.readPiece(piece, all, piece * pieceBytes);
    expect(length).toBe(source.pieceLength(piece));
  }
  return all;
}

async function storeOf(source: Source, out: string, lacks: (piece: number) => boolean) {
  const { manifest } = source;
  const store = await PieceStore.open(PieceStore.folderFor(out, manifest), manifest);
  onTestFinished(() => store.discard());
  fillStore(store, source, lacks);
  return store;
}

test.each(KINDS)(
  "$format, $channels channels, $bits bits: by way of the disk everything is as in memory",
  async ({ format, channels, bits }) => {
    const samples = noise({ width: 61, height: 43, channels, bits });
    const path = join(testFolder(), `picture.${format}`);
    const options = { png: {}, tiff: { compression: "lzw" } } as const;
    await imageOf(samples).toFormat(format, options[format]).toFile(path);
    for (const fields of [1, 2] as const) {
      const cacheFolder = testFolder();
      const how = { mode: "pixels", fields, pieceBytes: 300 } as const;
      const whole = await open(path, how);
      const source = await open(path, { ...how, ...TIGHT, cacheFolder });
      // The file with the pieces has lost its name already: whatever becomes of this process, it leaves nothing.
      expect(readdirSync(cacheFolder)).toEqual([]);
      expect(source.manifest).toEqual(whole.manifest);
      expectSame(piecesOf(source), piecesOf(whole));

      const out = testFolder();
      const store = await storeOf(source, out, () => false);
      const result = await finishImage(store, source.manifest, {
        out,
        onExisting: "rename",
        ...TIGHT,
      });
      await store.discard();
      expect(readdirSync(out)).toEqual([`picture.${format}`]);
      const sha256 = createHash("sha256").update(samples.raster).digest("hex");
      expect(result).toMatchObject({ outcome: "saved", sha256 });
      const saved = await open(join(out, `picture.${format}`), { mode: "pixels", pieceBytes: 300 });
      expect(Buffer.from(saved.manifest.digest).toString("hex")).toBe(sha256);
    }
  },
);

test("a CMYK picture arrives by way of the disk with its inks unchanged", async () => {
  const path = join(testFolder(), "print.jpg");
  const image = imageOf(noise({ width: 40, height: 30, channels: 3, bits: 8 }));
  await image.withIccProfile("cmyk").jpeg().toFile(path);
  const how = { mode: "pixels", cacheFolder: testFolder() } as const;
  const whole = await open(path, how);
  const source = await open(path, { ...how, ...TIGHT });
  expect(source.manifest).toEqual(whole.manifest);
  const out = testFolder();
  const store = await storeOf(source, out, (piece) => piece === 1);
  await keepPartial(store, source.manifest, { out, causeOf: () => "lost", ...TIGHT });
  const rest = new Uint8Array(source.manifest.pieceBytes);
  store.write(1, rest.subarray(0, source.readPiece(1, rest, 0)));
  await finishImage(store, source.manifest, { out, onExisting: "rename", ...TIGHT });
  await store.discard();
  expect(readdirSync(out)).toEqual(["print.tif"]);
  expect((await open(join(out, "print.tif"), how)).manifest.digest).toEqual(source.manifest.digest);
});

test.each([1, 2, 3, 4] as const)(
  "a partial picture of %i channels has the same holes by way of the disk",
  async (channels) => {
    const path = join(testFolder(), "picture.png");
    await imageOf(noise({ width: 90, height: 70, channels, bits: 16 }))
      .png()
      .toFile(path);
    const source = await open(path, { mode: "pixels", fields: 2 });
    const kept = [];
    for (const memory of [{}, TIGHT]) {
      const out = testFolder();
      const store = await storeOf(source, out, (piece) => piece % 3 === 1);
      await keepPartial(store, source.manifest, { out, causeOf: () => "lost", ...memory });
      const { picture, mask } = partialPaths(out, source.manifest);
      expect(readdirSync(store.folder).sort()).toEqual(["journal", "lock", "manifest", "pieces"]);
      kept.push([picture, mask].map((file) => samplesOfPng(readFileSync(file))));
    }
    const [inMemory = [], byDisk = []] = kept;
    byDisk.forEach((samples, index) => {
      expectSame(samples, inMemory[index] as Uint8Array);
    });
  },
);

test("profile, density and XMP come through by way of the disk", async () => {
  const path = join(testFolder(), "picture.png");
  const image = imageOf(noise({ width: 30, height: 20, channels: 3, bits: 8 }));
  await image.withIccProfile("p3").withMetadata({ density: 300 }).png().toFile(path);
  const source = await open(path, { mode: "pixels" });
  const out = testFolder();
  const store = await storeOf(source, out, () => false);
  await finishImage(store, source.manifest, { out, onExisting: "rename", ...TIGHT });
  const saved = await open(join(out, "picture.png"), { mode: "pixels" });
  expect(saved.manifest.content).toEqual(source.manifest.content);
});

test("a lossless WebP that is too large for its encoder's memory is stored as PNG", async () => {
  const path = join(testFolder(), "picture.webp");
  const samples = noise({ width: 30, height: 20, channels: 4, bits: 8 });
  await imageOf(samples).webp({ lossless: true, exact: true }).toFile(path);
  const source = await open(path, { mode: "pixels" });
  const out = testFolder();
  const store = await storeOf(source, out, () => false);
  await finishImage(store, source.manifest, { out, onExisting: "rename", ...TIGHT });
  await store.discard();
  expect(readdirSync(out)).toEqual(["picture.png"]);
  expectSame(samplesOfPng(readFileSync(join(out, "picture.png"))), samples.raster);
});

test("what can only be decoded as a whole, and is too large for that, goes as a plain file", async () => {
  const image = imageOf(noise({ width: 30, height: 20, channels: 3, bits: 8 }));
  const folder = testFolder();
  const files = { "a.png": { progressive: true }, "a.jpeg": { progressive: true }, "a.webp": {} };
  for (const [name, options] of Object.entries(files)) {
    const path = join(folder, name);
    const format = name.slice(2) as "png" | "jpeg" | "webp";
    await image.clone().toFormat(format, options).toFile(path);
    expect((await open(path, { mode: "auto" })).facts.mode).toBe("pixels");
    const plain = await open(path, { mode: "auto", ...TIGHT });
    expect(plain.facts.mode).toBe("file");
    expect(plain.notes.join()).toContain("to decode; --memory allows more");
    await expect(openSource(path, { mode: "pixels", ...TIGHT })).rejects.toMatchObject({
      code: "LACUNA_IMAGE_TOO_LARGE",
    });
  }
});

test("half a picture is found out, and nothing of it stays in the cache folder", async () => {
  const cacheFolder = testFolder();
  const path = join(testFolder(), "half.png");
  const image = imageOf(noise({ width: 300, height: 200, channels: 3, bits: 8 }));
  const bytes = await image.png().toBuffer();
  writeFileSync(path, bytes.subarray(0, bytes.length / 2));
  const opened = openSource(path, { mode: "pixels", ...TIGHT, cacheFolder });
  await expect(opened).rejects.toMatchObject({ code: "LACUNA_NOT_AN_IMAGE" });
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test("what a process left that is gone is removed, and nothing else", async () => {
  const cacheFolder = testFolder();
  const own = await Scratch.open(cacheFolder, 1);
  const [name = ""] = readdirSync(cacheFolder);
  const { id, start } = ownProcess();
  const left = name.replace(`${id}-${start}`, `${id}-${start}0`);
  expect(left).not.toBe(name);
  mkdirSync(join(cacheFolder, left));
  writeFileSync(join(cacheFolder, left, "raster.v"), "pixels");
  mkdirSync(join(cacheFolder, "something else"));
  const next = await Scratch.open(cacheFolder, 1);
  const names = readdirSync(cacheFolder);
  expect(names).toHaveLength(3);
  expect(names).toContain(name);
  expect(names).not.toContain(left);
  await own.remove();
  await next.remove();
  expect(readdirSync(cacheFolder)).toEqual(["something else"]);
});

test("too little room, or a folder that cannot be made, is told before anything is decoded", async () => {
  const cacheFolder = testFolder();
  await expect(Scratch.open(cacheFolder, 2 ** 60)).rejects.toMatchObject({
    code: "LACUNA_NO_SCRATCH_ROOM",
    facts: { path: cacheFolder },
  });
  const path = join(testFolder(), "picture.png");
  await sharp(noise({ width: 9, height: 9, channels: 3, bits: 8 }).raster, {
    raw: { width: 9, height: 9, channels: 3 },
  })
    .png()
    .toFile(path);
  // A file stands where the folder would be.
  const source = await open(path, { mode: "auto", ...TIGHT, cacheFolder: join(path, "cache") });
  expect(source.facts.mode).toBe("file");
  expect(source.notes.join()).toContain("cannot unpack the picture");
});
