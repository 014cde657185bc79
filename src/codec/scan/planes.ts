import type { PixelFormat, PixelView } from "../types.js";

/**
 * The planes that pixels are coded in. Colours that belong together are turned to luma and two differences (YCoCg-R, Malvar
 * and Sullivan 2003), which is exact in whole numbers: Y, Cg, Co, then alpha. All other samples are planes as they are.
 */
export class Planes {
  /** Whether red, green and blue become luma and differences. */
  readonly decorrelated: boolean;
  readonly count: number;
  private readonly bytesPerSample: number;

  constructor(
    private readonly format: PixelFormat,
    decorrelated: boolean,
  ) {
    this.decorrelated = decorrelated && format.colour === "rgb";
    this.count = format.channels;
    this.bytesPerSample = format.bits / 8;
  }

  /** Whether a plane holds differences, from -(2^bits - 1) to 2^bits - 1, where others hold 0 to 2^bits - 1. */
  isDifference(plane: number): boolean {
    return this.decorrelated && (plane === 1 || plane === 2);
  }

  /** Room for a row: an array of numbers for each plane. */
  newLines(width: number): Int32Array[] {
    return Array.from({ length: this.count }, () => new Int32Array(width));
  }

  /** Reads a row of a view: one array of at least `view.width` numbers for each plane, filled from `at` on. */
  readRow(view: PixelView, row: number, target: readonly Int32Array[], at: number): void {
    const { bytes, width } = view;
    const { channels } = this.format;
    const start = view.offset + row * view.stride;
    const step = channels * this.bytesPerSample;
    for (let channel = 0; channel < channels; channel += 1) {
      const plane = target[channel] as Int32Array;
      let from = start + channel * this.bytesPerSample;
      for (let x = 0; x < width; x += 1, from += step) {
        const low = bytes[from] as number;
        plane[at + x] = this.bytesPerSample === 1 ? low : low | ((bytes[from + 1] as number) << 8);
      }
    }
    if (this.decorrelated) decorrelate(target, at, width);
  }

  /** The reverse. Numbers that are no samples lose what is above their bits. */
  writeRow(view: PixelView, row: number, source: readonly Int32Array[], at: number): void {
    const start = view.offset + row * view.stride;
    const first = this.decorrelated ? 3 : 0;
    if (this.decorrelated) this.writeColours(view, start, source, at);
    for (let channel = first; channel < this.count; channel += 1) {
      const plane = source[channel] as Int32Array;
      let to = start + channel * this.bytesPerSample;
      for (let x = 0; x < view.width; x += 1, to += this.count * this.bytesPerSample) {
        this.put(view.bytes, to, plane[at + x] as number);
      }
    }
  }

  private writeColours(
    view: PixelView,
    start: number,
    source: readonly Int32Array[],
    at: number,
  ): void {
    const [lumas, greens, oranges] = source as [Int32Array, Int32Array, Int32Array];
    const { bytesPerSample } = this;
    let to = start;
    for (let x = 0; x < view.width; x += 1, to += this.count * bytesPerSample) {
      const cg = greens[at + x] as number;
      const co = oranges[at + x] as number;
      const middle = (lumas[at + x] as number) - (cg >> 1);
      const blue = middle - (co >> 1);
      this.put(view.bytes, to, blue + co);
      this.put(view.bytes, to + bytesPerSample, cg + middle);
      this.put(view.bytes, to + 2 * bytesPerSample, blue);
    }
  }

  private put(bytes: Uint8Array, to: number, value: number): void {
    bytes[to] = value;
    if (this.bytesPerSample === 2) bytes[to + 1] = value >>> 8;
  }
}

/** Red, green, blue become Y, Cg, Co. */
function decorrelate(planes: readonly Int32Array[], at: number, width: number): void {
  const [reds, greens, blues] = planes as [Int32Array, Int32Array, Int32Array];
  for (let i = at; i < at + width; i += 1) {
    const blue = blues[i] as number;
    const co = (reds[i] as number) - blue;
    const middle = blue + (co >> 1);
    const cg = (greens[i] as number) - middle;
    reds[i] = middle + (cg >> 1);
    greens[i] = cg;
    blues[i] = co;
  }
}
