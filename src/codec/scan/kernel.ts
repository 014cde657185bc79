import { COST_UNIT, costsOf, startsOf, tokensByPlace } from "../entropy/model.js";
import { STATE_BYTES } from "../entropy/rans.js";
import { bytesPerPixel } from "../pixels.js";
import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { scanWasm } from "../wasm/scan.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import { ScanModel, VALUES_MAX } from "./model.js";
import type { ScanTables } from "./tables.js";

/** What kernels/scan.ts exports. */
interface Exports {
  readonly memory: KernelMemory & { grow(pages: number): number };
  readonly WEIGHTS: KernelPlace;
  readonly MIDDLES: KernelPlace;
  readonly LEVELS: KernelPlace;
  readonly TABLES: KernelPlace;
  readonly FREQUENCIES: KernelPlace;
  readonly STARTS: KernelPlace;
  readonly COSTS: KernelPlace;
  readonly PLACES: KernelPlace;
  readonly PAYLOAD: KernelPlace;
  configure(
    planes: number,
    levels: number,
    unrestShift: number,
    bits: number,
    decorrelated: number,
  ): void;
  roomFor(width: number, rows: number, values: number): number;
  begin(width: number, rows: number): number;
  beginPayload(bytes: number): void;
  decodeRows(rows: number): void;
  ended(): number;
  encodeRow(): number;
  valueCount(): number;
  finish(count: number, capacity: number): number;
}

/** The kernel, as one that codes and decodes. */
export class ScanKernel implements StripCoder, StripDecoder {
  private readonly kernel = instantiate<Exports>(scanWasm);
  private readonly pixelBytes: number;
  private readonly channels: number;

  constructor(format: PixelFormat, { parameters, entropy }: ScanTables) {
    const { kernel } = this;
    this.pixelBytes = bytesPerPixel(format);
    this.channels = format.channels;
    const model = new ScanModel(format, parameters);
    const { buffer } = kernel.memory;
    new Int32Array(buffer, kernel.WEIGHTS.value).set(parameters.weights);
    new Int32Array(buffer, kernel.MIDDLES.value).set(parameters.middles);
    new Uint8Array(buffer, kernel.LEVELS.value).set(model.levelOf);
    new Uint8Array(buffer, kernel.TABLES.value).set(entropy.map);
    new Uint16Array(buffer, kernel.FREQUENCIES.value).set(entropy.frequencies);
    new Uint16Array(buffer, kernel.STARTS.value).set(startsOf(entropy));
    new Uint32Array(buffer, kernel.COSTS.value).set(costsOf(entropy));
    new Uint8Array(buffer, kernel.PLACES.value).set(tokensByPlace(entropy));
    const levels = parameters.thresholds.length + 1;
    const colours = model.planes.decorrelated ? 1 : 0;
    kernel.configure(format.channels, levels, parameters.unrestShift, format.bits, colours);
  }

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const { kernel } = this;
    const most = Math.min(capacity, PAYLOAD_MAX);
    const limit = (most - STATE_BYTES) * 8 * COST_UNIT;
    const rowBytes = view.width * this.pixelBytes;
    // A row more than fits is looked at.
    const memory = this.memoryFor(view.width, 1, VALUES_MAX + view.width * this.channels);
    const pixels = kernel.begin(view.width, 1);
    // How many values there are up to the end of each row that may fit.
    const ends: number[] = [];
    for (let row = 0, cost = 0; row < view.height; row += 1) {
      const at = view.offset + row * view.stride;
      memory.set(view.bytes.subarray(at, at + rowBytes), pixels);
      cost += kernel.encodeRow() >>> 0;
      if (cost > limit || kernel.valueCount() > VALUES_MAX) break;
      ends.push(kernel.valueCount());
    }
    let rows = ends.length === view.height ? view.height : ends.length - (ends.length % 2);
    while (rows > 0) {
      const bytes = kernel.finish(ends[rows - 1] as number, most);
      if (bytes > 0) {
        const payload = kernel.PAYLOAD.value;
        target.set(memory.subarray(payload, payload + bytes), offset);
        return { rows, bytes };
      }
      rows -= rows % 2 === 0 ? 2 : 1;
    }
    return { rows: 0, bytes: 0 };
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    const { kernel } = this;
    if (payload.length > PAYLOAD_MAX) return false;
    const rowBytes = view.width * this.pixelBytes;
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    const memory = this.memoryFor(view.width, chunk, 0);
    const pixels = kernel.begin(view.width, chunk);
    memory.set(payload, kernel.PAYLOAD.value);
    kernel.beginPayload(payload.length);
    for (let y = 0; y < view.height; y += chunk) {
      const rows = Math.min(chunk, view.height - y);
      kernel.decodeRows(rows);
      for (let row = 0; row < rows; row += 1) {
        const from = pixels + row * rowBytes;
        const at = view.offset + (y + row) * view.stride;
        view.bytes.set(memory.subarray(from, from + rowBytes), at);
      }
    }
    return kernel.ended() !== 0;
  }

  /** The kernel's memory, grown to what a rectangle needs. */
  private memoryFor(width: number, rows: number, values: number): Uint8Array {
    const { memory } = this.kernel;
    const missing = this.kernel.roomFor(width, rows, values) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return new Uint8Array(memory.buffer);
  }
}

/** Room for a payload in the kernel. */
const PAYLOAD_MAX = 0x4_0000;

/** Ours: rows are fetched from the kernel so many bytes at a time. */
const CHUNK_BYTES = 0x8000;

/** A page of WebAssembly. */
const PAGE_BYTES = 0x1_0000;
