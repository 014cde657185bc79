import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { synthWasm } from "../wasm/synth.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import { LOGIT_MAX, RATES, STRETCHED, squash } from "./adaptive-bits.js";
import { CONTEXTS, Context } from "./contexts.js";
import type { RowModel } from "./row-model.js";

/** What kernels/synth.ts exports. */
interface Exports {
  readonly memory: KernelMemory;
  readonly STRETCHED: KernelPlace;
  readonly SQUASHED: KernelPlace;
  readonly RATES: KernelPlace;
  readonly START_WEIGHTS: KernelPlace;
  readonly START_STATES: KernelPlace;
  readonly PALETTE: KernelPlace;
  readonly RANKS: KernelPlace;
  readonly SLOTS: KernelPlace;
  configure(
    channels: number,
    bits: number,
    isRgb: number,
    opening: number,
    paletteSize: number,
    place: number,
    standing: number,
    outcome: number,
    among: number,
    escapes: number,
    rankLength: number,
    rankTree: number,
    literal: number,
    contexts: number,
  ): void;
  prepare(width: number, rows: number, payloadBytes: number): number;
  payloadPlace(): number;
  begin(height: number, payloadBytes: number, decode: number): void;
  codeRows(rows: number): number;
  rowsKept(): number;
  finish(): number;
}

/** The kernel, as one that codes and decodes: for pixels of up to 4 bytes. */
export class SynthKernel implements StripCoder, StripDecoder {
  private readonly kernel = instantiate<Exports>(synthWasm);
  private readonly pixelBytes: number;

  constructor(format: PixelFormat, model: RowModel) {
    const { kernel } = this;
    this.pixelBytes = model.colours.pixelBytes;
    // All that is filled lies before what pieces take.
    kernel.prepare(0, 0, 0);
    const { buffer } = kernel.memory;
    new Int16Array(buffer, kernel.STRETCHED.value).set(STRETCHED);
    const squashed = new Uint16Array(buffer, kernel.SQUASHED.value);
    for (let logit = -LOGIT_MAX; logit <= LOGIT_MAX; logit += 1) {
      squashed[logit + LOGIT_MAX] = squash(logit);
    }
    new Int32Array(buffer, kernel.RATES.value).set(RATES);
    new Int32Array(buffer, kernel.START_WEIGHTS.value).set(model.start.weights);
    new Int32Array(buffer, kernel.START_STATES.value).set(model.start.states);
    model.matches.copyPrimed(new Int32Array(buffer, kernel.SLOTS.value));
    const { keys } = model.palette;
    new Int32Array(buffer, kernel.PALETTE.value).set(keys);
    fillRanks(new Int32Array(buffer, kernel.RANKS.value), keys);
    kernel.configure(
      format.channels,
      format.bits,
      format.colour === "rgb" ? 1 : 0,
      model.opening,
      keys.length,
      Context.place,
      Context.standing,
      Context.outcome,
      Context.among,
      Context.escape,
      Context.rankLength,
      Context.rankTree,
      Context.literal,
      CONTEXTS,
    );
  }

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const { kernel } = this;
    const chunk = this.chunkRows(view.width);
    const pixels = kernel.prepare(view.width, chunk, capacity);
    if (pixels === 0) return { rows: 0, bytes: 0 };
    const rowBytes = view.width * this.pixelBytes;
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
    const { kernel } = this;
    const chunk = this.chunkRows(view.width);
    const pixels = kernel.prepare(view.width, chunk, payload.length);
    if (pixels === 0) return false;
    const rowBytes = view.width * this.pixelBytes;
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

  /** How many rows go to the kernel at a time. */
  private chunkRows(width: number): number {
    return Math.max(
      2,
      Math.min(CHUNK_ROWS_MAX, Math.floor(CHUNK_BYTES / (width * this.pixelBytes))),
    );
  }
}

/** Puts (key, rank + 1) in an open table of 8,192 entries by hash of the key. */
function fillRanks(table: Int32Array, keys: readonly number[]): void {
  keys.forEach((key, rank) => {
    let index = Math.imul(key, 0x9e3779b1) >>> 19;
    while (table[2 * index + 1] !== 0) index = (index + 1) & (RANK_ENTRIES - 1);
    table[2 * index] = key;
    table[2 * index + 1] = rank + 1;
  });
}

const RANK_ENTRIES = 8192;

const CHUNK_ROWS_MAX = 16;
const CHUNK_BYTES = 65536;
