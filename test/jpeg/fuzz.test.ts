import { expect, test } from "vitest";
import type { Rect } from "../../src/base/geometry.js";
import { Random } from "../../src/base/random.js";
import { JpegAssembler } from "../../src/jpeg/assembler.js";
import { JpegCoverage } from "../../src/jpeg/coverage.js";
import { openJpeg } from "../../src/jpeg/cut.js";
import { JpegPicture } from "../../src/jpeg/picture.js";
import { handMade } from "./encoder.js";
import { jpeg, opened, piecesOf } from "./files.js";

/** Far less than what damaged tables can claim. */
const BYTES_MAX = 500_000;

/** Some bytes changed, the end cut off or something added. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const end = random.chance(0.2) ? random.between(0, bytes.length) : bytes.length;
  const more = random.chance(0.2) ? random.bytes(random.between(1, 40)) : new Uint8Array(0);
  const copy = Buffer.concat([bytes.subarray(0, end), more]);
  for (let times = random.between(0, 4); times > 0 && copy.length > 0; times -= 1) {
    copy[random.between(0, copy.length - 1)] = random.between(0, 255);
  }
  return copy;
}

async function files(): Promise<Uint8Array[]> {
  return [
    await jpeg({ width: 65, height: 41, quality: 60 }),
    await jpeg({ width: 65, height: 41, quality: 90, progressive: true }),
    await jpeg({ width: 65, height: 41, channels: 4, mozjpeg: true }),
    handMade({
      width: 65,
      height: 41,
      sampling: [
        [2, 2],
        [1, 1],
        [1, 1],
      ],
      restartInterval: 3,
    }),
    handMade({
      width: 65,
      height: 41,
      sampling: [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      scans: [[0], [1, 2]],
    }),
  ];
}

test("damaged pieces and tables are refused or shown, and change nothing outside the picture", async () => {
  const random = new Random(11);
  let refusedTables = 0;
  let refusedPieces = 0;
  for (const file of await files()) {
    const cut = opened(file, 200);
    const pieces = piecesOf(cut);
    for (let round = 0; round < 150; round += 1) {
      const tables = round % 2 === 0 ? cut.tables : damaged(cut.tables, random);
      const picture = JpegPicture.of(tables, { bytesMax: BYTES_MAX, scale: round % 3 ? 1 : 2 });
      if (picture === undefined) refusedTables += 1;
      for (let times = 0; times < 8; times += 1) {
        const piece = damaged(pieces[random.between(0, pieces.length - 1)] as Uint8Array, random);
        const placed = picture?.place(piece, times);
        if (placed === undefined) refusedPieces += 1;
        else expectInside(placed.shown, picture);
        expectInFile(JpegAssembler.of(tables), piece);
        const coverage = JpegCoverage.of(tables, BYTES_MAX);
        expectInside(coverage?.add(piece) ?? [], coverage);
      }
    }
  }
  expect(refusedTables).toBeGreaterThan(100);
  expect(refusedPieces).toBeGreaterThan(1_000);
});

function expectInside(areas: readonly Rect[], size?: { width: number; height: number }): void {
  const { width, height } = size ?? { width: 0, height: 0 };
  const outside = areas.filter(
    (area) => area.x + area.width > width || area.y + area.height > height,
  );
  if (outside.length > 0) throw new Error("an area outside the picture");
}

function expectInFile(assembler: JpegAssembler | undefined, piece: Uint8Array): void {
  for (const { offset, bytes } of assembler?.partsOf(piece) ?? []) {
    if (offset + bytes.length > (assembler?.fileBytes ?? 0))
      throw new Error("a part outside the file");
  }
}

test("a damaged file is told to be unusual, or its pieces are that file", async () => {
  const random = new Random(12);
  let cuts = 0;
  for (const file of await files()) {
    for (let round = 0; round < 150; round += 1) {
      const bytes = damaged(file, random);
      const cut = openJpeg(bytes, 200);
      if ("unusual" in cut) {
        expect(cut.unusual).not.toBe("");
        continue;
      }
      cuts += 1;
      const assembler = JpegAssembler.of(cut.tables);
      const picture = JpegPicture.of(cut.tables, { bytesMax: 100_000_000 });
      const whole = new Uint8Array(bytes.length);
      for (const { offset, bytes: part } of assembler?.parts ?? []) whole.set(part, offset);
      piecesOf(cut).forEach((piece, number) => {
        for (const part of assembler?.partsOf(piece) ?? []) whole.set(part.bytes, part.offset);
        expect(picture?.place(piece, number)?.waits).toBe(false);
      });
      expect(Buffer.compare(whole, bytes)).toBe(0);
    }
  }
  expect(cuts).toBeGreaterThan(100);
});

test("what tables claim is not allocated", () => {
  // 65,535 by 65,535 pixels of three components.
  const file = handMade({
    width: 16,
    height: 16,
    sampling: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  });
  const { tables } = opened(file);
  const claimed = new Uint8Array(tables);
  const frame = Buffer.from(claimed.buffer).indexOf(Buffer.of(8, 0, 16, 0, 16, 3));
  expect(frame).toBeGreaterThan(0);
  claimed.fill(0xff, frame + 1, frame + 5);
  expect(JpegPicture.of(tables, { bytesMax: BYTES_MAX })).toBeDefined();
  expect(JpegPicture.of(claimed, { bytesMax: BYTES_MAX })).toBeUndefined();
  expect(JpegCoverage.of(claimed, BYTES_MAX)).toBeUndefined();
});
