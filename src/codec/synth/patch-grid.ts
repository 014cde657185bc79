import type { PixelView } from "../types.js";

/** The views of a sample, cut in square patches; those at a view's right and lower edges reach back over their neighbours. */
export class PatchGrid {
  private readonly firsts: number[] = [];

  /** No view may be narrower or lower than `side`. */
  constructor(
    readonly views: readonly PixelView[],
    readonly side: number,
  ) {
    let first = 0;
    for (const view of views) {
      this.firsts.push(first);
      first += this.across(view) * Math.ceil(view.height / side);
    }
  }

  /** The patch that a pixel of a view belongs to. */
  patchAt(view: number, x: number, y: number): number {
    const column = Math.floor(x / this.side);
    const row = Math.floor(y / this.side);
    return this.first(view) + row * this.across(this.view(view)) + column;
  }

  /** The pixels of a patch, row by row. */
  pixels(patch: number, pixelBytes: number): Uint8Array {
    const { side } = this;
    let index = this.views.length - 1;
    while (this.first(index) > patch) index -= 1;
    const view = this.view(index);
    const inView = patch - this.first(index);
    const across = this.across(view);
    const left = Math.min((inView % across) * side, view.width - side);
    const top = Math.min(Math.floor(inView / across) * side, view.height - side);
    const rowBytes = side * pixelBytes;
    const out = new Uint8Array(rowBytes * side);
    for (let row = 0; row < side; row += 1) {
      const at = view.offset + (top + row) * view.stride + left * pixelBytes;
      out.set(view.bytes.subarray(at, at + rowBytes), row * rowBytes);
    }
    return out;
  }

  private across(view: PixelView): number {
    return Math.ceil(view.width / this.side);
  }

  private view(index: number): PixelView {
    return this.views[index] as PixelView;
  }

  private first(index: number): number {
    return this.firsts[index] as number;
  }
}
