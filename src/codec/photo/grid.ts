/** A rectangle of samples with `MARGIN` samples around it, to be read where taps leave the piece. */
export class Grid {
  data = new Int32Array(0);
  width = 0;
  height = 0;
  stride = 0;

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.stride = width + 2 * MARGIN;
    const size = this.stride * (height + 2 * MARGIN);
    if (this.data.length < size) this.data = new Int32Array(size);
  }

  /** Where sample (0, `row`) lies. */
  row(row: number): number {
    return (row + MARGIN) * this.stride + MARGIN;
  }

  /** Copies the outermost samples into the margins. */
  extend(): void {
    const { data, width, height, stride } = this;
    if (width === 0 || height === 0) return;
    for (let row = 0; row < height; row += 1) {
      const start = this.row(row);
      data.fill(data[start] ?? 0, start - MARGIN, start);
      data.fill(data[start + width - 1] ?? 0, start + width, start + width + MARGIN);
    }
    for (let margin = 1; margin <= MARGIN; margin += 1) {
      const first = this.row(0) - MARGIN;
      const last = this.row(height - 1) - MARGIN;
      data.copyWithin(first - margin * stride, first, first + stride);
      data.copyWithin(last + margin * stride, last, last + stride);
    }
  }
}

/** How far taps reach out of a lattice. */
export const MARGIN = 2;
