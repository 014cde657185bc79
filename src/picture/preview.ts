import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { Partition } from "./partition.js";

/** How the pixels of the pieces are stored: interleaved samples, 16-bit ones little-endian. */
export interface PreviewSource {
  readonly partition: Partition;
  /** Samples per pixel, alpha included. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** CMYK: 0 is no ink. */
  readonly colour: "gray" | "rgb" | "cmyk";
}

/** A square of the preview, `BLOCK_SIDE` wide or less at the right and bottom edge. */
export interface PreviewBlock extends Rect {
  /** Counted left to right, top to bottom. */
  readonly block: number;
}

/**
 * A reduced view of an arriving picture, for display.
 *
 * Each preview pixel is one pixel of the source, never a mixture, so it is
 * truly present or truly missing. Presence has its own plane, since alpha is
 * the picture's. Which pixels of the source are missing is the hole map's
 * business: a preview says nothing about those it skips.
 */
export class Preview {
  readonly width: number;
  readonly height: number;
  /** `width * height * 4` bytes, not premultiplied; all zero where nothing has arrived. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** `width * height` bytes: 1 is present, 0 is missing. */
  readonly presence: Uint8Array<ArrayBuffer>;
  readonly blockColumns: number;
  readonly blockCount: number;

  private readonly partition: Partition;
  private readonly convert: Convert;
  private readonly sampleBytes: number;
  private readonly pixelBytes: number;
  /** The source column of each preview column, and the source row of each row; both strictly rising. */
  private readonly columns: Uint16Array;
  private readonly rows: Uint16Array;
  /** Of each block: EMPTY, CHANGED or TAKEN. */
  private readonly blocks: Uint8Array;
  private changedCount = 0;

  /** Neither side becomes longer than `maxSide`, nor longer than the source's. */
  constructor(source: PreviewSource, maxSide = PREVIEW_SIDE_MAX) {
    assert(Number.isInteger(maxSide) && maxSide >= 1, "a preview has room for a pixel");
    const { partition, channels, bits, colour } = source;
    const shrink = Math.min(1, maxSide / Math.max(partition.width, partition.height));
    this.width = Math.max(1, Math.round(partition.width * shrink));
    this.height = Math.max(1, Math.round(partition.height * shrink));
    this.rgba = new Uint8ClampedArray(this.width * this.height * 4);
    this.presence = new Uint8Array(this.width * this.height);
    this.blockColumns = Math.ceil(this.width / BLOCK_SIDE);
    this.blockCount = this.blockColumns * Math.ceil(this.height / BLOCK_SIDE);
    this.blocks = new Uint8Array(this.blockCount);
    this.partition = partition;
    this.sampleBytes = bits / 8;
    this.pixelBytes = channels * this.sampleBytes;
    this.convert = converterOf(channels, colour);
    this.columns = centres(partition.width, this.width);
    this.rows =
      partition.fields === 2
        ? balancedRows(partition.height, this.height)
        : centres(partition.height, this.height);
  }

  /** The pixel of the source that a preview pixel shows. */
  sourceOf(x: number, y: number): { x: number; y: number } {
    const column = this.columns[x];
    const row = this.rows[y];
    assert(column !== undefined && row !== undefined, "the pixel is in the preview");
    return { x: column, y: row };
  }

  /** Shows a piece, its rows one after another in `bytes`. Costs as much as it has preview pixels. */
  place(piece: number, bytes: Uint8Array): void {
    const rect = this.partition.rectOf(piece);
    const lineBytes = rect.width * this.pixelBytes;
    assert(bytes.length === rect.height * lineBytes, "a piece holds exactly its rectangle");
    const left = firstAtLeast(this.columns, rect.x);
    const right = firstAtLeast(this.columns, rect.x + rect.width);
    const top = firstAtLeast(this.rows, rect.y);
    const bottom = firstAtLeast(this.rows, rect.y + rect.height * rect.rowStep);
    if (left === right) return;
    for (let y = top; y < bottom; y += 1) {
      const down = (this.rows[y] as number) - rect.y;
      if (down % rect.rowStep !== 0) continue;
      this.placeRow(bytes, (down / rect.rowStep) * lineBytes, rect.x, y, left, right);
      this.touch(y, left, right);
    }
  }

  /** The blocks that changed since the last call, in rising order. */
  takeDirty(): PreviewBlock[] {
    const changed: PreviewBlock[] = [];
    for (let block = 0; changed.length < this.changedCount; block += 1) {
      if (this.blocks[block] !== CHANGED) continue;
      changed.push(this.blockAt(block));
      this.blocks[block] = TAKEN;
    }
    this.changedCount = 0;
    return changed;
  }

  /** Whether anything of the block has arrived. */
  hasContent(block: number): boolean {
    return this.blocks[block] !== EMPTY;
  }

  blockAt(block: number): PreviewBlock {
    assert(block >= 0 && block < this.blockCount, "the block is in the preview");
    const x = (block % this.blockColumns) * BLOCK_SIDE;
    const y = Math.floor(block / this.blockColumns) * BLOCK_SIDE;
    const width = Math.min(BLOCK_SIDE, this.width - x);
    return { block, x, y, width, height: Math.min(BLOCK_SIDE, this.height - y) };
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
      this.presence[pixel] = 1;
    }
  }

  private touch(y: number, left: number, right: number): void {
    const row = Math.floor(y / BLOCK_SIDE) * this.blockColumns;
    const last = row + Math.floor((right - 1) / BLOCK_SIDE);
    for (let block = row + Math.floor(left / BLOCK_SIDE); block <= last; block += 1) {
      if (this.blocks[block] === CHANGED) continue;
      this.blocks[block] = CHANGED;
      this.changedCount += 1;
    }
  }
}

/** Longest side of a preview: as much as an ordinary screen shows. Ours. */
export const PREVIEW_SIDE_MAX = 1_280;
/** Side of a block: 20 kB of pixels and presence, small beside a frame and large beside its header. Ours. */
export const BLOCK_SIDE = 64;

const EMPTY = 0;
const CHANGED = 1;
const TAKEN = 2;

/** Reads one pixel, `step` bytes from sample to sample, and writes it as red, green, blue, alpha. */
type Convert = (
  from: Uint8Array,
  at: number,
  step: number,
  to: Uint8ClampedArray,
  toAt: number,
) => void;

function converterOf(channels: number, colour: PreviewSource["colour"]): Convert {
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
  to[toAt] = ((255 - (from[at] as number)) * light) / 255;
  to[toAt + 1] = ((255 - (from[at + step] as number)) * light) / 255;
  to[toAt + 2] = ((255 - (from[at + 2 * step] as number)) * light) / 255;
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
