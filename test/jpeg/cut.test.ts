import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { JpegAssembler } from "../../src/jpeg/assembler.js";
import { JpegCoverage } from "../../src/jpeg/coverage.js";
import { cutPreview, type JpegCut, openJpeg } from "../../src/jpeg/cut.js";
import type { Scan } from "../../src/jpeg/frame.js";
import { JpegPicture } from "../../src/jpeg/picture.js";
import { readPiece } from "../../src/jpeg/piece-head.js";
import { decodeSequentialRun } from "../../src/jpeg/sequential-decode.js";
import { readTables } from "../../src/jpeg/tables.js";
import { type HandMade, handMade } from "./encoder.js";
import {
  jpeg,
  libjpegPixels,
  opened,
  piecesOf,
  segment,
  type Variant,
  withSegments,
} from "./files.js";

const BYTES_MAX = 100_000_000;

const LIBRARY_MADE: Record<string, Variant> = {
  "4:2:0": { width: 331, height: 203, quality: 80 },
  "4:4:4": { width: 331, height: 203, quality: 90, chromaSubsampling: "4:4:4" },
  coarse: { width: 500, height: 77, quality: 10 },
  "every coefficient": { width: 97, height: 113, quality: 100, chromaSubsampling: "4:4:4" },
  gray: { width: 203, height: 131, quality: 85, channels: 1 },
  CMYK: { width: 203, height: 131, quality: 85, channels: 4 },
  "standard Huffman tables": { width: 120, height: 90, optimiseCoding: false },
  "one pixel": { width: 1, height: 1 },
  "one row": { width: 1_001, height: 1 },
  "one column": { width: 1, height: 1_001 },
  narrow: { width: 4, height: 40 },
  progressive: { width: 331, height: 203, quality: 80, progressive: true },
  "progressive 4:4:4": {
    width: 203,
    height: 97,
    quality: 95,
    chromaSubsampling: "4:4:4",
    progressive: true,
  },
  "progressive gray": { width: 203, height: 131, channels: 1, progressive: true },
  "progressive CMYK": { width: 103, height: 71, channels: 4, progressive: true },
  "progressive, other scans": { width: 331, height: 203, quality: 90, mozjpeg: true },
  "one progressive pixel": { width: 1, height: 1, progressive: true },
};

const SAMPLED_420 = [
  [2, 2],
  [1, 1],
  [1, 1],
] as const;

const HAND_MADE: Record<string, HandMade> = {
  "restart markers in each row": {
    width: 320,
    height: 80,
    sampling: SAMPLED_420,
    restartInterval: 20,
  },
  "restart markers at odd places": {
    width: 333,
    height: 77,
    sampling: SAMPLED_420,
    restartInterval: 7,
  },
  "filled restart markers": {
    width: 160,
    height: 80,
    sampling: [[1, 1]],
    restartInterval: 1,
    fill: 3,
  },
  "4:1:1": {
    width: 203,
    height: 61,
    sampling: [
      [4, 1],
      [1, 1],
      [1, 1],
    ],
  },
  "4:1:0": {
    width: 203,
    height: 61,
    sampling: [
      [4, 2],
      [1, 1],
      [1, 1],
    ],
  },
  "4:4:0": {
    width: 203,
    height: 61,
    sampling: [
      [1, 2],
      [1, 1],
      [1, 1],
    ],
  },
  "4:2:2": {
    width: 203,
    height: 61,
    sampling: [
      [2, 1],
      [1, 1],
      [1, 1],
    ],
  },
  "4:2:2, narrow": {
    width: 4,
    height: 61,
    sampling: [
      [2, 1],
      [1, 1],
      [1, 1],
    ],
  },
  "three down": {
    width: 61,
    height: 203,
    sampling: [
      [1, 3],
      [1, 1],
      [1, 1],
    ],
  },
  "luma that is sampled less": {
    width: 203,
    height: 61,
    sampling: [
      [1, 1],
      [2, 2],
      [1, 1],
    ],
  },
  "gray with factors": { width: 203, height: 61, sampling: [[2, 2]] },
  "extended sequential": { width: 99, height: 61, sampling: [[1, 1]], extended: true },
  "a scan for each component": {
    width: 203,
    height: 61,
    sampling: SAMPLED_420,
    scans: [[0], [1], [2]],
    restartInterval: 30,
  },
  "two components in a scan": {
    width: 203,
    height: 61,
    sampling: SAMPLED_420,
    scans: [[0], [1, 2]],
  },
};

