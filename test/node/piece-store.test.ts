import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { diskError } from "../../src/node/disk.js";
import { storeKey } from "../../src/node/receiving/piece-lengths.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import type { Source } from "../../src/node/sending/source.js";
import type { RuledManifest } from "../../src/wire/manifest.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { expectSame, fillStore, sourceOf, testFolder } from "./pictures.js";

const PIECES = 250;

async function plainSource(): Promise<Source> {
  const source = await sourceOf(new Random(3).bytes(PIECES * 1000 - 17), "data.bin", {
    mode: "file",
    pieceBytes: 1000,
  });
  onTestFinished(() => source.close());
  return source;
}

async function openStore(folder: string, manifest: RuledManifest): Promise<PieceStore> {
  const store = await PieceStore.open(folder, manifest);
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

function expectPieces(store: PieceStore, source: Source): void {
  const { pieceBytes } = source.manifest;
  const kept = new Uint8Array(pieceBytes);
  const sent = new Uint8Array(pieceBytes);
  for (const { start, end } of store.held.ranges()) {
    for (let piece = start; piece < end; piece += 1) {
      const length = store.readPiece(piece, kept, 0);
      expect(length).toBe(source.readPiece(piece, sent, 0));
      expectSame(kept.subarray(0, length), sent.subarray(0, length));
    }
  }
}

test("pieces written in any order are read back, before and after they reach the disk", async () => {
  const source = await plainSource();
  let written = 0;
  const store = await PieceStore.open(join(testFolder(), "s"), source.manifest, {
    onWritten: (bytes) => {
      written += bytes;
    },
  });
  onTestFinished(() => store.close());
  fillStore(store, source, () => false);
  expect(store.pendingBytes).toBe(source.facts.bytes);
  expectPieces(store, source);
  await store.flush();
  expect(store.pendingBytes).toBe(0);
  expect(written).toBe(source.facts.bytes);
  expectPieces(store, source);
  const file = new Uint8Array(source.facts.bytes);
  for (let piece = 0; piece < PIECES; piece += 1) source.readPiece(piece, file, piece * 1000);
  expectSame(readFileSync(store.piecesPath), file);
});

test("an interrupted transfer finds again what was held at its end", async () => {
  const source = await plainSource();
  const folder = PieceStore.folderFor(testFolder(), source.manifest);
  const first = await openStore(folder, source.manifest);
  expect(first.held.size).toBe(0);
  fillStore(first, source, (piece) => piece % 3 === 0);
  await first.close();
  const second = await openStore(folder, source.manifest);
  expect(second.held.size).toBe(PIECES - Math.ceil(PIECES / 3));
  expectPieces(second, source);
  fillStore(second, source, (piece) => piece % 3 !== 0);
  await second.close();
  const saved = await PieceStore.inspect(folder);
  expect([...(saved?.held.ranges() ?? [])]).toEqual([{ start: 0, end: PIECES }]);
});

test("after a power cut the pieces of the last checkpoint are held, though nothing later reached the disk", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  fillStore(store, source, (piece) => piece >= 100);
  await store.flush();
  await store.checkpoint();
  const saved = readFileSync(join(folder, "journal"));
  fillStore(store, source, (piece) => piece < 100);
  await store.close();
  writeFileSync(join(folder, "journal"), saved);
  const again = await openStore(folder, source.manifest);
  expect([...again.held.ranges()]).toEqual([{ start: 0, end: 100 }]);
});

test("a process that ends without a word loses nothing that had reached the file", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  fillStore(store, source, (piece) => piece % 5 === 0);
  await store.flush();
  // Nothing was synced: as the folder is now, a killed process leaves it.
  const left = join(testFolder(), "s");
  cpSync(folder, left, { recursive: true });
  const again = await openStore(left, source.manifest);
  expect(again.held.size).toBe(PIECES - PIECES / 5);
  expectPieces(again, source);
  await again.close();
  await store.close();
});

test("pieces that were not synced are held only where the disk has them", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  for (const part of [0, 1, 2]) {
    fillStore(store, source, (piece) => Math.floor(piece / 10) % 3 !== part);
    await store.flush();
  }
  const left = join(testFolder(), "s");
  cpSync(folder, left, { recursive: true });
  await store.close();
  const pieces = readFileSync(join(left, "pieces"));
  pieces.fill(0, 55_000, 55_512);
  writeFileSync(join(left, "pieces"), pieces);
  const again = await openStore(left, source.manifest);
  expect(again.held.has(55)).toBe(false);
  expect(again.held.size).toBeGreaterThan(PIECES / 2);
  expectPieces(again, source);
  // What it does not trust once stays untrusted, whatever is synced later.
  await again.checkpoint();
  expect((await PieceStore.inspect(left))?.held.has(55)).toBe(false);
});

