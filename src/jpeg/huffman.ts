/** Codes of at most so many bits are found by one look at a table. */
const SHORT_BITS = 9;

/** Bits that are looked at to step over several symbols at once. */
export const STEP_BITS = 12;

/** Bits of the longest code. ITU-T T.81 section C. */
const CODE_BITS_MAX = 16;

/** A block's coefficients. */
const BLOCK = 64;

/**
 * A Huffman table of a JPEG file, as a decoder wants it.
 *
 * An answer of `find` is code length << 8 | symbol, or 0 for bits that begin no code.
 */
export class HuffmanTable {
  private readonly short = new Uint16Array(1 << SHORT_BITS);
  /** Of each length: one past its last code, shifted up to 16 bits. */
  private readonly ends = new Int32Array(CODE_BITS_MAX + 1);
  /** Of each length: what added to a code of that length gives its symbol's place. */
  private readonly places = new Int32Array(CODE_BITS_MAX + 1);
  private stepTable: Int32Array | undefined;

  private constructor(private readonly symbols: Uint8Array) {}

  /**
   * The table whose codes of length 1 to 16 number `counts[0]` to `counts[15]`, with the symbols in the order of their codes.
   * Undefined when there are not that many codes. ITU-T T.81 sections C.2 and F.2.2.3.
   */
  static of(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | undefined {
    const table = new HuffmanTable(symbols);
    let code = 0;
    let place = 0;
    for (let length = 1; length <= CODE_BITS_MAX; length += 1) {
      const count = counts[length - 1] as number;
      if (code + count > 1 << length || place + count > symbols.length) return undefined;
      table.places[length] = place - code;
      for (let i = 0; i < count; i += 1) table.enter(code + i, length, place + i);
      place += count;
      code += count;
      table.ends[length] = code << (CODE_BITS_MAX - length);
      code <<= 1;
    }
    return table;
  }

  private enter(code: number, length: number, place: number): void {
    if (length > SHORT_BITS) return;
    const start = code << (SHORT_BITS - length);
    const entry = (length << 8) | (this.symbols[place] as number);
    this.short.fill(entry, start, start + (1 << (SHORT_BITS - length)));
  }

  /** The code that begins with the highest of 16 bits. */
  find(bits: number): number {
    const entry = this.short[bits >>> (CODE_BITS_MAX - SHORT_BITS)] as number;
    return entry === 0 ? this.findLong(bits) : entry;
  }

  private findLong(bits: number): number {
    for (let length = SHORT_BITS + 1; length <= CODE_BITS_MAX; length += 1) {
      if (bits >= (this.ends[length] as number)) continue;
      const place = (bits >>> (CODE_BITS_MAX - length)) + (this.places[length] as number);
      const symbol = this.symbols[place];
      return symbol === undefined ? 0 : (length << 8) | symbol;
    }
    return 0;
  }

  /**
   * For each value of `STEP_BITS` bits of a sequential scan's AC coefficients, the steps that these bits decide: bits to go on
   * (with the bits of the values) | coefficients to go on << 8 | 1 << 16 when the block's end is reached. 0: not even one.
   */
  steps(): Int32Array {
    if (this.stepTable !== undefined) return this.stepTable;
    const table = new Int32Array(1 << STEP_BITS);
    for (let bits = 0; bits < table.length; bits += 1) table[bits] = this.stepOf(bits);
    this.stepTable = table;
    return table;
  }

  private stepOf(bits: number): number {
    let taken = 0;
    let coefficients = 0;
    while (taken < STEP_BITS && coefficients < BLOCK) {
      const rest = (bits << (CODE_BITS_MAX - STEP_BITS + taken)) & 0xffff;
      const entry = this.find(rest);
      const length = entry >>> 8;
      if (length === 0 || length > STEP_BITS - taken) break;
      const run = (entry >>> 4) & 15;
      const size = entry & 15;
      taken += length + size;
      if (size !== 0) coefficients += run + 1;
      else if (run === 15) coefficients += 16;
      else return taken | (coefficients << 8) | (1 << 16);
    }
    return taken | (coefficients << 8);
  }
}

/** Code counts and symbols of the tables that most encoders use and that a file may leave out. ITU-T T.81 section K.3.3. */
const STANDARD_DC: readonly (readonly [counts: string, symbols: string])[] = [
  ["00010501010101010100000000000000", "000102030405060708090a0b"],
  ["00030101010101010101010000000000", "000102030405060708090a0b"],
];

const STANDARD_AC: readonly (readonly [counts: string, symbols: string])[] = [
  [
    "0002010303020403050504040000017d",
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f0" +
      "2433627282090a161718191a25262728292a3435363738393a434445464748494a" +
      "535455565758595a636465666768696a737475767778797a838485868788898a" +
      "92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6" +
      "c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  ],
  [
    "00020102040403040705040400010277",
    "000102031104052131061241510761711322328108144291a1b1c109233352f0" +
      "156272d10a162434e125f11718191a262728292a35363738393a434445464748" +
      "494a535455565758595a636465666768696a737475767778797a828384858687" +
      "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3" +
      "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  ],
];

/** The body of a segment that defines a standard table: class and place, counts, symbols. */
export function standardBody(kind: "dc" | "ac", slot: number): Uint8Array | undefined {
  const text = (kind === "dc" ? STANDARD_DC : STANDARD_AC)[slot];
  if (text === undefined) return undefined;
  return Uint8Array.of((kind === "dc" ? 0 : 0x10) | slot, ...fromHex(text[0]), ...fromHex(text[1]));
}

/** The standard table of a class for luma (0) or chroma (1). */
export function standardTable(kind: "dc" | "ac", slot: number): HuffmanTable | undefined {
  const body = standardBody(kind, slot);
  return body && HuffmanTable.of(body.subarray(1, 17), body.subarray(17));
}

function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}
