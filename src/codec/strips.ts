/** Where strips are cut: a rectangle of pixels. */
interface Space {
  readonly width: number;
  readonly height: number;
}

/**
 * The width of the next strip, given how many pixels a full piece is expected to hold and what is left of the unit. Pieces are
 * then about `aspect` times as wide as high (wider where the unit is low), and the strip's last one is about full. Even, unless the strip is the
 * last; the rest of the unit is left none that is too narrow.
 */
export function stripWidth(pixels: number, { width, height }: Space, aspect: number): number {
  const middle = Math.max(Math.sqrt(aspect * pixels), pixels / height, 2);
  if (width < 1.4 * middle) return width;
  const last = width < 2.8 * middle;
  // Two strips of one width end a unit better than one and a sliver.
  const wished = last ? width / 2 : middle;
  const [low, high] = last ? [wished, wished] : [0.85 * wished, 1.2 * wished];
  let best = evened(wished);
  for (let wide = evened(low); wide <= high && wide < width; wide += 2) {
    if (unused(pixels, wide, height) < unused(pixels, best, height) - 0.002) best = wide;
  }
  return Math.min(width, best);
}

/** The share of a strip's last piece that is empty, of all the strip's pieces. */
function unused(pixels: number, width: number, height: number): number {
  const pieces = (width * height) / pixels;
  return 1 - pieces / Math.ceil(pieces);
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
