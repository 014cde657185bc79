import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { Partition } from "../../src/picture/partition.js";
import { BLOCK_SIDE, Preview, type PreviewSource } from "../../src/picture/preview.js";
import { cutPiece } from "../../src/picture/raster.js";

type Layout = Pick<PreviewSource, "channels" | "bits" | "colour">;

const LAYOUTS: Layout[] = ([8, 16] as const).flatMap((bits): Layout[] => [
  { channels: 1, colour: "gray", bits },
  { channels: 2, colour: "gray", bits },
  { channels: 3, colour: "rgb", bits },
  { channels: 4, colour: "rgb", bits },
  { channels: 4, colour: "cmyk", bits },
]);

/** Every sample of the pixel as 8 bits, read as DataView reads. */
function naiveRgba(raster: Uint8Array, pixel: number, { channels, bits, colour }: Layout) {
  const view = new DataView(raster.buffer, raster.byteOffset);
  const s = Array.from({ length: channels }, (_, c) =>
    bits === 8
      ? view.getUint8(pixel * channels + c)
      : view.getUint16((pixel * channels + c) * 2, true) >> 8,
  ) as [number, number, number, number];
  if (colour === "gray") return [s[0], s[0], s[0], channels === 2 ? s[1] : 255];
  if (colour === "rgb") return [s[0], s[1], s[2], channels === 4 ? s[3] : 255];
  const ink = (c: number) => Math.round(((255 - c) * (255 - s[3])) / 255);
  return [ink(s[0]), ink(s[1]), ink(s[2]), 255];
}

const scene = fc.record({
  layout: fc.constantFrom(...LAYOUTS),
  width: fc.integer({ min: 1, max: 70 }),
  height: fc.integer({ min: 1, max: 70 }),
  tileWidth: fc.integer({ min: 1, max: 80 }),
  tileHeight: fc.integer({ min: 1, max: 80 }),
  fields: fc.constantFrom(1 as const, 2 as const),
  order: fc.constantFrom("raster" as const, "dispersed" as const),
  maxSide: fc.integer({ min: 1, max: 90 }),
  seed: fc.integer(),
});

test("a preview pixel is exactly the source pixel that it stands for, present or missing", () => {
  fc.assert(
    fc.property(scene, ({ layout, maxSide, seed, ...shape }) => {
      const partition = new Partition(shape);
      const random = new Random(seed);
      const pixelBytes = (layout.channels * layout.bits) / 8;
      const raster = random.bytes(shape.width * shape.height * pixelBytes);
      const preview = new Preview({ partition, ...layout }, maxSide);
      const held = new Set<number>();
      const buffer = new Uint8Array(partition.piecePixelsMax * pixelBytes);
      for (let piece = 0; piece < partition.pieceCount; piece += 1) {
        if (random.chance(0.4)) continue;
        held.add(piece);
        const length = cutPiece(raster, partition, pixelBytes, piece, buffer, 0);
        preview.place(piece, buffer.subarray(0, length));
      }
      for (let y = 0; y < preview.height; y += 1) {
        for (let x = 0; x < preview.width; x += 1) {
          const at = preview.sourceOf(x, y);
          const present = held.has(partition.pieceAt(at.x, at.y));
          const pixel = y * preview.width + x;
          expect(preview.presence[pixel]).toBe(present ? 1 : 0);
          const shown = [...preview.rgba.subarray(pixel * 4, pixel * 4 + 4)];
          const source = at.y * shape.width + at.x;
          expect(shown).toEqual(present ? naiveRgba(raster, source, layout) : [0, 0, 0, 0]);
        }
      }
    }),
    { numRuns: 150 },
  );
});

describe("the size of a preview", () => {
  const sized = (width: number, height: number) =>
    new Preview({
      partition: new Partition({
        width,
        height,
        tileWidth: 40,
        tileHeight: 10,
        fields: 1,
        order: "raster",
      }),
      channels: 3,
      bits: 8,
      colour: "rgb",
    });

  test("is the picture's own up to 1,280 pixels", () => {
    const preview = sized(1_280, 720);
    expect([preview.width, preview.height]).toEqual([1_280, 720]);
    expect(preview.sourceOf(1_279, 719)).toEqual({ x: 1_279, y: 719 });
  });

  test("keeps the shape of a larger picture", () => {
    const preview = sized(5_640, 3_172);
    expect([preview.width, preview.height]).toEqual([1_280, 720]);
  });

  test("is never less than one pixel, even of the thinnest picture", () => {
    const preview = sized(65_535, 1);
    expect([preview.width, preview.height]).toEqual([1_280, 1]);
    expect(preview.sourceOf(1_279, 0).x).toBeLessThan(65_535);
  });
});

test("a halved picture that lacks its odd rows shows half of them missing, not all or none", () => {
  for (const height of [512, 768, 1_000, 1_023]) {
    const partition = new Partition({
      width: 64,
      height,
      tileWidth: 64,
      tileHeight: 4,
      fields: 2,
      order: "raster",
    });
    const preview = new Preview({ partition, channels: 1, bits: 8, colour: "gray" }, 512);
    for (let piece = 0; piece < partition.pieceCount; piece += 1) {
      const rect = partition.rectOf(piece);
      if (rect.y % 2 === 0) preview.place(piece, new Uint8Array(rect.width * rect.height));
    }
    const present = preview.presence.reduce((sum, value) => sum + value, 0);
    expect(present / preview.presence.length).toBeCloseTo(0.5, 2);
  }
});

describe("dirty blocks", () => {
  const layout: Layout = { channels: 1, bits: 8, colour: "gray" };
  const partition = new Partition({
    width: 150,
    height: 100,
    tileWidth: 10,
    tileHeight: 10,
    fields: 1,
    order: "raster",
  });
  const place = (preview: Preview, x: number, y: number) =>
    preview.place(partition.pieceAt(x, y), new Uint8Array(100));

  test("name what changed since they were last taken, once", () => {
    const preview = new Preview({ partition, ...layout });
    expect(preview.takeDirty()).toEqual([]);
    place(preview, 0, 0);
    place(preview, 10, 10);
    expect(preview.takeDirty()).toEqual([
      { block: 0, x: 0, y: 0, width: BLOCK_SIDE, height: BLOCK_SIDE },
    ]);
    expect(preview.takeDirty()).toEqual([]);
    expect([0, 1].map((block) => preview.hasContent(block))).toEqual([true, false]);
  });

  test("are all those that a piece touches, cut off at the picture's edge", () => {
    const preview = new Preview({ partition, ...layout });
    place(preview, 60, 60);
    expect(preview.takeDirty().map((block) => block.block)).toEqual([0, 1, 3, 4]);
    place(preview, 149, 99);
    expect(preview.takeDirty()).toEqual([{ block: 5, x: 128, y: 64, width: 22, height: 36 }]);
  });

  test("are none when a piece falls between the sampled pixels", () => {
    const thin = new Partition({
      width: 100,
      height: 1,
      tileWidth: 1,
      tileHeight: 1,
      fields: 1,
      order: "raster",
    });
    const preview = new Preview({ partition: thin, ...layout }, 10);
    preview.place(0, new Uint8Array(1));
    expect(preview.takeDirty()).toEqual([]);
    preview.place(5, new Uint8Array(1));
    expect(preview.takeDirty()).toHaveLength(1);
  });
});
