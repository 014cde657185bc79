import type { PixelFormat, StripCoder, StripDecoder } from "../types.js";
import { ScanKernel } from "./kernel.js";
import { readScanTables } from "./tables.js";

/** Codes strips of scans. */
export const ScanCoder = {
  /** Undefined for tables that `trainScan` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripCoder | undefined => kernelOf(format, tables),
};

/** The reverse. */
export const ScanDecoder = {
  /** Undefined for tables that `trainScan` cannot have made. */
  of: (format: PixelFormat, tables: Uint8Array): StripDecoder | undefined =>
    kernelOf(format, tables),
};

function kernelOf(format: PixelFormat, tables: Uint8Array): ScanKernel | undefined {
  const read = readScanTables(format, tables);
  return read && new ScanKernel(format, read);
}
