import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { ParityMaker } from "../../src/fec/erasure.js";
import { GapTracker } from "../../src/protocol/gaps.js";
import { HeldParity, type ReadPiece } from "../../src/protocol/held-parity.js";
import type { PieceLengths } from "../../src/protocol/piece-lengths.js";
import {
  type ParityFrame,
  type ParityGroup,
  SYMBOL_HEAD_BYTES,
} from "../../src/wire/frames/parity.js";

const PIECES = 100;
const PLENTY = 1e6;
const random = new Random(1);
/** The last is shorter, as that of a file is. */
const lengthOf = (piece: number): number => (piece === PIECES - 1 ? 7 : 20);
const ruled: PieceLengths = { max: 20, lengthOf };
const pieces = Array.from({ length: PIECES }, (_, piece) => random.bytes(lengthOf(piece)));

/** Parity frames of a group, as a sender makes them. */
function parityOf(
  group: ParityGroup,
  count: number,
  symbolBytes = SYMBOL_HEAD_BYTES + 20,
  of: readonly Uint8Array[] = pieces,
) {
  const maker = new ParityMaker(group.sources, 0, count, symbolBytes);
  for (let i = 0; i < group.sources; i += 1) {
    const bytes = of[group.first + i * group.stride] as Uint8Array;
    maker.add(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff, ...bytes));
  }
  return Array.from({ length: count }, (_, index): ParityFrame => {
    const bytes = new Uint8Array(symbolBytes);
    maker.take(index, bytes);
    return { kind: "parity", image: 0, ...group, index, bytes };
  });
}

/** A receiver that holds all but some pieces, and whose disk is `pieces`. */
function lacking(...missing: number[]): { parity: HeldParity; tracker: GapTracker } {
  const tracker = new GapTracker(PIECES);
  for (let piece = 0; piece < PIECES; piece += 1) if (!missing.includes(piece)) tracker.add(piece);
  return { parity: new HeldParity(tracker, ruled, readerOf(tracker, pieces)), tracker };
}

/** A disk that holds what a receiver says it does. */
function readerOf(tracker: GapTracker, from: readonly Uint8Array[]): ReadPiece {
  return (piece, target, offset) => {
    if (!tracker.held.has(piece)) throw new Error("a piece that is not held is not read");
    const bytes = from[piece] as Uint8Array;
    target.set(bytes, offset);
    return bytes.length;
  };
}

const EVERY_THIRD: ParityGroup = { first: 1, stride: 3, sources: 33 };

describe("parity at a receiver", () => {
  test("waits until there is as much as pieces are missing, and gives all of them back", () => {
    const { parity } = lacking(4, 10, 97, 50);
    const [one, two, three] = parityOf(EVERY_THIRD, 3) as [ParityFrame, ParityFrame, ParityFrame];
    for (const frame of [one, one, three]) expect(parity.add(frame, PLENTY)).toBeUndefined();
    expect(parity.recoverNext()).toBeUndefined();
    parity.add(two, PLENTY);
    const found = parity.recoverNext() ?? [];
    expect(found).toEqual([4, 10, 97].map((piece) => ({ piece, bytes: pieces[piece] })));
    expect(parity.bytes).toBe(0);
    expect(parity.recoverNext()).toBeUndefined();
  });

  test("is enough too when a missing piece comes after it", () => {
    const { parity, tracker } = lacking(4, 10);
    parity.add(parityOf(EVERY_THIRD, 1)[0] as ParityFrame, PLENTY);
    tracker.add(50);
    parity.onPiece(50);
    expect(parity.recoverNext()).toBeUndefined();
    tracker.add(10);
    parity.onPiece(10);
    expect(parity.recoverNext()).toEqual([{ piece: 4, bytes: pieces[4] }]);
  });

  test("gives the last, shorter piece its own length", () => {
    const { parity } = lacking(99);
    const [frame] = parityOf({ first: 90, stride: 1, sources: 10 }, 1);
    parity.add(frame as ParityFrame, PLENTY);
    expect(parity.recoverNext()).toEqual([{ piece: 99, bytes: pieces[99] }]);
  });

  test("of what is held already is not kept, nor more of it than is of use", () => {
    const { parity, tracker } = lacking(4);
    const frames = parityOf(EVERY_THIRD, 3);
    for (const frame of frames) parity.add(frame, PLENTY);
    expect(parity.bytes).toBe(22 + 64);
    tracker.add(4);
    parity.onPiece(4);
    expect(parity.bytes).toBe(0);
    for (const frame of frames) parity.add(frame, PLENTY);
    expect(parity.bytes).toBe(0);
  });

  test("takes no more memory than it is given", () => {
    const { parity } = lacking(4, 7, 10);
    const frames = parityOf(EVERY_THIRD, 3);
    for (const frame of frames) parity.add(frame, 2 * (22 + 64) - parity.bytes);
    expect(parity.bytes).toBe(2 * (22 + 64));
    expect(parity.recoverNext()).toBeUndefined();
  });

  test("has a bound on its groups", () => {
    const { parity } = lacking(50, 51, 52);
    const frame = parityOf({ first: 50, stride: 1, sources: 2 }, 1)[0] as ParityFrame;
    let taken = 0;
    for (let sources = 2; sources <= 50; sources += 1) {
      for (let first = 45; first <= 50; first += 1) {
        const before = parity.bytes;
        parity.add({ ...frame, first, sources }, PLENTY);
        if (parity.bytes > before) taken += 1;
      }
    }
    expect(taken).toBe(256);
  });

  test("of a group that is not of the image, or of another length, is bad", () => {
    const { parity } = lacking(4);
    const [frame] = parityOf(EVERY_THIRD, 1) as [ParityFrame];
    expect(parity.add({ ...frame, sources: 34 }, PLENTY)).toBe("bad");
    expect(parity.add({ ...frame, bytes: frame.bytes.subarray(1) }, PLENTY)).toBe("bad");
    const tail = parityOf({ first: 99, stride: 1, sources: 1 }, 1, SYMBOL_HEAD_BYTES + 7);
    expect(parity.add(tail[0] as ParityFrame, PLENTY)).toBeUndefined();
  });

  test("that was forged gives nothing when it contradicts a piece's length", () => {
    const { parity } = lacking(4);
    const [frame] = parityOf(EVERY_THIRD, 1) as [ParityFrame];
    parity.add({ ...frame, bytes: frame.bytes.map((byte) => byte ^ 0x55) }, PLENTY);
    expect(parity.recoverNext()).toEqual([]);
    expect(parity.bytes).toBe(0);
    parity.add(frame, PLENTY);
    expect(parity.recoverNext()).toEqual([{ piece: 4, bytes: pieces[4] }]);
  });

  test("gives nothing when a piece cannot be read", () => {
    const tracker = new GapTracker(PIECES);
    for (let piece = 0; piece < PIECES; piece += 1) if (piece !== 4) tracker.add(piece);
    const parity = new HeldParity(tracker, ruled, () => undefined);
    parity.add(parityOf(EVERY_THIRD, 1)[0] as ParityFrame, PLENTY);
    expect(parity.recoverNext()).toEqual([]);
  });

  test("is gone when nothing that is held can be trusted", () => {
    const { parity } = lacking(4, 7);
    parity.add(parityOf(EVERY_THIRD, 1)[0] as ParityFrame, PLENTY);
    parity.clear();
    expect(parity.bytes).toBe(0);
    expect(parity.recoverNext()).toBeUndefined();
  });
});

