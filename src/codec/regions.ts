import type { Rect } from "../base/geometry.js";

/** A rectangle of a unit that one family codes. */
export interface Region<Family> extends Rect {
  readonly family: Family;
}

/** Cuts a side in cells of about `CELL_SIDE` at even places; the places, and the end. */
export function cellEdges(side: number): number[] {
  const count = Math.max(1, Math.round(side / CELL_SIDE));
  const edges = Array.from({ length: count }, (_, i) => 2 * Math.floor((side * i) / (2 * count)));
  return [...edges, side];
}

/**
 * Joins cells of one family to rectangles: first along rows, then runs that lie exactly below each other. `familyAt`
 * tells the family of the cell in a row and column.
 */
export function joinCells<Family>(
  across: readonly number[],
  down: readonly number[],
  familyAt: (row: number, column: number) => Family,
): Region<Family>[] {
  const done: Region<Family>[] = [];
  let open: Region<Family>[] = [];
  for (let row = 0; row + 1 < down.length; row += 1) {
    const [y, end] = [down[row] as number, down[row + 1] as number];
    const runs = runsOf(across, (column) => familyAt(row, column));
    const grown = runs.map(({ x, width, family }) => {
      const above = open.find((one) => one.x === x && one.width === width && one.family === family);
      if (above === undefined) return { x, y, width, height: end - y, family };
      return { ...above, height: end - above.y };
    });
    done.push(
      ...open.filter((one) => !grown.some(({ x, y: top }) => x === one.x && top === one.y)),
    );
    open = grown;
  }
  return [...done, ...open];
}

function runsOf<Family>(
  across: readonly number[],
  familyAt: (column: number) => Family,
): { x: number; width: number; family: Family }[] {
  const runs: { x: number; width: number; family: Family }[] = [];
  for (let column = 0; column + 1 < across.length; column += 1) {
    const [x, end] = [across[column] as number, across[column + 1] as number];
    const family = familyAt(column);
    const last = runs.at(-1);
    if (last?.family === family) last.width = end - last.x;
    else runs.push({ x, width: end - x, family });
  }
  return runs;
}

/** Ours: small enough to follow a photograph in a page, large enough for some pieces. */
const CELL_SIDE = 128;
