import { describe, expect, test } from "vitest";
import { bytesPerSecond, type InstantUs, instantUs, milliseconds } from "../../src/base/units.js";
import type { LinkOptions } from "../../src/sim/link.js";
import type { SimulatedSupply } from "../../src/sim/plan.js";
import {
  type Outcome,
  type Scenario,
  type SimulatedImage,
  simulate,
} from "../../src/sim/scenario.js";
import { isKind, losing, losingFirst, plan } from "./story.js";

const PIECE_BYTES = 1_150;

interface Path {
  readonly mbit: number;
  readonly rttMs: number;
  readonly loss?: number;
  readonly burst?: number;
}

function linkOf({ mbit, rttMs, loss = 0, burst = 1 }: Path, seed: number): LinkOptions {
  return {
    seed,
    delayUs: milliseconds(rttMs / 2),
    lossShare: loss,
    burstMean: burst,
    rateBytesPerSecond: bytesPerSecond(mbit * 125_000),
    queueBytes: Math.max(60_000, mbit * 125 * rttMs),
  };
}

function send(path: Path, image: SimulatedImage, changes: Partial<Scenario> = {}): Outcome {
  const { seed = 1 } = changes;
  const outcome = simulate(
    plan({
      ...{ seed, images: [image], path: { mostBytes: 1_472 } },
      forward: linkOf(path, 2 * seed),
      backward: linkOf({ ...path, mbit: 1_000 }, 2 * seed + 1),
      ...changes,
    }),
  );
  expect(outcome).toMatchObject({ exact: true, end: { how: "finished" }, malformed: 0 });
  return outcome;
}

const at = (ms: number): InstantUs => instantUs(ms * 1_000);

/** Pieces that become ready at a rate, in steps of so many milliseconds. */
function streamed(pieceCount: number, mbit: number, stepMs: number): SimulatedSupply[] {
  const piecesAStep = (mbit * 125 * stepMs) / PIECE_BYTES;
  const steps = Math.ceil(pieceCount / piecesAStep);
  return Array.from({ length: steps }, (_, i): SimulatedSupply => {
    const available = Math.min(pieceCount, Math.ceil((i + 1) * piecesAStep));
    const isLast = i === steps - 1;
    return { atUs: instantUs((i + 1) * stepMs * 1_000), available, isLast };
  });
}

const FAST: Path = { mbit: 100, rttMs: 40 };
const paths: Path[] = [
  FAST,
  { ...FAST, loss: 0.05 },
  { mbit: 20, rttMs: 200, loss: 0.01 },
  { mbit: 1_000, rttMs: 2 },
];

/** As many pieces as a link takes in half a second. */
const halfSecond = ({ mbit }: Path): number => Math.ceil((mbit * 62_500) / PIECE_BYTES);

describe("an image that is coded while it is sent", () => {
  test.each(paths)(
    "twice as fast as the link takes it is as fast as one known at once: %o",
    (path) => {
      const image = { pieceCount: halfSecond(path), pieceBytes: PIECE_BYTES };
      const supplies = streamed(image.pieceCount, 2 * path.mbit, 5);
      const whole = send(path, image);
      const open = send(path, { ...image, supplies });
      expect(open.completeSeconds).toBeLessThan(1.03 * whole.completeSeconds + 0.005);
    },
  );

  test.each(paths)(
    "half as fast as the link takes it ends soon after the last piece: %o",
    (path) => {
      for (const stepMs of [5, 100]) {
        const pieceCount = halfSecond(path);
        const supplies = streamed(pieceCount, path.mbit / 2, stepMs);
        const open = send(path, { pieceCount, pieceBytes: PIECE_BYTES, supplies });
        const tailMs = 1e3 * open.completeSeconds - (supplies.at(-1)?.atUs ?? 0) / 1e3;
        expect(tailMs / path.rttMs).toBeLessThan(path.loss === undefined ? 1.1 : 3.5);
        expect(open.repaired).toBeLessThan((0.03 + 1.5 * (path.loss ?? 0)) * pieceCount);
      }
    },
  );

  test("piece by piece has each leave at once, alone", () => {
    const supplies = Array.from({ length: 40 }, (_, i): SimulatedSupply => {
      return { atUs: at(100 + 50 * i), available: i + 1, isLast: i === 39 };
    });
    const open = send(FAST, { pieceCount: 40, pieceBytes: PIECE_BYTES, supplies });
    expect(open.completeSeconds).toBeLessThan(2.05 + 1.1 * 0.04);
    expect(open).toMatchObject({ repaired: 0, needless: 0 });
  });

  test("after minutes without a piece is taken up again, and the pause is quiet", () => {
    const supplies = [
      { atUs: at(10), available: 50 },
      { atUs: at(300_000), available: 100, isLast: true },
    ];
    const open = send(FAST, { pieceCount: 100, pieceBytes: PIECE_BYTES, supplies });
    expect(open.completeSeconds).toBeLessThan(300.1);
    // A question every three seconds from the receiver, which waits, and its answer; a keep-alive every fifteen.
    expect(open.forward.in).toBeLessThan(100 + 140);
    expect(open.backward.in).toBeLessThan(100 + 140);
  });

  test("is whole once its count is known, though all its pieces came before", () => {
    const supplies = [
      { atUs: at(10), available: 100 },
      { atUs: at(2_000), available: 100, isLast: true },
    ];
    const open = send(FAST, { pieceCount: 100, pieceBytes: PIECE_BYTES, supplies });
    expect(open.completeSeconds).toBeGreaterThan(2);
    expect(open.completeSeconds).toBeLessThan(2.05);
    expect(open.repaired).toBe(0);
  });

  test("loses the tail of a burst, and has it again without waiting for the next", () => {
    const supplies = [
      { atUs: at(10), available: 20 },
      { atUs: at(5_000), available: 40, isLast: true },
    ];
    let lost = 0;
    const meddler = losing(({ frames }) => {
      const isTail = frames.some((frame) => frame.kind === "piece" && frame.piece === 19);
      if (isTail) lost += 1;
      return isTail && lost === 1;
    });
    const image = { pieceCount: 40, pieceBytes: PIECE_BYTES, previewPieces: 20, supplies };
    const open = send(FAST, image, { meddler });
    expect(lost).toBeGreaterThan(0);
    expect(open.previewSeconds).toBeLessThan(0.5);
  });

  test("withholds pieces as they become ready", () => {
    const supplies = streamed(400, 20, 10);
    const withheld = [
      { start: 5, end: 60 },
      { start: 200, end: 400 },
    ];
    const open = send(FAST, { pieceCount: 400, pieceBytes: PIECE_BYTES, supplies, withheld });
    expect(open.repaired).toBe(255);
    expect(open.needless).toBe(0);
  });

  test("does not send again what is held from before, though nobody has coded it yet", () => {
    const resumed = [
      { start: 0, end: 3_000 },
      { start: 3_500, end: 4_000 },
    ];
    const supplies = streamed(4_000, 200, 10);
    const open = send(FAST, { pieceCount: 4_000, pieceBytes: PIECE_BYTES, supplies, resumed });
    expect(open.needless).toBeLessThan(200);
    expect(open.datagrams).toBeLessThan(800);
  });
});

