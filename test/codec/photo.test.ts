import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { PhotoCoder, PhotoDecoder } from "../../src/codec/photo/photo-coder.js";
import { ReferenceCoder, ReferenceDecoder } from "../../src/codec/photo/reference.js";
import { decodePhotoTables, encodePhotoTables } from "../../src/codec/photo/tables.js";
import { trainPhoto } from "../../src/codec/photo/train.js";
import { bytesPerPixel, newView, partOf } from "../../src/codec/pixels.js";
import type { PixelFormat, PixelView, StripCoder, StripDecoder } from "../../src/codec/types.js";
import { describeFormat, FORMATS } from "./pictures.js";

type Content = "smooth" | "noise" | "flat";

/** Something like a photograph (or noise, or one colour), of any format. */
function scene(format: PixelFormat, width: number, height: number, content: Content): PixelView {
  const view = newView(width, height, bytesPerPixel(format));
  const random = new Random(width * 7_919 + height);
  const high = 2 ** format.bits - 1;
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = 0.5 + 0.3 * Math.sin(x / 9 + y / 23) + (x > y ? 0.1 : -0.1);
      for (let channel = 0; channel < format.channels; channel += 1) {
        const grain = (random.unit() - 0.5) * 0.02;
        let share = Math.min(1, Math.max(0, light * (1 - channel / 9) + grain));
        if (content === "noise") share = random.unit();
        if (content === "flat") share = 1;
        const value = Math.round(share * high);
        view.bytes[at++] = value & 0xff;
        if (format.bits === 16) view.bytes[at++] = value >> 8;
      }
    }
  }
  return view;
}

interface Pair {
  readonly coder: StripCoder;
  readonly decoder: StripDecoder;
}

/** The kernel, held bit for bit against the plain reference wherever it is used. */
function pairFor(format: PixelFormat, sample: PixelView): Pair {
  const { tables } = trainPhoto([sample], format);
  const coder = PhotoCoder.of(format, tables);
  const decoder = PhotoDecoder.of(format, tables);
  const plainCoder = ReferenceCoder.of(format, tables);
  const plainDecoder = ReferenceDecoder.of(format, tables);
  if (!coder || !decoder || !plainCoder || !plainDecoder) throw new Error("own tables are refused");
  return {
    coder: {
      encode: (view, target, offset, capacity) => {
        const coded = coder.encode(view, target, offset, capacity);
        const plain = new Uint8Array(capacity);
        expect(plainCoder.encode(view, plain, 0, capacity)).toEqual(coded);
        const own = target.subarray(offset, offset + coded.bytes);
        expect(Buffer.compare(own, plain.subarray(0, coded.bytes))).toBe(0);
        return coded;
      },
    },
    decoder: {
      decode: (payload, view) => {
        const plain = { ...view, bytes: view.bytes.slice() };
        const good = plainDecoder.decode(payload, plain);
        expect(decoder.decode(payload, view)).toBe(good);
        if (good) expect(Buffer.compare(view.bytes, plain.bytes)).toBe(0);
        return good;
      },
    },
  };
}

/** Codes a view piece by piece from the top, decodes each, and expects the same pixels; the payloads. */
function expectExact(
  { coder, decoder }: Pair,
  view: PixelView,
  capacity: number,
  pixelBytes: number,
) {
  const target = new Uint8Array(capacity + 20);
  const payloads: Uint8Array[] = [];
  for (let y = 0; y < view.height; ) {
    const rest = partOf(view, { x: 0, y, width: view.width, height: view.height - y }, pixelBytes);
    const { rows, bytes } = coder.encode(rest, target, 10, capacity);
    expect(rows).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(capacity);
    expect(rows % 2 === 0 || y + rows === view.height).toBe(true);
    const payload = target.slice(10, 10 + bytes);
    const decoded = newView(view.width, rows, pixelBytes);
    expect(decoder.decode(payload, decoded)).toBe(true);
    const wide = view.width * pixelBytes;
    for (let row = 0; row < rows; row += 1) {
      const from = rest.offset + row * rest.stride;
      const own = decoded.bytes.subarray(row * wide, (row + 1) * wide);
      expect(Buffer.compare(own, rest.bytes.subarray(from, from + wide))).toBe(0);
    }
    payloads.push(payload);
    y += rows;
  }
  return payloads;
}

const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 9],
  [17, 1],
  [2, 3],
  [9, 16],
  [33, 47],
];

