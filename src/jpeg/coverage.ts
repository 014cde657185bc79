import type { Rect } from "../base/geometry.js";
import { areasOfRun, type Component, type Frame, type Scan, type ScanComponent } from "./frame.js";
import { type JpegPart, readPiece } from "./piece-head.js";
import { type JpegTables, readTables } from "./tables.js";

/**
 * Which pixels are exact: those of MCUs of which every scan's data have come.
 *
 * Looks only at pieces' heads. Memory: a bit for each unit of each scan, two bytes for each MCU.
 */
export class JpegCoverage {
  /** The whole picture. */
  readonly width: number;
  readonly height: number;
  /** Of each scan, a bit for each unit that has come. */
  private readonly maps: readonly Uint8Array[];
  /** Of each MCU of the frame, the units of all scans that have not come. */
  private readonly missing: Uint16Array;

  constructor(private readonly tables: JpegTables) {
    const { frame, scans } = tables;
    this.width = frame.width;
    this.height = frame.height;
    this.maps = scans.map(({ units }) => new Uint8Array((units + 7) >>> 3));
    this.missing = new Uint16Array(frame.mcusAcross * frame.mcusDown);
    frame.components.forEach((component, index) => {
      const alone = scans.filter(({ components }) => isOnly(components, index)).length;
      if (alone > 0) this.expectBlocks(component, alone);
    });
    const together = scans.filter(({ components }) => components.length > 1).length;
    for (let mcu = 0; mcu < this.missing.length; mcu += 1) {
      this.missing[mcu] = (this.missing[mcu] as number) + together;
    }
  }

  /** Each block of a component comes in so many scans. */
  private expectBlocks({ h, v, blocksAcross, blocksDown }: Component, scans: number): void {
    const { mcusAcross, mcusDown } = this.tables.frame;
    for (let row = 0; row < mcusDown; row += 1) {
      const down = Math.min(v, blocksDown - row * v);
      for (let column = 0; column < mcusAcross; column += 1) {
        const blocks = Math.max(0, Math.min(h, blocksAcross - column * h) * down);
        const mcu = row * mcusAcross + column;
        this.missing[mcu] = (this.missing[mcu] as number) + blocks * scans;
      }
    }
  }

  /** Undefined when the tables, from a manifest, are no JPEG's, or it would take more than `bytesMax` of memory. */
  static of(tables: Uint8Array, bytesMax: number): JpegCoverage | undefined {
    const read = readTables(tables);
    if (read === undefined || JpegCoverage.bytesFor(read) > bytesMax) return undefined;
    return new JpegCoverage(read);
  }

  /** Bytes that the coverage takes. */
  static bytesFor({ frame, scans }: JpegTables): number {
    const bits = scans.reduce((sum, { units }) => sum + units + 8, 0);
    return Math.ceil(bits / 8) + 2 * frame.mcusAcross * frame.mcusDown;
  }

  /** Notes a piece; returns the pixels that are exact now and were not before. Undefined when it is malformed. Never throws. */
  add(piece: Uint8Array): Rect[] | undefined {
    return readPiece(this.tables, piece)?.flatMap((part) => this.addPart(part));
  }

  /** The same of a part of one that was read. */
  addPart(part: JpegPart): Rect[] {
    if (part.kind === "bytes") return [];
    const { frame, scans } = this.tables;
    const scan = scans[part.scan] as Scan;
    const held = this.maps[part.scan] as Uint8Array;
    const whole: number[] = [];
    for (let unit = part.first; unit < part.first + part.count; unit += 1) {
      const bit = 1 << (unit & 7);
      const byte = held[unit >>> 3] as number;
      if ((byte & bit) !== 0) continue;
      held[unit >>> 3] = byte | bit;
      const mcu = mcuOf(frame, scan, unit);
      const left = (this.missing[mcu] as number) - 1;
      this.missing[mcu] = left;
      if (left === 0) whole.push(mcu);
    }
    const all = scan.components.length > 1 && whole.length === part.count;
    return all ? areasOfRun(frame, scan, part.first, part.count) : areasOfMcus(frame, whole);
  }

  /** How many of a scan's units from `first` on have come. */
  held(scan: number, first: number, count: number): number {
    const map = this.maps[scan] as Uint8Array;
    let held = 0;
    for (let unit = first; unit < first + count; unit += 1) {
      held += ((map[unit >>> 3] as number) >>> (unit & 7)) & 1;
    }
    return held;
  }
}

const isOnly = (components: readonly ScanComponent[], index: number): boolean =>
  components.length === 1 && components[0]?.index === index;

function mcuOf(frame: Frame, scan: Scan, unit: number): number {
  const only = scan.components.length === 1 ? scan.components[0] : undefined;
  if (only === undefined) return unit;
  const { h, v } = only.component;
  const row = Math.floor(unit / scan.unitsAcross);
  const column = unit - row * scan.unitsAcross;
  return Math.floor(row / v) * frame.mcusAcross + Math.floor(column / h);
}

/** The pixels of some MCUs, those side by side in one rectangle. */
function areasOfMcus(frame: Frame, mcus: readonly number[]): Rect[] {
  const areas: Rect[] = [];
  const [width, height] = [8 * frame.hMax, 8 * frame.vMax];
  for (let i = 0; i < mcus.length; ) {
    const first = mcus[i] as number;
    const row = Math.floor(first / frame.mcusAcross);
    const rowEnd = (row + 1) * frame.mcusAcross;
    let end = first;
    while (i < mcus.length && mcus[i] === end && end < rowEnd) {
      end += 1;
      i += 1;
    }
    const x = (first - row * frame.mcusAcross) * width;
    const right = Math.min(frame.width, x + (end - first) * width);
    const y = row * height;
    areas.push({ x, y, width: right - x, height: Math.min(frame.height - y, height) });
  }
  return areas;
}
