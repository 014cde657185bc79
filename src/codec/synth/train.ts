import { bytesPerPixel } from "../pixels.js";
import { pixelsOf, spread } from "../spread.js";
import type { PixelFormat, PixelView } from "../types.js";
import { choosePalette, type Escape } from "./palette-choice.js";
import { PatchGrid } from "./patch-grid.js";
import { choosePatches, Events } from "./primer.js";
import { COST_BIT, Surveyor } from "./survey.js";

/**
 * Learns how to code a picture from views of parts of it: a palette, and a primer of patches that every piece may take
 * for known. `pixels` is how many the picture has, `pieceBytes` about what the payload of a piece holds. Returns the tables, or
 * undefined where there is no hope of fewer bits than a rival takes. Deterministic.
 */
export function trainSynth(
  views: readonly PixelView[],
  format: PixelFormat,
  pixels: number,
  pieceBytes: number,
  rival: Rival = () => undefined,
): Uint8Array | undefined {
  const training = new SynthTraining(views, format, pieceBytes);
  const { events, bits, looked } = training.findDear(rival);
  if (looked.length === 0) return undefined;
  const seen = pixelsOf(looked.map((index) => views[index] as PixelView));
  const scale = Math.max(1, pixels / seen);
  const bitsMax = Math.min(PRIMER_BYTES_MAX * 8, bits * scale * PRIMER_SHARE);
  const narrow = training.grid.side < PATCH_SIDE_MIN;
  const chosen = narrow ? [] : training.choose(events, scale, bitsMax);
  const stripWidth = synthStripWidth(bits / seen, pieceBytes);
  const taught = (patches: readonly number[]): Taught => {
    const { escapes, bits: second } = training.findColours(patches, looked, stripWidth);
    const palette = choosePalette(escapes, scale, bytesPerPixel(format));
    const tables = training.teach(patches, palette);
    // Where all is cheap, it does not take long to look once more.
    const cheap =
      events.count < EVENTS_FEW && 8 * tables.length > DEAR_TABLES_SHARE * second * scale;
    const last = cheap ? training.weigh(looked, stripWidth) : second;
    return { tables, bits: 8 * tables.length + last * scale };
  };
  const best = taught(chosen);
  if (8 * best.tables.length <= DEAR_TABLES_SHARE * best.bits) return best.tables;
  // Patches were weighed before there was a palette, which makes some of them needless.
  const fewer = taught(chosen.slice(0, Math.ceil(chosen.length * FEWER_SHARE)));
  return fewer.bits < best.bits ? fewer.tables : best.tables;
}

/** Tables, and the bits that the picture takes with them. */
interface Taught {
  readonly tables: Uint8Array;
  readonly bits: number;
}

/** The bits that another family takes for a view, by its number, where that is known. */
export type Rival = (view: number) => number | undefined;

/** The steps of training: each looks at views, or teaches. */
class SynthTraining {
  readonly grid: PatchGrid;
  private readonly surveyor: Surveyor;
  private readonly pixelBytes: number;
  private readonly opening: Uint8Array;

  constructor(
    private readonly views: readonly PixelView[],
    format: PixelFormat,
    private readonly pieceBytes: number,
  ) {
    const sides = views.map(({ width, height }) => Math.min(width, height));
    this.grid = new PatchGrid(views, Math.min(PATCH_SIDE, ...sides));
    this.surveyor = new Surveyor(format, views);
    this.pixelBytes = bytesPerPixel(format);
    this.opening = commonestPixel(views, this.pixelBytes);
  }

  /** Codes views untaught until they have enough that is dear; ends with no views where the first show that there is no hope. */
  findDear(rival: Rival): { events: Events; bits: number; looked: number[] } {
    const { surveyor, pieceBytes, grid } = this;
    const { side } = grid;
    const events = new Events(surveyor.sightsMax);
    const take = (sights: Uint32Array, view: number): void => {
      for (let at = 0; at < sights.length; at += 4) {
        const [x, y] = [sights[at + 2] as number, sights[at + 3] as number];
        const inside = (x < 2 || x % side >= 2) && (y < 2 || y % side >= 2);
        const bits = (sights[at + 1] as number) / COST_BIT;
        events.add(sights[at] as number, grid.patchAt(view, x, y), inside, bits);
      }
    };
    const looked: number[] = [];
    let bits = 0;
    this.teach([], NONE);
    surveyor.begin("pixels");
    for (const views of spread(this.views)) {
      if (events.count > EVENTS_ENOUGH) break;
      const costs = views.map((view) => {
        const before = bits;
        bits = surveyor.look({ views: [view], pieceBytes, stripWidth: STRIP_WIDTH }, take);
        return bits - before;
      });
      if (looked.length === 0 && !hasHope(views, costs, rival)) break;
      looked.push(...views);
    }
    return { events, bits, looked };
  }

  /** Chooses the patches that teach most of what `findDear` found. */
  choose(events: Events, scale: number, bitsMax: number): number[] {
    return choosePatches(events, this.surveyor.totals(), scale, bitsMax);
  }

