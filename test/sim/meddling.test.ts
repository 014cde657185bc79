import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  type Injection,
  type Outcome,
  simulate,
  simulateTogether,
} from "../../src/sim/scenario.js";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { writeClose } from "../../src/wire/frames/end.js";
import { padTo } from "../../src/wire/frames/frame.js";
import { writeHello } from "../../src/wire/frames/handshake.js";
import { datagramOf, opened } from "../wire/plain.js";
import { calm, calmAt, cutBoth, injecting, plan } from "./story.js";

const UNDISTURBED = simulate(plan());

function expectUndisturbed(outcome: Outcome): void {
  const { exact, end, seconds, datagrams, needless, repaired } = UNDISTURBED;
  expect(outcome).toMatchObject({ exact, end, seconds, datagrams, needless, repaired });
}

describe("somebody on the path who", () => {
  test("replays every datagram to both ends changes nothing", () => {
    const seen: { readonly atUs: number; readonly copy: Injection }[] = [];
    let replayed = 0;
    const meddler = injecting(({ from, nowUs, datagram }): Injection[] => {
      const to = from === "sender" ? "receiver" : "sender";
      seen.push({ atUs: nowUs, copy: { to, datagram: datagram.slice() } });
      // All that has surely arrived, every time.
      const old = seen.filter(({ atUs }) => atUs < nowUs - 25_000).map(({ copy }) => copy);
      replayed += old.length;
      return old;
    });
    expectUndisturbed(simulate(plan({ meddler })));
    expect(replayed).toBeGreaterThan(1_000);
  });

  test("reflects every datagram to its writer changes nothing, and is counted", () => {
    const meddler = injecting(({ from, datagram }) => [{ to: from, datagram: datagram.slice() }]);
    const outcome = simulate(plan({ meddler }));
    expectUndisturbed(outcome);
    expect(outcome.malformed).toBe(outcome.forward.in + outcome.backward.in);
  });

  test("writes datagrams of a connection that it cannot seal, from another address, changes nothing", () => {
    const meddler = injecting(({ from, nowUs, datagram }): Injection[] => {
      if (from !== "sender" || nowUs < 30_000) return [];
      const { forged } = forge(datagram, 1_000_000);
      forged[forged.length - 1] = 1;
      return [{ to: "receiver", datagram: forged, from: "stranger" }];
    });
    const outcome = simulate(plan({ meddler }));
    expectUndisturbed(outcome);
    expect(outcome.malformed).toBeGreaterThan(60);
  });

  test("says CLOSE without knowing the connection id changes nothing", () => {
    const random = new Random(5);
    const meddler = injecting(({ from, datagram }): Injection[] => {
      const { header } = forge(datagram, 0);
      const stranger = { ...header, connectionId: random.bytes(8) };
      const close = datagramOf(stranger, (writer) => writeClose(writer, { reason: "interrupted" }));
      return [{ to: from === "sender" ? "receiver" : "sender", datagram: close }];
    });
    const outcome = simulate(plan({ meddler }));
    expectUndisturbed(outcome);
    expect(outcome.malformed).toBe(outcome.forward.in + outcome.backward.in);
  });

  test("throws 20,000 datagrams of noise at each end changes nothing, and is counted", () => {
    const random = new Random(6);
    let thrown = 0;
    const meddler = injecting(({ datagram }): Injection[] => {
      thrown += 200;
      const noise = Array.from({ length: 200 }, () => {
        const bytes = random.chance(0.5)
          ? random.bytes(random.between(0, 60))
          : mutated(datagram, random);
        return { to: random.chance(0.5) ? "sender" : "receiver", datagram: bytes } as const;
      });
      return noise;
    });
    const outcome = simulate(plan({ meddler }));
    expectUndisturbed(outcome);
    expect(thrown).toBeGreaterThan(20_000);
    // What it leaves of unknown connections is answered; those answers came back, and count.
    expect(outcome.malformed + outcome.repeated).toBeGreaterThanOrEqual(thrown);
    expect(outcome.malformed).toBeGreaterThan(thrown / 2);
  });

  test("opens a thousand connections that say nothing more leaves the real one alone", () => {
    let opened = 0;
    const random = new Random(7);
    const meddler = injecting(({ from, nowUs }): Injection[] => {
      if (from !== "sender" || nowUs < 30_000) return [];
      opened += 1;
      const hello = Array.from({ length: 10 }, () => helloOf(random.bytes(8)));
      return hello.map((datagram) => ({ to: "receiver", datagram, from: "flood" }));
    });
    const outcome = simulate(plan({ meddler }));
    expect(opened).toBeGreaterThan(50);
    expect(outcome.exact).toBe(true);
    expect(outcome.seconds).toBeCloseTo(UNDISTURBED.seconds, 1);
    expect(outcome.needless).toBe(0);
  });
});

