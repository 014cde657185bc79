import { bytesPerPixel } from "../pixels.js";
import type { PixelFormat } from "../types.js";
import { scanWasm } from "../wasm/scan.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import type { ScanParameters } from "./model.js";

/** What kernels/scan.ts exports. */
interface Exports {
  readonly memory: KernelMemory & { grow(pages: number): number };
  readonly WEIGHTS: KernelPlace;
  readonly MIDDLES: KernelPlace;
  readonly TABLES: KernelPlace;
  readonly FREQUENCIES: KernelPlace;
  readonly COSTS: KernelPlace;
  readonly PAYLOAD: KernelPlace;
  readonly PRODUCTS: KernelPlace;
  readonly COUNTS: KernelPlace;
  readonly STEPS: KernelPlace;
  configure(planes: number, unrestShift: number, bits: number, decorrelated: number): void;
  setModel(tables: number): void;
  roomFor(width: number, rows: number, values: number): number;
  begin(width: number, rows: number): number;
  beginPayload(bytes: number): void;
  decodeRows(pixels: number, rows: number): void;
  ended(): number;
  encodeRow(): number;
  studyRow(counts: number): void;
  valueCount(): number;
  finish(count: number, capacity: number): number;
}

/** An instance of the kernel for pictures of a format. */
export class ScanMachine {
  readonly kernel = instantiate<Exports>(scanWasm);
  readonly pixelBytes: number;

  constructor(private readonly format: PixelFormat) {
    this.pixelBytes = bytesPerPixel(format);
  }

  /** Tells the kernel how pixels are predicted. */
  configure({ weights, unrestShift, decorrelated }: Prediction): void {
    const { channels, bits } = this.format;
    new Int32Array(this.kernel.memory.buffer, this.kernel.WEIGHTS.value).set(weights);
    this.kernel.configure(channels, unrestShift, bits, decorrelated ? 1 : 0);
  }

  /** The kernel's memory, grown to what a rectangle needs. */
  memoryFor(width: number, rows: number, values: number): Uint8Array {
    const { memory } = this.kernel;
    const missing = this.kernel.roomFor(width, rows, values) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return new Uint8Array(memory.buffer);
  }
}

type Prediction = Pick<ScanParameters, "weights" | "unrestShift" | "decorrelated">;

/** A page of WebAssembly. */
const PAGE_BYTES = 0x1_0000;
