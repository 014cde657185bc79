import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView } from "../../src/codec/pixels.js";
import { SynthKernel } from "../../src/codec/synth/kernel.js";
import { SynthReference } from "../../src/codec/synth/reference.js";
import { readTables } from "../../src/codec/synth/tables.js";
import { trainSynth } from "../../src/codec/synth/train.js";
import type { PixelFormat, PixelView } from "../../src/codec/types.js";
import { describeFormat, FORMATS, noise } from "./pictures.js";
import { codeStrips, decodeStrips, screen } from "./synth-pictures.js";

const CAPACITY = 700;
const NARROW = FORMATS.filter((format) => bytesPerPixel(format) <= 4);

function methods(format: PixelFormat, tables: Uint8Array): [SynthKernel, SynthReference] {
  const model = readTables(format, tables);
  if (model === undefined) throw new Error("the tables are refused");
  return [new SynthKernel(format, model), new SynthReference(model)];
}

function tablesFor(format: PixelFormat, view: PixelView): Uint8Array {
  return trainSynth([view], format, view.width * view.height, CAPACITY).tables;
}

test.each(NARROW.map((format) => [describeFormat(format), format] as const))(
  "the kernel writes what the reference writes, and reads it back, for %s",
  (_, format) => {
    const view = screen(format, 131, 90);
    const pixelBytes = bytesPerPixel(format);
    const tables = tablesFor(format, view);
    const [kernel, reference] = methods(format, tables);
    for (const stripWidth of [5, 60, 131]) {
      const strips = codeStrips(kernel, view, pixelBytes, stripWidth, CAPACITY);
      expect(strips).toEqual(codeStrips(reference, view, pixelBytes, stripWidth, CAPACITY));
      const shown = decodeStrips(kernel, strips, view.width, view.height, pixelBytes);
      expect(shown.bytes).toEqual(view.bytes);
    }
  },
);

test("the kernel codes noise as the reference does, up to where a row does not fit", () => {
  for (const format of NARROW) {
    const view = noise({ ...format, width: 60, height: 21, fields: 1 }, 3);
    const tables = tablesFor(format, view);
    const [kernel, reference] = methods(format, tables);
    for (const capacity of [0, 1, 150, 400, 1500]) {
      const mine = new Uint8Array(capacity);
      const theirs = new Uint8Array(capacity);
      const coded = kernel.encode(view, mine, 0, capacity);
      expect(coded).toEqual(reference.encode(view, theirs, 0, capacity));
      expect(mine.subarray(0, coded.bytes)).toEqual(theirs.subarray(0, coded.bytes));
    }
  }
});

test("the kernel makes the same of bytes that nobody wrote as the reference does", () => {
  const random = new Random(11);
  for (const format of NARROW) {
    const view = screen(format, 120, 90);
    const tables = tablesFor(format, view);
    const [kernel, reference] = methods(format, tables);
    for (let round = 0; round < 40; round += 1) {
      const payload = Uint8Array.from({ length: random.uint32() % 200 }, () => random.uint32());
      const mine = newView(33, 20, bytesPerPixel(format));
      const theirs = newView(33, 20, bytesPerPixel(format));
      const decoded = kernel.decode(payload, mine);
      expect(decoded).toBe(reference.decode(payload, theirs));
      if (decoded) expect(mine.bytes).toEqual(theirs.bytes);
    }
  }
});
