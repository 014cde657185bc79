import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { Approximation } from "../../src/picture/approximation.js";
import { BLOCK_SIDE } from "../../src/picture/blocks.js";
import { Partition } from "../../src/picture/partition.js";
import { cutPiece } from "../../src/picture/raster.js";
import {
  APPROXIMATE,
  EXACT,
  MISSING,
  ReducedView,
  type ViewSource,
} from "../../src/picture/reduced-view.js";

type Layout = Pick<ViewSource, "channels" | "bits" | "colour">;

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
  estimateFirst: fc.boolean(),
  seed: fc.integer(),
});

test("an exact pixel of a view is the source's pixel that it stands for; the others are estimates, or missing", () => {
  fc.assert(
    fc.property(scene, ({ layout, maxSide, estimateFirst, seed, ...shape }) => {
      const partition = new Partition(shape);
      const random = new Random(seed);
      const pixelBytes = (layout.channels * layout.bits) / 8;
      const raster = random.bytes(shape.width * shape.height * pixelBytes);
      const view = new ReducedView({ ...shape, ...layout }, maxSide);
      const small = approximationOf(shape, random);
      if (estimateFirst) view.place(small.area, APPROXIMATE, small.approximation.estimate);
      const held = new Set<number>();
      const buffer = new Uint8Array(partition.piecePixelsMax * pixelBytes);
      for (let piece = 0; piece < partition.pieceCount; piece += 1) {
        if (random.chance(0.4)) continue;
        held.add(piece);
        const length = cutPiece(raster, partition, pixelBytes, piece, buffer, 0);
        view.placeExact(partition.rectOf(piece), buffer.subarray(0, length));
      }
      if (!estimateFirst) view.place(small.area, APPROXIMATE, small.approximation.estimate);
      const estimated = new Uint8Array(4);
      for (let y = 0; y < view.height; y += 1) {
        for (let x = 0; x < view.width; x += 1) {
          const at = view.sourceOf(x, y);
          const pixel = y * view.width + x;
          const shown = [...view.rgba.subarray(pixel * 4, pixel * 4 + 4)];
          if (held.has(partition.pieceAt(at.x, at.y))) {
            expect(view.state[pixel]).toBe(EXACT);
            expect(shown).toEqual(naiveRgba(raster, at.y * shape.width + at.x, layout));
          } else if (small.approximation.estimate(at.x, at.y, estimated, 0)) {
            expect(view.state[pixel]).toBe(APPROXIMATE);
            expect(shown).toEqual([...estimated]);
          } else {
            expect(view.state[pixel]).toBe(MISSING);
            expect(shown).toEqual([0, 0, 0, 0]);
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});

/** A small picture of noise, of which one rectangle has come. */
function approximationOf(shape: { width: number; height: number }, random: Random) {
  const width = random.between(1, shape.width);
  const height = random.between(1, shape.height);
  const approximation = new Approximation(shape, width, height);
  const [x, y] = [random.between(0, width - 1), random.between(0, height - 1)];
  const rect = { x, y, width: random.between(1, width - x), height: random.between(1, height - y) };
  const { known: area } = approximation.put(rect, random.bytes(rect.width * rect.height * 4));
  return { approximation, area };
}

test("pixels around an area are painted anew where they have its state", () => {
  const view = new ReducedView({
    width: 5,
    height: 1,
    fields: 1,
    channels: 1,
    bits: 8,
    colour: "gray",
  });
  const at = (x: number, width: number) => ({ x, y: 0, width, height: 1, rowStep: 1 }) as const;
  const gray = (value: number) => (_x: number, _y: number, target: Uint8Array, to: number) => {
    target.set([value, value, value, 255], to);
    return true;
  };
  view.place(at(0, 2), EXACT, gray(1));
  view.place(at(4, 1), APPROXIMATE, gray(2));
  view.place(at(2, 1), EXACT, gray(3), at(0, 5));
  const red = () => [0, 1, 2, 3, 4].map((x) => view.rgba[x * 4]);
  expect(red()).toEqual([3, 3, 3, 0, 2]);
  view.place(at(1, 3), APPROXIMATE, gray(4), at(0, 5));
  expect(red()).toEqual([3, 3, 3, 4, 4]);
  expect([...view.state]).toEqual([EXACT, EXACT, EXACT, APPROXIMATE, APPROXIMATE]);
});

describe("the size of a view", () => {
  const sized = (width: number, height: number) =>
    new ReducedView({ width, height, fields: 1, channels: 3, bits: 8, colour: "rgb" });

  test("is the picture's own up to 1,280 pixels", () => {
    const view = sized(1_280, 720);
    expect([view.width, view.height]).toEqual([1_280, 720]);
    expect(view.sourceOf(1_279, 719)).toEqual({ x: 1_279, y: 719 });
  });

  test("keeps the shape of a larger picture", () => {
    const view = sized(5_640, 3_172);
    expect([view.width, view.height]).toEqual([1_280, 720]);
  });

  test("is never less than one pixel, even of the thinnest picture", () => {
    const view = sized(65_535, 1);
    expect([view.width, view.height]).toEqual([1_280, 1]);
    expect(view.sourceOf(1_279, 0).x).toBeLessThan(65_535);
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
    const gray = { channels: 1, bits: 8, colour: "gray", fields: 2 } as const;
    const view = new ReducedView({ width: 64, height, ...gray }, 512);
    for (let piece = 0; piece < partition.pieceCount; piece += 1) {
      const rect = partition.rectOf(piece);
      if (rect.y % 2 === 0) view.placeExact(rect, new Uint8Array(rect.width * rect.height));
    }
    const present = view.state.reduce((sum, value) => sum + value, 0);
    expect(present / view.state.length).toBeCloseTo(0.5, 2);
  }
});

describe("changed blocks", () => {
  const source = {
    width: 150,
    height: 100,
    fields: 1,
    channels: 1,
    bits: 8,
    colour: "gray",
  } as const;
  const place = (view: ReducedView, x: number, y: number) =>
    view.placeExact({ x, y, width: 10, height: 10, rowStep: 1 }, new Uint8Array(100));

  test("name what changed since they were last taken, once", () => {
    const view = new ReducedView(source);
    expect(view.blocks.takeChanged()).toEqual([]);
    place(view, 0, 0);
    place(view, 10, 10);
    expect(view.blocks.takeChanged()).toEqual([0]);
    expect(view.blocks.takeChanged()).toEqual([]);
    expect([0, 1].map((block) => view.blocks.hasContent(block))).toEqual([true, false]);
  });

  test("are all those that an area touches, cut off at the picture's edge", () => {
    const view = new ReducedView(source);
    place(view, 60, 60);
    expect(view.blocks.takeChanged()).toEqual([0, 1, 3, 4]);
    place(view, 140, 90);
    expect(view.blocks.takeChanged()).toEqual([5]);
    expect(view.blocks.at(0)).toMatchObject({ x: 0, y: 0, width: BLOCK_SIDE, height: BLOCK_SIDE });
    expect(view.blocks.at(5)).toEqual({ block: 5, x: 128, y: 64, width: 22, height: 36 });
  });

  test("are none when an area falls between the sampled pixels", () => {
    const view = new ReducedView({ ...source, width: 100, height: 1 }, 10);
    const column = (x: number) => ({ x, y: 0, width: 1, height: 1, rowStep: 1 }) as const;
    view.placeExact(column(0), new Uint8Array(1));
    expect(view.blocks.takeChanged()).toEqual([]);
    view.placeExact(column(5), new Uint8Array(1));
    expect(view.blocks.takeChanged()).toHaveLength(1);
  });
});
