import { describe, expect, test } from "vitest";
import { bytesPerSecond, instantUs, milliseconds } from "../../src/base/units.js";
import { type Outcome, simulate } from "../../src/sim/scenario.js";
import {
  calm,
  calmAt,
  cutBoth,
  type FrameTest,
  isKind,
  losing,
  losingFirst,
  plan,
} from "./story.js";

const UNDISTURBED = simulate(plan());

function expectExact(outcome: Outcome): void {
  expect(outcome.end).toEqual({ how: "finished" });
  expect(outcome.exact).toBe(true);
  expect(outcome.missing.flat()).toEqual([]);
}

/** Round trips of 40 ms that an outcome took beyond the undisturbed run. */
const extraTrips = (outcome: Outcome): number => (outcome.seconds - UNDISTURBED.seconds) / 0.04;

const pieceFrom =
  (first: number): FrameTest =>
  (frame) =>
    frame.kind === "piece" && frame.piece >= first;

describe("a picture over a link without fault", () => {
  test("arrives with each piece sent once and nothing malformed", () => {
    expectExact(UNDISTURBED);
    expect(UNDISTURBED).toMatchObject({ pieces: 100, repaired: 0, needless: 0, malformed: 0 });
    // HELLO, one datagram a piece beside the manifest and DONE, CLOSE.
    expect(UNDISTURBED.datagrams).toBeLessThanOrEqual(104);
    expect(UNDISTURBED.seconds).toBeLessThan(0.4);
  });

  test("goes the same way when it is watched, and every line bears its time", () => {
    const lines: string[] = [];
    const watched = simulate(plan({ trace: (line) => lines.push(line) }));
    expect(watched).toEqual(UNDISTURBED);
    expect(lines.length).toBeGreaterThan(2 * (watched.forward.in + watched.backward.in));
    for (const line of lines) expect(line).toMatch(/^ +\d+\.\d{3} ms {2}(sender|receiver)/);
    expect(lines[0]).toMatch(/sends #0 1200 B {2}hello$/);
    expect(lines.some((line) => line.endsWith("result 0 verified none"))).toBe(true);
  });

  test("is answered by fewer datagrams than it takes", () => {
    const fast = simulate(plan({ images: [{ pieceCount: 5_000, pieceBytes: 1_150 }] }));
    expectExact(fast);
    expect(fast.backward.in).toBeLessThan(fast.datagrams / 8);
  });

  test("the receiver forgets the connection soon after", () => {
    expect(UNDISTURBED.receiverEnds).toEqual(["closedByPeer"]);
    expect(UNDISTURBED.lingerSeconds).toBeLessThan(1);
  });
});

describe("what is lost once is sent once more", () => {
  const losses: [string, FrameTest, number, number][] = [
    ["the first piece", pieceFrom(0), 1, 1],
    ["a piece in the middle", pieceFrom(50), 1, 1],
    ["the last piece", pieceFrom(99), 1, 1],
    ["the last five pieces", pieceFrom(95), 5, 5],
    ["ten pieces in a row", pieceFrom(40), 10, 10],
    ["the manifest", isKind("manifest"), 1, 0],
    ["the end of the first pass", isKind("done"), 1, 0],
  ];
  test.each(losses)("%s", (_, frame, times, repaired) => {
    const outcome = simulate(plan({ meddler: losingFirst(frame, times) }));
    expectExact(outcome);
    expect(outcome.needless).toBe(0);
    // The manifest and DONE may share their datagram with a piece.
    const mended = outcome.repaired + outcome.recovered;
    expect(mended).toBeGreaterThanOrEqual(repaired);
    expect(mended).toBeLessThanOrEqual(repaired + 1);
    // Half the window is gone with a loss: in slow start that costs more trips than the repair.
    expect(extraTrips(outcome)).toBeLessThan(10);
  });

  test("every datagram of a long manifest, once", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, profileBytes: 8_000 }];
    const seen = new Set<number>();
    const meddler = losing(({ frames }) => {
      const part = frames.find((frame) => frame.kind === "manifest");
      if (part?.kind !== "manifest" || seen.has(part.offset)) return false;
      seen.add(part.offset);
      return true;
    });
    const outcome = simulate(plan({ images, meddler }));
    expectExact(outcome);
    expect(seen.size).toBe(9);
    expect(outcome.needless).toBe(0);
    // The first probe timeout, and a window that begins anew.
    expect(outcome.seconds).toBeLessThan(3);
  });
});

