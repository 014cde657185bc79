import { describe, expect, test } from "vitest";
import { bytesPerSecond, instantUs } from "../../src/base/units.js";
import { PathMtu, usefulDatagramBytes } from "../../src/protocol/path-mtu.js";

const start = instantUs(0);

/** Probes until nothing is left to try on a path that carries so much; returns the sizes tried. */
function search(mtu: PathMtu, pathBytes: number, nowUs = start): number[] {
  const tried: number[] = [];
  for (;;) {
    const bytes = mtu.probeBytes(nowUs);
    if (bytes === undefined) return tried;
    tried.push(bytes);
    mtu.onProbeSent(bytes);
    const packet = { packetNumber: tried.length, bytes, triesSize: true };
    if (bytes <= pathBytes) mtu.onAcked(packet);
    else mtu.onLost(packet, 0, nowUs);
  }
}

describe("the search for the path's datagram size", () => {
  test("needs one probe on Ethernet", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    expect(search(mtu, 1_472)).toEqual([1_472]);
    expect(mtu.confirmedBytes).toBe(1_472);
    expect(mtu.state).toBe("complete");
  });

  test("over IPv6 too, whose header is longer", () => {
    expect(search(new PathMtu({ mostBytes: 1_452 }), 1_452)).toEqual([1_452]);
  });

  test("needs none where the host sends no more than the base size", () => {
    const mtu = new PathMtu({ mostBytes: 1_200 });
    expect(mtu.state).toBe("complete");
    expect(search(mtu, 9_000)).toEqual([]);
  });

  test("tries the longest next once Ethernet's size has come", () => {
    expect(search(new PathMtu({ mostBytes: 8_972 }), 8_972)).toEqual([1_472, 8_972]);
  });

  test("begins with what the path carried before", () => {
    expect(search(new PathMtu({ mostBytes: 8_972, firstBytes: 8_972 }), 8_972)).toEqual([8_972]);
  });

  test("tries a size three times before it blames it", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    expect(search(mtu, 1_372)).toEqual([...[1_472, 1_472, 1_472, 1_392, 1_392, 1_392], 1_372]);
    expect(mtu.confirmedBytes).toBe(1_372);
  });

  test("finds the largest common size that passes, whatever the path", () => {
    for (let path = 1_200; path <= 9_100; path += 4) {
      const mtu = new PathMtu({ mostBytes: 8_972 });
      const tried = search(mtu, path);
      const common = [1_200, 1_232, 1_372, 1_392, 1_452, 1_464, 1_472, 4_324, 8_952, 8_972];
      expect(mtu.confirmedBytes).toBe(common.findLast((size) => size <= path));
      expect(tried.length).toBeLessThanOrEqual(12);
    }
  });

  test("has one probe on the way at a time", () => {
    const mtu = new PathMtu({ mostBytes: 8_972 });
    const bytes = mtu.probeBytes(start) as number;
    mtu.onProbeSent(bytes);
    expect(mtu.probeBytes(start)).toBeUndefined();
  });

  test("keeps to what the peer takes", () => {
    const mtu = new PathMtu({ mostBytes: 8_972 });
    search(mtu, 8_972);
    mtu.limit(4_000);
    expect(mtu.confirmedBytes).toBe(4_000);
    expect(mtu.state).toBe("complete");
    mtu.limit(100);
    expect(mtu.confirmedBytes).toBe(1_200);
  });

  test("tries more often where the path loses much", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    for (let probe = 0; probe < 9; probe += 1) {
      const bytes = mtu.probeBytes(start) as number;
      expect(bytes).toBe(1_472);
      mtu.onProbeSent(bytes);
      mtu.onLost({ packetNumber: probe, bytes, triesSize: true }, 0.5, start);
    }
    search(mtu, 1_472);
    expect(mtu.confirmedBytes).toBe(1_472);
  });

  test("believes a probe that comes after it was given up", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    search(mtu, 1_200);
    expect(mtu.confirmedBytes).toBe(1_200);
    mtu.onAcked({ packetNumber: 50, bytes: 1_472, triesSize: true });
    expect(mtu.confirmedBytes).toBe(1_472);
    expect(mtu.state).toBe("complete");
  });

  test("looks again after ten minutes, for a path may become wider", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    search(mtu, 1_200);
    expect(mtu.probeBytes(instantUs(599_999_999))).toBeUndefined();
    const later = instantUs(600_000_000);
    search(mtu, 1_472, later);
    expect(mtu.confirmedBytes).toBe(1_472);
  });
});

