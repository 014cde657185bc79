import { assert } from "../../base/assert.js";
import { costsOf, Histograms } from "../entropy/model.js";
import { bytesPerPixel, copyPixels } from "../pixels.js";
import type { PixelFormat, PixelView } from "../types.js";
import { photoWasm } from "../wasm/photo.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import { type PlaneSet, planeSetOf } from "./colours.js";
import { solveWeights } from "./least-squares.js";
import type { PhotoTables } from "./tables.js";
import { TAPS_MAX } from "./taps.js";
import {
  contextCount,
  contextGroups,
  ENERGY_LEVELS,
  type Filters,
  filterCount,
  tableOfEnergy,
} from "./walk.js";

/** What kernels/photo.ts exports. */
interface Exports {
  readonly memory: KernelMemory;
  readonly WEIGHTS: KernelPlace;
  readonly TABLE_OF: KernelPlace;
  readonly FREQUENCIES: KernelPlace;
  readonly COSTS: KernelPlace;
  readonly HISTOGRAMS: KernelPlace;
  readonly PRODUCTS: KernelPlace;
  readonly TARGETS: KernelPlace;
  setFormat(
    count: number,
    colours: number,
    transformed: boolean,
    high: number,
    energyShift: number,
    folded: boolean,
  ): void;
  spreadWeights(): void;
  setModel(tables: number): void;
  prepare(width: number, height: number, payloadBytes: number): number;
  pixelsAt(): number;
  payloadAt(): number;
  rowCostsAt(): number;
  learnFilters(): void;
  countTokens(): void;
  energySum(): number;
  energyCount(): number;
  look(): void;
  finish(capacity: number): number;
  decode(bytes: number): number;
}

/** The kernel as training uses it: it looks at pieces twice, first for the filters and then, with these, for the statistics. */
export class PhotoStudy {
  private readonly kernel = instantiate<Exports>(photoWasm);
  private readonly set: PlaneSet;

  constructor(private readonly format: PixelFormat) {
    this.set = planeSetOf(format);
  }

  /** Fits filters to pieces. */
  filters(pieces: readonly PixelView[]): Omit<Filters, "folded"> {
    const { kernel, set } = this;
    const count = filterCount(set);
    const weights = new Int16Array(count * TAPS_MAX);
    setUp(kernel, set, { weights, energyShift: 0, folded: false });
    this.show(pieces, () => kernel.learnFilters());
    const { buffer } = kernel.memory;
    const matrix = TAPS_MAX * TAPS_MAX;
    const products = new Float64Array(buffer, kernel.PRODUCTS.value, count * matrix);
    const targets = new Float64Array(buffer, kernel.TARGETS.value, count * TAPS_MAX);
    for (let filter = 0; filter < count; filter += 1) {
      const own = products.subarray(filter * matrix, (filter + 1) * matrix);
      const from = filter * TAPS_MAX;
      weights.set(solveWeights(own, targets.subarray(from, from + TAPS_MAX)), from);
    }
    let energyShift = 0;
    const energy = kernel.energySum() / Math.max(1, kernel.energyCount());
    while (energy > ENERGY_USUAL * 2 ** energyShift) energyShift += 1;
    return { weights, energyShift };
  }

  /** Counts the tokens of pieces. */
  tokens(pieces: readonly PixelView[], filters: Filters): Histograms {
    const { kernel, set } = this;
    setUp(kernel, set, filters);
    setTables(kernel, set, () => ENERGY_LEVELS);
    const histograms = new Histograms(contextCount(set));
    const { length } = histograms.counts;
    new Uint32Array(kernel.memory.buffer, kernel.HISTOGRAMS.value, length).fill(0);
    this.show(pieces, () => kernel.countTokens());
    histograms.counts.set(new Uint32Array(kernel.memory.buffer, kernel.HISTOGRAMS.value, length));
    return histograms;
  }

  private show(pieces: readonly PixelView[], look: () => void): void {
    const { kernel } = this;
    for (const piece of pieces) {
      assert(kernel.prepare(piece.width, piece.height, 0) !== 0, "there is memory for a tile");
      const pixelBytes = bytesPerPixel(this.format);
      copyPixels(piece, pixelsIn(kernel, piece, pixelBytes), pixelBytes);
      look();
    }
  }
}

