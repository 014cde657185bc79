import type { PixelContent } from "../wire/manifest.js";

/**
 * What a side may use, Node itself included, whatever the size of a picture. Ours: a small virtual machine's
 * half, and room for any ordinary photograph to be worked on without a detour by the disk.
 */
export const MEMORY_MB_DEFAULT = 250;
/** The least that a person may ask for: with less, hardly anything is left beside Node and the image library. */
export const MEMORY_MB_MIN = 150;

/** How large a picture may be for what is done to it in memory. */
export interface MemoryLimits {
  /** A raster of more bytes than this lies on the disk, and is worked on in bands. */
  readonly rasterBytes: number;
  /** What a decoder may need that holds the whole picture at once. */
  readonly decoderBytes: number;
  /** The lossless WebP encoder holds the whole picture, too; a larger one is stored as PNG. */
  readonly webpPixels: number;
}

export function memoryLimits(memoryMb: number = MEMORY_MB_DEFAULT): MemoryLimits {
  const bytes = Math.max(0, memoryMb * 1_000_000 - PROGRAM_BYTES);
  return {
    rasterBytes: Math.floor(bytes * RASTER_SHARE),
    decoderBytes: bytes,
    webpPixels: Math.floor(bytes / WEBP_ENCODER_BYTES_PER_PIXEL),
  };
}

export function rasterBytes(layout: RasterShape): number {
  return layout.width * layout.height * bytesPerPixel(layout);
}

export function bytesPerPixel({ channels, bits }: Pick<RasterShape, "channels" | "bits">): number {
  return channels * (bits / 8);
}

type RasterShape = Pick<PixelContent, "width" | "height" | "channels" | "bits">;

/** Node, its heap, the image library and the protocol's tables. Measured: 90 to 125 MB. */
const PROGRAM_BYTES = 110_000_000;
/** A sender has two pictures open at most; a receiver needs the raster, its file and what it reads back. */
const RASTER_SHARE = 0.4;
/** libwebp 1.6.0 with effort 0. Measured on 64 Mpixel: 24.4. */
const WEBP_ENCODER_BYTES_PER_PIXEL = 25;
