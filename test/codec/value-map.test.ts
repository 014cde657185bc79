import { expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { newView } from "../../src/codec/pixels.js";
import {
  chooseValueMap,
  decodeValueMap,
  encodeValueMap,
  LevelMapper,
  type ValueMap,
} from "../../src/codec/value-map.js";
import { pictureOf } from "./pictures.js";

const shapeOf = (bits: 8 | 16, channels: 1 | 3 = 1) =>
  ({
    width: 40,
    height: 30,
    fields: 1,
    channels,
    bits,
    colour: channels === 1 ? "gray" : "rgb",
  }) as const;

const MAPS: readonly ValueMap[] = [
  { kind: "same" },
  { kind: "rotated" },
  { kind: "spread", levels: 256, top: 65_535 },
  { kind: "spread", levels: 1_024, top: 65_472 },
  { kind: "listed", values: [0, 3, 259, 40_000, 65_535] },
];

test.each(MAPS)("a map is read back: $kind", (map) => {
  const bytes = encodeValueMap(map);
  expect(decodeValueMap(bytes, 0, 16)).toEqual({ map, end: bytes.length });
});

test("whatever the bytes, a map is read or refused", () => {
  const random = new Random(4);
  for (let round = 0; round < 500; round += 1) {
    const bytes = random.bytes(random.between(0, 12));
    bytes[0] = random.between(0, 4);
    const bits = random.chance(0.5) ? 8 : 16;
    const read = decodeValueMap(bytes, 0, bits);
    if (read === undefined || read.map.kind === "same" || read.end > bytes.length) continue;
    const mapper = new LevelMapper(read.map, shapeOf(bits));
    const levels = newView(9, 9, mapper.format.bits / 8);
    levels.bytes.set(random.bytes(levels.bytes.length));
    mapper.toValues(levels, newView(9, 9, bits / 8));
  }
});

test.each([
  ["8 bits in 16", 16, (x: number, y: number) => 257 * ((x * 7 + y * 5) & 255), "spread", 8],
  ["10 bits shifted", 16, (x: number, y: number) => ((x * 26 + y * 31) & 1_023) << 6, "spread", 16],
  [
    "8 bits to 1,023",
    16,
    (x: number, y: number) => Math.round((x * 6 * 1_023) / 255) + y * 0,
    "spread",
    8,
  ],
  ["signed", 16, (x: number, y: number) => x * y - 300, "rotated", 16],
  ["few values", 8, (x: number, y: number) => (((x + y) % 9) ** 2 * 3) & 255, "listed", 8],
  ["10 bits as they are", 16, (x: number, y: number) => (x * 26 + y * 31) & 1_023, "same", 16],
  ["8 bits as they are", 8, (x: number, y: number) => x * 6 + y, "same", 8],
] as const)("%s of %i bits", (_, bits, sample, kind, levelBits) => {
  for (const channels of [1, 3] as const) {
    const shape = shapeOf(bits, channels);
    const picture = pictureOf(shape, sample);
    const map = chooseValueMap(shape, [picture], true);
    expect(map.kind).toBe(kind);
    if (map.kind === "same") continue;
    const mapper = new LevelMapper(map, shape);
    expect(mapper.format.bits).toBe(levelBits);
    const levels = newView(shape.width, shape.height, (channels * levelBits) / 8);
    expect(mapper.toLevels(picture, levels)).toBe(shape.height);
    const values = newView(shape.width, shape.height, (channels * bits) / 8);
    expect(mapper.toValues(levels, values)).toBe(true);
    expect(values.bytes).toEqual(picture.bytes);
  }
});

test("a picture of which only some was seen gets no list, and rows from an unseen value on have no levels", () => {
  const shape = shapeOf(8);
  const picture = pictureOf(shape, (x, y) => (((x + y) % 9) ** 2 * 3) & 255);
  expect(chooseValueMap(shape, [picture], false).kind).toBe("same");
  const mapper = new LevelMapper(chooseValueMap(shape, [picture], true) as never, shape);
  picture.bytes[shape.width * 12 + 5] = 1;
  expect(mapper.toLevels(picture, newView(shape.width, shape.height, 1))).toBe(12);
});