/** Tells a kernel what planes there are and how they are predicted. */
function setUp(kernel: Exports, set: PlaneSet, filters: Filters): void {
  const { energyShift, folded, weights } = filters;
  kernel.setFormat(set.count, set.colours, set.transformed, set.high, energyShift, folded);
  assert(kernel.prepare(1, 1, 0) !== 0, "there is memory for the tables");
  new Int32Array(kernel.memory.buffer, kernel.WEIGHTS.value).set(weights);
  kernel.spreadWeights();
}

/** Tells a kernel what energies stand for in each group of contexts. */
function setTables(kernel: Exports, set: PlaneSet, of: (group: number) => Uint8Array): void {
  const tables = new Uint8Array(kernel.memory.buffer, kernel.TABLE_OF.value);
  for (let group = 0; group < contextGroups(set); group += 1) tables.set(of(group), group << 10);
}

/** The kernel's own copy of a view's pixels. */
function pixelsIn(kernel: Exports, { width, height }: PixelView, pixelBytes: number): PixelView {
  const bytes = new Uint8Array(kernel.memory.buffer);
  return { bytes, offset: kernel.pixelsAt(), stride: width * pixelBytes, width, height };
}

/** The contexts' thresholds part energies of about this mean well. */
const ENERGY_USUAL = 90;

/** Said with the cost of a token that its table does not hold. */
const ESCAPED = 0x8000_0000;

/** The kernel of photographic pieces, set up for one picture. */
export class PhotoKernel {
  private readonly kernel = instantiate<Exports>(photoWasm);
  private readonly pixelBytes: number;

  constructor(format: PixelFormat, tables: PhotoTables) {
    const { kernel } = this;
    this.pixelBytes = bytesPerPixel(format);
    const set = planeSetOf(format);
    setUp(kernel, set, tables);
    const { model } = tables;
    setTables(kernel, set, (group) => tableOfEnergy(model.map, group));
    const { buffer } = kernel.memory;
    new Uint16Array(buffer, kernel.FREQUENCIES.value).set(model.frequencies);
    kernel.setModel(model.tables);
    const costs = costsOf(model).map((cost, slot) =>
      model.frequencies[slot] === 0 ? cost + ESCAPED : cost,
    );
    new Uint32Array(buffer, kernel.COSTS.value).set(costs);
  }

  /** Puts the values of all samples of a view into the coder; what each row costs, in 1 / `COST_UNIT` bits. */
  look(view: PixelView, capacity: number): Uint32Array {
    assert(this.prepare(view, capacity), "there is memory for the pieces that are made");
    copyPixels(view, pixelsIn(this.kernel, view, this.pixelBytes), this.pixelBytes);
    this.kernel.look();
    return new Uint32Array(this.kernel.memory.buffer, this.kernel.rowCostsAt(), view.height);
  }

  /** Writes the payload of the values put; its length, or undefined (and nothing is written) when it is longer than `capacity`. */
  finish(target: Uint8Array, offset: number, capacity: number): number | undefined {
    const bytes = this.kernel.finish(capacity);
    if (bytes < 0) return undefined;
    const from = this.kernel.payloadAt();
    target.set(new Uint8Array(this.kernel.memory.buffer, from, bytes), offset);
    return bytes;
  }

  /** As `StripDecoder.decode`. */
  decode(payload: Uint8Array, view: PixelView): boolean {
    if (!this.prepare(view, payload.length)) return false;
    const { buffer } = this.kernel.memory;
    new Uint8Array(buffer, this.kernel.payloadAt(), payload.length).set(payload);
    if (this.kernel.decode(payload.length) === 0) return false;
    copyPixels(pixelsIn(this.kernel, view, this.pixelBytes), view, this.pixelBytes);
    return true;
  }

  private prepare({ width, height }: PixelView, payloadBytes: number): boolean {
    return this.kernel.prepare(width, height, payloadBytes) !== 0;
  }
}
