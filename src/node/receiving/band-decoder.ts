import { assert } from "../../base/assert.js";
import { PieceDecoder } from "../../codec/picture-coder.js";
import type { PieceArea, PixelView } from "../../codec/types.js";
import type { Band } from "../../picture/raster.js";
import type { CodedContent } from "../../wire/manifest.js";
import { bytesPerPixel } from "../memory.js";

/** Decodes coded pieces into bands of a raster. A piece that is refused changes no pixel. */
export class BandDecoder {
  private readonly decoder: PieceDecoder;
  private readonly pixelBytes: number;
  private readonly lineBytes: number;
  /** A piece's pixels, until it is known that there are some. */
  private spare = new Uint8Array(0);

  constructor(content: CodedContent) {
    const decoder = PieceDecoder.of(content, content.tables);
    assert(decoder !== undefined, "an image with other tables is refused when it is offered");
    this.decoder = decoder;
    this.pixelBytes = bytesPerPixel(content);
    this.lineBytes = content.width * this.pixelBytes;
  }

  /** What a piece says that it holds; undefined when it is refused for that alone. */
  areaOf(piece: Uint8Array): PieceArea | undefined {
    return this.decoder.areaOf(piece);
  }

  /** Puts what a band holds of a piece where it belongs; returns all that the piece holds, undefined when it is refused. */
  place(piece: Uint8Array, band: Uint8Array, { y, endY }: Band): PieceArea | undefined {
    const area = this.decoder.areaOf(piece);
    if (area === undefined) return undefined;
    const view = this.spareView(area);
    if (this.decoder.decode(piece, view, area.x, area.y) === undefined) return undefined;
    for (let row = 0; row < area.height; row += 1) {
      const to = area.y + row * area.rowStep;
      if (to < y || to >= endY) continue;
      const from = row * area.rowStep * view.stride;
      const pixels = view.bytes.subarray(from, from + view.stride);
      band.set(pixels, (to - y) * this.lineBytes + area.x * this.pixelBytes);
    }
    return area;
  }

  private spareView({ width, height, rowStep }: PieceArea): PixelView {
    const stride = width * this.pixelBytes;
    const rows = (height - 1) * rowStep + 1;
    if (this.spare.length < rows * stride) this.spare = new Uint8Array(rows * stride);
    return { bytes: this.spare, offset: 0, stride, width, height: rows };
  }
}
