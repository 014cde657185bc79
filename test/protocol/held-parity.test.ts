import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { ParityMaker } from "../../src/fec/erasure.js";
import { GapTracker } from "../../src/protocol/gaps.js";
import { HeldParity } from "../../src/protocol/held-parity.js";
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
const pieces = Array.from({ length: PIECES }, (_, piece) => random.bytes(lengthOf(piece)));

/** Parity frames of a group, as a sender makes them. */
function parityOf(group: ParityGroup, count: number, symbolBytes = SYMBOL_HEAD_BYTES + 20) {
  const maker = new ParityMaker(group.sources, 0, count, symbolBytes);
  for (let i = 0; i < group.sources; i += 1) {
    const bytes = pieces[group.first + i * group.stride] as Uint8Array;
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
  const parity = new HeldParity(tracker, lengthOf, (piece, target, offset) => {
    if (!tracker.held.has(piece)) throw new Error("a piece that is not held is not read");
    target.set(pieces[piece] as Uint8Array, offset);
    return true;
  });
  return { parity, tracker };
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
    const parity = new HeldParity(tracker, lengthOf, () => false);
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