describe("parity over pieces of any lengths", () => {
  const coded = Array.from({ length: PIECES }, () => random.bytes(random.between(1, 20)));
  const group: ParityGroup = { first: 2, stride: 3, sources: 20 };
  const longest = Math.max(
    ...coded.filter((_, i) => i >= 2 && (i - 2) % 3 === 0 && i <= 59).map((one) => one.length),
  );
  const frames = parityOf(group, 3, SYMBOL_HEAD_BYTES + longest, coded);

  /** A receiver that lacks some pieces, and may not know how many there are. */
  function open(count: number | undefined, ...missing: number[]) {
    const tracker = new GapTracker(count);
    for (let piece = 0; piece < 60; piece += 1) if (!missing.includes(piece)) tracker.add(piece);
    const disk = [...coded];
    const parity = new HeldParity(tracker, { max: 20 }, readerOf(tracker, disk));
    return { tracker, parity, disk };
  }

  test.each([undefined, PIECES])("gives them back with theirs; piece count %s", (count) => {
    const { parity } = open(count, 2, 8, 59, 7);
    for (const frame of frames) expect(parity.add(frame, PLENTY)).toBeUndefined();
    expect(parity.recoverNext()).toEqual(
      [2, 8, 59].map((piece) => ({ piece, bytes: coded[piece] })),
    );
  });

  test("is bad beyond what a piece may be", () => {
    const { parity } = open(undefined, 2);
    const [frame] = frames as [ParityFrame];
    expect(parity.add({ ...frame, bytes: new Uint8Array(SYMBOL_HEAD_BYTES + 21) }, PLENTY)).toBe(
      "bad",
    );
    expect(parity.add({ ...frame, first: 2 ** 21 }, PLENTY)).toBe("bad");
  });

  test("gives nothing when a piece of the group is longer than its symbols, or a length is none", () => {
    const { parity, disk } = open(undefined, 2);
    const [frame] = frames as [ParityFrame];
    disk[5] = new Uint8Array(20);
    const short = frame.bytes.subarray(0, SYMBOL_HEAD_BYTES + 19);
    expect(parity.add({ ...frame, bytes: short }, PLENTY)).toBeUndefined();
    expect(parity.recoverNext()).toEqual([]);
    disk[5] = coded[5] as Uint8Array;
    parity.add({ ...frame, bytes: frame.bytes.map((byte) => byte ^ 0x55) }, PLENTY);
    expect(parity.recoverNext()).toEqual([]);
    parity.add(frame, PLENTY);
    expect(parity.recoverNext()).toEqual([{ piece: 2, bytes: coded[2] }]);
  });

  test("is dropped when the count shows that its group is none", () => {
    const { parity } = open(undefined, 2, 59);
    parity.add(frames[0] as ParityFrame, PLENTY);
    parity.onCount(60);
    expect(parity.bytes).toBeGreaterThan(0);
    parity.onCount(59);
    expect(parity.bytes).toBe(0);
  });
});
