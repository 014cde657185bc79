import { bytesPerPixel } from "./pixels.js";
import { RawCoder, RawDecoder } from "./raw.js";
import { Family, type TableSection } from "./tables.js";
import type { PixelFormat, StripCoder, StripDecoder } from "./types.js";

/** The coder of a family; undefined when the tables are not such as the family writes. */
export function coderOf(
  family: Family,
  format: PixelFormat,
  _sections: readonly TableSection[],
): StripCoder | undefined {
  return family === Family.raw ? new RawCoder(bytesPerPixel(format)) : undefined;
}

/** The decoder of a family; undefined when the tables are not such as the family writes. */
export function decoderOf(
  family: Family,
  format: PixelFormat,
  _sections: readonly TableSection[],
): StripDecoder | undefined {
  return family === Family.raw ? new RawDecoder(bytesPerPixel(format)) : undefined;
}