describe("what the receiver says may be lost", () => {
  test("the first WELCOME: the connection opens with the second HELLO", () => {
    const outcome = simulate(plan({ meddler: losingFirst(isKind("welcome")) }));
    expectExact(outcome);
    expect(outcome).toMatchObject({ repaired: 0, needless: 0 });
    // The probe timeout before any sample is 333 + 4 * 166.5 + 25 ms.
    expect(outcome.seconds - UNDISTURBED.seconds).toBeLessThan(1.1);
  });

  test("WELCOME and the probes of both sides, three times", () => {
    const outcome = simulate(plan({ meddler: losingFirst(isKind("welcome"), 3) }));
    expectExact(outcome);
    // Timeouts of one, two and three seconds.
    expect(outcome.seconds - UNDISTURBED.seconds).toBeLessThan(6.2);
  });

  test("WELCOME, while other feedback passes: HELLO is said again", () => {
    let welcomes = 0;
    const meddler = losing(({ frames }) => {
      if (!frames.some(isKind("welcome"))) return false;
      welcomes += 1;
      return welcomes <= 4;
    });
    const backward = { ...calm, duplicateShare: 0.5 };
    expectExact(simulate(plan({ meddler, backward })));
  });

  test("the RESULT, once and five times: it is repeated until acknowledged", () => {
    const once = simulate(plan({ meddler: losingFirst(isKind("result")) }));
    expectExact(once);
    expect(once.seconds - UNDISTURBED.seconds).toBeLessThan(0.3);
    const often = simulate(plan({ meddler: losingFirst(isKind("result"), 5) }));
    expectExact(often);
    // The acknowledgements of the last pieces are lost with it, so that probes repeat these.
    expect(often.needless).toBeLessThanOrEqual(10);
    expect(often.seconds - UNDISTURBED.seconds).toBeLessThan(6);
  });

  test("all feedback for three seconds: nothing is sent in vain but a few probes", () => {
    const meddler = losing(
      ({ from, nowUs }) => from === "receiver" && nowUs > 100_000 && nowUs < 3_100_000,
    );
    const outcome = simulate(plan({ meddler }));
    expectExact(outcome);
    // Two probes at each of some six timeouts, each a piece that had come.
    expect(outcome.needless).toBeLessThanOrEqual(14);
    expect(outcome.seconds).toBeLessThan(3.1 + 3.2);
  });
});

describe("the end", () => {
  test("a lost CLOSE is said again", () => {
    const outcome = simulate(plan({ meddler: losingFirst(isKind("close")) }));
    expectExact(outcome);
    expect(outcome.receiverEnds).toEqual(["closedByPeer"]);
    expect(outcome.seconds - UNDISTURBED.seconds).toBeLessThan(0.3);
  });

  test("without any CLOSE the sender still ends, and the receiver after a minute of silence", () => {
    const outcome = simulate(
      plan({ meddler: losing(({ frames }) => frames.some(isKind("close"))) }),
    );
    expectExact(outcome);
    expect(outcome.seconds - UNDISTURBED.seconds).toBeLessThan(1);
    expect(outcome.receiverEnds).toEqual(["idle"]);
    expect(outcome.lingerSeconds).toBeGreaterThan(58);
    expect(outcome.lingerSeconds).toBeLessThan(61);
    // Into the silence: some probes at first, then not one datagram every three seconds.
    expect(outcome.backward.in - UNDISTURBED.backward.in).toBeLessThanOrEqual(20 + 15);
  });

  test("nobody answers: the sender says so after fifteen seconds, its first flight and eight HELLOs at most", () => {
    const outcome = simulate(plan(cutBoth(0, 1_000)));
    expect(outcome).toMatchObject({ end: { how: "noAnswer" }, exact: false, seconds: 15 });
    expect(outcome.forward.in).toBeLessThanOrEqual(32 + 8);
  });

  test("the receiver falls silent: the sender gives up after a minute, the receiver too", () => {
    const images = [{ pieceCount: 2_000, pieceBytes: 1_150 }];
    const links = cutBoth(1, 1_000, calmAt(10));
    const outcome = simulate(plan({ images, ...links }));
    expect(outcome.end).toEqual({ how: "peerGone" });
    expect(outcome.exact).toBe(false);
    expect(outcome.seconds).toBeGreaterThan(60.9);
    expect(outcome.seconds).toBeLessThan(61.1);
    expect(outcome.receiverEnds).toEqual(["idle"]);
    expect(Math.abs(outcome.lingerSeconds)).toBeLessThan(0.3);
  });
});