describe("a preview", () => {
  const shown = (loss: number, previewPieces: number, seed: number): Outcome => {
    const image = { pieceCount: 800, pieceBytes: PIECE_BYTES, previewPieces };
    return send({ ...FAST, loss }, image, { seed });
  };

  test.each([
    [6, 0.02],
    [100, 0.2],
    [220, 0.2],
  ])("of %i pieces comes as soon as without loss, nearly always, at 5 %% lost", (pieces, more) => {
    const clean = shown(0, pieces, 1).previewSeconds / 0.04;
    const late: number[] = [];
    let recovered = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const outcome = shown(0.05, pieces, seed);
      late.push(outcome.previewSeconds / 0.04 - clean);
      recovered += outcome.recovered;
    }
    expect(recovered).toBeGreaterThan(0);
    expect(late.filter((trips) => trips < more).length).toBeGreaterThanOrEqual(18);
    expect(Math.max(...late)).toBeLessThan(2);
  });

  test("costs little where nothing is lost", () => {
    expect(shown(0, 100, 1).parity).toBeLessThan(15);
    const short = { pieceCount: 400, pieceBytes: PIECE_BYTES, previewPieces: 100 };
    expect(send({ mbit: 1_000, rttMs: 2 }, short).parity).toBeLessThan(5);
  });

  test("survives the loss of the manifest, which is said twice", () => {
    const image = { pieceCount: 800, pieceBytes: PIECE_BYTES, previewPieces: 20 };
    const clean = send(FAST, image).previewSeconds;
    const meddler = losingFirst(isKind("manifest"));
    expect(send(FAST, image, { meddler }).previewSeconds).toBeLessThan(clean + 0.003);
  });

  test("is made whole by parity that came before the image was accepted", () => {
    const image = { pieceCount: 800, pieceBytes: PIECE_BYTES, previewPieces: 16 };
    const meddler = losing(({ frames, packetNumber }) =>
      frames.some(
        (frame) => frame.kind === "piece" && [3, 7].includes(frame.piece) && packetNumber < 30,
      ),
    );
    const host = { acceptUs: milliseconds(30) };
    const outcome = send(FAST, image, { meddler, host });
    // Half a round trip, and what the host took.
    expect(outcome.previewSeconds).toBeLessThan(0.02 + 0.03 + 0.005);
    expect(outcome.recovered).toBe(2);
  });

  test("that is withheld in part is asked for like anything else", () => {
    const withheld = [{ start: 2, end: 9 }];
    const image = { pieceCount: 100, pieceBytes: PIECE_BYTES, previewPieces: 20, withheld };
    expect(send({ ...FAST, loss: 0.05 }, image).repaired).toBeGreaterThanOrEqual(7);
  });

  test("of short pieces of any lengths, several in a datagram, comes back from parity too", () => {
    let recovered = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const image = { pieceCount: 600, pieceBytes: 500, previewPieces: 100, hasDrawnLengths: true };
      recovered += send({ ...FAST, loss: 0.05 }, image, { seed }).recovered;
    }
    expect(recovered).toBeGreaterThan(10);
  });
});
