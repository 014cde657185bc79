import { BLOCK_SIDE, type Component, type Frame } from "./frame.js";
import { inverseDct, inverseDctFlat, inverseDctReduced } from "./inverse-dct.js";

/** How much smaller a picture is decoded, each way. */
export type JpegScale = 1 | 2 | 4 | 8;

/** A component's samples, as far as they have come. */
export class Plane {
  /** Samples of a block's side. */
  readonly side: 1 | 2 | 4 | 8;
  readonly samples: Uint8ClampedArray;
  readonly stride: number;
  /** The samples that the picture has; behind them are those that fill the last blocks. */
  readonly width: number;
  readonly height: number;
  /** How many of the picture's pixels a sample stands for, each way. */
  readonly across: number;
  readonly down: number;
  /** Of each block, whether it has come. */
  private readonly shown: Uint8Array;

  constructor(
    frame: Frame,
    private readonly component: Component,
    scale: JpegScale,
  ) {
    const { blockStride, blockRows, h, v } = component;
    this.side = (BLOCK_SIDE / scale) as 1 | 2 | 4 | 8;
    this.stride = blockStride * this.side;
    this.samples = new Uint8ClampedArray(this.stride * blockRows * this.side);
    this.width = Math.ceil(component.width / scale);
    this.height = Math.ceil(component.height / scale);
    this.across = frame.hMax / h;
    this.down = frame.vMax / v;
    this.shown = new Uint8Array(blockStride * blockRows);
  }

  /** Bytes that a plane takes. */
  static bytesFor({ blockStride, blockRows }: Component, scale: JpegScale): number {
    return blockStride * blockRows * (1 + (BLOCK_SIDE / scale) ** 2);
  }

  /** Shows a block: coefficients multiplied out, row by row; `flat` when all but the first are 0. */
  showBlock(column: number, row: number, coefficients: Int32Array, flat: boolean): void {
    const { side, stride, samples } = this;
    const offset = row * side * stride + column * side;
    if (flat) inverseDctFlat(coefficients[0] as number, samples, offset, stride, side);
    else if (side === 8) inverseDct(coefficients, samples, offset, stride);
    else inverseDctReduced(coefficients, samples, offset, stride, side);
    this.shown[row * this.component.blockStride + column] = 1;
    if (this.across > 1 || this.down > 1) this.lend(column, row);
  }

  /**
   * Neighbours that have not come yet get this block's outermost samples, for enlarging looks at samples beside its own. What the
   * picture's edge repeats, a hole's edge repeats too.
   */
  private lend(column: number, row: number): void {
    const { side, stride, samples } = this;
    const last = side - 1;
    for (let down = -1; down <= 1; down += 1) {
      for (let across = -1; across <= 1; across += 1) {
        if (!this.isHole(column + across, row + down)) continue;
        const width = across === 0 ? side : 1;
        const height = down === 0 ? side : 1;
        let from = (row * side + (down > 0 ? last : 0)) * stride + column * side;
        if (across > 0) from += last;
        const to = from + across + down * stride;
        for (let y = 0; y < height; y += 1) {
          for (let x = 0; x < width; x += 1) {
            samples[to + y * stride + x] = samples[from + y * stride + x] as number;
          }
        }
      }
    }
  }

  /** Whether the picture has this block, and it has not come. */
  private isHole(column: number, row: number): boolean {
    const { blockStride, blockRows } = this.component;
    if (column < 0 || row < 0 || column >= blockStride || row >= blockRows) return false;
    return this.shown[row * blockStride + column] === 0;
  }
}
