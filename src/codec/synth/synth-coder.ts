import { bytesPerPixel } from "../pixels.js";
import type { PixelFormat, StripCoder, StripDecoder } from "../types.js";
import { SynthKernel } from "./kernel.js";
import { SynthReference } from "./reference.js";
import { readTables } from "./tables.js";

/** Codes strips of synthetic pictures. */
export const SynthCoder = {
  /** Undefined for tables that `trainSynth` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripCoder | undefined => methodOf(format, tables),
};

/** The reverse. */
export const SynthDecoder = {
  /** Undefined for tables that `trainSynth` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripDecoder | undefined =>
    methodOf(format, tables),
};

/** The kernel, or the reference for pixels that are too long for it. */
function methodOf(
  format: PixelFormat,
  tables: Uint8Array,
): (StripCoder & StripDecoder) | undefined {
  const model = readTables(format, tables);
  if (model === undefined) return undefined;
  return bytesPerPixel(format) <= KERNEL_PIXEL_BYTES_MAX
    ? new SynthKernel(format, model)
    : new SynthReference(model);
}

const KERNEL_PIXEL_BYTES_MAX = 4;
