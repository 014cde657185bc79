/**
 * Binary arithmetic coding with carries held back, after G. N. N. Martin, "Range encoding" (1979), in the form that LZMA
 * made common: 32 bits of range, renewed by bytes. docs/codec.md, section "Synthetic pieces", has the numbers.
 */
export interface BitCoder {
  /**
   * Codes a decision that is 1 with probability `ones` / 65536 (1 to 65535) and returns it. An encoder codes `bit`;
   * a decoder does not look at it.
   */
  code(bit: number, ones: number): number;
  /** There is no room for more, or nothing left to read: what was coded last is void. */
  readonly full: boolean;
}

/** Where an encoder stood, to go back to. */
export interface EncoderMark {
  readonly low: number;
  readonly range: number;
  readonly held: number;
  readonly heldBytes: number;
  readonly at: number;
}

export class RangeEncoder implements BitCoder {
  /** What is not yet written, below 2^33: the carry is its top bit. */
  private low = 0;
  private range = RANGE_MAX;
  /** The last byte, and how many bytes of 255 follow it, that a carry may still change. */
  private held = 0;
  private heldBytes = 1;
  /** The first byte that leaves is the 0 above the first range; it is not kept. */
  private at = -1;

  /** Writes to `target`, and nothing beside it. */
  constructor(private readonly target: Uint8Array) {}

  /** What is coded so far may need more bytes than there are. */
  get full(): boolean {
    return this.at + this.heldBytes + FLUSH_BYTES_MAX > this.target.length;
  }

  code(bit: number, ones: number): number {
    const zeros = (this.range >>> 16) * (PROBABILITY_ONE - ones);
    if (bit === 0) {
      this.range = zeros;
    } else {
      this.low += zeros;
      this.range -= zeros;
    }
    while (this.range < RANGE_MIN) {
      this.range = (this.range << 8) >>> 0;
      this.shift();
    }
    return bit;
  }

  mark(): EncoderMark {
    const { low, range, held, heldBytes, at } = this;
    return { low, range, held, heldBytes, at };
  }

  back(mark: EncoderMark): void {
    ({
      low: this.low,
      range: this.range,
      held: this.held,
      heldBytes: this.heldBytes,
      at: this.at,
    } = mark);
  }

  /** Ends the code with as few bytes as tell it apart, and returns how many bytes it takes in all. */
  finish(): number {
    const end = this.low + this.range;
    let kept = 0;
    // The value with the most zero bytes at its end that still lies in the range.
    for (; kept < FLUSH_BYTES_MAX; kept += 1) {
      const step = 2 ** (32 - 8 * kept);
      const value = Math.ceil(this.low / step) * step;
      if (value < end) {
        this.low = value;
        break;
      }
    }
    for (let byte = 0; byte <= kept; byte += 1) this.shift();
    return this.at;
  }

  /** Lets the top byte of `low` go. */
  private shift(): void {
    if (this.low < CARRY_IMPOSSIBLE || this.low > 0xffff_ffff) {
      const carry = this.low > 0xffff_ffff ? 1 : 0;
      let byte = this.held;
      for (; this.heldBytes > 0; this.heldBytes -= 1) {
        this.target[this.at] = byte + carry;
        this.at += 1;
        byte = 0xff;
      }
      this.held = Math.floor(this.low / 2 ** 24) & 0xff;
    }
    this.heldBytes += 1;
    this.low = (this.low % 2 ** 24) * 256;
  }
}

export class RangeDecoder implements BitCoder {
  private range = RANGE_MAX;
  private value = 0;
  private at = 0;

  constructor(private readonly source: Uint8Array) {
    for (let byte = 0; byte < FLUSH_BYTES_MAX; byte += 1) this.value = this.next();
  }

  /** More was read than an encoder can have left unwritten: this is not its code. */
  get full(): boolean {
    return this.at > this.source.length + FLUSH_BYTES_MAX;
  }

  code(_bit: number, ones: number): number {
    const zeros = (this.range >>> 16) * (PROBABILITY_ONE - ones);
    let bit = 0;
    if (this.value < zeros) {
      this.range = zeros;
    } else {
      bit = 1;
      this.value -= zeros;
      this.range -= zeros;
    }
    while (this.range < RANGE_MIN) {
      this.range = (this.range << 8) >>> 0;
      this.value = this.next();
    }
    return bit;
  }

  private next(): number {
    const byte = this.source[this.at] ?? 0;
    this.at += 1;
    return ((this.value << 8) | byte) >>> 0;
  }
}

const PROBABILITY_ONE = 65536;
const RANGE_MAX = 0xffff_ffff;
const RANGE_MIN = 2 ** 24;
const FLUSH_BYTES_MAX = 4;
const CARRY_IMPOSSIBLE = 0xff00_0000;

/** What a decision of a probability in 1/4096 costs, at its middle, in 1/65536 bit. */
export const DECISION_COSTS = Int32Array.from({ length: 4096 }, (_, index) =>
  Math.round(-Math.log2((index + 0.5) / 4096) * PROBABILITY_ONE),
);
