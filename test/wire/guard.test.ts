import { crc32c } from "@node-rs/crc32";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { guard } from "./crc.js";

/** CRC-32C bit by bit: polynomial 0x1EDC6F41, reflected. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = crc % 2 === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
  }
  return ~crc >>> 0;
}

const sealed = (length: number, seed: number): Uint8Array => {
  const datagram = new Random(seed).bytes(length + guard.tagBytes);
  guard.seal(datagram, length);
  return datagram;
};

test("the checksum is CRC-32C: its check value is 0xE3069283", () => {
  const digits = new TextEncoder().encode("123456789");
  expect(crc32c(digits)).toBe(0xe306_9283);
  expect(bitwise(digits)).toBe(0xe306_9283);
});

test("the test patterns of RFC 3720 appendix B.4 have the checksums printed there", () => {
  const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43);
  expect(crc32c(rising)).toBe(0x46dd_794e);
  expect(crc32c(rising.toReversed())).toBe(0x113f_db5c);
});

describe("the tag", () => {
  test("is the checksum, most significant byte first, for any bytes", () => {
    for (let length = 0; length < 100; length += 1) {
      const datagram = sealed(length, length);
      const tag = new DataView(datagram.buffer).getUint32(length);
      expect(tag).toBe(bitwise(datagram.subarray(0, length)));
      expect(guard.open(datagram, length)).toBe(true);
    }
  });

  test("tells of every single flipped bit, in the bytes and in itself", () => {
    const datagram = sealed(60, 1);
    for (let bit = 0; bit < datagram.length * 8; bit += 1) {
      const damaged = datagram.slice();
      damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
      if (guard.open(damaged, 60)) throw new Error(`bit ${bit} flipped unnoticed`);
    }
  });

  test("tells of every burst of up to 32 damaged bits", () => {
    const random = new Random(2);
    const datagram = sealed(60, 3);
    for (let i = 0; i < 5_000; i += 1) {
      const damaged = datagram.slice();
      const length = random.between(1, 32);
      const from = random.between(0, datagram.length * 8 - length);
      for (let bit = from; bit < from + length; bit += 1) {
        // The ends of a burst are damaged; what lies between may be.
        if (bit !== from && bit !== from + length - 1 && random.chance(0.5)) continue;
        damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (0x80 >>> (bit & 7));
      }
      if (guard.open(damaged, 60)) throw new Error(`burst of ${length} bits at ${from} unnoticed`);
    }
  });
});
