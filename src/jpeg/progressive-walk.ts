import { bitsAt, valueAt } from "./bits.js";
import type { EntropyBytes } from "./entropy-bytes.js";
import type { Component, Scan } from "./frame.js";
import type { HuffmanTable } from "./huffman.js";
import { blocksOfUnit, DC_MAX, DC_SIZE_MAX, type ScanWalk } from "./sequential-walk.js";

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

  /** How many of the coefficients from `first` to `last` are not 0. */
  count(block: number, first: number, last: number): number {
    const low = (this.lows[block] as number) & rangeBits(first, last);
    const high = (this.highs[block] as number) & rangeBits(first - 32, last - 32);
    return ones(low) + ones(high);
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
export class DcWalk implements ScanWalk {
  at = 0;
  blocksEnded = 0;
  readonly predictions: Int32Array;
  private readonly blocks: readonly number[];

  constructor(
    private readonly scan: Scan,
    private readonly data: EntropyBytes,
  ) {
    this.predictions = new Int32Array(scan.components.length);
    this.blocks = blocksOfUnit(scan);
  }

  step(): boolean {
    if (this.scan.high > 0) {
      this.at += this.blocks.length;
      return true;
    }
    for (const place of this.blocks) {
      const table = this.scan.components[place]?.dc as HuffmanTable;
      const entry = table.find(bitsAt(this.data.bytes, this.at));
      const size = entry & 255;
      if (entry === 0 || size > DC_SIZE_MAX) return false;
      this.at += entry >>> 8;
      if (size === 0) continue;
      const prediction =
        (this.predictions[place] as number) + valueAt(this.data.bytes, this.at, size);
      if (prediction < -DC_MAX || prediction > DC_MAX) return false;
      this.predictions[place] = prediction;
      this.at += size;
    }
    return true;
  }
}

/** Steps over AC scans, the first ones and those that refine. ITU-T T.81 sections G.1.2.2 and G.1.2.3. */
export class AcWalk implements ScanWalk {
  at = 0;
  blocksEnded = 0;
  readonly predictions = new Int32Array(1);
  private readonly table: HuffmanTable;

  constructor(
    private readonly scan: Scan,
    private readonly data: EntropyBytes,
    private readonly map: NonzeroMap,
  ) {
    this.table = scan.components[0]?.ac as HuffmanTable;
  }

  step(block: number): boolean {
    return this.scan.high === 0 ? this.stepFirst(block) : this.stepRefining(block);
  }

  private stepFirst(block: number): boolean {
    if (this.blocksEnded > 0) {
      this.blocksEnded -= 1;
      return true;
    }
    const { bandEnd } = this.scan;
    const { bytes } = this.data;
    let at = this.at;
    for (let place = this.scan.bandStart; place <= bandEnd; place += 1) {
      const entry = this.table.find(bitsAt(bytes, at));
      if (entry === 0) return false;
      at += entry >>> 8;
      const [run, size] = [(entry >>> 4) & 15, entry & 15];
      if (size === 0 && run < 15) {
        this.blocksEnded = endOfBand(bytes, at, run) - 1;
        at += run;
        break;
      }
      place += run;
      if (size === 0) continue;
      if (place > bandEnd) return false;
      this.map.add(block, place);
      at += size;
    }
    this.at = at;
    return true;
  }

  private stepRefining(block: number): boolean {
    const { map } = this;
    const { bandEnd } = this.scan;
    const { bytes } = this.data;
    // As they were before this scan; a coefficient that it adds is not looked at again.
    const low = map.lows[block] as number;
    const high = map.highs[block] as number;
    let at = this.at;
    let place = this.scan.bandStart;
    while (this.blocksEnded === 0 && place <= bandEnd) {
      const entry = this.table.find(bitsAt(bytes, at));
      const size = entry & 15;
      if (entry === 0 || size > 1) return false;
      at += (entry >>> 8) + size;
      let zeros = (entry >>> 4) & 15;
      if (size === 0 && zeros < 15) {
        this.blocksEnded = endOfBand(bytes, at, zeros);
        at += zeros;
        break;
      }
      for (; place <= bandEnd; place += 1) {
        // A shift looks at the lowest five bits of `place` only.
        if ((((place < 32 ? low : high) >>> place) & 1) === 1) at += 1;
        else if (zeros === 0) break;
        else zeros -= 1;
      }
      if (size === 1) {
        if (place > bandEnd) return false;
        map.add(block, place);
      }
      place += 1;
    }
    if (this.blocksEnded > 0) {
      at += map.count(block, place, bandEnd);
      this.blocksEnded -= 1;
    }
    this.at = at;
    return true;
  }
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

function ones(bits: number): number {
  let pairs = bits - ((bits >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