for (const [name, variant] of Object.entries(LIBRARY_MADE)) {
  test(`${name}: the pieces are the file, and show what libjpeg shows`, async () => {
    const file = await jpeg(variant);
    const cut = opened(file, 400);
    expect([cut.width, cut.height]).toEqual([variant.width, variant.height]);
    expect(cut.channels).toBe(variant.channels ?? 3);
    expect(assembled(cut)).toEqual(new Uint8Array(file));
    expectSame(pictureOf(cut), await libjpegPixels(file, cut.channels), 1);
    expect(cut.progressive).toBe(name.includes("progressive"));
    if (!cut.progressive) expectAlone(cut);
  });
}

for (const [name, made] of Object.entries(HAND_MADE)) {
  test(`${name}: the pieces are the file, and show what libjpeg shows`, async () => {
    const file = handMade(made);
    const cut = opened(file, 300);
    expect(assembled(cut)).toEqual(new Uint8Array(file));
    expectSame(pictureOf(cut), await libjpegPixels(file, cut.channels), 1);
    expectAlone(cut);
  });
}

test("a progressive picture is the same in whatever order its pieces come", async () => {
  const file = await jpeg({ width: 201, height: 133, quality: 90, progressive: true });
  const cut = opened(file, 300);
  const expected = await libjpegPixels(file, 3);
  const random = new Random(5);
  const order = piecesOf(cut).map((_, number) => number);
  for (let round = 0; round < 10; round += 1) {
    order.sort(() => random.unit() - 0.5);
    expectSame(pictureOf(cut, 1, order), expected, 1);
  }
});

test("a progressive picture is shown from its first piece on; in the order of sending none waits", async () => {
  const cut = opened(await jpeg({ width: 200, height: 130, quality: 90, progressive: true }), 300);
  const picture = JpegPicture.of(cut.tables, { bytesMax: BYTES_MAX }) as JpegPicture;
  const pieces = piecesOf(cut);
  const first = picture.place(pieces[0] as Uint8Array, 0);
  expect(first?.shown).toEqual(cut.areasOf(0));
  expect(first?.exact).toEqual([]);
  for (let number = 1; number < pieces.length; number += 1) {
    const placed = picture.place(pieces[number] as Uint8Array, number);
    expect(placed).toMatchObject({ waits: false, ready: [] });
  }
  expect(picture.place(pieces[0] as Uint8Array, 0)).toMatchObject({ shown: [], exact: [] });
});

test("the short runs of a small file's scans share pieces", async () => {
  const cut = opened(await jpeg({ width: 120, height: 90, quality: 75, progressive: true }));
  const tables = readTables(cut.tables);
  if (tables === undefined) throw new Error("the tables are not read back");
  const pieces = piecesOf(cut);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const scansOf = (piece: Uint8Array): number[] =>
    (readPiece(tables, piece) ?? []).flatMap((part) => (part.kind === "run" ? [part.scan] : []));
  expect(pieces.flatMap(scansOf).length).toBeGreaterThan(pieces.length + 3);
  expect(bytes).toBeGreaterThan(1_150 * (pieces.length - 2));
  // A part that ends behind its piece is refused, and with it all others.
  const joined = pieces.find((piece) => scansOf(piece).length > 1) as Uint8Array;
  expect(readPiece(tables, joined.subarray(0, 200))).toBeUndefined();
});

