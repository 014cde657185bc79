import { coderOf } from "./families.js";
import { trainPhoto } from "./photo/train.js";
import { bytesPerPixel } from "./pixels.js";
import { trainScan } from "./scan/train.js";
import { trainSynth } from "./synth/train.js";
import { Family, type TableSection } from "./tables.js";
import { Trial } from "./trial.js";
import type { PixelFormat, PixelView } from "./types.js";

export interface Choice {
  /** Ascending; empty where pixels go raw. */
  readonly families: readonly TableSection[];
  /** What all pieces and these tables take, about. */
  readonly bytes: number;
  readonly note: string;
}

interface Trained extends TableSection {
  /** Bytes of each sample. */
  readonly costs: readonly number[];
}

/**
 * Trains the families with samples of a picture, codes the samples with each, and chooses the one that takes the fewest
 * bytes; or two, where each is so much better for parts of the picture that both tables pay.
 */
export function chooseFamilies(
  format: PixelFormat,
  samples: readonly PixelView[],
  pixels: number,
): Choice {
  const seen = samples.reduce((sum, { width, height }) => sum + width * height, 0);
  const scale = pixels / seen;
  const pixelBytes = bytesPerPixel(format);
  const trial = new Trial(pixelBytes);
  const trained: Trained[] = trainAll(format, samples, pixels, scale).flatMap((section) => {
    const coder = coderOf(section.family, format, section.bytes);
    return coder
      ? [{ ...section, costs: samples.map((sample) => trial.bytesOf(coder, sample)) }]
      : [];
  });
  const raw: Choice = { families: [], bytes: pixels * pixelBytes, note: "raw pixels" };
  return combinations(trained)
    .map((families) => choiceOf(families, scale))
    .reduce((best, one) => (one.bytes < best.bytes ? one : best), raw);
}

function trainAll(
  format: PixelFormat,
  samples: readonly PixelView[],
  pixels: number,
  scale: number,
): TableSection[] {
  const photo = { family: Family.photo, bytes: trainPhoto(samples, format).tables };
  const scan = { family: Family.scan, bytes: trainScan(format, samples, scale) };
  const synthetic =
    hasFewColours(format, samples) ||
    repeatedShare(format, samples) > REPEATED_MIN[format.channels];
  if (!synthetic) return [photo, scan];
  const { tables } = trainSynth(samples, format, pixels, TYPICAL_PIECE_BYTES);
  return [photo, scan, { family: Family.synthetic, bytes: tables }];
}

/** Whether a palette could hold all colours of the samples; not said of single channels, which have few values by nature. */
function hasFewColours(format: PixelFormat, samples: readonly PixelView[]): boolean {
  const pixelBytes = bytesPerPixel(format);
  if (format.channels === 1) return false;
  const colours = new Set<number>();
  for (const { bytes, offset, stride, width, height } of samples) {
    for (let row = 0; row < height; row += 1) {
      const start = offset + row * stride;
      for (let at = start; at < start + width * pixelBytes; at += pixelBytes) {
        let colour = 0;
        for (let i = 0; i < pixelBytes; i += 1) colour = colour * 256 + (bytes[at + i] as number);
        colours.add(colour);
        if (colours.size > PALETTE_COLOURS_MAX) return false;
      }
    }
  }
  return true;
}

/** The share of pixels that are the same as their neighbour to the west or to the north. */
function repeatedShare(format: PixelFormat, samples: readonly PixelView[]): number {
  const pixelBytes = bytesPerPixel(format);
  let repeated = 0;
  let all = 1;
  for (const { bytes, offset, stride, width, height } of samples) {
    const same = (one: number, other: number): boolean => {
      for (let i = 0; i < pixelBytes; i += 1) if (bytes[one + i] !== bytes[other + i]) return false;
      return true;
    };
    for (let row = 1; row < height; row += 1) {
      const start = offset + row * stride;
      for (let at = start + pixelBytes; at < start + width * pixelBytes; at += pixelBytes) {
        if (same(at, at - pixelBytes) || same(at, at - stride)) repeated += 1;
      }
    }
    all += (width - 1) * (height - 1);
  }
  return repeated / all;
}

/** Every family alone, and every two. */
function combinations(trained: readonly Trained[]): Trained[][] {
  return trained.flatMap((one, index) => [
    [one],
    ...trained.slice(index + 1).map((other) => [one, other]),
  ]);
}

function choiceOf(families: readonly Trained[], scale: number): Choice {
  const [first] = families;
  const cheapest = first?.costs.map((_, index) =>
    Math.min(...families.map(({ costs }) => costs[index] as number)),
  );
  const samples = (cheapest ?? []).reduce((sum, cost) => sum + cost, 0);
  const tables = families.reduce((sum, { bytes }) => sum + bytes.length, 0);
  // Where families meet, strips are cut short.
  const mixed = families.length > 1 ? MIXING_COST : 1;
  return {
    families: families.map(({ family, bytes }) => ({ family, bytes })),
    bytes: samples * scale * mixed + tables,
    note: families.map(({ family }) => NAMES[family]).join(" and "),
  };
}

const NAMES = ["raw", "photographic", "scanned", "synthetic"] as const;

/** Ours: where fewer pixels repeat, by channels, there is nothing that the synthetic family could find again. */
const REPEATED_MIN = { 1: 0.55, 2: 0.4, 3: 0.2, 4: 0.2 } as const;

/** Of the palettes of image files. */
const PALETTE_COLOURS_MAX = 256;

/** Ours: how many bytes payloads have, about, whatever the path will carry. */
const TYPICAL_PIECE_BYTES = 1_140;

/** Ours. */
const MIXING_COST = 1.02;
