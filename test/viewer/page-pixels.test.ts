import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { APPROXIMATE, EXACT, MISSING } from "../../src/picture/reduced-view.js";
import { decodeBlock, encodeBlock } from "../../src/viewer/feed.js";
import { Painting, type Palette, Plane } from "../../web/src/pixels.js";

const PALETTE: Palette = {
  hatch: [0xff000001, 0xff000002],
  exact: 0xff000003,
  missing: 0xff000004,
  approximate: 0xff000005,
  ground: 0xffffffff,
};

/** Opaque noise, of which a share is exact, and half of the rest approximate. */
function noisePlane(width: number, height: number, share: number, random: Random): Plane {
  const plane = new Plane(width, height);
  plane.rgba.set(random.bytes(width * height * 4));
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    // Never a colour of the palette, so that hatching cannot be mistaken.
    plane.rgba[pixel * 4 + 1] = 200;
    plane.rgba[pixel * 4 + 3] = 255;
    plane.state[pixel] = random.chance(share) ? EXACT : random.between(0, 1) * APPROXIMATE;
  }
  return plane;
}

const colourAt = (plane: Plane, pixel: number): number => {
  const [r = 0, g = 0, b = 0] = plane.rgba.subarray(pixel * 4, pixel * 4 + 3);
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
};
const isHatch = (colour: number | undefined): boolean =>
  colour === PALETTE.hatch[0] || colour === PALETTE.hatch[1];

describe.each([
  ["exact", [EXACT]],
  ["shown", [EXACT, APPROXIMATE]],
] as const)("the view %s", (view, shownStates) => {
  const isShown = (plane: Plane, pixel: number): boolean =>
    (shownStates as readonly number[]).includes(plane.state[pixel] ?? MISSING);

  test("enlarged by whole factors has each picture pixel as a square of its own colour, or of hatching", () => {
    const plane = noisePlane(30, 20, 0.6, new Random(1));
    for (const factor of [1, 2, 5]) {
      const painting = new Painting(plane, 30 * factor, 20 * factor, 3);
      painting.paintAll(view, PALETTE);
      painting.pixels.forEach((colour, at) => {
        const x = Math.floor((at % painting.width) / factor);
        const y = Math.floor(at / painting.width / factor);
        const pixel = y * 30 + x;
        if (isShown(plane, pixel)) expect(colour).toBe(colourAt(plane, pixel));
        else expect(isHatch(colour)).toBe(true);
      });
    }
  });

  test("reduced shows only colours of pixels of its cell, and hatching where one is not to be shown", () => {
    const random = new Random(2);
    const plane = noisePlane(90, 70, 0.7, random);
    const painting = new Painting(plane, 37, 29, 3);
    painting.paintAll(view, PALETTE);
    painting.pixels.forEach((colour, at) => {
      const [x, y] = [at % 37, Math.floor(at / 37)];
      const cell: number[] = [];
      for (let row = Math.floor((y * 70) / 29); row < Math.floor(((y + 1) * 70) / 29); row += 1) {
        const end = Math.floor(((x + 1) * 90) / 37);
        for (let column = Math.floor((x * 90) / 37); column < end; column += 1) {
          cell.push(row * 90 + column);
        }
      }
      if (isHatch(colour)) {
        expect(cell.some((pixel) => !isShown(plane, pixel))).toBe(true);
        return;
      }
      const honest = cell.filter((pixel) => isShown(plane, pixel));
      expect(honest.map((pixel) => colourAt(plane, pixel))).toContain(colour);
    });
  });
});

test("the hole map has one flat colour for each state", () => {
  const plane = noisePlane(20, 20, 0.4, new Random(3));
  const painting = new Painting(plane, 20, 20, 3);
  painting.paintAll("holes", PALETTE);
  const wanted = [PALETTE.missing, PALETTE.exact, PALETTE.approximate];
  expect([...painting.pixels]).toEqual([...plane.state].map((state) => wanted[state]));
});

describe("holes keep their share of a reduced painting", () => {
  const patterns = {
    "odd rows": (_x: number, y: number) => y % 2 === 0,
    "odd columns": (x: number) => x % 2 === 0,
    "three rows of four": (_x: number, y: number) => y % 4 === 0,
  };
  test.each(Object.entries(patterns))("%s", (_, isPresent) => {
    const plane = new Plane(400, 400);
    for (let y = 0; y < 400; y += 1) {
      for (let x = 0; x < 400; x += 1) plane.state[y * 400 + x] = isPresent(x, y) ? 1 : 0;
    }
    const share = plane.state.reduce((sum, value) => sum + value, 0) / plane.state.length;
    for (const side of [200, 100, 130]) {
      const painting = new Painting(plane, side, side, 3);
      painting.paintAll("holes", PALETTE);
      const present = painting.pixels.filter((colour) => colour === PALETTE.exact).length;
      expect(Math.abs(present / (side * side) - share)).toBeLessThan(0.04);
    }
  });
});

test("repainting what changed gives the same as painting everything", () => {
  const side = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer(), (width, height, screenW, screenH, seed) => {
      const random = new Random(seed);
      const plane = noisePlane(width, height, 0.3, random);
      const kept = new Painting(plane, screenW, screenH, 2);
      kept.paintAll("exact", PALETTE);
      const later = noisePlane(width, height, 0.9, random);
      const x = random.between(0, width - 1);
      const y = random.between(0, height - 1);
      const rect = {
        x,
        y,
        width: random.between(1, width - x),
        height: random.between(1, height - y),
      };
      const block = decodeBlock(encodeBlock(1, rect, later));
      if (block === undefined) throw new Error("not a block");
      expect(plane.place(block)).toBe(true);
      kept.repaint(rect, "exact", PALETTE);
      const fresh = new Painting(plane, screenW, screenH, 2);
      fresh.paintAll("exact", PALETTE);
      expect(kept.pixels).toEqual(fresh.pixels);
    }),
    { numRuns: 150 },
  );
});

test("a block that does not fit the picture is not placed", () => {
  const plane = new Plane(10, 10);
  const big = noisePlane(20, 20, 1, new Random(3));
  const block = decodeBlock(encodeBlock(1, { x: 5, y: 5, width: 6, height: 5 }, big));
  if (block === undefined) throw new Error("not a block");
  expect(plane.place(block)).toBe(false);
  expect(plane.state.every((value) => value === 0)).toBe(true);
});

test("the picture's own transparency shows the ground, not hatching", () => {
  const plane = new Plane(2, 1);
  plane.state.fill(1);
  plane.rgba.set([0, 0, 0, 0, 100, 100, 100, 128]);
  const painting = new Painting(plane, 2, 1, 3);
  painting.paintAll("exact", PALETTE);
  expect([...painting.pixels]).toEqual([0xffffffff, 0xffb1b1b1]);
});
