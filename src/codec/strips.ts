import type { Rect } from "../base/geometry.js";

/** Where strips are cut: a rectangle of pixels. */
interface Space {
  readonly width: number;
  readonly height: number;
}

/**
 * The width of the next strip, given how many pixels a full piece is expected to hold and what is left of the unit: one of several that are about
 * equally wide, with pieces about `aspect` times as wide as high (wider where the unit is low). Even, unless the strip is the last.
 */
export function stripWidth(pixels: number, { width, height }: Space, aspect: number): number {
  const wished = Math.max(Math.sqrt(aspect * pixels), pixels / height, 2);
  const count = width * height < SINGLE_PIECES * pixels ? 1 : Math.round(width / wished);
  return count <= 1 ? width : Math.min(width, evened(width / count));
}

/** Some small places that are spread over a region, to learn from them what it holds: at most a twelfth of it, or one. */
export function probePlaces(region: Rect): Rect[] {
  const width = Math.min(region.width, PROBE_SIDE);
  const height = Math.min(region.height, Math.floor(PROBE_SIDE ** 2 / width));
  const worth = (region.width * region.height) / (PROBED_OF * width * height);
  const side = Math.min(PROBES_ACROSS_MAX, Math.max(1, Math.floor(Math.sqrt(worth))));
  const spread = (start: number, room: number, index: number): number =>
    start + 2 * Math.floor((room * (2 * index + 1)) / (4 * side));
  return Array.from({ length: side * side }, (_, index) => ({
    x: spread(region.x, region.width - width, index % side),
    y: spread(region.y, region.height - height, Math.floor(index / side)),
    width,
    height,
  }));
}

/** The width of strips of raw pieces that hold at most `pixels` pixels, with the fewest pieces in all; then nearest to square. */
export function rawStripWidth(pixels: number, space: Space): number {
  const middle = evened(Math.max(Math.sqrt(pixels), pixels / space.height));
  let best = Math.min(middle, space.width);
  for (let width = evened(middle / 2); width <= Math.min(space.width, 2 * middle); width += 2) {
    const fewer = rawPieces(pixels, width, space) - rawPieces(pixels, best, space);
    const nearer = Math.abs(width - middle) < Math.abs(best - middle);
    if (fewer < 0 || (fewer === 0 && nearer)) best = width;
  }
  return best;
}

/** How many pieces a unit takes in raw strips of a width; infinitely many when two rows do not fit. */
function rawPieces(pixels: number, width: number, space: Space): number {
  const fitting = Math.floor(pixels / width);
  const rows = fitting >= space.height ? space.height : fitting - (fitting % 2);
  return Math.ceil(space.width / width) * Math.ceil(space.height / rows);
}

/** The even number next to `value`, at least 2. */
const evened = (value: number): number => Math.max(2, 2 * Math.round(value / 2));

/** Ours: what takes fewer pieces is one strip; its pieces are wide, but no further edge costs bytes. */
const SINGLE_PIECES = 4;

/** Ours: wide enough to meet what the region holds, small enough to cost little. */
const PROBE_SIDE = 48;
const PROBED_OF = 12;
const PROBES_ACROSS_MAX = 3;
