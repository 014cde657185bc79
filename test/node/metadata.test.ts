import fc from "fast-check";
import { expect, test } from "vitest";
import {
  densityBytes,
  densityOf,
  limitMetadata,
  METADATA_BYTES_MAX,
} from "../../src/node/pictures/metadata-blocks.js";
import {
  type Directory,
  EXIF_POINTER_TAG,
  firstValue,
  longEntry,
  rationalEntry,
  readTiffDirectory,
  shortEntry,
  undefinedEntry,
  writeTiffBlock,
} from "../../src/node/pictures/tiff-directory.js";

const readerOf = (bytes: Uint8Array) => async (position: number, length: number) =>
  bytes.subarray(position, position + length);

test("the largest blocks are left out until the rest fits, and each loss is told", () => {
  const block = (kind: "icc" | "exif" | "xmp", share: number) => ({
    kind,
    bytes: new Uint8Array(METADATA_BYTES_MAX * share),
  });
  const small = [block("icc", 0.5), block("exif", 0.25), block("xmp", 0.25)];
  expect(limitMetadata(small)).toEqual({ metadata: small, notes: [] });
  const { metadata, notes } = limitMetadata([
    block("icc", 0.5),
    block("exif", 0.75),
    block("xmp", 2),
  ]);
  expect(metadata.map(({ kind }) => kind)).toEqual(["icc"]);
  expect(notes).toHaveLength(2);
  expect(notes[0]).toContain("XMP");
  expect(notes[1]).toContain("EXIF");
});

test("a density survives, and one that nobody can mean is none", () => {
  const of = (across: number, down: number) =>
    densityOf([{ kind: "density", bytes: densityBytes({ across, down }) }]);
  expect(of(72.009, 300)).toEqual({ across: 72.009, down: 300 });
  for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
    expect(of(wrong, 300)).toBeUndefined();
  }
  expect(densityOf([{ kind: "density", bytes: new Uint8Array(15) }])).toBeUndefined();
});

test("a directory with another one below reads back as it was written", async () => {
  const below: Directory = [
    rationalEntry(0x829a, 0.02),
    undefinedEntry(0x9286, Uint8Array.from([65, 66, 67, 68, 69])),
  ];
  const directory: Directory = [
    shortEntry(0x0112, 6),
    longEntry(0x0201, 1, 2, 3),
    { tag: EXIF_POINTER_TAG, type: 4, count: 1, bytes: new Uint8Array(), directory: below },
  ];
  const read = await readTiffDirectory(readerOf(writeTiffBlock(directory)));
  const plain = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? [...part] : part)),
    );
  expect(plain(read)).toEqual(plain(directory));
  expect(firstValue(read?.[2]?.directory?.[0])).toBeCloseTo(0.02, 8);
});

test("a big-endian block is read to the same values as a little-endian one", async () => {
  const big = Buffer.alloc(8 + 2 + 24 + 4 + 8);
  big.write("MM\0*", 0, "latin1");
  big.writeUInt32BE(8, 4);
  big.writeUInt16BE(2, 8);
  big.set([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0], 10);
  big.set([0x01, 0x1a, 0, 5, 0, 0, 0, 1, 0, 0, 0, 38], 22);
  big.writeUInt32BE(300, 38);
  big.writeUInt32BE(1, 42);
  const read = await readTiffDirectory(readerOf(big));
  expect(read?.map((entry) => [entry.tag, firstValue(entry)])).toEqual([
    [0x0112, 6],
    [0x011a, 300],
  ]);
});

test("no bytes at all make the reader throw or run on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom("II*\0\x08\0\0\0", "MM\0*\0\0\0\x08", ""),
      async (bytes, head) => {
        const block = Buffer.concat([Buffer.from(head, "latin1"), bytes]);
        const directory = await readTiffDirectory(readerOf(block));
        if (directory !== undefined) writeTiffBlock(directory);
      },
    ),
    { numRuns: 500 },
  );
});
