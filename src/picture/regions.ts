import type { Rect } from "../base/geometry.js";

/** Missing pixels that share a cause. */
export interface Region extends Rect {
  readonly cause: string;
}

/** A stretch of one row, or of a band of equal rows: [x, endX). */
export interface Span {
  readonly x: number;
  readonly endX: number;
  readonly cause: string;
}

interface OpenRegion extends Span {
  readonly y: number;
  endY: number;
}

/**
 * Rectangles that cover given pixels exactly and never overlap, as few as a sweep from top to bottom finds: equal
 * spans with the same cause on neighbouring rows are one rectangle.
 */
export class RegionSweep {
  private open: OpenRegion[] = [];
  private readonly done: Region[] = [];

  /** Adds the spans of `height` equal rows from `y` on; rows come from top to bottom, spans rise in x. */
  add(y: number, height: number, spans: readonly Span[]): void {
    const { open } = this;
    const next: OpenRegion[] = [];
    let index = 0;
    for (const span of spans) {
      for (; index < open.length && (open[index] as OpenRegion).x < span.x; index += 1) {
        this.close(open[index] as OpenRegion);
      }
      const above = open[index];
      if (above !== undefined && isContinued(above, span, y)) {
        above.endY = y + height;
        next.push(above);
        index += 1;
      } else {
        next.push({ ...span, y, endY: y + height });
      }
    }
    for (; index < open.length; index += 1) this.close(open[index] as OpenRegion);
    this.open = next;
  }

  /** All rectangles, top to bottom and left to right. */
  end(): Region[] {
    for (const region of this.open.splice(0)) this.close(region);
    return this.done.sort((a, b) => a.y - b.y || a.x - b.x);
  }

  private close({ x, endX, y, endY, cause }: OpenRegion): void {
    this.done.push({ x, y, width: endX - x, height: endY - y, cause });
  }
}

function isContinued(above: OpenRegion, { x, endX, cause }: Span, y: number): boolean {
  return above.x === x && above.endX === endX && above.cause === cause && above.endY === y;
}