describe("a link that is cut", () => {
  const images = [{ pieceCount: 1_000, pieceBytes: 1_150 }];
  const whole = simulate(plan({ images, forward: calmAt(10), backward: calmAt(10) }));

  test.each([2, 10])("for %i s in the middle is noticed within three seconds", (length) => {
    const outcome = simulate(plan({ images, ...cutBoth(0.5, 0.5 + length, calmAt(10)) }));
    expectExact(outcome);
    // Three seconds until the next probe, then what was left, beginning anew in slow start.
    expect(outcome.seconds).toBeLessThan(whole.seconds + length + 3 + 1);
    expect(outcome.needless).toBeLessThanOrEqual(10);
  });

  test("again and again still lets everything through", () => {
    const cuts = Array.from({ length: 8 }, (_, i) => ({
      startUs: instantUs(0.3e6 + i * 4e6),
      endUs: instantUs(0.3e6 + i * 4e6 + 3e6),
    }));
    const link = { ...calmAt(10), cuts };
    const outcome = simulate(plan({ images, forward: link, backward: link }));
    expectExact(outcome);
    // In a second of life between three of death some three quarters of it can be lost to waiting.
    expect(outcome.seconds).toBeLessThan(30);
  });
});

describe("sending into the void", () => {
  const images = [{ pieceCount: 20_000, pieceBytes: 1_150 }];

  /** Datagrams that leave later than `afterSeconds`, when nothing passes from second 1 on. */
  function countAfter(afterSeconds: number, rateCapBytes?: number): number {
    let count = 0;
    const meddler = losing(({ from, nowUs }) => {
      if (from === "sender" && nowUs > afterSeconds * 1e6) count += 1;
      return nowUs > 1e6;
    });
    const cap = rateCapBytes === undefined ? {} : { rateCap: bytesPerSecond(rateCapBytes) };
    simulate(plan({ images, meddler, forward: calmAt(20), ...cap }));
    return count;
  }

  test("a sender without feedback sends 46 datagrams in the next minute at most", () => {
    // RFC 8085 section 3.1.3: one in three seconds makes twenty; doubling up to there, two, four and eight at a time, the others.
    expect(countAfter(1.5)).toBeLessThanOrEqual(46);
  });

  test("so does one whose rate is capped", () => {
    expect(countAfter(1.5, 500_000)).toBeLessThanOrEqual(46);
  });
});

describe("what was left out", () => {
  const odd = Array.from({ length: 50 }, (_, i) => ({ start: 2 * i + 1, end: 2 * i + 2 }));

  test("the odd half, withheld, comes when it is asked for", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, withheld: odd }];
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome).toMatchObject({ repaired: 50, needless: 0 });
  });

  test("all of it, withheld, comes when it is asked for", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, withheld: [{ start: 0, end: 100 }] }];
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome).toMatchObject({ repaired: 100, needless: 0 });
  });

  test("without repair exactly the withheld pieces stay missing", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, withheld: odd }];
    const outcome = simulate(plan({ images, repair: false }));
    expect(outcome).toMatchObject({ end: { how: "finished" }, exact: false, repaired: 0 });
    expect(outcome.missing).toEqual([odd]);
  });

  test("without repair the withheld and the lost pieces stay missing, and no others", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, withheld: odd }];
    const lost = new Set([0, 40, 42, 98]);
    const meddler = losing(({ frames }) =>
      frames.some((frame) => frame.kind === "piece" && lost.has(frame.piece)),
    );
    const outcome = simulate(plan({ images, repair: false, meddler }));
    expect(outcome).toMatchObject({ end: { how: "finished" }, repaired: 0, needless: 0 });
    const missing = outcome.missing[0] ?? [];
    const pieces = missing.flatMap(({ start, end }) =>
      Array.from({ length: end - start }, (_, i) => start + i),
    );
    const expected = [...odd.map(({ start }) => start), ...lost].sort((a, b) => a - b);
    expect(pieces).toEqual(expected);
  });

  test("without repair and without loss the picture is whole", () => {
    expectExact(simulate(plan({ repair: false })));
  });

  test("without repair every piece is sent once, however many are lost", () => {
    const forward = { ...calm, lossShare: 0.3 };
    const outcome = simulate(plan({ repair: false, forward }));
    expect(outcome).toMatchObject({ end: { how: "finished" }, repaired: 0, needless: 0 });
    expect(outcome.missing[0]?.length).toBeGreaterThan(5);
  });

  test("pieces held from before do not come again, but for the first flight", () => {
    const resumed = [{ start: 0, end: 900 }];
    const images = [{ pieceCount: 1_000, pieceBytes: 1_150, resumed }];
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome.datagrams).toBeLessThan(150);
    // The first flight of 32 datagrams leaves before the receiver can tell.
    expect(outcome.needless).toBeLessThanOrEqual(34);
  });

  test("the word of what is held from before may be lost", () => {
    const resumed = [{ start: 0, end: 4_000 }];
    const images = [{ pieceCount: 5_000, pieceBytes: 1_150, resumed }];
    const outcome = simulate(
      plan({ images, forward: calmAt(10), meddler: losingFirst(isKind("gaps")) }),
    );
    expectExact(outcome);
    // What leaves at 10 Mbit/s until the receiver's probe timeout of some 300 ms has passed.
    expect(outcome.needless).toBeLessThan(400);
  });
});

