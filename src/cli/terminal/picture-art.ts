import type { Grid } from "./hole-art.js";
import type { Look } from "./look.js";

/** The arriving picture itself, two of its cells to a character, one above the other. */
export interface PictureMap {
  /** In characters. */
  readonly grid: Grid;
  /** Share of exact pixels (0..1) of each cell: `columns` by `2 * rows`, row by row. */
  readonly shares: ArrayLike<number>;
  /** Share that only a preview stands for. */
  readonly approximate?: ArrayLike<number>;
  /** Three bytes a cell: the mean colour of what is not missing. */
  readonly rgb: Uint8Array;
}

type Colour = readonly [red: number, green: number, blue: number];

/**
 * Draws the picture in a frame. A cell that is whole has the picture's colour, one with holes is
 * tinted, one that is whole only by the preview's help is tinted otherwise, one of which nothing has come is hatched.
 */
export function pictureArt({ grid, shares, approximate, rgb }: PictureMap, look: Look): string[] {
  const { frame } = look.glyphs;
  const edge = frame.across.repeat(grid.columns);
  const lines = [`${frame.topLeft}${edge}${frame.topRight}`];
  const cell = (column: number, row: number): Colour | undefined => {
    const at = row * grid.columns + column;
    const share = shares[at] ?? 0;
    const estimated = approximate?.[at] ?? 0;
    if (share + estimated <= 0) return undefined;
    const colour = [rgb[at * 3], rgb[at * 3 + 1], rgb[at * 3 + 2]] as unknown as Colour;
    if (share >= 1) return colour;
    return tinted(colour, share + estimated >= 1 ? ESTIMATE_TINT : HOLE_TINT);
  };
  for (let row = 0; row < grid.rows; row += 1) {
    let line = "";
    for (let column = 0; column < grid.columns; column += 1) {
      line += character(cell(column, 2 * row), cell(column, 2 * row + 1), look);
    }
    lines.push(frame.down + line + RESET + frame.down);
  }
  lines.push(`${frame.bottomLeft}${edge}${frame.bottomRight}`);
  return lines;
}

/** What is seen, in one line of plain text. */
export const PICTURE_LEGEND =
  "the picture as it is here  blue: approximate  pink: with holes  ╱ missing";

function character(top: Colour | undefined, bottom: Colour | undefined, look: Look): string {
  if (top === undefined && bottom === undefined) return `${RESET}${inked(HATCH, look)}╱`;
  const below = bottom ?? GROUND;
  return `${inked(top ?? GROUND, look)}${inked(below, look, "background")}▀`;
}

/** Seen for a single lost pixel, and yet the picture shows through while it comes. */
function tinted(colour: Colour, tint: Colour): Colour {
  const mix = (i: 0 | 1 | 2): number =>
    Math.round(colour[i] * (1 - TINT_SHARE) + tint[i] * TINT_SHARE);
  return [mix(0), mix(1), mix(2)];
}

function inked(colour: Colour, look: Look, where: "ink" | "background" = "ink"): string {
  const select = where === "ink" ? 38 : 48;
  if (look.pictures === "true") return `\u001b[${select};2;${colour.join(";")}m`;
  return `\u001b[${select};5;${nearestOf256(colour)}m`;
}

/** The nearest of the 240 colours that all terminals with 256 of them share: a cube of 6 levels, and 24 grays. */
function nearestOf256(colour: Colour): number {
  const steps = colour.map((value) => nearestIndex(CUBE_LEVELS, value));
  const cube = steps.map((step) => CUBE_LEVELS[step] as number);
  const grayStep = Math.max(0, Math.min(23, Math.round((mean(colour) - 8) / 10)));
  const gray = [8, 8, 8].map((value) => value + 10 * grayStep);
  if (distance(colour, gray) < distance(colour, cube)) return 232 + grayStep;
  return 16 + steps.reduce((sum, step) => sum * 6 + step, 0);
}

function nearestIndex(levels: readonly number[], value: number): number {
  const nearer = (best: number, level: number, index: number): number =>
    Math.abs(level - value) < Math.abs((levels[best] as number) - value) ? index : best;
  return levels.reduce(nearer, 0);
}

function distance(a: Colour, b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
}

const mean = ([red, green, blue]: Colour): number => (red + green + blue) / 3;

const RESET = "\u001b[0m";
/** Levels of xterm's colour cube. */
const CUBE_LEVELS = [0, 95, 135, 175, 215, 255];
const HOLE_TINT: Colour = [255, 0, 170];
const ESTIMATE_TINT: Colour = [0, 120, 255];
const TINT_SHARE = 0.35;
const HATCH: Colour = [120, 120, 120];
/** Of a missing half beside one that is there. */
const GROUND: Colour = [58, 58, 58];