test("a piece of which a part must wait shows the others, and is placed again", async () => {
  const cut = opened(await jpeg({ width: 120, height: 90, quality: 75, progressive: true }));
  const tables = readTables(cut.tables);
  const picture = JpegPicture.of(cut.tables, { bytesMax: BYTES_MAX });
  const isJoined = (piece: Uint8Array): boolean =>
    ((tables && readPiece(tables, piece)) ?? []).length > 1;
  const numbers = piecesOf(cut).map((_, number) => number);
  const last = numbers.findLast((number) => isJoined(cut.piece(number))) as number;
  const early = picture?.place(cut.piece(last), last);
  expect(early?.waits).toBe(true);
  const ready = numbers.slice(0, last).flatMap((number) => {
    return picture?.place(cut.piece(number), number)?.ready ?? [];
  });
  expect(ready).toContain(last);
  expect(picture?.place(cut.piece(last), last)?.waits).toBe(false);
});

test("coverage needs the heads only, and tells the same pixels", async () => {
  for (const progressive of [false, true]) {
    const cut = opened(await jpeg({ width: 200, height: 130, progressive }), 300);
    const coverage = JpegCoverage.of(cut.tables, BYTES_MAX) as JpegCoverage;
    const picture = JpegPicture.of(cut.tables, { bytesMax: BYTES_MAX }) as JpegPicture;
    piecesOf(cut).forEach((piece, number) => {
      expect(coverage.add(piece)).toEqual(picture.place(piece, number)?.exact);
      expect(coverage.add(piece)).toEqual([]);
    });
  }
});

test("pieces are no longer than told, and cover each pixel once", async () => {
  const file = await jpeg({ width: 333, height: 222, quality: 95 });
  for (const pieceBytes of [300, 1_000, 60_000]) {
    const cut = opened(file, pieceBytes);
    const covered = new Uint8Array(cut.width * cut.height);
    piecesOf(cut).forEach((piece, number) => {
      expect(piece.length).toBe(cut.pieceLength(number));
      expect(piece.length).toBeLessThanOrEqual(pieceBytes);
      for (const { x, y, width, height } of cut.areasOf(number)) {
        for (let row = y; row < y + height; row += 1) {
          for (let column = x; column < x + width; column += 1) {
            const pixel = row * cut.width + column;
            covered[pixel] = (covered[pixel] as number) + 1;
          }
        }
      }
    });
    expect(covered.every((times) => times === 1)).toBe(true);
  }
});

test("pieces cost little more than the file, and are well filled", async () => {
  const file = await jpeg({ width: 1_600, height: 900, quality: 85 });
  const cut = opened(file);
  const pieces = piecesOf(cut).reduce((sum, piece) => sum + piece.length, 0);
  expect((pieces + cut.tables.length) / file.length - 1).toBeLessThan(0.012);
  expect(pieces / cut.pieceCount / 1_150).toBeGreaterThan(0.93);
});

test("a file's pieces of most detail come first", async () => {
  const cut = opened(await jpeg({ width: 1_000, height: 1_000, quality: 90 }));
  const densities = Array.from({ length: cut.pieceCount }, (_, number) => {
    const areas = cut.areasOf(number);
    const pixels = areas.reduce((sum, { width, height }) => sum + width * height, 0);
    return cut.pieceLength(number) / pixels;
  });
  const third = Math.floor(cut.pieceCount / 3);
  const mean = (some: number[]): number => some.reduce((sum, value) => sum + value) / some.length;
  expect(mean(densities.slice(0, third))).toBeGreaterThan(2 * mean(densities.slice(-third)));
});

test("the first pieces of a preview are spread over the picture", async () => {
  const cut = cutPreview(await jpeg({ width: 1_000, height: 1_000, quality: 90 }), 1_150);
  if ("unusual" in cut) throw new Error(cut.unusual);
  const quarters = new Set<number>();
  for (let number = 0; number < 8; number += 1) {
    const { x, y } = cut.areasOf(number)[0] ?? { x: 0, y: 0 };
    quarters.add(Math.floor(x / 500) + 2 * Math.floor(y / 500));
  }
  expect(quarters.size).toBe(4);
});

