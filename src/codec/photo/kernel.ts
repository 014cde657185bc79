import { assert } from "../../base/assert.js";
import { costsOf, startsOf, tokensByPlace } from "../entropy/model.js";
import { bytesPerPixel, copyPixels } from "../pixels.js";
import type { PixelFormat, PixelView } from "../types.js";
import { photoWasm } from "../wasm/photo.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import { planeSetOf } from "./colours.js";
import type { PhotoTables } from "./tables.js";
import { contextGroups, tableOfEnergy } from "./walk.js";

/** What kernels/photo.ts exports. */
interface Exports {
  readonly memory: KernelMemory;
  readonly WEIGHTS: KernelPlace;
  readonly TABLE_OF: KernelPlace;
  readonly ENTRIES: KernelPlace;
  readonly COSTS: KernelPlace;
  readonly TOKENS: KernelPlace;
  setFormat(
    count: number,
    colours: number,
    transformed: boolean,
    high: number,
    energyShift: number,
  ): void;
  prepare(width: number, height: number, payloadBytes: number): number;
  pixelsAt(): number;
  payloadAt(): number;
  rowCostsAt(): number;
  look(): void;
  finish(capacity: number): number;
  decode(bytes: number): number;
}

/** The kernel of photographic pieces, set up for one picture. */
export class PhotoKernel {
  private readonly kernel = instantiate<Exports>(photoWasm);
  private readonly pixelBytes: number;

  constructor(format: PixelFormat, tables: PhotoTables) {
    const { kernel } = this;
    this.pixelBytes = bytesPerPixel(format);
    const set = planeSetOf(format);
    const { count, colours, transformed, high } = set;
    kernel.setFormat(count, colours, transformed, high, tables.energyShift);
    assert(kernel.prepare(1, 1, 0) !== 0, "there is memory for the tables");
    const { buffer } = kernel.memory;
    new Int32Array(buffer, kernel.WEIGHTS.value).set(tables.weights);
    const { model } = tables;
    const tableOf = new Uint8Array(buffer, kernel.TABLE_OF.value);
    for (let group = 0; group < contextGroups(set); group += 1) {
      tableOf.set(tableOfEnergy(model.map, group), group << 10);
    }
    const starts = startsOf(model);
    const entries = new Uint32Array(buffer, kernel.ENTRIES.value);
    for (const [slot, frequency] of model.frequencies.entries()) {
      entries[slot] = ((starts[slot] ?? 0) << 16) | frequency;
    }
    new Uint32Array(buffer, kernel.COSTS.value).set(costsOf(model));
    new Uint8Array(buffer, kernel.TOKENS.value).set(tokensByPlace(model));
  }

  /** Puts the values of all samples of a view into the coder; what each row costs, in 1 / `COST_UNIT` bits. */
  look(view: PixelView, capacity: number): Uint32Array {
    assert(this.prepare(view, capacity), "there is memory for the pieces that are made");
    copyPixels(view, this.pixels(view), this.pixelBytes);
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
    copyPixels(this.pixels(view), view, this.pixelBytes);
    return true;
  }

  private prepare({ width, height }: PixelView, payloadBytes: number): boolean {
    return this.kernel.prepare(width, height, payloadBytes) !== 0;
  }

  /** The kernel's own copy of a view's pixels. */
  private pixels({ width, height }: PixelView): PixelView {
    const stride = width * this.pixelBytes;
    const bytes = new Uint8Array(this.kernel.memory.buffer);
    return { bytes, offset: this.kernel.pixelsAt(), stride, width, height };
  }
}
