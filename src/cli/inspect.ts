import type { Command } from "commander";
import type { Inspection, MissingRegion } from "../node/api-types.js";
import type { Context } from "./context.js";
import { formatCount, formatPart } from "./terminal/format.js";
import { type Grid, gridFor, holeArt, legend } from "./terminal/hole-art.js";
import { flow, type Look, painted } from "./terminal/look.js";
import { cleaned, displayWidth } from "./terminal/text.js";

export function define(command: Command, context: Context): void {
  command
    .argument("<PATH>", "a report, a partial picture, a missing map, or a resume folder")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string) => {
      const { inspect } = await import("../node/index.js");
      const inspection = await inspect(path);
      context.output.emit(inspection);
      if (!context.output.json) {
        context.output.say(inspectionLines(inspection, context.output.look));
      }
    });
}

/** What is missing and where, for people. */
export function inspectionLines(inspection: Inspection, look: Look): string[] {
  const { mode, pieces, missingPieces, missingPixels, regions } = inspection;
  const unit = mode === "pixels" ? "pixels" : "bytes";
  const lines = flow(
    [
      { text: cleaned(inspection.name), tone: "strong" },
      { text: `${formatPart(pieces - missingPieces, pieces)} is here` },
      { text: `${formatCount(missingPixels)} ${unit} missing` },
      { text: `${formatCount(missingPieces)} of ${formatCount(pieces)} pieces` },
    ],
    look,
  );
  if (regions.length === 0) return lines;
  if (mode === "pixels") lines.push(...picture(inspection, look));
  const largest = [...regions].sort((a, b) => b.width * b.height - a.width * a.height);
  for (const region of largest.slice(0, REGIONS_SHOWN)) {
    lines.push(`  ${regionText(region, mode, look)}`);
  }
  const more = regions.length - REGIONS_SHOWN;
  if (more > 0) lines.push(`  and ${formatCount(more)} smaller holes; --json lists all`);
  return lines;
}

/** The share present (0..1) of each cell of a grid over a picture with the given holes, which do not overlap. */
export function regionMap(
  picture: { readonly width: number; readonly height: number },
  regions: readonly MissingRegion[],
  grid: Grid,
): Float64Array {
  const shares = new Float64Array(grid.columns * grid.rows).fill(1);
  const cellWidth = picture.width / grid.columns;
  const cellHeight = picture.height / grid.rows;
  for (const { x, y, width, height } of regions) {
    const firstColumn = Math.floor(x / cellWidth);
    const lastColumn = Math.min(grid.columns - 1, Math.ceil((x + width) / cellWidth) - 1);
    const lastRow = Math.min(grid.rows - 1, Math.ceil((y + height) / cellHeight) - 1);
    for (let row = Math.floor(y / cellHeight); row <= lastRow; row += 1) {
      const high = overlap(y, y + height, row * cellHeight, (row + 1) * cellHeight);
      for (let column = firstColumn; column <= lastColumn; column += 1) {
        const wide = overlap(x, x + width, column * cellWidth, (column + 1) * cellWidth);
        const cell = row * grid.columns + column;
        const left = (shares[cell] as number) - (wide * high) / (cellWidth * cellHeight);
        // Sums of fractions that should be nothing may be a hair above or below it.
        shares[cell] = left < ROUNDING ? 0 : left;
      }
    }
  }
  return shares;
}

function picture(inspection: Inspection, look: Look): string[] {
  const { width, height, regions } = inspection;
  const room = { columns: Math.min(MAP_COLUMNS_MAX, look.columns - 2), rows: MAP_ROWS_MAX };
  if (room.columns < 1) return [];
  const grid = gridFor(width, height, room);
  const art = holeArt(regionMap(inspection, regions, grid), grid, look);
  const key = legend(look);
  return displayWidth(key) <= look.columns ? [...art, painted(look, "faint", key)] : art;
}

function regionText(region: MissingRegion, mode: Inspection["mode"], look: Look): string {
  const { x, y, width, height, cause } = region;
  const where =
    mode === "pixels"
      ? `${width}${look.glyphs.times}${height} pixels at ${x}, ${y}`
      : `${formatCount(width)} bytes from ${formatCount(x)}`;
  return `${where}: ${cleaned(cause)}`;
}

function overlap(start: number, end: number, otherStart: number, otherEnd: number): number {
  return Math.max(0, Math.min(end, otherEnd) - Math.max(start, otherStart));
}

const REGIONS_SHOWN = 10;
const MAP_ROWS_MAX = 12;
const MAP_COLUMNS_MAX = 76;
const ROUNDING = 1e-9;

const EXAMPLES = `
Examples:
  lacuna inspect in/harbour.report.json
      which pixels are missing, why, and a map of the holes
  lacuna inspect in/harbour.partial.png --json
      the same for a script, with every region`;