test("metadata, comments, unknown segments and bytes behind the end belong to the file", async () => {
  const plain = await jpeg({ width: 64, height: 48 });
  const thumbnail = await jpeg({ width: 160, height: 120 });
  const exif = Buffer.concat([Buffer.from("Exif\0\0"), thumbnail]);
  const file = Buffer.concat([
    withSegments(
      plain,
      segment(0xe1, exif),
      segment(0xfe, Buffer.from("a comment")),
      Uint8Array.of(0xff, 0xff),
      segment(0xe5, new Uint8Array(3_000).fill(0xff)),
    ),
    Buffer.from("bytes behind the end \xff\xd8\xff\xd9 ".repeat(200), "latin1"),
  ]);
  const cut = opened(file);
  expect(assembled(cut)).toEqual(new Uint8Array(file));
  // What shows nothing comes last.
  expect(cut.areasOf(0)).not.toEqual([]);
  expect(cut.areasOf(cut.pieceCount - 1)).toEqual([]);
  expectSame(pictureOf(cut), await libjpegPixels(plain, 3), 1);
});

test("a preview is cut without its file's bytes and places", async () => {
  const file = await jpeg({ width: 200, height: 150, quality: 50, optimiseCoding: false });
  const cut = cutPreview(withSegments(file, segment(0xe1, new Uint8Array(5_000))), 600);
  if ("unusual" in cut) throw new Error(cut.unusual);
  // Two tables of divisors, a frame and a scan; the Huffman tables are the standard ones.
  expect(cut.tables.length).toBeLessThan(220);
  const bytes = piecesOf(cut).reduce((sum, piece) => sum + piece.length, 0);
  expect(bytes + cut.tables.length).toBeLessThan(file.length);
  expectSame(pictureOf(cut), await libjpegPixels(file, 3), 1);
  expectAlone(cut);
  expect(JpegAssembler.of(cut.tables)).toBeUndefined();
});

test("reduced pictures show what the whole one shows, smaller", async () => {
  const cut = opened(await jpeg({ width: 333, height: 222, quality: 90, channels: 1 }));
  const whole = pictureOf(cut);
  for (const scale of [2, 4, 8] as const) {
    const picture = pictureOf(cut, scale);
    expect([picture.shownWidth, picture.shownHeight]).toEqual([
      Math.ceil(333 / scale),
      Math.ceil(222 / scale),
    ]);
    expect(meanDifference(picture, whole)).toBeLessThan(3);
  }
});

test("what is no JPEG, or a damaged or a rare one, is told in words", async () => {
  const file = await jpeg({ width: 100, height: 100 });
  const frame = file.indexOf(Buffer.of(0xff, 0xc0));
  const changed = (at: number, value: number): Uint8Array => {
    const copy = new Uint8Array(file);
    copy[at] = value;
    return copy;
  };
  const reasonOf = (bytes: Uint8Array): string => {
    const cut = openJpeg(bytes, 1_150);
    return "unusual" in cut ? cut.unusual : "cut";
  };
  expect(reasonOf(new Uint8Array(0))).toBe("no JPEG's beginning");
  expect(reasonOf(Buffer.from("\x89PNG and so on", "latin1"))).toBe("no JPEG's beginning");
  expect(reasonOf(changed(frame + 1, 0xc9))).toBe("arithmetic coding");
  expect(reasonOf(changed(frame + 1, 0xc3))).toBe("lossless coding");
  expect(reasonOf(changed(frame + 1, 0xc5))).toBe("hierarchical coding");
  expect(reasonOf(changed(frame + 4, 12))).toBe("12 bits a sample");
  expect(reasonOf(file.subarray(0, frame))).toBe("no picture");
  expect(reasonOf(file.subarray(0, file.length - 400))).toMatch(
    /^data that end at pixel \d+, \d+$/,
  );
  const noLines = changed(frame + 5, 0);
  noLines[frame + 6] = 0;
  expect(reasonOf(noLines)).toMatch(/DNL/);
});

