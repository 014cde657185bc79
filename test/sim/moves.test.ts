import { describe, expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { type Move, type Outcome, simulate } from "../../src/sim/scenario.js";
import { calmAt, injecting, plan } from "./story.js";

const link = calmAt(20);
const images = [{ pieceCount: 2_000, pieceBytes: 1_150 }];
const undisturbed = simulate(plan({ images, forward: link, backward: link }));

const at = (seconds: number, changes: Move["changes"]): Move => {
  return { atUs: instantUs(seconds * 1e6), changes };
};

function moved(moves: readonly Move[], lossShare = 0): Outcome {
  const bad = { ...link, lossShare };
  return simulate(plan({ images, forward: bad, backward: { ...bad, seed: 2 }, moves }));
}

describe("a sender whose address changes on the way", () => {
  test("goes on over the same connection, half a second later at most, when a NAT gives it another port", () => {
    const outcome = moved([at(0.3, "port")]);
    expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
    expect(outcome.receiverEnds).toEqual(["closedByPeer"]);
    expect(outcome.seconds).toBeLessThan(undisturbed.seconds + 0.5);
  });

  test("learns the path anew in another network", () => {
    const outcome = moved([at(0.3, "host")]);
    expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
    expect(outcome.receiverEnds).toEqual(["closedByPeer"]);
    expect(outcome.seconds).toBeLessThan(undisturbed.seconds + 1);
  });

  test("ends exact though it moves eight times over a link that loses a tenth", () => {
    const moves = [0.05, 0.2, 0.3, 0.45, 0.6, 0.61, 0.8, 1].map((seconds, i) =>
      at(seconds, i % 2 === 0 ? "port" : "host"),
    );
    const outcome = moved(moves, 0.1);
    expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
    expect(outcome.receiverEnds).toEqual(["closedByPeer"]);
  });
});

describe("somebody on the path who sends a sender's datagrams on from elsewhere", () => {
  test("gets questions and no more than three bytes for each, and the connection stays where it is", () => {
    let copied = 0;
    const stolen = new Set<number>();
    const meddler = injecting(({ from, datagram, packetNumber }) => {
      // The original is late: the copy comes first.
      if (from !== "sender" || packetNumber < 100 || stolen.has(packetNumber)) return [];
      stolen.add(packetNumber);
      copied += 1;
      return [{ to: "receiver", from: "thief:9", datagram: datagram.slice() }];
    });
    const outcome = simulate(plan({ images, forward: link, backward: link, meddler }));
    expect(copied).toBeGreaterThan(1_000);
    expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
    expect(outcome.seconds).toBeLessThan(undisturbed.seconds + 0.5);
  });
});
