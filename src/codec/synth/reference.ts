import type { CodedRows, PixelView, StripCoder, StripDecoder } from "../types.js";
import { RangeDecoder, RangeEncoder } from "./range-coder.js";
import type { RowModel } from "./row-model.js";

/**
 * Codes and decodes synthetic pieces in plain TypeScript: what docs/codec.md says, for all formats, as the tests hold the
 * kernel against it.
 */
export class SynthReference implements StripCoder, StripDecoder {
  constructor(private readonly model: RowModel) {}

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const { model } = this;
    const { pixelBytes } = model.colours;
    const encoder = new RangeEncoder(target.subarray(offset, offset + capacity));
    const row = new Int32Array(view.width);
    model.begin(view.width);
    let rows = 0;
    let mark = encoder.mark();
    for (let y = 0; y < view.height; y += 1) {
      let at = view.offset + y * view.stride;
      for (let x = 0; x < view.width; x += 1, at += pixelBytes) {
        row[x] = model.colours.read(view.bytes, at);
      }
      if (!model.codeRow(encoder, row)) break;
      // A piece below begins at an even row.
      if (y + 1 === view.height || y % 2 === 1) {
        rows = y + 1;
        mark = encoder.mark();
      }
    }
    encoder.back(mark);
    return { rows, bytes: rows === 0 ? 0 : encoder.finish() };
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    const { model } = this;
    const { pixelBytes } = model.colours;
    const decoder = new RangeDecoder(payload);
    const row = new Int32Array(view.width);
    model.begin(view.width);
    for (let y = 0; y < view.height; y += 1) {
      row.fill(model.opening);
      if (!model.codeRow(decoder, row)) return false;
      let at = view.offset + y * view.stride;
      for (let x = 0; x < view.width; x += 1, at += pixelBytes) {
        model.colours.write(row[x] as number, view.bytes, at);
      }
    }
    return true;
  }
}
