import { assert } from "../base/assert.js";
import { chooseFamilies } from "./choice.js";
import { bytesPerPixel, newView } from "./pixels.js";
import { encodeTables, UNIT_LOG2_AREA_MAX } from "./tables.js";
import type { PieceArea, PixelView } from "./types.js";
import type { PictureShape, UnitSize } from "./units.js";
import { chooseValueMap, LevelMapper } from "./value-map.js";

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
 * The parts of a picture that `analyse` asks to see: all of a small picture, of a large one some that are spread over
 * it. Each lies in one field.
 */
export function sampleAreas(shape: PictureShape): PieceArea[] {
  const { width, height, fields } = shape;
  const whole = width * height <= WHOLE_PIXELS_MAX;
  const areas: PieceArea[] = [];
  for (let field = 0; field < (whole ? fields : 1); field += 1) {
    const rows = Math.ceil((height - field) / fields);
    const downs = rows > 0 ? spans(rows, whole) : [];
    for (const down of downs) {
      for (const across of spans(width, whole)) {
        const y = field + down.start * fields;
        areas.push({
          x: across.start,
          y,
          width: across.length,
          height: down.length,
          rowStep: fields,
        });
      }
    }
  }
  return areas;
}

/** Chooses the families that code a picture in the fewest bytes, by views of its `sampleAreas`, and makes their tables. */
export function analyse(shape: PictureShape, samples: readonly PixelView[]): Analysis {
  assert(samples.length > 0, "a picture has samples");
  const seen = samples.reduce((sum, { width, height }) => sum + width * height, 0);
  const pixels = shape.width * shape.height;
  const values = chooseValueMap(shape, samples, seen === pixels);
  const mapper = values.kind === "same" ? undefined : new LevelMapper(values, shape);
  const format = mapper?.format ?? shape;
  const step = Math.ceil(seen / TRAINED_PIXELS_MAX);
  const trained = samples.filter((_, index) => index % step === 0);
  const levels = mapper ? trained.map((sample) => levelsOf(mapper, sample)) : trained;
  const { families, bytes, note } = chooseFamilies(format, levels, pixels);
  return {
    tables: encodeTables({ unitSize: unitSizeFor(bytes / pixels), values, sections: families }),
    estimatedBytes: Math.round(bytes),
    note,
  };
}

/** Larger units where pieces hold many pixels, so that the last ones of strips are few. */
function unitSizeFor(bytesPerPixel: number): UnitSize {
  let [log2Width, log2Height] = [9, 9];
  while (
    2 ** (log2Width + log2Height) * bytesPerPixel < UNIT_BYTES_MIN &&
    log2Width + log2Height < UNIT_LOG2_AREA_MAX
  ) {
    if (log2Width > log2Height) log2Height += 1;
    else log2Width += 1;
  }
  return { log2Width, log2Height };
}

function levelsOf(mapper: LevelMapper, sample: PixelView): PixelView {
  const view = newView(sample.width, sample.height, bytesPerPixel(mapper.format));
  mapper.toLevels(sample, view);
  return view;
}

/** Parts of a side, each beginning at an even place: all of it, or at most `SAMPLE_GRID` of `SAMPLE_SIDE`, the first and last at its ends. */
function spans(side: number, whole: boolean): { start: number; length: number }[] {
  const all = Math.ceil(side / SAMPLE_SIDE);
  if (whole || all <= SAMPLE_GRID) {
    return Array.from({ length: all }, (_, i) => {
      const start = i * SAMPLE_SIDE;
      return { start, length: Math.min(SAMPLE_SIDE, side - start) };
    });
  }
  return Array.from({ length: SAMPLE_GRID }, (_, i) => {
    const start = 2 * Math.floor(((side - SAMPLE_SIDE) * i) / (SAMPLE_GRID - 1) / 2);
    return { start, length: SAMPLE_SIDE };
  });
}

const SAMPLE_SIDE = 128;
const SAMPLE_GRID = 4;

/** Ours: up to here values of samples are looked at one and all. */
const WHOLE_PIXELS_MAX = 1 << 20;

/** Ours: families are trained with about so many pixels. */
const TRAINED_PIXELS_MAX = 1 << 18;

/** Ours: a unit of fewer bytes has too many pieces at the ends of strips, which are not full. */
const UNIT_BYTES_MIN = 45_000;
