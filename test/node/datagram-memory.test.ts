import { expect, test } from "vitest";
import { DatagramMemory } from "../../src/node/socket/datagram-memory.js";

const BYTES = 1_200;

/** Takes memory until it begins to come round, or `most` times. */
function takeUntilReused(memory: DatagramMemory, most: number): Uint8Array[] {
  const taken = [memory.take(BYTES)];
  while (taken.length < most) {
    const next = memory.take(BYTES);
    if (next.buffer === taken[0]?.buffer && next.byteOffset === 0) break;
    taken.push(next);
  }
  return taken;
}

test("what is taken in one round lies apart, and the round begins anew when all is gone", () => {
  const taken = takeUntilReused(new DatagramMemory(() => true), 10_000);
  expect(taken.length).toBeGreaterThan(100);
  expect(taken.length).toBeLessThan(10_000);
  taken.forEach((bytes, i) => {
    bytes.fill(i % 251);
  });
  for (const [i, bytes] of taken.entries()) expect(new Set(bytes)).toEqual(new Set([i % 251]));
});

test("what waits in the socket is left alone", () => {
  const taken = takeUntilReused(new DatagramMemory(() => false), 3_000);
  expect(taken).toHaveLength(3_000);
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBeGreaterThan(1);
});
