import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { PieceRect } from "./partition.js";
import type { Sample } from "./reduced-view.js";

/** What a rectangle of a small picture tells of the source. */
export interface Put {
  /** Pixels that are known by it. */
  readonly known: PieceRect;
  /** Those and pixels around them, which may look different now if they are known. */
  readonly changed: PieceRect;
}

/**
 * A small picture of a large one, of which parts have come: what is shown where nothing exact is.
 *
 * A pixel of the source is known once the pixel of the small picture that it falls into has come. Its colour is then
 * interpolated between that one and its neighbours, as far as they have come.
 */
export class Approximation {
  /** `width * height * 4` bytes: red, green, blue, alpha. */
  private readonly rgba: Uint8Array;
  private readonly known: Uint8Array;
  private readonly acrossScale: number;
  private readonly downScale: number;

  /** @param width of the small picture, at most the source's; so is the height */
  constructor(
    private readonly source: Size,
    readonly width: number,
    readonly height: number,
  ) {
    assert(width <= source.width && height <= source.height, "an approximation is no enlargement");
    this.rgba = new Uint8Array(width * height * 4);
    this.known = new Uint8Array(width * height);
    this.acrossScale = width / source.width;
    this.downScale = height / source.height;
  }

  /**
   * Takes a rectangle of the small picture.
   *
   * @param rgba the pixels of `around`, row by row; of those outside `rect` only the known ones are taken
   * @param around a rectangle about `rect`
   */
  put(rect: Rect, rgba: Uint8Array, around: Rect = rect): Put {
    assert(isInside(rect, around), "the rectangle lies in the pixels given");
    assert(isInside(around, { x: 0, y: 0, width: this.width, height: this.height }), "and these");
    for (let y = rect.y; y < rect.y + rect.height; y += 1) {
      this.known.fill(1, y * this.width + rect.x, y * this.width + rect.x + rect.width);
    }
    for (let row = 0; row < around.height; row += 1) {
      for (let column = 0; column < around.width; column += 1) {
        const to = (around.y + row) * this.width + around.x + column;
        if (this.known[to] === 0) continue;
        const from = (row * around.width + column) * 4;
        for (let c = 0; c < 4; c += 1) this.rgba[to * 4 + c] = rgba[from + c] as number;
      }
    }
    // What is beside a pixel is interpolated with it.
    const left = Math.max(0, around.x - 1);
    const top = Math.max(0, around.y - 1);
    const right = Math.min(this.width, around.x + around.width + 1);
    const bottom = Math.min(this.height, around.y + around.height + 1);
    const beside = { x: left, y: top, width: right - left, height: bottom - top };
    return {
      known: footprintOf(rect, this, this.source),
      changed: footprintOf(beside, this, this.source),
    };
  }

  /** Interpolates between four pixels, in fixed proportions of their centres' distances. */
  readonly estimate: Sample = (sourceX, sourceY, target, at) => {
    const { width, height, known } = this;
    const ownX = Math.floor(sourceX * this.acrossScale);
    const ownY = Math.floor(sourceY * this.downScale);
    if (known[ownY * width + ownX] === 0) return false;
    const across = Math.min(width - 1, Math.max(0, (sourceX + 0.5) * this.acrossScale - 0.5));
    const down = Math.min(height - 1, Math.max(0, (sourceY + 0.5) * this.downScale - 0.5));
    const left = Math.floor(across);
    const top = Math.floor(down);
    const toRight = across - left;
    const toBottom = down - top;
    const right = Math.min(width - 1, left + 1);
    const bottom = Math.min(height - 1, top + 1);
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let weights = 0;
    for (let corner = 0; corner < 4; corner += 1) {
      const isRight = (corner & 1) === 1;
      const isBottom = corner > 1;
      const pixel = (isBottom ? bottom : top) * width + (isRight ? right : left);
      const weight = (isRight ? toRight : 1 - toRight) * (isBottom ? toBottom : 1 - toBottom);
      if (weight === 0 || known[pixel] === 0) continue;
      sum0 += weight * (this.rgba[pixel * 4] as number);
      sum1 += weight * (this.rgba[pixel * 4 + 1] as number);
      sum2 += weight * (this.rgba[pixel * 4 + 2] as number);
      sum3 += weight * (this.rgba[pixel * 4 + 3] as number);
      weights += weight;
    }
    target[at] = sum0 / weights + 0.5;
    target[at + 1] = sum1 / weights + 0.5;
    target[at + 2] = sum2 / weights + 0.5;
    target[at + 3] = sum3 / weights + 0.5;
    return true;
  };
}

/** The source's pixels that fall into a rectangle of a small picture of it. */
export function footprintOf({ x, y, width, height }: Rect, small: Size, source: Size): PieceRect {
  const left = firstIn(x, small.width, source.width);
  const right = firstIn(x + width, small.width, source.width);
  const top = firstIn(y, small.height, source.height);
  const bottom = firstIn(y + height, small.height, source.height);
  return { x: left, y: top, width: right - left, height: bottom - top, rowStep: 1 };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function isInside(inner: Rect, outer: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The first pixel of the source that falls into a pixel of the small picture, or beyond; rounded as `estimate` does. */
function firstIn(small: number, smallSide: number, sourceSide: number): number {
  if (small >= smallSide) return sourceSide;
  const scale = smallSide / sourceSide;
  let first = Math.max(0, Math.ceil(small / scale) - 1);
  while (Math.floor(first * scale) < small) first += 1;
  return first;
}