function assembled(cut: JpegCut): Uint8Array {
  const assembler = JpegAssembler.of(cut.tables);
  if (assembler === undefined) throw new Error("no file's tables");
  const file = new Uint8Array(assembler.fileBytes);
  const held = new Uint8Array(assembler.fileBytes);
  for (const part of [
    ...assembler.parts,
    ...piecesOf(cut).flatMap((piece) => assembler.partsOf(piece)),
  ]) {
    if (part === undefined) throw new Error("a piece outside the file");
    file.set(part.bytes, part.offset);
    held.fill(1, part.offset, part.offset + part.bytes.length);
  }
  expect(held.includes(0)).toBe(false);
  return file;
}

/** The picture of all pieces, in some order; the last first unless told. */
function pictureOf(cut: JpegCut, scale: 1 | 2 | 4 | 8 = 1, order?: readonly number[]): JpegPicture {
  const picture = JpegPicture.of(cut.tables, { scale, bytesMax: BYTES_MAX });
  if (picture === undefined) throw new Error("no picture's tables");
  let exact = 0;
  const due = [
    ...(order ?? piecesOf(cut).map((_, number) => cut.pieceCount - 1 - number)),
  ].reverse();
  for (let number = due.pop(); number !== undefined; number = due.pop()) {
    const placed = picture.place(cut.piece(number), number);
    if (placed === undefined) throw new Error("a piece that does not decode");
    for (const { width, height } of placed.exact) exact += width * height;
    due.push(...placed.ready);
  }
  expect(exact).toBe(cut.width * cut.height);
  return picture;
}

function rendered(picture: JpegPicture): Uint8Array {
  const { shownWidth: width, shownHeight: height } = picture;
  const pixels = new Uint8Array(width * height * picture.channels);
  picture.render({ x: 0, y: 0, width, height }, pixels);
  return pixels;
}

function expectSame(picture: JpegPicture, expected: Uint8Array, differenceMax: number): void {
  const pixels = rendered(picture);
  expect(pixels.length).toBe(expected.length);
  let worst = 0;
  pixels.forEach((sample, i) => {
    worst = Math.max(worst, Math.abs(sample - (expected[i] as number)));
  });
  expect(worst).toBeLessThanOrEqual(differenceMax);
}

/** Mean difference of a reduced picture's samples from the means of the whole one's. */
function meanDifference(reduced: JpegPicture, whole: JpegPicture): number {
  const [small, large] = [rendered(reduced), rendered(whole)];
  const { scale, channels, shownWidth } = reduced;
  let sum = 0;
  small.forEach((sample, i) => {
    const [x, y] = [Math.floor(i / channels) % shownWidth, Math.floor(i / channels / shownWidth)];
    let mean = 0;
    let count = 0;
    for (let row = y * scale; row < Math.min(whole.height, (y + 1) * scale); row += 1) {
      for (let column = x * scale; column < Math.min(whole.width, (x + 1) * scale); column += 1) {
        mean += large[(row * whole.width + column) * channels + (i % channels)] as number;
        count += 1;
      }
    }
    sum += Math.abs(sample - mean / count);
  });
  return sum / small.length;
}

/** Every piece by itself holds the coefficients that the picture has at its place when all is cut in few pieces. */
function expectAlone(cut: JpegCut): void {
  const whole = blocksOf(cut, piecesOf(cut));
  for (const piece of piecesOf(cut)) {
    const alone = blocksOf(cut, [piece]);
    for (const [place, block] of alone) expect(block).toEqual(whole.get(place));
  }
}

function blocksOf(cut: JpegCut, pieces: readonly Uint8Array[]): Map<string, string> {
  const tables = readTables(cut.tables);
  const blocks = new Map<string, string>();
  for (const piece of pieces) {
    for (const part of (tables && readPiece(tables, piece)) ?? []) {
      if (part.kind !== "run") continue;
      const scan = tables?.scans[part.scan] as Scan;
      decodeSequentialRun(scan, part, (component, column, row, coefficients) => {
        blocks.set(`${component} ${column} ${row}`, coefficients.join());
      });
    }
  }
  return blocks;
}
