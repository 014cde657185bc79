import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerSecond, instantUs, milliseconds } from "../../src/base/units.js";
import { drawScenario } from "../../src/sim/draw.js";
import { simulate } from "../../src/sim/scenario.js";
import { calmAt, isKind, losing, losingFirst, plan, sealing } from "./story.js";
import { BASE_SEED } from "./suite.js";

const images = [{ pieceCount: 1_000, pieceBytes: 1_150 }];
const links = { forward: calmAt(10), backward: calmAt(10) };
const stopped = (who: "sender" | "receiver", ms: number) => ({
  interrupt: { who, atUs: instantUs(ms * 1_000) },
});

describe("one side stops", () => {
  test("the sender, in the middle: the receiver knows one way later, and keeps what it has", () => {
    const outcome = simulate(plan({ images, ...links, ...stopped("sender", 500) }));
    expect(outcome).toMatchObject({ end: { how: "stopped" }, receiverEnds: ["closedByPeer"] });
    // CLOSE waits behind what fills the link's queue of 256 KiB, which takes 210 ms.
    expect(outcome.seconds).toBeLessThan(0.5 + 0.3);
    const missing = outcome.missing[0]?.reduce((sum, { start, end }) => sum + end - start, 0) ?? 0;
    expect(missing).toBeGreaterThan(100);
    expect(missing).toBeLessThan(1_000);
  });

  test("the sender, before anybody has answered: it just ends", () => {
    const outcome = simulate(plan({ ...stopped("sender", 5) }));
    expect(outcome).toMatchObject({ end: { how: "stopped" }, seconds: 0.005 });
  });

  test("the receiver, in the middle: the sender knows one way later", () => {
    const outcome = simulate(plan({ images, ...links, ...stopped("receiver", 500) }));
    const end = { how: "closedByPeer", reason: "interrupted" };
    expect(outcome).toMatchObject({ end, receiverEnds: ["stopped"] });
    expect(outcome.seconds).toBeLessThan(0.5 + 0.1);
  });

  test.each(["sender", "receiver"] as const)("the %s, and its first two CLOSEs are lost", (who) => {
    const meddler = losingFirst(isKind("close"), 2);
    const outcome = simulate(plan({ images, ...links, meddler, ...stopped(who, 500) }));
    const end =
      who === "sender" ? { how: "stopped" } : { how: "closedByPeer", reason: "interrupted" };
    expect(outcome.end).toEqual(end);
    expect(outcome.receiverEnds).toEqual([who === "sender" ? "closedByPeer" : "stopped"]);
    expect(outcome.seconds).toBeLessThan(0.5 + 1.5);
  });

  test("the receiver, and no CLOSE ever comes: the sender is told that nobody knows it", () => {
    const meddler = losing(({ frames }) =>
      frames.some((frame) => frame.kind === "close" && frame.reason === "interrupted"),
    );
    const outcome = simulate(plan({ images, ...links, meddler, ...stopped("receiver", 500) }));
    expect(outcome.end).toEqual({ how: "closedByPeer", reason: "unknownConnection" });
    expect(outcome.seconds).toBeLessThan(5);
  });

  test("at any moment of 400 drawn runs: both ends end, and none calls unfinished finished", () => {
    for (let seed = BASE_SEED; seed < BASE_SEED + 400; seed += 1) {
      const random = new Random(seed);
      const who = random.chance(0.5) ? "sender" : "receiver";
      const ms = Math.round(10 ** (1 + 3.5 * random.unit()));
      const outcome = simulate({ ...drawScenario(seed, sealing), ...stopped(who, ms) });
      const hint = `seed ${seed}: the ${who} stops after ${ms} ms`;
      expect(outcome.end, hint).not.toBe("timeLimit");
      const finished = outcome.end !== "timeLimit" && outcome.end.how === "finished";
      if (finished && who === "sender") expect(outcome.exact, hint).toBe(true);
      expect(outcome.lingerSeconds, hint).toBeLessThan(200);
    }
  });
});

describe("a busy machine, whose timers fire late", () => {
  test("by up to 20 ms: everything takes longer, and nothing is sent in vain", () => {
    const lossy = { ...calmAt(10), lossShare: 0.05 };
    const timersLateUs = milliseconds(20);
    const outcome = simulate(plan({ images, ...links, forward: lossy, timersLateUs }));
    expect(outcome).toMatchObject({ exact: true, end: { how: "finished" }, needless: 0 });
  });

  test("a cap is still kept from above", () => {
    const rateCap = bytesPerSecond(125_000);
    const timersLateUs = milliseconds(20);
    const outcome = simulate(plan({ images, rateCap, timersLateUs }));
    expect(outcome.exact).toBe(true);
    expect(outcome.forward.bytes / outcome.seconds).toBeLessThan(125_000 * 1.05);
    expect(outcome.forward.bytes / outcome.seconds).toBeGreaterThan(125_000 * 0.7);
  });
});
