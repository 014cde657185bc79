import { assert } from "../base/assert.js";
import { bytesPerPixel } from "./pixels.js";
import { encodeTables } from "./tables.js";
import type { PieceArea, PixelView } from "./types.js";
import type { PictureShape } from "./units.js";
import { chooseValueMap } from "./value-map.js";

/** What is said of a picture before it is coded. */
export interface Analysis {
  /** For the manifest, the encoders and the decoders of the picture. */
  readonly tables: Uint8Array;
  /** Of all pieces together, heads included. */
  readonly estimatedBytes: number;
  /** Which family was chosen and why, for people. */
  readonly note: string;
}

/**
 * The parts of a picture that `analyse` asks to see, spread over it: all of a small picture, some of a large one.
 * Each lies in one field.
 */
export function sampleAreas(shape: PictureShape): PieceArea[] {
  const { width, height, fields: rowStep } = shape;
  const rows = Math.ceil(height / rowStep);
  const across = Math.min(Math.ceil(width / SAMPLE_SIDE), SAMPLE_GRID);
  const down = Math.min(Math.ceil(rows / SAMPLE_SIDE), SAMPLE_GRID);
  const areas: PieceArea[] = [];
  for (let row = 0; row < down; row += 1) {
    for (let column = 0; column < across; column += 1) {
      const tall = Math.min(SAMPLE_SIDE, rows);
      const wide = Math.min(SAMPLE_SIDE, width);
      const x = place(width - wide, across, column);
      const y = place(rows - tall, down, row) * rowStep;
      areas.push({ x, y, width: wide, height: tall, rowStep });
    }
  }
  return areas;
}

/** Chooses the families that code a picture in the fewest bytes, by views of its `sampleAreas`, and makes their tables. */
export function analyse(shape: PictureShape, samples: readonly PixelView[]): Analysis {
  assert(samples.length > 0, "a picture has samples");
  const seen = samples.reduce((sum, { width, height }) => sum + width * height, 0);
  const values = chooseValueMap(shape, samples, seen === shape.width * shape.height);
  const unitSize = { log2Width: 9, log2Height: 9 };
  return {
    tables: encodeTables({ unitSize, values, sections: [] }),
    estimatedBytes: shape.width * shape.height * bytesPerPixel(shape),
    note: "raw pixels",
  };
}

/** Where part `index` of `count` begins when the first is at 0 and the last at `end`: even, but for the last. */
function place(end: number, count: number, index: number): number {
  return count === 1 ? 2 * Math.floor(end / 4) : 2 * Math.floor((end * index) / (count - 1) / 2);
}

const SAMPLE_SIDE = 128;
const SAMPLE_GRID = 4;
