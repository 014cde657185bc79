/** Limits of a strip: what its unit and its pieces allow. */
export interface StripSpace {
  /** Pixels of the unit. */
  readonly width: number;
  readonly height: number;
}

/**
 * The width of strips whose pieces hold about `pixels` pixels: pieces are then about square, or as wide as
 * a low unit asks for. Even, unless the unit is narrower.
 */
export function stripWidth(pixels: number, { width, height }: StripSpace): number {
  const square = Math.sqrt(pixels);
  return evened(Math.max(square, pixels / height), width);
}

/**
 * The width of strips of raw pieces with room for `pixels` pixels: the nearest to square among those that leave
 * the fewest pixels of room unused.
 */
export function rawStripWidth(pixels: number, space: StripSpace): number {
  const middle = stripWidth(pixels, space);
  let best = middle;
  for (let width = evened(middle / 2, space.width); width <= 2 * middle; width += 2) {
    if (width > space.width) break;
    const better = rawPieces(pixels, width, space) - rawPieces(pixels, best, space);
    const nearer = Math.abs(width - middle) < Math.abs(best - middle);
    if (better < 0 || (better === 0 && nearer)) best = width;
  }
  return best;
}

/** How many pieces a unit takes in strips of a width; infinitely many when two rows do not fit. */
function rawPieces(pixels: number, width: number, space: StripSpace): number {
  const fitting = Math.floor(pixels / width);
  const rows = fitting >= space.height ? space.height : fitting - (fitting % 2);
  return Math.ceil(space.width / width) * Math.ceil(space.height / rows);
}

/** The even number next to `value`, at least 2, at most the unit's width. */
function evened(value: number, widthMax: number): number {
  return Math.min(widthMax, Math.max(2, 2 * Math.round(value / 2)));
}
