import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView } from "../../src/codec/pixels.js";
import { SynthKernel } from "../../src/codec/synth/kernel.js";
import { SynthMachine } from "../../src/codec/synth/machine.js";
import { PatchGrid } from "../../src/codec/synth/patch-grid.js";
import { SynthReference } from "../../src/codec/synth/reference.js";
import { Surveyor } from "../../src/codec/synth/survey.js";
import { type Lessons, readTables, writeTables } from "../../src/codec/synth/tables.js";
import { trainSynth } from "../../src/codec/synth/train.js";
import type { PixelFormat, PixelView } from "../../src/codec/types.js";
import { describeFormat, FORMATS, noise } from "./pictures.js";
import { codeStrips, decodeStrips, screen } from "./synth-pictures.js";

const CAPACITY = 700;

function methods(format: PixelFormat, tables: Uint8Array): [SynthKernel, SynthReference] {
  const model = readTables(format, tables);
  const kernel = SynthKernel.of(format, tables);
  if (model === undefined || kernel === undefined) throw new Error("the tables are refused");
  return [kernel, new SynthReference(model)];
}

function tablesFor(format: PixelFormat, view: PixelView): Uint8Array {
  const tables = trainSynth([view], format, view.width * view.height, CAPACITY);
  if (tables === undefined) throw new Error("there is no rival");
  return tables;
}

test.each(FORMATS.map((format) => [describeFormat(format), format] as const))(
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
  for (const format of FORMATS) {
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
  for (const format of FORMATS) {
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

test.each(FORMATS.map((format) => [describeFormat(format), format] as const))(
  "the kernel writes the tables that the reference writes, for %s",
  (_, format) => {
    const view = screen(format, 131, 90);
    const pixelBytes = bytesPerPixel(format);
    const grid = new PatchGrid([view], 20);
    const pixels = grid.pixels(4, pixelBytes);
    const lessons: Lessons = {
      opening: pixels.subarray(0, pixelBytes),
      palette: noise({ ...format, width: 9, height: 1, fields: 1 }, 2).bytes,
      primer: {
        width: 20,
        height: 20,
        patches: [0, 4, 9].map((at) => grid.pixels(at, pixelBytes)),
      },
    };
    const machine = new SynthMachine(format, true);
    const expected = writeTables(format, lessons, 65_535)?.tables;
    expect(expected?.length).toBeGreaterThan(50);
    expect(machine.teach(lessons, 65_535)).toEqual(expected);
    expect(machine.teach(lessons, 50)).toBeUndefined();
    expect(machine.teach(lessons, 65_535)).toEqual(expected);
  },
);

test("pixels of many bytes have a limit of colours, at which kernel and reference end a piece", () => {
  const format: PixelFormat = { channels: 3, bits: 16, colour: "rgb" };
  const view = noise({ ...format, width: 300, height: 240, fields: 1 }, 8);
  const [kernel, reference] = methods(format, tablesFor(format, screen(format, 40, 40)));
  const [mine, theirs] = [new Uint8Array(600_000), new Uint8Array(600_000)];
  const coded = kernel.encode(view, mine, 0, mine.length);
  expect(coded).toEqual(reference.encode(view, theirs, 0, theirs.length));
  expect(Buffer.compare(mine.subarray(0, coded.bytes), theirs.subarray(0, coded.bytes))).toBe(0);
  // 65,536 colours are 218 rows and a little.
  expect(coded.rows).toBeGreaterThan(214);
  expect(coded.rows).toBeLessThan(220);
  const shown = newView(300, coded.rows, 6);
  expect(kernel.decode(mine.slice(0, coded.bytes), shown)).toBe(true);
  expect(Buffer.compare(shown.bytes, view.bytes.subarray(0, shown.bytes.length))).toBe(0);
  const more = newView(300, 240, 6);
  expect(kernel.decode(mine, more)).toBe(false);
  expect(reference.decode(mine, more)).toBe(false);
});

test("a survey tells what pixels cost in pieces, and which colours had to be told where", () => {
  for (const format of FORMATS) {
    const view = screen(format, 130, 120);
    const pixelBytes = bytesPerPixel(format);
    const surveyor = new Surveyor(format, [view]);
    const opening = view.bytes.slice(0, pixelBytes);
    const empty = { width: 16, height: 16, patches: [] };
    const tables = surveyor.teach({ opening, palette: new Uint8Array(), primer: empty });
    surveyor.begin("colours");
    const colours = new Set<string>();
    const ids: number[] = [];
    const take = (sights: Uint32Array): void => {
      for (let at = 0; at < sights.length; at += 4) {
        const place =
          (sights[at + 3] as number) * view.stride + (sights[at + 2] as number) * pixelBytes;
        colours.add(view.bytes.slice(place, place + pixelBytes).join());
        ids.push(sights[at] as number);
      }
    };
    const bits = surveyor.look({ views: [0], pieceBytes: CAPACITY, stripWidth: 65 }, take);
    const coder = SynthKernel.of(format, tables);
    if (coder === undefined) throw new Error("the tables are refused");
    const strips = codeStrips(coder, view, pixelBytes, 65, CAPACITY);
    const coded = strips.reduce((sum, { payload }) => sum + 8 * payload.length, 0);
    expect(Math.abs(bits / coded - 1)).toBeLessThan(0.1);
    // Each colour is told of once; the noise in the corner has colours enough.
    expect(new Set(ids).size).toBe(ids.length);
    expect(colours.size).toBe(ids.length);
    expect(colours.size).toBeGreaterThan(40);
    const totals = surveyor.totals();
    const told = ids.reduce((sum, id) => sum + totals.times(id), 0);
    expect(told).toBeGreaterThanOrEqual(ids.length);
    expect(ids.reduce((sum, id) => sum + totals.bits(id), 0)).toBeLessThan(bits);
  }
});
