import type { Content, Manifest } from "../../wire/manifest.js";
import { previewOf } from "../../wire/manifest.js";
import type { ReceiveOptions } from "../api-types.js";
import { LacunaError } from "../errors.js";
import { rasterBytes } from "../memory.js";
import { RASTER_BYTES_MAX } from "../pictures/image-file.js";

/** How much a sender may make this receiver keep and do, for one file. */
export interface FileLimits {
  /** Of a file, or of a picture's pixels before they are coded. */
  readonly maxBytes: number;
  readonly maxPixels: number;
  /** From the offer to the end. */
  readonly maxSeconds: number;
}

export function fileLimits(options: ReceiveOptions): FileLimits {
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  const { maxPixels = MAX_PIXELS_DEFAULT, maxSeconds = MAX_SECONDS_DEFAULT } = options;
  return { maxBytes, maxPixels, maxSeconds };
}

/** Refuses a file that is larger than may come. Its manifest only claims its size, and holds it to that. */
export function refuseTooLarge(manifest: Manifest, limits: Omit<FileLimits, "maxSeconds">): void {
  const { name, content } = manifest;
  const pixels = pixelsOf(content);
  if (pixels > limits.maxPixels) throw tooLarge(name, pixels, limits.maxPixels, "pixels");
  const bytes = bytesOf(content);
  if (bytes > limits.maxBytes) throw tooLarge(name, bytes, limits.maxBytes, "bytes");
  const isRaster = content.mode === "pixels" || content.mode === "coded";
  if (isRaster && bytes > RASTER_BYTES_MAX) {
    throw tooLarge(name, bytes, RASTER_BYTES_MAX, "bytes of pixels");
  }
}

export function tookTooLong(name: string, maxSeconds: number): LacunaError {
  const message = `${name} took longer than ${maxSeconds} seconds`;
  return new LacunaError("LACUNA_OVER_LIMIT", message, { name, reason: "outOfTime", maxSeconds });
}

function tooLarge(name: string, is: number, most: number, unit: string): LacunaError {
  const message = `${name} has ${is} ${unit}; at most ${most} are taken`;
  return new LacunaError("LACUNA_OVER_LIMIT", message, { name, reason: "tooLarge", is, most });
}

/** What a person thinks of as its size: bytes of the file, or of the pixels. */
export function bytesOf(content: Content): number {
  return content.mode === "file" || content.mode === "jpeg" ? content.bytes : rasterBytes(content);
}

/** The most that would have to be decoded, be it a picture's or its preview's. */
function pixelsOf(content: Content): number {
  const sizes = [content.mode === "file" ? content.picture : content, previewOf(content)];
  return Math.max(...sizes.map((size) => (size === undefined ? 0 : size.width * size.height)));
}

/** Ours: more than any camera or scanner gives, and what RGB may have below RASTER_BYTES_MAX. */
export const MAX_PIXELS_DEFAULT = 1_400_000_000;
/** Ours: a week, so that a sender may well be gone for a night in between. */
export const MAX_SECONDS_DEFAULT = 604_800;
