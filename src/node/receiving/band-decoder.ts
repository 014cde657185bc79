import { assert } from "../../base/assert.js";
import { PieceDecoder } from "../../codec/picture-coder.js";
import type { PieceArea } from "../../codec/types.js";
import type { Band } from "../../picture/raster.js";
import type { CodedContent } from "../../wire/manifest.js";
import { bytesPerPixel } from "../memory.js";

/** Decodes coded pieces into bands of a raster. A piece that is refused changes no pixel. */
export class BandDecoder {
  private readonly decoder: PieceDecoder;
  private readonly pixelBytes: number;
  private readonly lineBytes: number;

  constructor(content: CodedContent) {
    const decoder = PieceDecoder.of(content, content.tables);
    assert(decoder !== undefined, "an image with other tables is refused when it is offered");
    this.decoder = decoder;
    this.pixelBytes = bytesPerPixel(content);
    this.lineBytes = content.width * this.pixelBytes;
  }

  /** What a piece says that it holds; undefined when it is refused for that alone. */
  areasOf(piece: Uint8Array): PieceArea[] | undefined {
    return this.decoder.areasOf(piece);
  }

  /** Puts what a band holds of a piece where it belongs; returns all that the piece holds, undefined when it is refused. */
  place(piece: Uint8Array, band: Uint8Array, { y, endY }: Band): PieceArea[] | undefined {
    const parts = this.decoder.decodeAlone(piece);
    return parts?.map(({ area, pixels }) => {
      for (let row = 0; row < area.height; row += 1) {
        const to = area.y + row * area.rowStep;
        if (to < y || to >= endY) continue;
        const from = pixels.offset + row * pixels.stride;
        const line = pixels.bytes.subarray(from, from + pixels.stride);
        band.set(line, (to - y) * this.lineBytes + area.x * this.pixelBytes);
      }
      return area;
    });
  }
}