describe("several senders at once", () => {
  test("over links of their own take as long as each alone", () => {
    const plans = [7, 8, 9].map((seed) => plan({ seed }));
    for (const outcome of simulateTogether(plans)) {
      expect(outcome.exact).toBe(true);
      expect(outcome.seconds).toBe(UNDISTURBED.seconds);
      expect(outcome.datagrams).toBe(UNDISTURBED.datagrams);
    }
  });

  test("are not disturbed by one on a bad link, nor by one that vanishes", () => {
    const bad = { ...calm, lossShare: 0.4, burstMean: 5, duplicateShare: 0.2, corruptShare: 0.1 };
    const [calmOne, badOne, gone] = simulateTogether([
      plan(),
      plan({ seed: 8, forward: bad, backward: { ...bad, seed: 2 } }),
      plan({ seed: 9, ...cutBoth(0.05, 1_000) }),
    ]);
    expect(calmOne?.seconds).toBe(UNDISTURBED.seconds);
    expect(calmOne?.datagrams).toBe(UNDISTURBED.datagrams);
    expect(badOne).toMatchObject({ exact: true, end: { how: "finished" } });
    expect(gone).toMatchObject({ exact: false, end: { how: "peerGone" }, receiverEnds: ["idle"] });
  });

  test("thirty of them end exact over links of all kinds", () => {
    const plans = Array.from({ length: 30 }, (_, i) => {
      const link = { ...calmAt(1 + i), lossShare: i / 100, reorderShare: i / 200 };
      const images = [{ pieceCount: 20 + i, pieceBytes: 1_150 - i }];
      return plan({ seed: 100 + i, images, forward: { ...link, seed: i }, backward: link });
    });
    for (const outcome of simulateTogether(plans)) {
      expect(outcome).toMatchObject({ exact: true, end: { how: "finished" } });
    }
  });
});

/** What names a datagram, and a CLOSE that bears it with another packet number. */
function forge(datagram: Uint8Array, packetNumber: number) {
  const header = opened(datagram);
  if (typeof header === "string") throw new Error("a machine wrote a malformed datagram");
  const forged = datagramOf({ ...header, packetNumber }, (writer) =>
    writeClose(writer, { reason: "interrupted" }),
  );
  return { header, forged };
}

function helloOf(connectionId: Uint8Array): Uint8Array {
  const name = { from: "sender", connectionId, packetNumber: 0 } as const;
  const write = (writer: ByteWriter): void => {
    writeHello(writer, { kind: "hello", maxDatagramBytes: 65_507 });
    padTo(writer, 1_200);
  };
  return datagramOf(name, write, { opening: true });
}

/** One to eight bits turned: what CRC-32C finds without exception within 1,200 bytes is up to five. */
function mutated(datagram: Uint8Array, random: Random): Uint8Array {
  const bytes = datagram.slice();
  const bit = random.between(0, bytes.length * 8 - 1);
  bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
  return bytes;
}
