import { APPROXIMATE, EXACT, type ViewPlanes } from "../../picture/reduced-view.js";

/** A view, summed up in cells of a grid laid over it, row by row. */
export interface ViewCells {
  /** Share (0..1) of each cell's pixels that are exact; 1 and 0 mean all and none. */
  readonly exact: Float64Array;
  /** Share that only a preview stands for. */
  readonly approximate: Float64Array;
  /** Three bytes a cell: the mean colour of its pixels that are not missing, on black. */
  readonly rgb: Uint8Array;
}

/** A view with fewer pixels than there are cells shows its pixels more than once. */
export function cellsOf(view: ViewPlanes, columns: number, rows: number): ViewCells {
  const cells = {
    exact: new Float64Array(columns * rows),
    approximate: new Float64Array(columns * rows),
    rgb: new Uint8Array(columns * rows * 3),
  };
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom] = stretch(row, rows, view.height);
    for (let column = 0; column < columns; column += 1) {
      const [left, right] = stretch(column, columns, view.width);
      sumUp(view, { left, right, top, bottom }, cells, row * columns + column);
    }
  }
  return cells;
}

interface Edges {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function sumUp(view: ViewPlanes, edges: Edges, cells: ViewCells, cell: number): void {
  const { left, right, top, bottom } = edges;
  const sum: [number, number, number] = [0, 0, 0];
  let exact = 0;
  let approximate = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let pixel = y * view.width + left; pixel < y * view.width + right; pixel += 1) {
      const state = view.state[pixel];
      if (state === EXACT) exact += 1;
      else if (state === APPROXIMATE) approximate += 1;
      else continue;
      const alpha = (view.rgba[pixel * 4 + 3] as number) / 255;
      for (const i of [0, 1, 2] as const) sum[i] += (view.rgba[pixel * 4 + i] as number) * alpha;
    }
  }
  const pixels = (right - left) * (bottom - top);
  cells.exact[cell] = exact / pixels;
  cells.approximate[cell] = approximate / pixels;
  const shown = Math.max(1, exact + approximate);
  for (const i of [0, 1, 2] as const) cells.rgb[cell * 3 + i] = Math.round(sum[i] / shown);
}

/** The pixels of a cell: one at least. */
function stretch(index: number, count: number, length: number): [number, number] {
  const start = Math.floor((index * length) / count);
  return [start, Math.max(start + 1, Math.floor(((index + 1) * length) / count))];
}