  /** Codes views, taught patches but no palette, and tells which colours had to be told more than once. */
  findColours(
    patches: readonly number[],
    views: readonly number[],
    stripWidth: number,
  ): { escapes: Escape[]; bits: number } {
    const { surveyor, pieceBytes } = this;
    const found: { id: number; pixel: Uint8Array }[] = [];
    this.teach(patches, NONE);
    surveyor.begin("colours");
    const bits = surveyor.look({ views, pieceBytes, stripWidth }, (sights, view) => {
      for (let at = 0; at < sights.length; at += 4) {
        const pixel = this.pixelAt(view, sights[at + 2] as number, sights[at + 3] as number);
        found.push({ id: sights[at] as number, pixel });
      }
    });
    const totals = surveyor.totals();
    const escapes = found
      .filter(({ id }) => totals.times(id) > 1)
      .map(({ id, pixel }) => ({ times: totals.times(id), bits: totals.bits(id), pixel }));
    return { escapes, bits };
  }

  /** Codes views as taught; returns their bits. */
  weigh(views: readonly number[], stripWidth: number): number {
    this.surveyor.begin("colours");
    return this.surveyor.look({ views, pieceBytes: this.pieceBytes, stripWidth });
  }

  /** Teaches patches and a palette; returns the tables. */
  teach(patches: readonly number[], palette: Uint8Array): Uint8Array {
    const { grid, opening, pixelBytes } = this;
    const pixels = patches.map((patch) => grid.pixels(patch, pixelBytes));
    const primer = { width: grid.side, height: grid.side, patches: pixels };
    return this.surveyor.teach({ opening, palette, primer });
  }

  private pixelAt(view: number, x: number, y: number): Uint8Array {
    const { bytes, offset, stride } = this.views[view] as PixelView;
    const at = offset + y * stride + x * this.pixelBytes;
    return bytes.subarray(at, at + this.pixelBytes);
  }
}

/** Whether pixels that cost so much untaught, view by view, may cost less than with a rival once they are taught. */
function hasHope(views: readonly number[], costs: readonly number[], rival: Rival): boolean {
  let own = 0;
  let others = 0;
  for (const [index, view] of views.entries()) {
    const cost = costs[index] as number;
    const other = rival(view) ?? Number.POSITIVE_INFINITY;
    if (cost < AHEAD_IN_VIEW * other) return true;
    own += cost;
    others += other;
  }
  return own < BEHIND_IN_ALL * others;
}

/** The width of strips whose pieces are about as wide as synthetic pictures like: some wider than high. */
export function synthStripWidth(bitsPerPixel: number, pieceBytes: number): number {
  const pixels = (pieceBytes * 8) / Math.max(bitsPerPixel, 1 / 64);
  return Math.max(16, Math.round(STRIP_ASPECT * Math.sqrt(pixels)));
}

/** The pixel that is met most often, the first of them, among some that lie all over the views. */
function commonestPixel(views: readonly PixelView[], pixelBytes: number): Uint8Array {
  const step = Math.ceil(pixelsOf(views) / OPENING_PIXELS);
  const times = new Map<number, number>();
  let best = 0;
  let commonest = new Uint8Array(pixelBytes);
  for (const { bytes, offset, stride, width, height } of views) {
    for (let pixel = 0; pixel < width * height; pixel += step) {
      const at = offset + Math.floor(pixel / width) * stride + (pixel % width) * pixelBytes;
      let name = 0;
      for (let byte = 0; byte < pixelBytes; byte += 1) {
        name = name * 256 + (bytes[at + byte] as number);
      }
      const met = (times.get(name) ?? 0) + 1;
      times.set(name, met);
      if (met > best) {
        best = met;
        commonest = bytes.slice(at, at + pixelBytes);
      }
    }
  }
  return commonest;
}

const NONE = new Uint8Array(0);
/** Ours: large enough for glyphs and icons with what surrounds them. */
const PATCH_SIDE = 32;
/** Ours: smaller patches are mostly edge. */
const PATCH_SIDE_MIN = 16;
/** Ours: what a first look at a picture supposes. */
const STRIP_WIDTH = 128;
const STRIP_ASPECT = 1.3;
/** Ours: where so many pixels are dear, others tell little that is new, and take time before the first piece. */
const EVENTS_ENOUGH = 40_000;
/** Ours. */
const EVENTS_FEW = 8_000;
/** Ours: a palette and a primer make up for being so far behind, or for being this ahead in a part of the picture alone. */
const BEHIND_IN_ALL = 1.05;
const AHEAD_IN_VIEW = 0.75;
/** Ours. */
const OPENING_PIXELS = 10_007;
/** Ours: a primer is sent before any piece, and should not keep a picture waiting. */
const PRIMER_BYTES_MAX = 24_000;
const PRIMER_SHARE = 0.2;
/** Ours: of tables that take a larger share, fewer patches may do. */
const DEAR_TABLES_SHARE = 0.1;
const FEWER_SHARE = 0.35;
