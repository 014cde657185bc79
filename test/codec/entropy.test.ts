import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { BitReader, BitWriter } from "../../src/codec/entropy/bits.js";
import { fitModel } from "../../src/codec/entropy/fit.js";
import {
  COST_UNIT,
  costsOf,
  type EntropyModel,
  FREQUENCY_SUM,
  Histograms,
} from "../../src/codec/entropy/model.js";
import { readModel, writeModel } from "../../src/codec/entropy/model-bits.js";
import { RansDecoder, RansEncoder } from "../../src/codec/entropy/rans.js";
import {
  ESCAPE_TOKEN,
  fromSigned,
  rawBitsOf,
  TOKEN_ROOM,
  tokenOf,
  toSigned,
  VALUE_BITS,
  valueWith,
} from "../../src/codec/entropy/tokens.js";

interface Symbol {
  readonly context: number;
  readonly value: number;
}

const CONTEXTS = 40;

/** Values that grow with their context; in the last contexts of any size. */
function symbols(seed: number, count: number, contexts = CONTEXTS): Symbol[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const context = random.between(0, contexts - 1);
    const bits = context > contexts - 3 ? VALUE_BITS : Math.floor(context / 4);
    return { context, value: Math.floor(random.unit() ** 3 * 2 ** bits) };
  });
}

function modelFor(sample: readonly Symbol[], tablesMax = 12, contexts = CONTEXTS): EntropyModel {
  const histograms = new Histograms(contexts);
  for (const { context, value } of sample) histograms.add(context, tokenOf(value));
  return fitModel(histograms, tablesMax);
}

function encode(model: EntropyModel, values: readonly Symbol[], capacity = 1 << 20): Uint8Array {
  const encoder = new RansEncoder(model);
  for (const { context, value } of values) encoder.put(context, value);
  const target = new Uint8Array(capacity);
  const length = encoder.finish(target, 0, capacity);
  if (length === undefined) throw new Error("the values do not fit");
  return target.slice(0, length);
}

test("a value is its token and the raw bits below it", () => {
  for (let value = 0; value < 2 ** VALUE_BITS; value += value < 5_000 ? 1 : 97) {
    const token = tokenOf(value);
    expect(token).toBeLessThan(ESCAPE_TOKEN);
    expect(valueWith(token, value & ((1 << rawBitsOf(token)) - 1))).toBe(value);
  }
  expect(tokenOf(2 ** VALUE_BITS - 1)).toBe(ESCAPE_TOKEN - 1);
  for (const number of [0, 1, -1, 131_070, -131_070]) {
    expect(toSigned(fromSigned(number))).toBe(number);
  }
});

test("numbers come back from their bits", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: -32_000, max: 32_000 }))),
      (told) => {
        const out = new BitWriter();
        for (const [kind, number] of told) {
          if (kind === 0) out.bits(number & 0x1fff, 13);
          else if (kind === 1) out.small(Math.abs(number));
          else out.signed(number);
        }
        const bits = new BitReader(out.finish());
        for (const [kind, number] of told) {
          if (kind === 0) expect(bits.bits(13)).toBe(number & 0x1fff);
          else if (kind === 1) expect(bits.small()).toBe(Math.abs(number));
          else expect(bits.signed()).toBe(number);
        }
        expect(bits.ended()).toBe(true);
      },
    ),
  );
});