describe("a black hole", () => {
  const found = (): PathMtu => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    search(mtu, 1_472);
    return mtu;
  };
  const long = (packetNumber: number) => ({ packetNumber, bytes: 1_472 });
  const short = (packetNumber: number) => ({ packetNumber, bytes: 1_200 });

  test("is three long packets lost in a row and a short one that comes", () => {
    const mtu = found();
    for (const number of [10, 11]) mtu.onLost(long(number), 0, start);
    mtu.onAcked(short(14));
    expect(mtu.noticeBlackHole(0)).toBe(false);
    mtu.onLost(long(12), 0, start);
    expect(mtu.noticeBlackHole(0)).toBe(true);
    expect(mtu.confirmedBytes).toBe(1_200);
  });

  test("is not thought of while long ones come too", () => {
    const mtu = found();
    mtu.onAcked(long(20));
    mtu.onAcked(short(21));
    for (let number = 10; number < 20; number += 1) mtu.onLost(long(number), 0, start);
    expect(mtu.noticeBlackHole(0)).toBe(false);
  });

  test("nor when nothing comes at all, as in a cut", () => {
    const mtu = found();
    mtu.onAcked(short(9));
    for (let number = 10; number < 30; number += 1) mtu.onLost(long(number), 0, start);
    expect(mtu.noticeBlackHole(0)).toBe(false);
  });

  test("is left at once when what was confirmed passes after all", () => {
    const mtu = found();
    for (const number of [10, 11, 12]) mtu.onLost(long(number), 0, start);
    mtu.onAcked(short(13));
    mtu.noticeBlackHole(0);
    expect(search(mtu, 1_472)).toEqual([1_472]);
    expect(mtu.confirmedBytes).toBe(1_472);
  });

  test("makes the search go on below", () => {
    const mtu = found();
    for (const number of [10, 11, 12]) mtu.onLost(long(number), 0, start);
    mtu.onAcked(short(13));
    mtu.noticeBlackHole(0);
    search(mtu, 1_400);
    expect(mtu.confirmedBytes).toBe(1_392);
  });
});

test("a datagram is at most an eighth of a window, and what the pace brings in 2 ms, but never below Ethernet's", () => {
  expect(usefulDatagramBytes(1_000_000, bytesPerSecond(5_000_000))).toBe(10_000);
  expect(usefulDatagramBytes(64_000, bytesPerSecond(5_000_000))).toBe(8_000);
  expect(usefulDatagramBytes(4_800, bytesPerSecond(5_000_000))).toBe(1_472);
  expect(usefulDatagramBytes(1_000_000, bytesPerSecond(100_000))).toBe(1_472);
});

describe("the host's word that a datagram was too long", () => {
  test("gives up the size of the probe at once", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    mtu.onProbeSent(mtu.probeBytes(start) as number);
    mtu.onTooLong(start);
    expect(search(mtu, 1_472)).toEqual([1_392, 1_464]);
    expect(mtu.confirmedBytes).toBe(1_464);
  });

  test("takes back what was confirmed when nothing is being tried", () => {
    const mtu = new PathMtu({ mostBytes: 8_972 });
    search(mtu, 8_972);
    mtu.onTooLong(start);
    expect(mtu.confirmedBytes).toBe(1_200);
    search(mtu, 1_472);
    expect(mtu.confirmedBytes).toBe(1_472);
  });

  test("leaves the base size, whatever it says", () => {
    const mtu = new PathMtu({ mostBytes: 1_472 });
    search(mtu, 1_200);
    mtu.onTooLong(start);
    expect(mtu.state).toBe("complete");
    expect(mtu.confirmedBytes).toBe(1_200);
  });
});
