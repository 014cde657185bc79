/** Writes numbers of some bits each, the most significant bit first; bytes are filled up with zeros at the end. */
export class BitWriter {
  private readonly written: number[] = [];
  private gathered = 0;
  private free = 8;

  /** Appends the low `count` bits of a number; at most 31. */
  bits(value: number, count: number): void {
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, this.free);
      left -= taken;
      this.free -= taken;
      this.gathered |= ((value >>> left) & ((1 << taken) - 1)) << this.free;
      if (this.free === 0) this.next();
    }
  }

  /** Appends a whole number from 0 to 2^16 - 2 by the Exp-Golomb code: few bits for a small one. */
  small(value: number): void {
    const length = 32 - Math.clz32(value + 1);
    this.bits(0, length - 1);
    this.bits(value + 1, length);
  }

  /** Appends a number of either sign: 0, 1, -1, 2, ... take the codes of `small` in this order. */
  signed(value: number): void {
    this.small(value > 0 ? 2 * value - 1 : -2 * value);
  }

  finish(): Uint8Array {
    if (this.free < 8) this.next();
    return Uint8Array.from(this.written);
  }

  private next(): void {
    this.written.push(this.gathered);
    this.gathered = 0;
    this.free = 8;
  }
}

/** The reverse. Reading past the end yields zeros and makes `failed` true. */
export class BitReader {
  /** Whether more was read than there is, or a code that `BitWriter` does not write. */
  failed = false;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      const byte = this.bytes[this.at >>> 3];
      if (byte === undefined) this.failed = true;
      value = (value << 1) | (((byte ?? 0) >>> (7 - (this.at & 7))) & 1);
      this.at += 1;
    }
    return value;
  }

  small(): number {
    let zeros = 0;
    while (this.bits(1) === 0) {
      zeros += 1;
      if (zeros > SMALL_BITS_MAX) {
        this.failed = true;
        return 0;
      }
    }
    return ((1 << zeros) | this.bits(zeros)) - 1;
  }

  signed(): number {
    const code = this.small();
    // Not by negation, which makes a zero that differs from zero.
    return code & 1 ? (code + 1) >>> 1 : 0 - (code >>> 1);
  }

  /** Whether all is read but for the zeros that fill the last byte. */
  ended(): boolean {
    const left = 8 * this.bytes.length - this.at;
    return !this.failed && left >= 0 && left < 8 && this.bits(left) === 0;
  }
}

const SMALL_BITS_MAX = 15;
