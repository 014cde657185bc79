import { COST_UNIT, costsOf } from "../entropy/model.js";
import { STATE_BYTES } from "../entropy/rans.js";
import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { ScanMachine } from "./machine.js";
import { ScanModel, UNREST_MAX, VALUES_MAX } from "./model.js";
import type { ScanTables } from "./tables.js";

/** The kernel, as one that codes and decodes. */
export class ScanKernel implements StripCoder, StripDecoder {
  private readonly machine: ScanMachine;
  private readonly channels: number;

  constructor(format: PixelFormat, { parameters, entropy }: ScanTables) {
    this.machine = new ScanMachine(format);
    this.channels = format.channels;
    const { kernel } = this.machine;
    const { levelOf } = new ScanModel(format, parameters);
    const levels = parameters.thresholds.length + 1;
    const { buffer } = kernel.memory;
    new Int32Array(buffer, kernel.MIDDLES.value).set(parameters.middles);
    const tables = new Uint8Array(buffer, kernel.TABLES.value);
    for (let plane = 0; plane < format.channels; plane += 1) {
      const map = entropy.map.subarray(plane * levels);
      tables.set(
        levelOf.map((level) => map[level] as number),
        plane * (UNREST_MAX + 1),
      );
    }
    new Uint16Array(buffer, kernel.FREQUENCIES.value).set(entropy.frequencies);
    kernel.setModel(entropy.tables);
    new Uint32Array(buffer, kernel.COSTS.value).set(costsOf(entropy));
    this.machine.configure(parameters);
  }

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const { machine } = this;
    const { kernel, pixelBytes } = machine;
    const most = Math.min(capacity, PAYLOAD_MAX);
    const limit = (most - STATE_BYTES) * 8 * COST_UNIT;
    const rowBytes = view.width * pixelBytes;
    // A row more than fits is looked at.
    const memory = machine.memoryFor(view.width, 1, VALUES_MAX + view.width * this.channels);
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
    const { machine } = this;
    const { kernel, pixelBytes } = machine;
    if (payload.length > PAYLOAD_MAX) return false;
    const rowBytes = view.width * pixelBytes;
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    const memory = machine.memoryFor(view.width, chunk, 0);
    const pixels = kernel.begin(view.width, chunk);
    memory.set(payload, kernel.PAYLOAD.value);
    kernel.beginPayload(payload.length);
    for (let y = 0; y < view.height; y += chunk) {
      const rows = Math.min(chunk, view.height - y);
      kernel.decodeRows(pixels, rows);
      for (let row = 0; row < rows; row += 1) {
        const from = pixels + row * rowBytes;
        const at = view.offset + (y + row) * view.stride;
        view.bytes.set(memory.subarray(from, from + rowBytes), at);
      }
    }
    return kernel.ended() !== 0;
  }
}

/** Room for a payload in the kernel. */
const PAYLOAD_MAX = 0x4_0000;

/** Ours: rows are fetched from the kernel so many bytes at a time. */
const CHUNK_BYTES = 0x8000;