describe("a receiver that is slow", () => {
  test("to write: it drops nothing in vain, neither deadlocks nor storms", () => {
    const host = { writeUs: milliseconds(5) };
    const images = [{ pieceCount: 400, pieceBytes: 1_150 }];
    const outcome = simulate(plan({ images, host, windowBytes: 20_000 }));
    expectExact(outcome);
    // 400 writes of 5 ms, and little else.
    expect(outcome.seconds).toBeLessThan(2 * 1.25);
    expect(outcome.datagrams).toBeLessThan(450);
    expect(outcome.backward.in).toBeLessThan(800);
    expect(outcome.needless).toBe(0);
  });

  test("to write, over a bad link, with a window of three pieces", () => {
    const host = { writeUs: milliseconds(5) };
    const bad = { ...calm, lossShare: 0.2, burstMean: 4, reorderShare: 0.1 };
    const outcome = simulate(plan({ host, windowBytes: 3_600, forward: bad, backward: bad }));
    expectExact(outcome);
    expect(outcome.seconds).toBeLessThan(60);
  });

  test("to make room: early pieces wait within the window", () => {
    const host = { acceptUs: milliseconds(3_000) };
    const outcome = simulate(plan({ host, windowBytes: 30_000 }));
    expectExact(outcome);
    expect(outcome.seconds).toBeLessThan(3.5);
    expect(outcome.needless).toBe(0);
  });

  test("to get the manifest: early pieces that fill the window do not keep it out", () => {
    const meddler = losingFirst(isKind("manifest"), 3);
    const outcome = simulate(plan({ windowBytes: 10_000, meddler }));
    expectExact(outcome);
    expect(outcome.seconds).toBeLessThan(3);
  });

  test("to check the digest: the connection lives through minutes of it", () => {
    const outcome = simulate(plan({ host: { verifyUs: milliseconds(300_000) } }));
    expectExact(outcome);
    expect(outcome.seconds).toBeLessThan(301);
    expect(outcome.datagrams - UNDISTURBED.datagrams).toBeLessThan(30);
  });

  test("a digest that differs makes all pieces come again, and the picture ends exact", () => {
    const images = [{ pieceCount: 100, pieceBytes: 1_150, damagedTimes: 2 }];
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome).toMatchObject({ repaired: 200, needless: 0 });
  });
});

describe("pace", () => {
  test.each([0.1, 1, 8])("a cap of %f Mbit/s is kept within five per cent", (mbit) => {
    const cap = bytesPerSecond((mbit * 1e6) / 8);
    const pieceCount = Math.ceil((cap * 20) / 1_170);
    const images = [{ pieceCount, pieceBytes: 1_150 }];
    const outcome = simulate(plan({ images, rateCap: cap }));
    expectExact(outcome);
    const rate = outcome.forward.bytes / outcome.seconds;
    expect(rate / cap).toBeGreaterThan(0.95);
    expect(rate / cap).toBeLessThan(1.05);
  });

  test("a link of 10 Mbit/s without loss of its own is filled to nine tenths", () => {
    const images = [{ pieceCount: 10_000, pieceBytes: 1_150 }];
    const forward = { ...calmAt(10), queueBytes: 50_000 };
    const outcome = simulate(plan({ images, forward }));
    expectExact(outcome);
    expect((outcome.forward.bytes * 8) / outcome.seconds).toBeGreaterThan(9e6);
    expect(outcome.needless).toBe(0);
  });

  test("pieces of one byte travel many to a datagram", () => {
    const images = [{ pieceCount: 3_000, pieceBytes: 1 }];
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome.malformed).toBe(0);
    expect(outcome.datagrams).toBeLessThan(60);
  });

  test("two hundred images of one piece go one after another, two at a time", () => {
    const images = Array.from({ length: 200 }, () => ({ pieceCount: 1, pieceBytes: 1_150 }));
    const outcome = simulate(plan({ images }));
    expectExact(outcome);
    expect(outcome.needless).toBe(0);
    // A round trip for two images.
    expect(outcome.seconds).toBeLessThan(100 * 0.04 + 1);
  });
});
