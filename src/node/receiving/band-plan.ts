import { UnitGrid } from "../../codec/picture-coder.js";
import type { CodedContent } from "../../wire/manifest.js";
import { NumberLists } from "../number-lists.js";
import type { BandDecoder } from "./band-decoder.js";
import type { BandTask } from "./band-worker.js";
import type { SlotRun } from "./slot-file.js";

/** A band, and the pieces that reach into it. */
export type PlannedBand = Omit<BandTask, "raster">;

/** Where bands begin: where a row of units does, over whose edges no piece reaches, unless that makes them too large. */
export function bandEdges(content: CodedContent, lineBytes: number, bytesMax: number): number[] {
  const rowsMax = Math.max(1, Math.floor(bytesMax / lineBytes));
  const units = UnitGrid.of(content, content.tables)?.all() ?? [];
  const starts = new Set(units.map(({ y, rowStep }) => y - (y % rowStep)));
  const edges = [0];
  let previous = 0;
  for (const edge of [...[...starts].sort((a, b) => a - b), content.height]) {
    let last = edges[edges.length - 1] as number;
    if (edge - last <= rowsMax) previous = edge;
    else {
      if (previous > last) edges.push(previous);
      last = edges[edges.length - 1] as number;
      for (let y = last + rowsMax; y < edge; y += rowsMax) edges.push(y);
      previous = edge;
    }
  }
  return edges;
}

/** Which pieces reach into which band: bands begin at `edges`, the first at row 0. A piece may reach into several. */
export async function planBands(
  edges: readonly number[],
  height: number,
  decoder: BandDecoder,
  runs: AsyncIterable<SlotRun>,
): Promise<PlannedBand[]> {
  const bandOf = new Uint16Array(height);
  edges.forEach((edge, band) => {
    bandOf.fill(band, edge);
  });
  const lists = new NumberLists(edges.length);
  for await (const { first, pieces } of runs) {
    pieces.forEach((piece, index) => {
      const areas = decoder.areasOf(piece);
      if (areas === undefined) return;
      const top = Math.min(...areas.map(({ y }) => y));
      const bottom = Math.max(...areas.map(({ y, height, rowStep }) => y + (height - 1) * rowStep));
      const last = bandOf[bottom] as number;
      for (let band = bandOf[top] as number; band <= last; band += 1) {
        lists.add(band, first + index);
      }
    });
  }
  return edges.map((y, band) => {
    return { y, endY: edges[band + 1] ?? height, pieces: lists.take(band) };
  });
}
