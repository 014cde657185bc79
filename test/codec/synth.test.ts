import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView, partOf } from "../../src/codec/pixels.js";
import { RangeDecoder, RangeEncoder } from "../../src/codec/synth/range-coder.js";
import { SynthCoder, SynthDecoder } from "../../src/codec/synth/synth-coder.js";
import { synthStripWidth, trainSynth } from "../../src/codec/synth/train.js";
import type { PixelFormat, PixelView, StripCoder, StripDecoder } from "../../src/codec/types.js";
import { describeFormat, FORMATS, noise } from "./pictures.js";
import { codeStrips, decodeStrips, screen } from "./synth-pictures.js";

const CAPACITY = 600;
const RGB: PixelFormat = { channels: 3, bits: 8, colour: "rgb" };

function coders(format: PixelFormat, tables: Uint8Array): [StripCoder, StripDecoder] {
  const coder = SynthCoder.of(format, tables);
  const decoder = SynthDecoder.of(format, tables);
  if (coder === undefined || decoder === undefined) throw new Error("the tables are refused");
  return [coder, decoder];
}

function train(format: PixelFormat, view: PixelView, pixels = view.width * view.height) {
  const tables = trainSynth([view], format, pixels, CAPACITY);
  if (tables === undefined) throw new Error("there is no rival");
  return tables;
}

test.each(FORMATS.map((format) => [describeFormat(format), format] as const))(
  "a screen of %s comes back exactly, whatever the strips",
  (_, format) => {
    const view = screen(format, 121, 83);
    const pixelBytes = bytesPerPixel(format);
    const [coder, decoder] = coders(format, train(format, view));
    for (const stripWidth of [7, 40, 121]) {
      const strips = codeStrips(coder, view, pixelBytes, stripWidth, CAPACITY);
      const shown = decodeStrips(decoder, strips, view.width, view.height, pixelBytes);
      expect(shown.bytes).toEqual(view.bytes);
    }
  },
);

test.each(FORMATS.map((format) => [describeFormat(format), format] as const))(
  "noise of %s comes back exactly where two rows fit, and is left alone where they do not",
  (_, format) => {
    const view = noise({ ...format, width: 90, height: 14, fields: 1 }, 5);
    const pixelBytes = bytesPerPixel(format);
    const [coder, decoder] = coders(format, train(format, view));
    const strips = codeStrips(coder, view, pixelBytes, 24, CAPACITY);
    const shown = decodeStrips(decoder, strips, view.width, view.height, pixelBytes);
    expect(shown.bytes).toEqual(view.bytes);
    const target = new Uint8Array(60);
    expect(coder.encode(view, target, 0, 60)).toEqual({ rows: 0, bytes: 0 });
  },
);

test("a picture of one colour takes a piece of some bytes", () => {
  const view = newView(500, 300, 3);
  const [coder, decoder] = coders(RGB, train(RGB, view));
  const strips = codeStrips(coder, view, 3, 500, CAPACITY);
  expect(strips).toHaveLength(1);
  expect(strips[0]?.payload.length).toBeLessThan(20);
  expect(decodeStrips(decoder, strips, 500, 300, 3).bytes).toEqual(view.bytes);
});

test("pieces of the smallest pictures come back exactly", () => {
  for (const [width, height] of [
    [1, 1],
    [1, 7],
    [7, 1],
    [3, 2],
  ] as const) {
    const view = screen(RGB, width, height);
    const [coder, decoder] = coders(RGB, train(RGB, view));
    const strips = codeStrips(coder, view, 3, width, CAPACITY);
    expect(decodeStrips(decoder, strips, width, height, 3).bytes).toEqual(view.bytes);
  }
});

test("the primer and the palette make a screen of much text smaller, tables included", () => {
  const view = screen(RGB, 300, 300);
  const coded = (tables: Uint8Array) => {
    const coder = coders(RGB, tables)[0];
    const strips = codeStrips(coder, view, 3, 60, CAPACITY);
    return strips.reduce((sum, { payload }) => sum + payload.length, tables.length);
  };
  const tables = train(RGB, view);
  const untaught = Uint8Array.of(...view.bytes.subarray(0, 3), 0, 0, 0, 0, 32, 32);
  expect(coded(tables)).toBeLessThan(0.8 * coded(untaught));
});

test("a part of a large picture teaches as well: the tables grow with the pixels that they serve", () => {
  const sample = partOf(screen(RGB, 300, 300), { x: 40, y: 40, width: 200, height: 200 }, 3);
  const small = train(RGB, sample);
  const large = train(RGB, sample, 40_000_000);
  expect(large.length).toBeGreaterThan(small.length);
  expect(large.length).toBeLessThan(40_000);
  expect(train(RGB, sample, 40_000_000)).toEqual(large);
});

