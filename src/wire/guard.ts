import { viewOf } from "./bytes.js";

/**
 * What keeps a datagram's bytes whole on the way. Today a checksum; a sealed
 * connection will bring an AEAD in its place.
 */
export interface Guard {
  /** Bytes that it adds behind the frames. */
  readonly tagBytes: number;
  /** Writes the tag for bytes [0, end) at `end`. */
  seal(datagram: Uint8Array, end: number): void;
  /** True when the tag at `end` fits the bytes [0, end). */
  open(datagram: Uint8Array, end: number): boolean;
}

const CRC_BYTES = 4;

/**
 * Guards datagrams by CRC-32C (Castagnoli, RFC 3720 appendix B.4), which finds
 * every burst of up to 32 damaged bits, and others but for one in 2^32. It finds
 * accidents only: it is no protection against anyone.
 */
export function crcGuard(crc32c: (bytes: Uint8Array) => number): Guard {
  return {
    tagBytes: CRC_BYTES,
    seal(datagram, end) {
      const crc = crc32c(viewOf(datagram, 0, end));
      datagram[end] = crc >>> 24;
      datagram[end + 1] = crc >>> 16;
      datagram[end + 2] = crc >>> 8;
      datagram[end + 3] = crc;
    },
    open(datagram, end) {
      const crc = crc32c(viewOf(datagram, 0, end));
      return (
        datagram[end] === crc >>> 24 &&
        datagram[end + 1] === ((crc >>> 16) & 0xff) &&
        datagram[end + 2] === ((crc >>> 8) & 0xff) &&
        datagram[end + 3] === (crc & 0xff)
      );
    },
  };
}
