import { assert } from "../base/assert.js";
import { BlockGrid } from "./blocks.js";
import type { PieceRect } from "./partition.js";

/** What a pixel of a view is. `MISSING`: nothing has come of it. */
export const MISSING = 0;
/** A pixel of the source, as it is there. */
export const EXACT = 1;
/** What a preview shows in its place: to be looked at, never data. */
export const APPROXIMATE = 2;

/** The source of a view: its size, and how its pixels come. */
export interface ViewSource {
  readonly width: number;
  readonly height: number;
  /** 2: rows of one parity may be missing as a whole, as in interlaced video. */
  readonly fields: 1 | 2;
  /** Samples per pixel, alpha included; interleaved. */
  readonly channels: 1 | 2 | 3 | 4;
  /** 16-bit samples are little-endian. */
  readonly bits: 8 | 16;
  /** CMYK: 0 is no ink. */
  readonly colour: "gray" | "rgb" | "cmyk";
}

/** The pixels of a view. */
export interface ViewPlanes {
  readonly width: number;
  readonly height: number;
  /** `width * height * 4` bytes: red, green, blue, alpha, not premultiplied; all zero where pixels are missing. */
  readonly rgba: Uint8Array;
  /** `width * height` bytes: `MISSING`, `EXACT` or `APPROXIMATE`. */
  readonly state: Uint8Array;
}

/** Red, green, blue and alpha of one pixel of the source, written to `target` at `at`; false where it is not known. */
export type Sample = (sourceX: number, sourceY: number, target: Uint8Array, at: number) => boolean;

/**
 * A reduced view of an arriving picture, for display.
 *
 * Each exact pixel of the view is one pixel of the source, never a mixture, so it is
 * truly present or truly missing. States have their own plane, since alpha is
 * the picture's. Which pixels of the source are missing is not a view's
 * business: it says nothing about those it skips.
 */
export class ReducedView implements ViewPlanes {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
  readonly state: Uint8Array;
  readonly blocks: BlockGrid;

  private readonly convert: Convert;
  private readonly sampleBytes: number;
  private readonly pixelBytes: number;
  /** The source column of each view column, and the source row of each row; both strictly rising. */
  private readonly columns: Uint16Array;
  private readonly rows: Uint16Array;

  /** @param memory of `viewBytes` for this source and size, all zero; its own when not given */
  constructor(source: ViewSource, maxSide = VIEW_SIDE_MAX, memory?: ArrayBufferLike) {
    const { width, height, channels, bits, colour } = source;
    const size = viewSize(source, maxSide);
    this.width = size.width;
    this.height = size.height;
    const planes = planesIn(memory ?? new ArrayBuffer(viewBytes(size)), size);
    this.rgba = planes.rgba;
    this.state = planes.state;
    this.blocks = new BlockGrid(this.width, this.height);
    this.sampleBytes = bits / 8;
    this.pixelBytes = channels * this.sampleBytes;
    this.convert = converterOf(channels, colour);
    this.columns = centres(width, this.width);
    this.rows =
      source.fields === 2 ? balancedRows(height, this.height) : centres(height, this.height);
  }

  /** The pixel of the source that a view pixel shows. */
  sourceOf(x: number, y: number): { x: number; y: number } {
    const column = this.columns[x];
    const row = this.rows[y];
    assert(column !== undefined && row !== undefined, "the pixel is in the view");
    return { x: column, y: row };
  }

  /**
   * Shows the pixels of an area of the source. Costs as much as it has view pixels.
   *
   * @param bytes the first row begins at `offset`, the next ones follow `stride` bytes apart
   */
  placeExact(
    area: PieceRect,
    bytes: Uint8Array,
    offset = 0,
    stride = area.width * this.pixelBytes,
  ): void {
    const end = offset + (area.height - 1) * stride + area.width * this.pixelBytes;
    assert(end <= bytes.length, "the area's pixels are there");
    const { left, right, top, bottom } = this.spanOf(area);
    if (left === right) return;
    for (let y = top; y < bottom; y += 1) {
      const down = (this.rows[y] as number) - area.y;
      if (down % area.rowStep !== 0) continue;
      const line = offset + (down / area.rowStep) * stride;
      this.placeRow(bytes, line, area.x, y, left, right);
      this.blocks.touch(left, y, right - left, 1);
    }
  }

  /**
   * Shows pixels of an area of the source that are asked for one by one: exact ones over all, approximate ones where
   * nothing exact is.
   *
   * @param around pixels of this larger area that have the same state already are asked for again
   */
  place(
    area: PieceRect,
    state: typeof EXACT | typeof APPROXIMATE,
    sample: Sample,
    around: PieceRect = area,
  ): void {
    const inner = this.spanOf(area);
    const { left, right, top, bottom } = this.spanOf(around);
    for (let y = top; y < bottom; y += 1) {
      const sourceY = this.rows[y] as number;
      const inRows = y >= inner.top && y < inner.bottom && (sourceY - area.y) % area.rowStep === 0;
      let hasChanged = false;
      for (let x = left; x < right; x += 1) {
        const pixel = y * this.width + x;
        const before = this.state[pixel];
        const isNew = inRows && x >= inner.left && x < inner.right && before !== EXACT;
        if (!isNew && before !== state) continue;
        if (!sample(this.columns[x] as number, sourceY, this.rgba, pixel * 4)) continue;
        this.state[pixel] = state;
        hasChanged = true;
      }
      if (hasChanged) this.blocks.touch(left, y, right - left, 1);
    }
  }

