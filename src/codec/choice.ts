import { coderOf } from "./families.js";
import { trainPhoto } from "./photo/train.js";
import { bytesPerPixel } from "./pixels.js";
import { trainScan } from "./scan/train.js";
import { pixelsOf, spread } from "./spread.js";
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
  /** Bytes of each sample that was tried. */
  readonly costs: readonly number[];
}

/**
 * Trains the families that may win with samples of a picture, codes some samples with each, and chooses the one that takes the
 * fewest bytes; or two, where each is so much better for parts of the picture that both tables pay.
 */
export function chooseFamilies(
  format: PixelFormat,
  samples: readonly PixelView[],
  pixels: number,
): Choice {
  const trials = new Trials(format, samples);
  const scale = pixels / pixelsOf(samples);
  const shares = samples.map((sample) => repeatedShare(format, sample));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const natural = Math.min(...shares) < NATURAL_REPEATED_MAX;
  const scan = natural ? trials.of(Family.scan, trainScan(format, samples, scale)) : undefined;
  let synthetic: Trained | undefined;
  if (mean > REPEATED_MIN[format.channels] || hasFewColours(format, samples)) {
    const rival = (view: number): number | undefined => scan && trials.bitsOf(scan, view);
    const tables = trainSynth(samples, format, pixels, TYPICAL_PIECE_BYTES, rival);
    synthetic = tables && trials.of(Family.synthetic, tables);
  }
  // Where one is far ahead of the other everywhere, the third is not in between.
  const photo =
    scan && !(synthetic && isFarAhead(synthetic, scan))
      ? trials.of(Family.photo, trainPhoto(samples, format).tables)
      : undefined;
  const trained = [photo, scan, synthetic].filter((one) => one !== undefined);
  const bytes = pixels * bytesPerPixel(format);
  const raw: Choice = { families: [], bytes, note: "raw pixels" };
  return combinations(trained)
    .map((families) => choiceOf(families, pixels / trials.pixels))
    .reduce((best, one) => (one.bytes < best.bytes ? one : best), raw);
}

/** Samples coded by one family and another. */
class Trials {
  /** The samples that are tried, by number. */
  private readonly tried: readonly number[];
  private readonly trial: Trial;

  constructor(
    private readonly format: PixelFormat,
    private readonly samples: readonly PixelView[],
  ) {
    this.tried = spread(samples).slice(0, 2).flat();
    this.trial = new Trial(bytesPerPixel(format));
  }

  /** Pixels of the samples that are tried. */
  get pixels(): number {
    return pixelsOf(this.tried.map((index) => this.samples[index] as PixelView));
  }

  /** A family with what it costs; undefined for tables that are none. */
  of(family: Family, bytes: Uint8Array): Trained | undefined {
    const coder = coderOf(family, this.format, bytes);
    const views = this.tried.map((index) => this.samples[index] as PixelView);
    return coder && { family, bytes, costs: views.map((view) => this.trial.bytesOf(coder, view)) };
  }

  /** The bits that a family takes for a sample, if it was tried. */
  bitsOf({ costs }: Trained, sample: number): number | undefined {
    const cost = costs[this.tried.indexOf(sample)];
    return cost === undefined ? undefined : 8 * cost;
  }
}

/** Whether a family takes much less than another for every sample. */
function isFarAhead(one: Trained, other: Trained): boolean {
  return one.costs.every((cost, index) => cost < FAR_AHEAD * (other.costs[index] as number));
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

/** The share of pixels that are the same as their neighbour to the west or to the north, by every other row. */
function repeatedShare(format: PixelFormat, sample: PixelView): number {
  const pixelBytes = bytesPerPixel(format);
  const { bytes, offset, stride, width, height } = sample;
  let repeated = 0;
  let all = 0;
  for (let row = 1; row < height; row += 2) {
    const start = offset + row * stride;
    for (let at = start + pixelBytes; at < start + width * pixelBytes; at += pixelBytes) {
      let west = true;
      let north = true;
      for (let i = at; i < at + pixelBytes && (west || north); i += 1) {
        west &&= bytes[i] === bytes[i - pixelBytes];
        north &&= bytes[i] === bytes[i - stride];
      }
      if (west || north) repeated += 1;
    }
    all += width - 1;
  }
  return all > 0 ? repeated / all : 0;
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

/** Ours: where more pixels repeat, in all parts, no other family than the synthetic one wins. */
const NATURAL_REPEATED_MAX = 0.6;

/** Ours: where fewer pixels repeat, by channels, there is nothing that the synthetic family could find again. */
const REPEATED_MIN = { 1: 0.55, 2: 0.4, 3: 0.2, 4: 0.2 } as const;

/** Of the palettes of image files. */
const PALETTE_COLOURS_MAX = 256;

/** Ours: how many bytes payloads have, about, whatever the path will carry. */
const TYPICAL_PIECE_BYTES = 1_140;

/** Ours. */
const FAR_AHEAD = 0.75;

/** Ours. */
const MIXING_COST = 1.02;
