import type { Rect } from "../../src/base/geometry.js";
import { APPROXIMATE, EXACT, MISSING } from "../../src/picture/reduced-view.js";
import type { BlockMessage } from "../../src/viewer/feed.js";

/** A reduced view as it has come: colours and, apart from them, what each pixel is. */
export class Plane {
  readonly rgba: Uint8Array;
  /** `MISSING`, `EXACT` or `APPROXIMATE`. */
  readonly state: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.rgba = new Uint8Array(width * height * 4);
    this.state = new Uint8Array(width * height);
  }

  /** Puts a block where it belongs; false when it does not lie inside. */
  place(block: BlockMessage): boolean {
    const { x, y, width, height } = block;
    if (x + width > this.width || y + height > this.height) return false;
    for (let row = 0; row < height; row += 1) {
      const to = (y + row) * this.width + x;
      const from = row * width;
      this.rgba.set(block.rgba.subarray(from * 4, (from + width) * 4), to * 4);
      this.state.set(block.state.subarray(from, from + width), to);
    }
    return true;
  }
}

/**
 * `exact`: only what is exact, the rest hatched. `shown`: approximate pixels, too. `holes`: exact, approximate and missing
 * in three flat colours.
 */
export type View = "exact" | "shown" | "holes";

/** Colours as 0xAABBGGRR: the order of an ImageData's bytes, read as a little-endian word. */
export interface Palette {
  readonly hatch: readonly [number, number];
  readonly exact: number;
  readonly approximate: number;
  readonly missing: number;
  /** What shows through where the picture itself is transparent. */
  readonly ground: number;
}

/**
 * Draws a plane onto a raster of screen pixels, each showing one pixel of the
 * plane: nothing is ever blended, so what is missing cannot be smoothed away.
 *
 * When the screen has fewer pixels than the plane, which pixel stands for its
 * cell is drawn by lot, the same lot each time. Holes then keep their share of
 * the screen, whatever their pattern: a picture without its odd rows does not
 * look whole by sampling even rows. Colour is taken from the cell's centre
 * where that has the same state, which is calmer.
 */
export class Painting {
  readonly pixels: Uint32Array<ArrayBuffer>;
  private readonly columns: Cells;
  private readonly rows: Cells;

  constructor(
    private readonly plane: Plane,
    readonly width: number,
    readonly height: number,
    /** Width of one stripe of the hatching, in screen pixels. */
    private readonly stripe: number,
  ) {
    this.pixels = new Uint32Array(width * height);
    this.columns = cellsOf(plane.width, width);
    this.rows = cellsOf(plane.height, height);
  }

  paintAll(view: View, palette: Palette): void {
    this.paint({ x: 0, y: 0, width: this.width, height: this.height }, view, palette);
  }

  /** Repaints what shows a rectangle of the plane, and tells where that is on the screen. */
  repaint(changed: Rect, view: View, palette: Palette): Rect {
    const [left, right] = screenSpan(changed.x, changed.width, this.plane.width, this.width);
    const [top, bottom] = screenSpan(changed.y, changed.height, this.plane.height, this.height);
    const rect = { x: left, y: top, width: right - left, height: bottom - top };
    this.paint(rect, view, palette);
    return rect;
  }

  private paint(rect: Rect, view: View, palette: Palette): void {
    const { plane, columns, rows, pixels, stripe } = this;
    for (let y = rect.y; y < rect.y + rect.height; y += 1) {
      const rowStart = rows.start[y] as number;
      const rowSpan = rows.span[y] as number;
      const centreRow = (rowStart + (rowSpan >> 1)) * plane.width;
      for (let x = rect.x; x < rect.x + rect.width; x += 1) {
        const start = columns.start[x] as number;
        const span = columns.span[x] as number;
        const lot = span === 1 && rowSpan === 1 ? 0 : draw(x, y);
        const sampled =
          (rowStart + ((lot >>> 8) % rowSpan)) * plane.width + start + ((lot & 0xff) % span);
        let colour: number;
        const state = plane.state[sampled] as number;
        if (view === "holes") {
          colour = flatColour(state, palette);
        } else if (state === EXACT || (state === APPROXIMATE && view === "shown")) {
          const centre = centreRow + start + (span >> 1);
          const shown = plane.state[centre] === state ? centre : sampled;
          colour = over(plane.rgba, shown * 4, palette.ground);
        } else {
          colour = palette.hatch[Math.floor((x + y) / stripe) & 1] as number;
        }
        pixels[y * this.width + x] = colour;
      }
    }
  }
}

function flatColour(state: number, palette: Palette): number {
  if (state === MISSING) return palette.missing;
  return state === EXACT ? palette.exact : palette.approximate;
}

/** For each screen pixel, which pixels of the plane it stands for. */
interface Cells {
  readonly start: Uint16Array;
  readonly span: Uint16Array;
}

function cellsOf(length: number, count: number): Cells {
  const start = new Uint16Array(count);
  const span = new Uint16Array(count).fill(1);
  for (let i = 0; i < count; i += 1) {
    if (count >= length) {
      start[i] = Math.floor(((2 * i + 1) * length) / (2 * count));
      continue;
    }
    start[i] = Math.floor((i * length) / count);
    span[i] = Math.floor(((i + 1) * length) / count) - (start[i] as number);
  }
  return { start, span };
}

/** The screen pixels that may show any of `size` plane pixels from `from` on. */
function screenSpan(from: number, size: number, length: number, count: number): [number, number] {
  const first = Math.floor((from * count) / length) - 1;
  const end = Math.ceil(((from + size) * count) / length) + 1;
  return [Math.max(0, first), Math.min(count, end)];
}

/** A fixed lot for a screen pixel, 0..65,535. Mixing constants of MurmurHash3. */
function draw(x: number, y: number): number {
  let mixed = Math.imul(x + 1, 0x85ebca6b) ^ Math.imul(y + 1, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 8) & 0xffff;
}

/** The pixel at `at` laid over an opaque ground. */
function over(rgba: Uint8Array, at: number, ground: number): number {
  const alpha = rgba[at + 3] as number;
  const mix = (channel: number): number => {
    const below = (ground >>> (8 * channel)) & 0xff;
    const above = rgba[at + channel] as number;
    return alpha === 255 ? above : Math.round((above * alpha + below * (255 - alpha)) / 255);
  };
  return (0xff000000 | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0;
}
