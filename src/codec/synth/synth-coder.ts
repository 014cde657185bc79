import type { PixelFormat, StripCoder, StripDecoder } from "../types.js";
import { SynthKernel } from "./kernel.js";

/** Codes strips of synthetic pictures. */
export const SynthCoder = {
  /** Undefined for tables that `trainSynth` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripCoder | undefined =>
    SynthKernel.of(format, tables),
};

/** The reverse. */
export const SynthDecoder = {
  /** Undefined for tables that `trainSynth` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripDecoder | undefined =>
    SynthKernel.of(format, tables),
};