describe("values in contexts", () => {
  test("come back, those that the sample lacked too", () => {
    const model = modelFor(symbols(1, 3_000));
    const values = [...symbols(2, 20_000), { context: 0, value: 2 ** VALUE_BITS - 1 }];
    const payload = encode(model, values);
    const decoder = new RansDecoder(model);
    decoder.start(payload);
    expect(decoder.ended()).toBe(false);
    for (const { context, value } of values) expect(decoder.take(context)).toBe(value);
    expect(decoder.ended()).toBe(true);
  });

  test("mix with raw bits", () => {
    const model = modelFor(symbols(3, 500));
    const encoder = new RansEncoder(model);
    const target = new Uint8Array(4_000).fill(7);
    for (let round = 0; round < 2; round += 1) {
      encoder.reset();
      for (const { context, value } of symbols(4, 300)) {
        encoder.put(context, value);
        encoder.putRaw(value, 24);
      }
      const length = encoder.finish(target, 10, 3_990) ?? 0;
      expect(target[9]).toBe(7);
      expect(target[10 + length]).toBe(7);
      const decoder = new RansDecoder(model);
      decoder.start(target.subarray(10, 10 + length));
      for (const { context, value } of symbols(4, 300)) {
        expect(decoder.take(context)).toBe(value);
        expect(decoder.takeRaw(24)).toBe(value);
      }
      expect(decoder.ended()).toBe(true);
    }
  });

  test("take the bytes that their costs tell", () => {
    const model = modelFor(symbols(5, 50_000));
    const values = symbols(6, 50_000);
    const costs = costsOf(model);
    const bits = values.reduce(
      (sum, { context, value }) =>
        sum + (costs[(model.map[context] ?? 0) * TOKEN_ROOM + tokenOf(value)] ?? 0) / COST_UNIT,
      0,
    );
    const bytes = encode(model, values).length;
    expect(Math.abs(bytes - bits / 8)).toBeLessThan(0.002 * bytes + 8);
  });

  test("are written whole or not at all", () => {
    const model = modelFor(symbols(7, 500));
    const encoder = new RansEncoder(model);
    for (const { context, value } of symbols(8, 500)) encoder.put(context, value);
    const length = encode(model, symbols(8, 500)).length;
    const target = new Uint8Array(length);
    expect(encoder.finish(target, 0, length - 1)).toBeUndefined();
    expect(target.every((byte) => byte === 0)).toBe(true);
    expect(encoder.finish(target, 0, length)).toBe(length);
  });

  test("of damaged payloads are values, and most damage is noticed", () => {
    const model = modelFor(symbols(9, 2_000));
    const values = symbols(10, 400);
    const payload = encode(model, values);
    const random = new Random(11);
    const decoder = new RansDecoder(model);
    let ended = 0;
    for (let round = 0; round < 500; round += 1) {
      const damaged = payload.slice(0, random.between(0, payload.length));
      if (damaged.length > 0)
        damaged[random.between(0, damaged.length - 1)] = random.uint32() & 255;
      decoder.start(damaged);
      for (const { context } of values) {
        const value = decoder.take(context);
        expect(value >= 0 && value < 2 ** VALUE_BITS).toBe(true);
      }
      if (decoder.ended()) ended += 1;
    }
    expect(ended).toBeLessThan(10);
  });
});

describe("a model", () => {
  const bitsOf = (model: EntropyModel): Uint8Array => {
    const out = new BitWriter();
    writeModel(model, out);
    return out.finish();
  };

  test.each([0, 1, 5, 300, 20_000])("of %i values is read as it was written", (count) => {
    for (const tablesMax of [1, 12, 64]) {
      const model = modelFor(symbols(12, count), tablesMax);
      expect(model.tables).toBeLessThanOrEqual(tablesMax);
      const bits = new BitReader(bitsOf(model));
      expect(readModel(bits, CONTEXTS)).toEqual(model);
      expect(bits.ended()).toBe(true);
    }
  });

  test("of all tokens, alike frequent or not, keeps its sums", () => {
    for (const weight of [() => 3, (token: number) => 1 << (token % 20), () => 1e6]) {
      const histograms = new Histograms(1);
      for (let token = 0; token < ESCAPE_TOKEN; token += 1)
        histograms.counts[token] = weight(token);
      const model = fitModel(histograms, 4);
      expect(model.frequencies.reduce((sum, frequency) => sum + frequency, 0)).toBe(FREQUENCY_SUM);
      expect(readModel(new BitReader(bitsOf(model)), 1)).toEqual(model);
    }
  });

  test("has tables for contexts that differ", () => {
    const sample = symbols(13, 30_000);
    const shared = encode(modelFor(sample, 1), sample).length;
    const own = encode(modelFor(sample, 12), sample).length;
    expect(own).toBeLessThan(0.9 * shared);
  });

  test("is sound or refused, whatever the bits", () => {
    const written = bitsOf(modelFor(symbols(14, 3_000)));
    const random = new Random(15);
    let refused = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const bytes = round % 2 ? random.bytes(200) : written.slice(0, random.between(1, 400));
      bytes[random.between(0, bytes.length - 1)] = random.uint32() & 255;
      const model = readModel(new BitReader(bytes), CONTEXTS);
      if (model === undefined) {
        refused += 1;
        continue;
      }
      expect(model.map.every((table) => table < model.tables)).toBe(true);
      for (let table = 0; table < model.tables; table += 1) {
        const own = model.frequencies.subarray(table * TOKEN_ROOM, (table + 1) * TOKEN_ROOM);
        expect(own.reduce((sum, frequency) => sum + frequency, 0)).toBe(FREQUENCY_SUM);
        expect(own[ESCAPE_TOKEN]).toBeGreaterThan(0);
      }
    }
    expect(refused).toBeGreaterThan(1_000);
  });
});
