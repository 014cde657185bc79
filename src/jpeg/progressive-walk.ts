import { bitsAt, valueAt } from "./bits.js";
import type { EntropyBytes } from "./entropy-bytes.js";
import type { Component, Scan } from "./frame.js";
import type { HuffmanTable } from "./huffman.js";
import { DC_MAX, DC_SIZE_MAX, PredictedWalk, type ScanWalk } from "./sequential-walk.js";

/**
 * Which AC coefficients of a component's blocks are not 0, a bit each: what a scan that refines them must know to be read.
 */
export class NonzeroMap {
  /** Of each block, coefficients 0 to 31 in zigzag order, and 32 to 63; the first is the lowest bit. */
  readonly lows: Int32Array;
  readonly highs: Int32Array;

  constructor(blocks: number) {
    this.lows = new Int32Array(blocks);
    this.highs = new Int32Array(blocks);
  }

  has(block: number, place: number): boolean {
    const bits = place < 32 ? this.lows[block] : this.highs[block];
    return (((bits as number) >>> (place & 31)) & 1) === 1;
  }

  add(block: number, place: number): void {
    const half = place < 32 ? this.lows : this.highs;
    half[block] = (half[block] as number) | (1 << (place & 31));
  }
}

/** The map of each component, made when first asked for. Single-component scans number its blocks row by row. */
export class NonzeroMaps {
  private readonly maps = new Map<Component, NonzeroMap>();

  of(component: Component): NonzeroMap {
    const known = this.maps.get(component);
    if (known !== undefined) return known;
    const map = new NonzeroMap(component.blocksAcross * component.blocksDown);
    this.maps.set(component, map);
    return map;
  }
}

/** Steps over DC scans, the first ones and those that refine. ITU-T T.81 section G.1.2.1. */
export class DcWalk extends PredictedWalk {
  private readonly tables: readonly (HuffmanTable | undefined)[];
  private readonly refines: boolean;

  constructor(scan: Scan, data: EntropyBytes) {
    super(scan, data);
    this.tables = scan.components.map(({ dc }) => dc);
    this.refines = scan.high > 0;
  }

  /** Each block of a scan that refines is one bit. */
  override pass(unit: number, end: number, bitsMax: number): number {
    if (!this.refines) return super.pass(unit, end, bitsMax);
    const bits = this.blocks.length;
    const units = Math.max(0, Math.min(end - unit, Math.floor((bitsMax - this.at) / bits)));
    this.at += units * bits;
    return unit + units;
  }

  protected step(): boolean {
    const { blocks, tables, predictions } = this;
    const { bytes } = this.data;
    let at = this.at;
    for (const place of blocks) {
      const entry = (tables[place] as HuffmanTable).find(bitsAt(bytes, at));
      const size = entry & 255;
      if (entry === 0 || size > DC_SIZE_MAX) return false;
      at += entry >>> 8;
      if (size === 0) continue;
      const prediction = (predictions[place] as number) + valueAt(bytes, at, size);
      if (prediction < -DC_MAX || prediction > DC_MAX) return false;
      predictions[place] = prediction;
      at += size;
    }
    this.at = at;
    return true;
  }
}

/** Steps over AC scans, the first ones and those that refine. ITU-T T.81 sections G.1.2.2 and G.1.2.3. */
export class AcWalk implements ScanWalk {
  at = 0;
  blocksEnded = 0;
  failed = false;
  readonly predictions = new Int32Array(0);
  private readonly table: HuffmanTable;
  /** The scan's coefficients, as bits of a map. */
  private readonly bandLow: number;
  private readonly bandHigh: number;

  constructor(
    private readonly scan: Scan,
    private readonly data: EntropyBytes,
    private readonly map: NonzeroMap,
  ) {
    this.table = scan.components[0]?.ac as HuffmanTable;
    this.bandLow = rangeBits(scan.bandStart, scan.bandEnd);
    this.bandHigh = rangeBits(scan.bandStart - 32, scan.bandEnd - 32);
  }

  pass(unit: number, end: number, bitsMax: number): number {
    return this.scan.high === 0
      ? this.passFirst(unit, end, bitsMax)
      : this.passRefining(unit, end, bitsMax);
  }

  restart(at: number): void {
    this.at = at;
    this.blocksEnded = 0;
  }

  private passFirst(unit: number, end: number, bitsMax: number): number {
    for (let block = unit; block < end; ) {
      const ended = Math.min(this.blocksEnded, end - block);
      this.blocksEnded -= ended;
      block += ended;
      if (block === end) break;
      const at = this.firstAt(block);
      this.failed = at < 0;
      if (this.failed) return block;
      if (at > bitsMax) {
        this.blocksEnded = 0;
        return block;
      }
      this.at = at;
      block += 1;
    }
    return end;
  }

