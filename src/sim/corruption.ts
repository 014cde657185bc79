import type { Random } from "../base/random.js";

/**
 * A damaged copy of a datagram, always different from it: usually 1 to 8
 * flipped bits; sometimes cut short (to no less than nothing) or with random bytes at its end.
 */
export function corrupted(datagram: Uint8Array, random: Random): Uint8Array {
  const kind = random.unit();
  if (datagram.length === 0 || kind < EXTENDED_SHARE) {
    const tail = random.bytes(random.between(1, EXTENSION_BYTES_MAX));
    const longer = new Uint8Array(datagram.length + tail.length);
    longer.set(datagram);
    longer.set(tail, datagram.length);
    return longer;
  }
  if (kind < EXTENDED_SHARE + TRUNCATED_SHARE) {
    return datagram.slice(0, random.between(0, datagram.length - 1));
  }
  const copy = datagram.slice();
  const bits = new Set<number>();
  const wanted = random.between(1, FLIPPED_BITS_MAX);
  while (bits.size < wanted) bits.add(random.between(0, copy.length * 8 - 1));
  for (const bit of bits) copy[bit >>> 3] = (copy[bit >>> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** Ours: enough of each kind that a run of a few thousand datagrams meets them all. */
const EXTENDED_SHARE = 0.1;
const TRUNCATED_SHARE = 0.1;
const EXTENSION_BYTES_MAX = 64;
/** At most 8, so that even a datagram of one byte has enough distinct bits to flip. */
const FLIPPED_BITS_MAX = 8;
