import { copyPixels } from "./pixels.js";
import type { CodedRows, PixelView, StripCoder, StripDecoder } from "./types.js";

/** Pixels as they are, row by row without gaps: for what no other family makes smaller. */
export class RawCoder implements StripCoder {
  constructor(private readonly pixelBytes: number) {}

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const rowBytes = view.width * this.pixelBytes;
    const fitting = Math.floor(capacity / rowBytes);
    // A piece below begins at an even row.
    const rows = fitting >= view.height ? view.height : fitting - (fitting % 2);
    const bytes = rows * rowBytes;
    copyPixels(
      { ...view, height: rows },
      rawView(target, offset, view.width, rows, rowBytes),
      this.pixelBytes,
    );
    return { rows, bytes };
  }
}

/** The reverse; a payload must have exactly the bytes of its pixels. */
export class RawDecoder implements StripDecoder {
  constructor(private readonly pixelBytes: number) {}

  decode(payload: Uint8Array, view: PixelView): boolean {
    const rowBytes = view.width * this.pixelBytes;
    if (payload.length !== rowBytes * view.height) return false;
    copyPixels(rawView(payload, 0, view.width, view.height, rowBytes), view, this.pixelBytes);
    return true;
  }
}

function rawView(
  bytes: Uint8Array,
  offset: number,
  width: number,
  height: number,
  stride: number,
): PixelView {
  return { bytes, offset, stride, width, height };
}