test("damage on the disk is found piece by piece, and what is written anew is trusted again", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  fillStore(store, source, () => false);
  await store.close();
  const pieces = readFileSync(join(folder, "pieces"));
  pieces[123_456] = (pieces[123_456] as number) ^ 4;
  writeFileSync(join(folder, "pieces"), pieces);
  const again = await openStore(folder, source.manifest);
  expect(again.held.size).toBe(PIECES);
  expect(await again.dropDamaged()).toBe(true);
  expect(again.held.has(123)).toBe(false);
  expectPieces(again, source);
  fillStore(again, source, () => false);
  await again.flush();
  expect(await again.dropDamaged()).toBe(false);
  expect(again.held.size).toBe(PIECES);
  expectSame(await again.fileDigest(), source.manifest.digest);
});

test("a checkpoint while pieces keep coming claims none that is not in the file", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  const checkpoints: Promise<void>[] = [];
  const buffer = new Uint8Array(1000);
  for (let piece = 0; piece < PIECES; piece += 1) {
    const length = source.readPiece(piece, buffer, 0);
    store.write(piece, buffer.subarray(0, length));
    if (piece % 50 === 0) checkpoints.push(store.checkpoint());
  }
  await Promise.all(checkpoints);
  const contents = await PieceStore.inspect(folder);
  const bytes = readFileSync(store.piecesPath);
  for (const { start, end } of contents?.held.ranges() ?? []) {
    for (let piece = start; piece < end; piece += 1) {
      const length = source.readPiece(piece, buffer, 0);
      expectSame(bytes.subarray(piece * 1000, piece * 1000 + length), buffer.subarray(0, length));
    }
  }
  await store.close();
});

test("a damaged or foreign folder is begun anew and never trusted", async () => {
  const source = await plainSource();
  const damages: ((folder: string) => void)[] = [
    (folder) => truncateSync(join(folder, "pieces"), 5000),
    (folder) => truncateSync(join(folder, "journal"), 20),
    (folder) => {
      const journal = readFileSync(join(folder, "journal"));
      journal[10] = (journal[10] as number) ^ 1;
      writeFileSync(join(folder, "journal"), journal);
    },
    (folder) => rmSync(join(folder, "journal")),
    (folder) => writeFileSync(join(folder, "manifest"), "{}"),
    (folder) => {
      const other = { ...source.manifest, name: "other.bin" };
      writeFileSync(join(folder, "manifest"), encodeManifest(other));
    },
  ];
  for (const damage of damages) {
    const folder = join(testFolder(), "s");
    const first = await openStore(folder, source.manifest);
    fillStore(first, source, (piece) => piece > 20);
    await first.close();
    damage(folder);
    const second = await openStore(folder, source.manifest);
    expect(second.held.size).toBe(0);
    fillStore(second, source, () => false);
    await second.flush();
    expectPieces(second, source);
  }
});

test("one folder has one writer at a time; a lock whose process has ended does not count", async () => {
  const source = await plainSource();
  const folder = join(testFolder(), "s");
  const store = await openStore(folder, source.manifest);
  await expect(PieceStore.open(folder, source.manifest)).rejects.toMatchObject({
    code: "LACUNA_IN_USE",
  });
  await store.close();
  // A number above every system's largest.
  writeFileSync(join(folder, "lock"), "2000000000 1");
  const next = await openStore(folder, source.manifest);
  await next.close();
});

test("discarding removes the folder, and the hidden one above with the last image", async () => {
  const out = testFolder();
  const source = await plainSource();
  const other = { ...source.manifest, name: "other.bin" };
  const stores = await Promise.all(
    [source.manifest, other].map((manifest) =>
      openStore(PieceStore.folderFor(out, manifest), manifest),
    ),
  );
  await stores[0]?.discard();
  expect(readdirSync(join(out, ".lacuna"))).toEqual([storeKey(other)]);
  await stores[1]?.discard();
  expect(existsSync(join(out, ".lacuna"))).toBe(false);
});

test("a disk that fails is told once, with its code, and nothing piles up behind", async () => {
  const source = await plainSource();
  const codes: string[] = [];
  const store = await PieceStore.open(join(testFolder(), "s"), source.manifest, {
    onError: (error) => codes.push(error.code),
  });
  onTestFinished(() => store.discard());
  // Writing to the store's file fails from here on.
  await store.file.close();
  fillStore(store, source, () => false);
  await store.flush();
  expect(codes).toEqual(["LACUNA_DISK_ERROR"]);
  expect(store.pendingBytes).toBe(0);
});

test("what the system says of a disk becomes the code that a person can act on", () => {
  const codes = {
    ENOSPC: "LACUNA_DISK_FULL",
    EDQUOT: "LACUNA_DISK_FULL",
    EACCES: "LACUNA_NO_PERMISSION",
    EROFS: "LACUNA_NO_PERMISSION",
    EPERM: "LACUNA_NO_PERMISSION",
    EIO: "LACUNA_DISK_ERROR",
  };
  for (const [said, code] of Object.entries(codes)) {
    const error = Object.assign(new Error("write"), { code: said });
    expect(diskError(error, "/out").code).toBe(code);
  }
});

test("a folder that cannot be made has a code", async () => {
  const source = await plainSource();
  const path = join(testFolder(), "file");
  writeFileSync(path, "");
  await expect(PieceStore.open(join(path, "s"), source.manifest)).rejects.toMatchObject({
    code: "LACUNA_DISK_ERROR",
  });
});
