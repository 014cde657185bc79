import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { decodeBlock, encodeBlock } from "../../src/viewer/feed.js";

test("a block message gives back the pixels and the states that it was cut from", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(side, side, fc.integer(), fc.nat(0xffff_ffff), (width, height, seed, image) => {
      const random = new Random(seed);
      const planes = {
        width,
        rgba: random.bytes(width * height * 4),
        state: random.bytes(width * height).map((byte) => byte % 3),
      };
      const x = random.between(0, width - 1);
      const y = random.between(0, height - 1);
      const rect = {
        x,
        y,
        width: random.between(1, width - x),
        height: random.between(1, height - y),
      };
      const block = decodeBlock(encodeBlock(image, rect, planes));
      expect(block).toMatchObject({ image, ...rect });
      for (let row = 0; row < rect.height; row += 1) {
        for (let column = 0; column < rect.width; column += 1) {
          const there = row * rect.width + column;
          const here = (y + row) * width + x + column;
          expect(block?.state[there]).toBe(planes.state[here]);
          expect(block?.rgba.subarray(there * 4, there * 4 + 4)).toEqual(
            planes.rgba.subarray(here * 4, here * 4 + 4),
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("any other bytes are no block, and none throws", () => {
  const planes = { width: 3, rgba: new Uint8Array(24), state: new Uint8Array(6) };
  const whole = encodeBlock(7, { x: 0, y: 0, width: 3, height: 2 }, planes);
  for (let length = 0; length < whole.length; length += 1) {
    expect(decodeBlock(whole.subarray(0, length))).toBeUndefined();
  }
  expect(decodeBlock(Uint8Array.from([...whole, 0]))).toBeUndefined();
  expect(decodeBlock(whole.with(0, 2))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const block = decodeBlock(bytes);
      if (block) expect(bytes.length).toBe(16 + block.width * block.height * 5);
    }),
  );
});
