import { type Look, painted, type Tone } from "./look.js";

/**
 * Draws a grid of shares present (0..1, row by row), framed so that emptiness at the edge can be seen.
 *
 * @param approximate shares that only a preview stands for
 */
export function holeArt(
  shares: ArrayLike<number>,
  grid: Grid,
  look: Look,
  approximate: ArrayLike<number> = [],
): string[] {
  const { frame } = look.glyphs;
  const edge = frame.across.repeat(grid.columns);
  const lines = [`${frame.topLeft}${edge}${frame.topRight}`];
  for (let row = 0; row < grid.rows; row += 1) {
    lines.push(frame.down + artRow({ shares, approximate }, row, grid.columns, look) + frame.down);
  }
  lines.push(`${frame.bottomLeft}${edge}${frame.bottomRight}`);
  return lines;
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The largest grid that fits and keeps the picture's aspect ratio, a
 * character being twice as high as wide. The frame (2 columns, 2 rows) is
 * already taken off `room`.
 */
export function gridFor(width: number, height: number, room: Grid): Grid {
  const ratio = (CHARACTER_HEIGHT_TO_WIDTH * width) / height;
  const columns = Math.min(room.columns, Math.max(1, Math.round(room.rows * ratio)));
  const rows = Math.min(room.rows, Math.max(1, Math.round(columns / ratio)));
  return { columns, rows };
}

/** What the shades mean, in one line. */
export function legend(look: Look, approximate: ArrayLike<number> = []): string {
  const [none, few, half, most, all] = look.glyphs.shades;
  const hasEstimates = Array.prototype.some.call(approximate, (share) => share > 0);
  const estimates = hasEstimates ? `  ${look.glyphs.approximate} approximate` : "";
  return `${all} whole  ${most}${half}${few} with holes${estimates}  "${none}" missing`;
}

interface Shares {
  readonly shares: ArrayLike<number>;
  readonly approximate: ArrayLike<number>;
}

function artRow({ shares, approximate }: Shares, row: number, columns: number, look: Look): string {
  let text = "";
  let stretch = "";
  let tone: Tone | undefined;
  for (let column = 0; column < columns; column += 1) {
    const share = shares[row * columns + column] ?? 0;
    const next = share === 1 ? "good" : "warn";
    if (next !== tone) {
      text += painted(look, tone, stretch);
      stretch = "";
      tone = next;
    }
    const isEstimate = share <= 0 && (approximate[row * columns + column] ?? 0) > 0;
    stretch += isEstimate ? look.glyphs.approximate : shade(share, look);
  }
  return text + painted(look, tone, stretch);
}

/** The full block is kept for "all of it" and the blank for "none of it": one lost pixel shows. */
function shade(share: number, look: Look): string {
  const [none, few, half, most, all] = look.glyphs.shades;
  if (share <= 0) return none;
  if (share >= 1) return all;
  if (share < 1 / 3) return few;
  return share < 2 / 3 ? half : most;
}

/** Of nearly all terminal fonts. */
const CHARACTER_HEIGHT_TO_WIDTH = 2;
