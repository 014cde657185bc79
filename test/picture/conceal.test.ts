import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { conceal } from "../../src/picture/conceal.js";
import { APPROXIMATE, EXACT, MISSING, type ViewPlanes } from "../../src/picture/reduced-view.js";

/** A scene with shading, edges and some texture, as photographs have them; opaque. */
function scene(width: number, height: number): Uint8Array {
  const random = new Random(4);
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isDisc = (x - width / 2) ** 2 + (y - height / 3) ** 2 < (width / 4) ** 2;
      const shade = 60 + 90 * Math.sin(x / 70 + y / 110) ** 2 + (isDisc ? 60 : 0);
      const grain = random.between(-6, 6);
      rgba.set([shade + grain, shade * 0.8 + grain, 200 - shade / 2, 255], (y * width + x) * 4);
    }
  }
  return rgba;
}

/** Squares of it are exact, a share is not. */
function holed(rgba: Uint8Array, width: number, height: number, state: number): ViewPlanes {
  const random = new Random(9);
  const states = new Uint8Array(width * height).fill(EXACT);
  const planes = { width, height, rgba: rgba.slice(), state: states };
  for (let top = 0; top < height; top += 32) {
    for (let left = 0; left < width; left += 32) {
      if (!random.chance(0.1)) continue;
      for (let y = top; y < Math.min(height, top + 32); y += 1) {
        for (let x = left; x < Math.min(width, left + 32); x += 1) {
          states[y * width + x] = state;
          planes.rgba.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 4);
        }
      }
    }
  }
  return planes;
}

function psnr(a: Uint8Array, b: Uint8Array): number {
  const error = a.reduce((sum, value, at) => sum + (value - (b[at] as number)) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / error);
}

const WIDTH = 512;
const HEIGHT = 320;
const original = scene(WIDTH, HEIGHT);

test("a tenth missing is shown so that one can hardly tell", () => {
  const planes = holed(original, WIDTH, HEIGHT, MISSING);
  expect(psnr(original, planes.rgba)).toBeLessThan(20);
  expect(psnr(original, conceal(planes))).toBeGreaterThan(32);
});

test("a preview that is too dark all over is lifted by its error at the borders of holes", () => {
  const planes = holed(original, WIDTH, HEIGHT, APPROXIMATE);
  const dark = (x: number, y: number, target: Uint8Array, at: number): boolean => {
    for (let c = 0; c < 4; c += 1) {
      const value = original[(y * WIDTH + x) * 4 + c] as number;
      target[at + c] = c === 3 ? 255 : Math.max(0, value - 20);
    }
    return true;
  };
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel += 1) {
    if (planes.state[pixel] !== APPROXIMATE) continue;
    dark(pixel % WIDTH, Math.floor(pixel / WIDTH), planes.rgba, pixel * 4);
  }
  const before = psnr(original, planes.rgba);
  expect(conceal(planes), "without the preview beneath, nothing is known to correct").toEqual(
    planes.rgba,
  );
  expect(psnr(original, conceal(planes, dark))).toBeGreaterThan(before + 8);
});

test("approximate pixels that are not the preview's are not replaced by it", () => {
  const planes = holed(original, WIDTH, HEIGHT, APPROXIMATE);
  const gray = (_x: number, _y: number, target: Uint8Array, at: number): boolean => {
    target.set([128, 128, 128, 255], at);
    return true;
  };
  expect(conceal(planes, gray)).toEqual(planes.rgba);
});

test("exact pixels stay as they are, whatever surrounds them, and the planes are only read", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer(),
      (width, height, seed) => {
        const random = new Random(seed);
        const rgba = random.bytes(width * height * 4);
        const state = random.bytes(width * height).map((byte) => byte % 3);
        const planes = { width, height, rgba, state };
        const before = rgba.slice();
        const shown = conceal(planes, (_x, _y, target, at) => {
          target.set([9, 9, 9, 255], at);
          return true;
        });
        expect(rgba).toEqual(before);
        for (let pixel = 0; pixel < width * height; pixel += 1) {
          if (state[pixel] !== EXACT) continue;
          const at = pixel * 4;
          expect(shown.subarray(at, at + 4)).toEqual(rgba.subarray(at, at + 4));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("where one colour is all that is known, it is carried everywhere; where nothing is, nothing is made up", () => {
  const rgba = new Uint8Array(70 * 50 * 4);
  const state = new Uint8Array(70 * 50);
  expect(conceal({ width: 70, height: 50, rgba, state })).toEqual(rgba);
  rgba.set([10, 20, 30, 255], (25 * 70 + 3) * 4);
  state[25 * 70 + 3] = EXACT;
  const shown = conceal({ width: 70, height: 50, rgba, state });
  for (let pixel = 0; pixel < 70 * 50; pixel += 1) {
    expect([...shown.subarray(pixel * 4, pixel * 4 + 4)]).toEqual([10, 20, 30, 255]);
  }
});
