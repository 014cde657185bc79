import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../../src/base/range-set.js";
import { ByteReader, ByteWriter } from "../../src/wire/bytes.js";
import { readFrames } from "../../src/wire/frames/frame.js";
import {
  fitGaps,
  GAPS_RANGES_MAX,
  GAPS_ROOM_MIN,
  type GapsFrame,
  writeGaps,
} from "../../src/wire/frames/gaps.js";

interface Lack {
  readonly image: number;
  readonly from: number;
  readonly to: number;
  readonly missing: readonly Range[];
}

const step = fc.oneof(fc.nat(3), fc.nat(100), fc.nat(20_000));

/** Any list of missing pieces: sparse, dense, from the first piece or up to the last. */
const lack = (rangesMax: number): fc.Arbitrary<Lack> =>
  fc
    .record({
      image: fc.nat(300),
      from: fc.nat(100_000),
      steps: fc.array(fc.tuple(step, step), { maxLength: rangesMax }),
      rest: step,
    })
    .map(({ image, from, steps, rest }) => {
      const missing: Range[] = [];
      let above = from;
      steps.forEach(([gap, length], i) => {
        const start = above + gap + (i === 0 ? 0 : 1);
        missing.push({ start, end: start + length + 1 });
        above = start + length + 1;
      });
      return { image, from, to: above + rest, missing };
    });

function encode(frame: GapsFrame): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(20_000));
  writeGaps(writer, frame);
  return writer.target.subarray(0, writer.offset);
}

const decode = (bytes: Uint8Array) => readFrames(new ByteReader(bytes), bytes);

test("a list of missing pieces comes back as it was written", () => {
  fc.assert(
    fc.property(lack(GAPS_RANGES_MAX), (lacking) => {
      const frame: GapsFrame = { kind: "gaps", ...lacking };
      expect(decode(encode(frame))).toEqual([frame]);
    }),
  );
});

describe("fitted into any room", () => {
  test("a list never overflows it, and says only what is true", () => {
    fc.assert(
      fc.property(lack(30), ({ image, from, to, missing }) => {
        for (let room = 0; room <= 200; room += 1) {
          const frame = fitGaps(image, from, to, missing, room);
          if (frame === undefined) continue;
          expect(encode(frame).length).toBeLessThanOrEqual(room);
          const told = frame.missing.length;
          expect(frame.missing).toEqual(missing.slice(0, told));
          // Whole, it speaks of the whole scope; cut, it ends where its last range does.
          expect(frame.to).toBe(told === missing.length ? to : missing[told - 1]?.end);
          if (told < missing.length) expect(told).toBeGreaterThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a list loses no more than seven bytes of the room to caution", () => {
    fc.assert(
      fc.property(lack(60), ({ image, from, to, missing }) => {
        for (let room = GAPS_ROOM_MIN; room <= 300; room += 1) {
          const frame = fitGaps(image, from, to, missing, room);
          const next = missing[frame?.missing.length ?? 0];
          if (next === undefined) continue;
          const longer = { ...(frame ?? { kind: "gaps", image, from }), to: next.end } as GapsFrame;
          const grown = encode({ ...longer, missing: [...(frame?.missing ?? []), next] });
          expect(grown.length + 7).toBeGreaterThan(room);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("more room never tells less", () => {
    fc.assert(
      fc.property(lack(40), ({ image, from, to, missing }) => {
        let before = -1;
        for (let room = 0; room <= 200; room += 1) {
          const told = fitGaps(image, from, to, missing, room)?.missing.length ?? -1;
          expect(told).toBeGreaterThanOrEqual(before);
          before = told;
        }
        expect(fitGaps(image, from, to, missing, 20_000)?.missing).toEqual(missing);
      }),
      { numRuns: 60 },
    );
  });
});

test("the least room worth offering takes at least one range of any image", () => {
  const piece = 2 ** 26 - 1;
  const missing = [{ start: piece - 5, end: piece }];
  expect(fitGaps(2 ** 16 - 1, 0, piece + 1, missing, GAPS_ROOM_MIN)?.missing).toEqual(missing);
});

test("no more than 512 ranges are told at once, however large the room", () => {
  const missing = Array.from({ length: 600 }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 }));
  const frame = fitGaps(0, 0, 1_200, missing, 60_000);
  expect(frame?.missing).toHaveLength(512);
  expect(frame?.to).toBe(1_023);
});

test("the holes are asked for only as far as the room goes", () => {
  let asked = 0;
  function* endless(): Generator<Range> {
    for (let start = 0; ; start += 2) {
      asked += 1;
      yield { start, end: start + 1 };
    }
  }
  fitGaps(0, 0, 2 ** 26, endless(), 100);
  expect(asked).toBeLessThan(60);
});
