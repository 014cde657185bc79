/** The 16 bits at a bit position, the first highest; zeros behind the end. */
export function bitsAt(bytes: Uint8Array, at: number): number {
  const byte = at >>> 3;
  const three =
    ((bytes[byte] as number) << 16) |
    ((bytes[byte + 1] as number) << 8) |
    (bytes[byte + 2] as number);
  return (three >>> (8 - (at & 7))) & 0xffff;
}

/** A value whose category is `size` (1 to 15), from its bits. ITU-T T.81 section F.2.2.1. */
export function valueAt(bytes: Uint8Array, at: number, size: number): number {
  const bits = bitsAt(bytes, at) >>> (16 - size);
  return bits >>> (size - 1) === 0 ? bits - (1 << size) + 1 : bits;
}

/** Writes numbers of some bits each, the first highest. */
export class BitWriter {
  private readonly bytes: number[] = [];
  private used = 0;

  put(value: number, bits: number): void {
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      if (this.used % 8 === 0) this.bytes.push(0);
      const last = this.bytes.length - 1;
      const one = Math.floor(value / 2 ** bit) & 1;
      this.bytes[last] = (this.bytes[last] as number) | (one << (7 - (this.used % 8)));
      this.used += 1;
    }
  }

  /** What was written, the last byte filled with zeros. */
  take(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** Reads them; past the end they are 0, and `failed` is set. */
export class BitReader {
  failed = false;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; left -= 1) {
      const byte = this.bytes[this.at >>> 3];
      if (byte === undefined) this.failed = true;
      value = value * 2 + (((byte ?? 0) >>> (7 - (this.at & 7))) & 1);
      this.at += 1;
    }
    return value;
  }

  /** Bytes read, the last one perhaps in part. */
  get bytesRead(): number {
    return (this.at + 7) >>> 3;
  }
}

/** Bits that hold numbers from 0 to `most`. */
export function bitsFor(most: number): number {
  let bits = 0;
  while (2 ** bits <= most) bits += 1;
  return bits;
}
