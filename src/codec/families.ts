import { PhotoCoder, PhotoDecoder } from "./photo/photo-coder.js";
import { bytesPerPixel } from "./pixels.js";
import { RawCoder, RawDecoder } from "./raw.js";
import { ScanCoder, ScanDecoder } from "./scan/coder.js";
import { SynthCoder, SynthDecoder } from "./synth/synth-coder.js";
import { Family } from "./tables.js";
import type { PixelFormat, StripCoder, StripDecoder } from "./types.js";

/** The coder of a family; `tables` are those that its training made. Undefined when they are none of the family's. */
export function coderOf(
  family: Family,
  format: PixelFormat,
  tables: Uint8Array,
): StripCoder | undefined {
  switch (family) {
    case Family.raw:
      return new RawCoder(bytesPerPixel(format));
    case Family.photo:
      return PhotoCoder.of(format, tables);
    case Family.scan:
      return ScanCoder.of(format, tables);
    case Family.synthetic:
      return SynthCoder.of(format, tables);
  }
}

/** The decoder of a family; undefined when the tables are none of the family's. */
export function decoderOf(
  family: Family,
  format: PixelFormat,
  tables: Uint8Array,
): StripDecoder | undefined {
  switch (family) {
    case Family.raw:
      return new RawDecoder(bytesPerPixel(format));
    case Family.photo:
      return PhotoDecoder.of(format, tables);
    case Family.scan:
      return ScanDecoder.of(format, tables);
    case Family.synthetic:
      return SynthDecoder.of(format, tables);
  }
}
