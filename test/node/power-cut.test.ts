import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PieceSet } from "../../src/base/piece-set.js";
import { Random } from "../../src/base/random.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { behindPreview, codedImage, fileImage, jpegImage, type MadeImage } from "./contents.js";
import { imageOf, noise, testFolder } from "./pictures.js";
import { fullAfter, RecordedDisk } from "./recorded-disk.js";

const SEEDS = 12;

async function images(): Promise<MadeImage[]> {
  const samples = noise({ width: 70, height: 50, channels: 3, bits: 8 });
  const small = imageOf(noise({ width: 32, height: 24, channels: 3, bits: 8 }));
  const jpeg = await small.jpeg({ quality: 60 }).toBuffer();
  const photo = await imageOf(samples).jpeg({ quality: 90 }).toBuffer();
  return [
    codedImage(samples),
    codedImage(samples, { isOpen: true }),
    jpegImage(photo),
    fileImage(samples.raster, samples),
    behindPreview(fileImage(samples.raster, samples), jpeg),
    behindPreview(codedImage(samples, { isOpen: true }), jpeg),
  ];
}

/** What must be there after a fault from some operation on. */
interface Promised {
  readonly operations: number;
  readonly pieces: PieceSet;
}

interface Life {
  readonly disk: RecordedDisk;
  /** By what was synced. */
  readonly safe: Promised[];
  /** By what reached the files. */
  readonly written: Promised[];
}

/** Pieces come in bursts and any order, some syncs between; then the store is closed. */
async function live({ manifest, pieces }: MadeImage, random: Random): Promise<Life> {
  const disk = new RecordedDisk();
  const [safe, written]: [Promised[], Promised[]] = [[], []];
  const note = (list: Promised[], held: PieceSet): void => {
    list.push({ operations: disk.operations.length, pieces: held });
  };
  const folder = join(testFolder(), "s");
  const store = await PieceStore.open(folder, manifest, {}, disk.open);
  const order = pieces.map((_, piece) => ({ piece, key: piece / 40 + random.unit() }));
  order.sort((a, b) => a.key - b.key);
  for (const { piece } of order) {
    store.write(piece, pieces[piece] as Uint8Array);
    const event = random.unit();
    if (event < 0.15) {
      await store.flush();
      note(written, store.held.copy());
    } else if (event < 0.2) {
      await store.flush();
      const held = store.held.copy();
      const saved = store.checkpoint();
      if (random.unit() < 0.5) await saved;
      void saved.then(() => note(safe, held));
    }
  }
  store.learnCount(pieces.length);
  await store.close();
  note(safe, store.held.copy());
  return { disk, safe, written };
}

/** Opens what a fault has left: nothing false is held, all that was promised is, and the rest can come. */
async function expectSound(
  folder: string,
  { manifest, pieces }: MadeImage,
  promised: readonly Promised[],
  operations: number,
): Promise<void> {
  const seen = await PieceStore.inspect(folder);
  const store = await PieceStore.open(folder, manifest);
  onTestFinished(() => store.close().catch(() => undefined));
  expect([...(seen?.held ?? new PieceSet()).ranges()]).toEqual([...store.held.ranges()]);
  const due = promised.filter((one) => one.operations <= operations);
  for (const { start, end } of due.flatMap((one) => [...one.pieces.ranges()])) {
    expect(store.held.countIn(start, end)).toBe(end - start);
  }
  const target = new Uint8Array(manifest.pieceBytes);
  const expectHeld = (piece: number): void => {
    const bytes = target.subarray(0, store.readPiece(piece, target, 0));
    expect(Buffer.from(bytes).equals(pieces[piece] as Uint8Array)).toBe(true);
  };
  pieces.forEach((bytes, piece) => {
    if (store.held.has(piece)) expectHeld(piece);
    else store.write(piece, bytes);
  });
  await store.flush();
  expect(await store.dropDamaged()).toBe(false);
  for (const piece of pieces.keys()) expectHeld(piece);
  await store.close();
  expect((await PieceStore.inspect(folder))?.held.size).toBe(pieces.length);
}

test("whenever the power is cut, what was synced is held, and nothing false is", async () => {
  const made = await images();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new Random(seed);
    const image = made[seed % made.length] as MadeImage;
    const { disk, safe } = await live(image, random);
    const { length } = disk.operations;
    for (let after = random.between(0, 5); after <= length; after += random.between(1, 9)) {
      const folder = join(testFolder(), "s");
      disk.cutAfter(after, folder, random);
      await expectSound(folder, image, safe, after);
    }
  }
}, 60_000);

test("whenever the process is killed, all that had reached the files is held", async () => {
  const made = await images();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new Random(seed);
    const image = made[seed % made.length] as MadeImage;
    const { disk, safe, written } = await live(image, random);
    const { length } = disk.operations;
    for (let after = random.between(0, 5); after <= length; after += random.between(1, 19)) {
      const folder = join(testFolder(), "s");
      disk.killedAfter(after, folder);
      await expectSound(folder, image, [...safe, ...written], after);
    }
  }
}, 60_000);

test("a disk that becomes full at any byte is told, and what is there is held and true", async () => {
  for (const image of await images()) {
    const bytes = image.pieces.reduce((sum, piece) => sum + piece.length, 0);
    for (const share of [0, 0.01, 0.3, 0.7, 0.97]) {
      const folder = join(testFolder(), "s");
      const codes: string[] = [];
      const onError = ({ code }: { readonly code: string }): number => codes.push(code);
      const room = encodeManifest(image.manifest).length + Math.floor(share * bytes);
      const disk = fullAfter(room);
      const store = await PieceStore.open(folder, image.manifest, { onError }, disk);
      for (const [piece, one] of image.pieces.entries()) {
        store.write(piece, one);
        if (piece % 20 === 0) await store.flush();
      }
      await store.close();
      expect(new Set(codes)).toEqual(new Set(["LACUNA_DISK_FULL"]));
      await expectSound(folder, image, [], 0);
    }
  }
});

test("a folder that must not be written is told, and stays as it is", async () => {
  const [image] = (await images()) as [MadeImage];
  const folder = join(testFolder(), "s");
  const first = await PieceStore.open(folder, image.manifest);
  for (const piece of Array(9).keys()) first.write(piece, image.pieces[piece] as Uint8Array);
  await first.close();
  const names = readdirSync(folder);
  const readOnly = (): Promise<never> =>
    Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" }));
  await expect(PieceStore.open(folder, image.manifest, {}, readOnly)).rejects.toMatchObject({
    code: "LACUNA_NO_PERMISSION",
  });
  expect(readdirSync(folder)).toEqual(names);
  expect((await PieceStore.inspect(folder))?.held.size).toBe(9);
});