test("whatever the pixels, the tables fit in a section, and narrow pictures teach without patches", () => {
  const format: PixelFormat = { channels: 4, bits: 16, colour: "rgb" };
  const random = new Random(4);
  const colours = Array.from({ length: 4000 }, () =>
    Uint8Array.from({ length: 8 }, () => random.uint32()),
  );
  const view = newView(200, 160, 8);
  for (let at = 0; at < view.bytes.length; at += 8) {
    view.bytes.set(colours[random.uint32() % colours.length] as Uint8Array, at);
  }
  const tables = train(format, view, 50_000_000);
  expect(tables.length).toBeGreaterThan(10_000);
  expect(tables.length).toBeLessThan(65_536);
  const narrow = screen(RGB, 5, 3000);
  expect(train(RGB, narrow).subarray(5, 7)).toEqual(Uint8Array.of(0, 0));
});

test("strips are wider where pixels take fewer bits, and never too narrow", () => {
  expect(synthStripWidth(0.05, 1150)).toBeGreaterThan(synthStripWidth(1, 1150));
  expect(synthStripWidth(64, 64)).toBeGreaterThanOrEqual(16);
});

test("tables that nobody writes are refused, others are decoded to something or refused", () => {
  const tables = train(RGB, screen(RGB, 200, 200));
  for (const length of [0, 1, 8]) {
    expect(SynthDecoder.of(RGB, tables.subarray(0, length))).toBeUndefined();
  }
  const changed = (index: number, value: number) => {
    const copy = tables.slice();
    copy[index] = value;
    return SynthDecoder.of(RGB, copy);
  };
  // More colours than a palette may have, more patches than a primer, patches without pixels, and too large ones.
  for (const [index, value] of [
    [3, 0xff],
    [5, 0xff],
    [7, 0],
    [8, 0],
    [8, 65],
  ] as const) {
    expect(changed(index, value)).toBeUndefined();
  }
  // A primer that asks for more than the bytes can hold ends early.
  expect(changed(5, 3)).toBeUndefined();
});

test("a payload that is too short is refused, and no bytes make the decoder throw or write outside the view", () => {
  const view = screen(RGB, 120, 80);
  const [coder, decoder] = coders(RGB, train(RGB, view));
  const strip = codeStrips(coder, view, 3, 120, 8000)[0];
  if (strip === undefined) throw new Error("nothing was coded");
  const half = strip.payload.subarray(0, strip.payload.length >> 1);
  const whole = newView(120, strip.rows, 3);
  expect(decoder.decode(half, whole)).toBe(false);
  const random = new Random(9);
  for (let round = 0; round < 100; round += 1) {
    const payload = Uint8Array.from({ length: random.uint32() % 300 }, () => random.uint32());
    const outer = newView(60, 40, 3);
    outer.bytes.fill(1);
    const inner = partOf(outer, { x: 10, y: 10, width: 30, height: 20 }, 3);
    decoder.decode(payload, inner);
    for (let pixel = 0; pixel < 60 * 40; pixel += 1) {
      const [x, y] = [pixel % 60, Math.floor(pixel / 60)];
      if (x >= 10 && x < 40 && y >= 10 && y < 30) continue;
      if (outer.bytes[3 * pixel] !== 1) throw new Error(`pixel ${x}, ${y} was touched`);
    }
  }
  // What other bytes left behind does not change how a piece decodes.
  expect(decoder.decode(strip.payload, whole)).toBe(true);
  expect(whole.bytes).toEqual(view.bytes.subarray(0, whole.bytes.length));
});

test("decisions of any probability come back from the range coder, also after going back to a mark", () => {
  const decision = fc.record({
    bit: fc.integer({ min: 0, max: 1 }),
    ones: fc.oneof(fc.constantFrom(1, 4, 65532, 65535), fc.integer({ min: 1, max: 65535 })),
  });
  fc.assert(
    fc.property(fc.array(decision, { maxLength: 400 }), fc.nat(), (decisions, cut) => {
      const kept = decisions.length === 0 ? 0 : cut % (decisions.length + 1);
      const target = new Uint8Array(2000);
      const encoder = new RangeEncoder(target);
      let mark = encoder.mark();
      decisions.forEach(({ bit, ones }, index) => {
        if (index === kept) mark = encoder.mark();
        encoder.code(bit, ones);
      });
      if (kept < decisions.length) encoder.back(mark);
      const decoder = new RangeDecoder(target.slice(0, encoder.finish()));
      for (const { bit, ones } of decisions.slice(0, kept)) {
        expect(decoder.code(0, ones)).toBe(bit);
      }
      expect(decoder.full).toBe(false);
    }),
  );
});

test("training ends early where a rival takes much fewer bits in every part, and else does not", () => {
  const views = [screen(RGB, 120, 100), screen(RGB, 120, 100, 2)];
  const trained = (...bits: number[]) =>
    trainSynth(views, RGB, 50_000, CAPACITY, (view) => bits[view]);
  const far = 10_000_000;
  expect(trained(100, 100)).toBeUndefined();
  expect(trained(100, far)).toEqual(trained());
  expect(trained(far, far)).toEqual(trained());
});