  /** Where the bits of a block end that no bits before have ended, or -1. Notes what is not 0. */
  private firstAt(block: number): number {
    const { map, table } = this;
    const { bandEnd } = this.scan;
    const { bytes } = this.data;
    let at = this.at;
    for (let place = this.scan.bandStart; place <= bandEnd; place += 1) {
      const entry = table.find(bitsAt(bytes, at));
      if (entry === 0) return -1;
      at += entry >>> 8;
      const run = (entry >>> 4) & 15;
      const size = entry & 15;
      if (size === 0 && run < 15) {
        // This block is one of them.
        this.blocksEnded = endOfBand(bytes, at, run) - 1;
        return at + run;
      }
      place += run;
      if (size === 0) continue;
      if (place > bandEnd) return -1;
      map.add(block, place);
      at += size;
    }
    return at;
  }

  private passRefining(unit: number, end: number, bitsMax: number): number {
    const { lows, highs } = this.map;
    for (let block = unit; block < end; block += 1) {
      // As they were before this scan; a coefficient that it adds is not looked at again.
      const low = lows[block] as number;
      const high = highs[block] as number;
      const ended = this.blocksEnded;
      const at = ended > 0 ? this.endedAt(low, high) : this.refinedAt(block);
      this.failed = at < 0;
      if (this.failed) return block;
      if (at > bitsMax) {
        lows[block] = low;
        highs[block] = high;
        this.blocksEnded = ended;
        return block;
      }
      this.at = at;
    }
    return end;
  }

  /** Where the bits of a block end that bits before have ended: one for each coefficient that is not 0. */
  private endedAt(low: number, high: number): number {
    this.blocksEnded -= 1;
    return this.at + ones(low & this.bandLow) + ones(high & this.bandHigh);
  }

  /** Where the bits of another block end, or -1. Notes what is not 0 any more. */
  private refinedAt(block: number): number {
    const { map, table } = this;
    const { bandEnd } = this.scan;
    const { bytes } = this.data;
    const low = (map.lows[block] as number) & this.bandLow;
    const high = (map.highs[block] as number) & this.bandHigh;
    let at = this.at;
    let place = this.scan.bandStart;
    while (place <= bandEnd) {
      const entry = table.find(bitsAt(bytes, at));
      const size = entry & 15;
      if (entry === 0 || size > 1) return -1;
      at += (entry >>> 8) + size;
      const zeros = (entry >>> 4) & 15;
      if (size === 0 && zeros < 15) {
        this.blocksEnded = endOfBand(bytes, at, zeros) - 1;
        return at + zeros + countFrom(low, high, place);
      }
      const passed = passZeros(low, high, place, zeros);
      at += passed >>> 8;
      place = passed & 255;
      if (size === 1) {
        if (place > bandEnd) return -1;
        map.add(block, place);
      }
      place += 1;
    }
    return at;
  }
}

/** How many of the coefficients from `first` on are not 0. */
function countFrom(low: number, high: number, first: number): number {
  return first < 32 ? ones(low >>> first) + ones(high) : ones(high >>> first);
}

/**
 * The coefficient from `start` on that is 0 and before which `zeros` others are; with it, shifted up by 8, how many are passed that are not 0.
 * Goes from one change to the next.
 */
function passZeros(low: number, high: number, start: number, zeros: number): number {
  let place = start;
  let left = zeros;
  let passed = 0;
  while (place < 64) {
    // A shift looks at the lowest five bits of `place` only.
    const rest = (place < 32 ? low : high) >>> place;
    const free = rest === 0 ? 32 - (place & 31) : lowestOne(rest);
    if (left < free) break;
    left -= free;
    place += free;
    if (rest === 0) continue;
    const taken = lowestOne(~(rest >>> free));
    passed += taken;
    place += taken;
  }
  return (passed << 8) | (place + left);
}

/** How many blocks end, this one among them, by a symbol whose run is `bits`, from the bits behind it. T.81 table G.1. */
export function endOfBand(bytes: Uint8Array, at: number, bits: number): number {
  return (1 << bits) + (bits === 0 ? 0 : bitsAt(bytes, at) >>> (16 - bits));
}

/** Bits `first` to `last` of 32, as far as there are such. */
function rangeBits(first: number, last: number): number {
  if (last < 0 || first > 31) return 0;
  const upTo = last >= 31 ? -1 : (1 << (last + 1)) - 1;
  return first <= 0 ? upTo : upTo & ~((1 << first) - 1);
}

/** The place of the lowest 1, or 32. */
const lowestOne = (bits: number): number => (bits === 0 ? 32 : 31 - Math.clz32(bits & -bits));

function ones(bits: number): number {
  let pairs = bits - ((bits >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