describe.each(FORMATS.map((format) => ({ format, name: describeFormat(format) })))(
  "photographic pieces of $name",
  ({ format }) => {
    const pixelBytes = bytesPerPixel(format);
    const pair = pairFor(format, scene(format, 96, 64, "smooth"));

    test("are exact, whatever their sides and content", () => {
      for (const content of ["smooth", "noise", "flat"] as const) {
        for (const [width, height] of SIZES) {
          expectExact(pair, scene(format, width, height, content), 60_000, pixelBytes);
        }
        expectExact(pair, scene(format, 20, 50, content), 1_140, pixelBytes);
        expectExact(pair, scene(format, 6, 30, content), 200, pixelBytes);
      }
    });

    test("are exact at every width, whatever four at a time leave over", () => {
      for (let width = 1; width <= 20; width += 1) {
        const height = 1 + ((7 * width) % 19);
        expectExact(pair, scene(format, width, height, "smooth"), 60_000, pixelBytes);
      }
    });

    test("are exact by statistics of noise and of one colour", () => {
      for (const content of ["noise", "flat"] as const) {
        const sample = scene(format, 40, 40, content);
        const own = pairFor(format, sample);
        expectExact(own, sample, 60_000, pixelBytes);
        expectExact(own, scene(format, 10, 12, "noise"), 2_000, pixelBytes);
      }
    });

    test("that are damaged are refused or decoded inside their view", () => {
      const view = scene(format, 21, 23, "smooth");
      const payload = expectExact(pair, view, 60_000, pixelBytes)[0] as Uint8Array;
      const random = new Random(5);
      const around = new Uint8Array(view.bytes.length + 40).fill(0x5a);
      let accepted = 0;
      for (let round = 0; round < 300; round += 1) {
        const length = random.chance(0.5) ? payload.length : random.between(0, payload.length + 9);
        const damaged = random.chance(0.2) ? random.bytes(length) : new Uint8Array(length);
        if (damaged.every((byte) => byte === 0)) damaged.set(payload.subarray(0, length));
        if (length > 0) damaged[random.between(0, length - 1)] = random.uint32() & 255;
        const decoded = pair.decoder.decode(damaged, { ...view, bytes: around, offset: 20 });
        if (decoded && length !== payload.length) accepted += 1;
      }
      // Damage of raw bits yields other pixels; a payload of another length is noticed.
      expect(accepted).toBeLessThan(3);
      const edges = [...around.subarray(0, 20), ...around.subarray(around.length - 20)];
      expect(edges.every((byte) => byte === 0x5a)).toBe(true);
    });

    test("have tables that are read back or refused", () => {
      const { tables } = trainPhoto([scene(format, 40, 30, "smooth")], format);
      const read = decodePhotoTables(tables, format);
      expect(read && encodePhotoTables(read, format)).toEqual(tables);
      const random = new Random(3);
      expect(decodePhotoTables(tables.subarray(0, tables.length - 1), format)).toBeUndefined();
      for (let round = 0; round < 200; round += 1) {
        const damaged = tables.slice(0, random.between(0, tables.length));
        if (damaged.length > 0)
          damaged[random.between(0, damaged.length - 1)] = random.uint32() & 255;
        const decoder = PhotoDecoder.of(format, damaged);
        decoder?.decode(random.bytes(50), newView(9, 7, pixelBytes));
      }
    });
  },
);

describe("a strip of a photograph", () => {
  const RGB = { channels: 3, bits: 8, colour: "rgb" } as const;

  test("fills its pieces", () => {
    const view = scene(RGB, 24, 600, "smooth");
    const payloads = expectExact(pairFor(RGB, view), view, 1_140, 3).slice(0, -1);
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    expect(bytes / (1_140 * payloads.length)).toBeGreaterThan(0.93);
  });

  test("takes about the bytes that training tells", () => {
    const view = scene(RGB, 40, 40, "smooth");
    const { bits, tables, pixels } = trainPhoto([view], RGB);
    expect(pixels).toBe(1_600);
    const coder = PhotoCoder.of(RGB, tables);
    const { rows, bytes } = coder?.encode(view, new Uint8Array(9_000), 0, 9_000) ?? {
      rows: 0,
      bytes: 0,
    };
    expect(rows).toBe(40);
    expect(Math.abs(bytes - bits / 8)).toBeLessThan(0.1 * bytes);
  });

  test("is not begun where not two rows fit", () => {
    const view = scene(RGB, 200, 10, "noise");
    const { coder } = pairFor(RGB, scene(RGB, 50, 50, "smooth"));
    expect(coder.encode(view, new Uint8Array(300), 0, 300)).toEqual({ rows: 0, bytes: 0 });
    expect(coder.encode(view, new Uint8Array(300), 0, 2)).toEqual({ rows: 0, bytes: 0 });
  });
});
