import { readSync } from "node:fs";
import type { Sharp } from "sharp";
import type { PieceArea, PixelView } from "../codec/types.js";
import { digestOf } from "./digest.js";
import { decodePixels, type PixelLayout, unpackPixels } from "./image-file.js";
import type { ImageLibrary } from "./image-library.js";
import { bytesPerPixel } from "./memory.js";
import type { Scratch } from "./scratch.js";

/** Where the samples of a decoded picture lie, for every thread of this process to read: interleaved, row after row. */
export type RasterPlace =
  | { readonly kind: "memory"; readonly pixels: Uint8Array }
  | {
      readonly kind: "file";
      /** Descriptor, open as long as the raster is. */
      readonly file: number;
      /** Position of the first sample. */
      readonly start: number;
    };

/** A decoded picture. */
export interface SharedRaster {
  readonly place: RasterPlace;
  /** SHA-256 of the samples; it takes a moment. */
  readonly digest: Promise<Uint8Array>;
  /** Opens it in the image library; one that lies on the disk, as long as its file has a name. */
  open(library: ImageLibrary): Sharp;
  /** Lets go of memory or file; nobody may be reading then. */
  close(): Promise<void>;
}

/** Decodes a picture into memory that threads share. Throws LACUNA_NOT_AN_IMAGE. */
export async function rasterInMemory(path: string, layout: PixelLayout): Promise<SharedRaster> {
  const { width, height, channels, bits } = layout;
  const decoded = await decodePixels(path, layout);
  let pixels = new Uint8Array(new SharedArrayBuffer(decoded.length));
  pixels.set(decoded);
  return {
    get place() {
      return { kind: "memory", pixels } as const;
    },
    digest: waitedForLater(digestOf(pixels)),
    open: (library) => {
      const samples = bits === 16 ? new Uint16Array(pixels.buffer) : pixels;
      return library(samples, { raw: { width, height, channels } });
    },
    close: () => {
      pixels = new Uint8Array(new SharedArrayBuffer(0));
      return Promise.resolve();
    },
  };
}

/**
 * Decodes a picture to a file of the scratch folder, with a few rows in memory at a time. Its name may be removed.
 * Throws LACUNA_NOT_AN_IMAGE, or an error with the code ENOSPC when the disk fills up.
 */
export async function rasterOnDisk(
  path: string,
  layout: PixelLayout,
  scratch: Scratch,
): Promise<SharedRaster> {
  const raster = await unpackPixels(path, layout, scratch.path("raster"));
  return {
    place: { kind: "file", file: raster.descriptor, start: raster.start },
    digest: waitedForLater(raster.digest()),
    open: (library) => library(raster.path, STORED),
    close: () => raster.remove(),
  };
}

/** Should it fail, it does so for whoever waits for it, and not for the process. */
function waitedForLater<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/** Reads parts of a raster; one for each thread. */
export class RasterReader {
  private readonly pixelBytes: number;
  private readonly lineBytes: number;
  private buffer = new Uint8Array();

  constructor(
    private readonly place: RasterPlace,
    layout: PixelLayout,
  ) {
    this.pixelBytes = bytesPerPixel(layout);
    this.lineBytes = layout.width * this.pixelBytes;
  }

  /** The pixels of an area; good until the next call. Throws what the file system says. */
  view(area: PieceArea): PixelView {
    const { x, y, width, height, rowStep } = area;
    const { place } = this;
    const offset = y * this.lineBytes + x * this.pixelBytes;
    if (place.kind === "memory") {
      return { bytes: place.pixels, offset, stride: rowStep * this.lineBytes, width, height };
    }
    const stride = width * this.pixelBytes;
    if (this.buffer.length < height * stride) this.buffer = new Uint8Array(height * stride);
    const bytes = this.buffer;
    for (let row = 0; row < height; row += 1) {
      const position = place.start + offset + row * rowStep * this.lineBytes;
      readWhole(place.file, bytes.subarray(row * stride, (row + 1) * stride), position);
    }
    return { bytes, offset: 0, stride, width, height };
  }
}

function readWhole(file: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length; ) {
    const read = readSync(file, target, done, target.length - done, position + done);
    if (read === 0) throw new Error("the unpacked picture has become shorter");
    done += read;
  }
}

const STORED = { limitInputPixels: false, sequentialRead: true } as const;
