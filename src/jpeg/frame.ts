import type { Rect } from "../base/geometry.js";
import type { HuffmanTable } from "./huffman.js";

/** Samples of a block's side. */
export const BLOCK_SIDE = 8;

/** Why a file is not cut as a JPEG, in words for people that go on after "a JPEG file with". */
export interface Unusual {
  readonly unusual: string;
}

/** How a frame's components become colours; a manifest's tables hold the place in this list. */
export const JPEG_COLOURS = ["gray", "ycc", "rgb", "cmyk", "inverted cmyk", "ycck"] as const;
export type JpegColour = (typeof JPEG_COLOURS)[number];

/** One component of a frame: a plane of samples. */
export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
  readonly quantSlot: number;
  /** Samples that the picture has. ITU-T T.81 section A.1.1. */
  readonly width: number;
  readonly height: number;
  /** Blocks that hold these. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Blocks with those that fill the last MCUs of the frame. */
  readonly blockStride: number;
  readonly blockRows: number;
  /** Divisors of the coefficients in zigzag order, as they are when the component's first scan begins. */
  quant: Uint16Array | undefined;
}

/** What the start of frame says. */
export interface Frame {
  readonly progressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly hMax: number;
  readonly vMax: number;
  /** MCUs of scans of several components. */
  readonly mcusAcross: number;
  readonly mcusDown: number;
}

export interface ScanComponent {
  readonly component: Component;
  /** Its place in the frame. */
  readonly index: number;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

/** One scan. Its units are MCUs: single blocks if it has one component. ITU-T T.81 section A.2. */
export interface Scan {
  readonly components: readonly ScanComponent[];
  /** The first and the last coefficient, in zigzag order. */
  readonly bandStart: number;
  readonly bandEnd: number;
  /** Successive approximation: the bit that was the lowest before, or 0 in a first scan; the lowest after. */
  readonly high: number;
  readonly low: number;
  /** Units between restart markers, or 0. */
  readonly restartInterval: number;
  readonly unitsAcross: number;
  readonly unitsDown: number;
  readonly units: number;
  /** Pixels of a unit. */
  readonly unitWidth: number;
  readonly unitHeight: number;
}

/** Whether a scan's entropy coded data begin from predictions of DC coefficients. */
export const hasPredictions = (scan: Scan): boolean => scan.bandStart === 0 && scan.high === 0;

/** The pixels of a run of units: at most three rectangles, clipped to the picture, none of them empty. */
export function areasOfRun(frame: Frame, scan: Scan, first: number, count: number): Rect[] {
  const { unitsAcross } = scan;
  const end = first + count;
  const areas: Rect[] = [];
  const add = (from: number, to: number, row: number, rows: number): void => {
    const x = from * scan.unitWidth;
    const y = row * scan.unitHeight;
    const width = Math.min(frame.width, to * scan.unitWidth) - x;
    const height = Math.min(frame.height, (row + rows) * scan.unitHeight) - y;
    if (width > 0 && height > 0) areas.push({ x, y, width, height });
  };
  let row = Math.floor(first / unitsAcross);
  const column = first - row * unitsAcross;
  const lastRow = Math.floor(end / unitsAcross);
  if (row === lastRow) {
    add(column, end - row * unitsAcross, row, 1);
    return areas;
  }
  if (column > 0) {
    add(column, unitsAcross, row, 1);
    row += 1;
  }
  if (row < lastRow) add(0, unitsAcross, row, lastRow - row);
  if (end > lastRow * unitsAcross) add(0, end - lastRow * unitsAcross, lastRow, 1);
  return areas;
}
