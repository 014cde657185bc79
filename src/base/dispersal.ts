/**
 * The order in which tiles are numbered so that any beginning of it is spread
 * evenly over the picture: first one tile, then those half the picture away,
 * then those between, as in interlaced PNG. A run of lost datagrams becomes scattered holes.
 *
 * Entry k is the raster number of the k-th tile. Tile (column, row) comes at the rank given by its
 * coordinates' bits, interleaved and reversed; the longer side gives its extra bits first.
 * docs/protocol.md section 7.
 */
export function dispersedOrder(columns: number, rows: number): Uint32Array {
  const order = new Uint32Array(columns * rows);
  const steps = coarseToFine(columns, rows);
  let found = 0;
  for (let rank = 0; rank < 2 ** steps.length; rank += 1) {
    let column = 0;
    let row = 0;
    for (let i = 0; i < steps.length; i += 1) {
      if (((rank >>> i) & 1) === 0) continue;
      const step = steps[i] as Step;
      column += step.column;
      row += step.row;
    }
    if (column >= columns || row >= rows) continue;
    order[found] = row * columns + column;
    found += 1;
  }
  return order;
}

/** How far a bit of the rank moves the tile. */
interface Step {
  readonly column: number;
  readonly row: number;
}

/** From the largest step to single tiles: at most four times as many ranks as tiles. */
function coarseToFine(columns: number, rows: number): Step[] {
  let columnBits = Math.ceil(Math.log2(columns));
  let rowBits = Math.ceil(Math.log2(rows));
  const steps: Step[] = [];
  while (columnBits + rowBits > 0) {
    if (columnBits >= rowBits) {
      columnBits -= 1;
      steps.push({ column: 2 ** columnBits, row: 0 });
    } else {
      rowBits -= 1;
      steps.push({ column: 0, row: 2 ** rowBits });
    }
  }
  return steps;
}
