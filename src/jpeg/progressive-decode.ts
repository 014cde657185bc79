import { bitsAt, valueAt } from "./bits.js";
import type { Coefficients } from "./coefficients.js";
import { EntropyBytes } from "./entropy-bytes.js";
import type { Scan, ScanComponent } from "./frame.js";
import type { HuffmanTable } from "./huffman.js";
import type { RunPart } from "./piece-head.js";
import { endOfBand } from "./progressive-walk.js";

/** Told of each block that a run has changed: its component's place in the frame, and its own. */
export type BlockListener = (component: number, column: number, row: number) => void;

/**
 * Adds a run of a progressive scan to the coefficients of the frame's components. False when its bits mean nothing; what stood before
 * that was added.
 */
export function decodeProgressiveRun(
  scan: Scan,
  run: RunPart,
  coefficients: readonly Coefficients[],
  changed: BlockListener,
): boolean {
  const data = new EntropyBytes(run.bytes, 0, run.bytes.length);
  const reader = new ProgressiveReader(scan, data, run, coefficients, changed);
  let interval = 0;
  for (let unit = run.first; unit < run.first + run.count; unit += 1) {
    if (scan.restartInterval > 0 && unit > run.first && unit % scan.restartInterval === 0) {
      interval += 1;
      const next = data.intervals[interval];
      if (next === undefined) return false;
      reader.restart(next * 8);
    }
    if (!reader.read(unit) || reader.at > data.length * 8) return false;
  }
  return true;
}

/** ITU-T T.81 section G.1.2; the order of bits is that of libjpeg's jdphuff.c. */
class ProgressiveReader {
  at: number;
  private blocksEnded: number;
  /** Whether the present block has got another value. */
  private touched = false;
  private readonly predictions: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(
    private readonly scan: Scan,
    data: EntropyBytes,
    run: RunPart,
    private readonly coefficients: readonly Coefficients[],
    private readonly changed: BlockListener,
  ) {
    this.at = run.bit;
    this.blocksEnded = run.blocksEnded;
    this.predictions = Int32Array.from(run.predictions);
    this.bytes = data.bytes;
  }

  restart(at: number): void {
    this.at = at;
    this.blocksEnded = 0;
    this.predictions.fill(0);
  }

  read(unit: number): boolean {
    const { scan } = this;
    const row = Math.floor(unit / scan.unitsAcross);
    const column = unit - row * scan.unitsAcross;
    if (scan.bandStart === 0) return this.readDc(column, row);
    const { index } = scan.components[0] as ScanComponent;
    const coefficients = this.coefficients[index] as Coefficients;
    const block = coefficients.blockAt(column, row);
    this.touched = false;
    const good =
      scan.high === 0
        ? this.readFirst(coefficients, unit, block)
        : this.readRefining(coefficients, unit, block);
    if (this.touched) this.changed(index, column, row);
    return good;
  }

  private readDc(column: number, row: number): boolean {
    const { scan } = this;
    const single = scan.components.length === 1;
    for (let place = 0; place < scan.components.length; place += 1) {
      const part = scan.components[place] as ScanComponent;
      const [across, down] = single ? [1, 1] : [part.component.h, part.component.v];
      for (let y = 0; y < down; y += 1) {
        for (let x = 0; x < across; x += 1) {
          if (!this.readDcBlock(part, place, column * across + x, row * down + y)) return false;
        }
      }
    }
    return true;
  }

  private readDcBlock(part: ScanComponent, place: number, column: number, row: number): boolean {
    const { bytes, scan, predictions } = this;
    const coefficients = this.coefficients[part.index] as Coefficients;
    const block = coefficients.blockAt(column, row);
    if (scan.high > 0) {
      const bit = bitsAt(bytes, this.at) >>> 15;
      this.at += 1;
      if (bit === 0) return true;
      coefficients.add(block, 0, 1 << scan.low);
    } else {
      const entry = (part.dc as HuffmanTable).find(bitsAt(bytes, this.at));
      const size = entry & 255;
      if (entry === 0 || size > 15) return false;
      this.at += entry >>> 8;
      if (size > 0) {
        predictions[place] = (predictions[place] as number) + valueAt(bytes, this.at, size);
        this.at += size;
      }
      coefficients.add(block, 0, (predictions[place] as number) << scan.low);
    }
    this.changed(part.index, column, row);
    return true;
  }

  private readFirst(coefficients: Coefficients, unit: number, block: number): boolean {
    if (this.blocksEnded > 0) {
      this.blocksEnded -= 1;
      return true;
    }
    const { bytes, scan } = this;
    const table = scan.components[0]?.ac as HuffmanTable;
    for (let place = scan.bandStart; place <= scan.bandEnd; place += 1) {
      const entry = table.find(bitsAt(bytes, this.at));
      if (entry === 0) return false;
      this.at += entry >>> 8;
      const [run, size] = [(entry >>> 4) & 15, entry & 15];
      if (size === 0 && run < 15) {
        this.blocksEnded = endOfBand(bytes, this.at, run) - 1;
        this.at += run;
        break;
      }
      place += run;
      if (size === 0) continue;
      if (place > scan.bandEnd) return false;
      coefficients.nonzero.add(unit, place);
      coefficients.add(block, place, valueAt(bytes, this.at, size) << scan.low);
      this.touched = true;
      this.at += size;
    }
    return true;
  }

  private readRefining(coefficients: Coefficients, unit: number, block: number): boolean {
    const { bytes, scan } = this;
    const { bandEnd } = scan;
    const table = scan.components[0]?.ac as HuffmanTable;
    let place = scan.bandStart;
    while (this.blocksEnded === 0 && place <= bandEnd) {
      const entry = table.find(bitsAt(bytes, this.at));
      const size = entry & 15;
      if (entry === 0 || size > 1) return false;
      this.at += entry >>> 8;
      const zeros = (entry >>> 4) & 15;
      if (size === 0 && zeros < 15) {
        this.blocksEnded = endOfBand(bytes, this.at, zeros);
        this.at += zeros;
        break;
      }
      const value = size === 0 ? 0 : valueAt(bytes, this.at, 1);
      this.at += size;
      place = this.refine(coefficients, unit, block, place, zeros);
      if (value !== 0) {
        if (place > bandEnd) return false;
        coefficients.nonzero.add(unit, place);
        coefficients.add(block, place, value << scan.low);
        this.touched = true;
      }
      place += 1;
    }
    if (this.blocksEnded > 0) {
      this.refine(coefficients, unit, block, place, 64);
      this.blocksEnded -= 1;
    }
    return true;
  }

  /** Reads a bit for each coefficient that is not 0, over so many that are: the place of the next one that is. */
  private refine(
    coefficients: Coefficients,
    unit: number,
    block: number,
    start: number,
    zeros: number,
  ): number {
    const { bandEnd, low } = this.scan;
    let left = zeros;
    let place = start;
    for (; place <= bandEnd; place += 1) {
      if (!coefficients.nonzero.has(unit, place)) {
        if (left === 0) break;
        left -= 1;
        continue;
      }
      const bit = bitsAt(this.bytes, this.at) >>> 15;
      this.at += 1;
      if (bit === 0) continue;
      const value = coefficients.get(block, place);
      coefficients.add(block, place, (value < 0 ? -1 : 1) << low);
      this.touched = true;
    }
    return place;
  }
}
