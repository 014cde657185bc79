import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { SynthMachine } from "./machine.js";

/** The kernel, as one that codes and decodes. */
export class SynthKernel implements StripCoder, StripDecoder {
  private constructor(private readonly machine: SynthMachine) {}

  /** Undefined for tables that nobody writes for the format. */
  static of(format: PixelFormat, tables: Uint8Array): SynthKernel | undefined {
    const machine = new SynthMachine(format, false);
    return machine.learn(tables) ? new SynthKernel(machine) : undefined;
  }

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const { kernel, pixelBytes } = this.machine;
    const rowBytes = view.width * pixelBytes;
    const chunk = chunkRows(rowBytes);
    const pixels = kernel.prepare(view.width, chunk, capacity);
    if (pixels === 0) return { rows: 0, bytes: 0 };
    kernel.begin(view.height, capacity, 0);
    const memory = new Uint8Array(kernel.memory.buffer);
    for (let y = 0; y < view.height; y += chunk) {
      const rows = Math.min(chunk, view.height - y);
      for (let row = 0; row < rows; row += 1) {
        const at = view.offset + (y + row) * view.stride;
        memory.set(view.bytes.subarray(at, at + rowBytes), pixels + row * rowBytes);
      }
      if (kernel.codeRows(rows) === 0) break;
    }
    const rows = kernel.rowsKept();
    if (rows === 0) return { rows, bytes: 0 };
    const bytes = kernel.finish();
    const payload = kernel.payloadPlace();
    target.set(memory.subarray(payload, payload + bytes), offset);
    return { rows, bytes };
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    const { kernel, pixelBytes } = this.machine;
    const rowBytes = view.width * pixelBytes;
    const chunk = chunkRows(rowBytes);
    const pixels = kernel.prepare(view.width, chunk, payload.length);
    if (pixels === 0) return false;
    const memory = new Uint8Array(kernel.memory.buffer);
    memory.set(payload, kernel.payloadPlace());
    kernel.begin(view.height, payload.length, 1);
    for (let y = 0; y < view.height; y += chunk) {
      const rows = Math.min(chunk, view.height - y);
      if (kernel.codeRows(rows) === 0) return false;
      for (let row = 0; row < rows; row += 1) {
        const from = pixels + row * rowBytes;
        const at = view.offset + (y + row) * view.stride;
        view.bytes.set(memory.subarray(from, from + rowBytes), at);
      }
    }
    return true;
  }
}

/** How many rows go to the kernel at a time. */
export function chunkRows(rowBytes: number): number {
  return Math.max(2, Math.min(CHUNK_ROWS_MAX, Math.floor(CHUNK_BYTES / rowBytes)));
}

const CHUNK_ROWS_MAX = 16;
const CHUNK_BYTES = 65536;