  /** The view pixels that show pixels of an area. */
  private spanOf(area: PieceRect): { left: number; right: number; top: number; bottom: number } {
    return {
      left: firstAtLeast(this.columns, area.x),
      right: firstAtLeast(this.columns, area.x + area.width),
      top: firstAtLeast(this.rows, area.y),
      bottom: firstAtLeast(this.rows, area.y + area.height * area.rowStep),
    };
  }

  private placeRow(
    bytes: Uint8Array,
    lineStart: number,
    sourceX: number,
    y: number,
    left: number,
    right: number,
  ): void {
    // Of a 16-bit sample the upper byte is shown; it is the last one.
    const first = lineStart + this.sampleBytes - 1;
    for (let x = left; x < right; x += 1) {
      const from = first + ((this.columns[x] as number) - sourceX) * this.pixelBytes;
      const pixel = y * this.width + x;
      this.convert(bytes, from, this.sampleBytes, this.rgba, pixel * 4);
      this.state[pixel] = EXACT;
    }
  }
}

/** The size of a view: neither side longer than `maxSide`, nor longer than the source's. */
export function viewSize(
  source: Pick<ViewSource, "width" | "height">,
  maxSide = VIEW_SIDE_MAX,
): { width: number; height: number } {
  assert(Number.isInteger(maxSide) && maxSide >= 1, "a view has room for a pixel");
  const shrink = Math.min(1, maxSide / Math.max(source.width, source.height));
  return {
    width: Math.max(1, Math.round(source.width * shrink)),
    height: Math.max(1, Math.round(source.height * shrink)),
  };
}

/** Memory that the planes of a view take. */
export function viewBytes({ width, height }: Pick<ViewPlanes, "width" | "height">): number {
  return width * height * 5;
}

/** The planes of a view that lie in `memory`, colours first. */
export function planesIn(
  memory: ArrayBufferLike,
  { width, height }: Pick<ViewPlanes, "width" | "height">,
): ViewPlanes {
  const rgba = new Uint8Array(memory, 0, width * height * 4);
  const state = new Uint8Array(memory, width * height * 4, width * height);
  return { width, height, rgba, state };
}

/** Longest side of a view: as much as an ordinary screen shows. Ours. */
export const VIEW_SIDE_MAX = 1_280;

/** Reads one pixel, `step` bytes from sample to sample, and writes it as red, green, blue, alpha. */
type Convert = (from: Uint8Array, at: number, step: number, to: Uint8Array, toAt: number) => void;

function converterOf(channels: number, colour: ViewSource["colour"]): Convert {
  if (colour === "cmyk") {
    assert(channels === 4, "CMYK has four channels");
    return fromCmyk;
  }
  if (colour === "gray") {
    assert(channels <= 2, "gray has one channel, and perhaps alpha");
    return channels === 1 ? fromGray : fromGrayAlpha;
  }
  assert(channels >= 3, "RGB has three channels, and perhaps alpha");
  return channels === 3 ? fromRgb : fromRgba;
}

const fromGray: Convert = (from, at, _step, to, toAt) => {
  const gray = from[at] as number;
  to[toAt] = gray;
  to[toAt + 1] = gray;
  to[toAt + 2] = gray;
  to[toAt + 3] = 255;
};

const fromGrayAlpha: Convert = (from, at, step, to, toAt) => {
  fromGray(from, at, step, to, toAt);
  to[toAt + 3] = from[at + step] as number;
};

const fromRgb: Convert = (from, at, step, to, toAt) => {
  to[toAt] = from[at] as number;
  to[toAt + 1] = from[at + step] as number;
  to[toAt + 2] = from[at + 2 * step] as number;
  to[toAt + 3] = 255;
};

const fromRgba: Convert = (from, at, step, to, toAt) => {
  fromRgb(from, at, step, to, toAt);
  to[toAt + 3] = from[at + 3 * step] as number;
};

/** The plain conversion without a colour profile: good enough to look at, never stored. */
const fromCmyk: Convert = (from, at, step, to, toAt) => {
  const light = 255 - (from[at + 3 * step] as number);
  for (let i = 0; i < 3; i += 1) {
    to[toAt + i] = Math.round(((255 - (from[at + i * step] as number)) * light) / 255);
  }
  to[toAt + 3] = 255;
};

/** For each of `count` equal cells of 0..length-1, the number nearest to the cell's centre. */
function centres(length: number, count: number): Uint16Array {
  return Uint16Array.from({ length: count }, (_, i) =>
    Math.floor(((2 * i + 1) * length) / (2 * count)),
  );
}

/**
 * As `centres`, but with even and odd rows in equal parts as far as cells allow.
 * A picture halved by plain sampling would show rows of one field only: all
 * there, or all missing, when in truth half of it is.
 */
function balancedRows(length: number, count: number): Uint16Array {
  const rows = centres(length, count);
  let oddLead = 0;
  for (let i = 0; i < count; i += 1) {
    const start = Math.floor((i * length) / count);
    const end = Math.floor(((i + 1) * length) / count);
    let row = rows[i] as number;
    const wanted = oddLead < 0 ? 1 : 0;
    if (row % 2 !== wanted && end - start > 1) row += row + 1 < end ? 1 : -1;
    rows[i] = row;
    oddLead += row % 2 === 1 ? 1 : -1;
  }
  return rows;
}

/** The first index whose value is at least `value`; the length when there is none. */
function firstAtLeast(rising: Uint16Array, value: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
