import { readSync } from "node:fs";
import type { PieceArea, PixelView } from "../../codec/types.js";
import { digestOf } from "../digest.js";
import { bytesPerPixel } from "../memory.js";
import type { Scratch } from "../scratch.js";
import { decodePixels, type PixelLayout, unpackPixels } from "./image-file.js";

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
  /** The picture for showing: a large one is made smaller. */
  shown(): ShownRaster;
  /** Lets go of memory or file; nobody may be reading then. */
  close(): Promise<void>;
}

/** A picture in memory, of 8 bits a sample or of 16, interleaved. */
export interface ShownRaster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly samples: Uint8Array | Uint16Array;
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
    shown: () => {
      const place = { kind: "memory", pixels } as const;
      if (stepFor(layout) > 1) return reduced(new RasterReader(place, layout), layout);
      const samples = bits === 16 ? new Uint16Array(pixels.buffer) : pixels;
      return { width, height, channels, samples };
    },
    close: () => {
      pixels = new Uint8Array(new SharedArrayBuffer(0));
      return Promise.resolve();
    },
  };
}

/**
 * Decodes a picture to a file of the scratch folder, with a few rows in memory at a time. Its name may be removed then.
 * Throws LACUNA_NOT_AN_IMAGE, or an error with the code ENOSPC when the disk fills up.
 */
export async function rasterOnDisk(
  path: string,
  layout: PixelLayout,
  scratch: Scratch,
): Promise<SharedRaster> {
  const raster = await unpackPixels(path, layout, scratch.path("raster"));
  const place = { kind: "file", file: raster.descriptor, start: raster.start } as const;
  return {
    place,
    digest: waitedForLater(raster.digest()),
    shown: () => reduced(new RasterReader(place, layout), layout),
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

/**
 * The picture at 1/step of its width and height: the mean of four pixels of each cell, which is nearly that of all.
 * Reads half of the rows where the step is 4 or more.
 */
function reduced(reader: RasterReader, layout: PixelLayout): ShownRaster {
  const { channels, bits } = layout;
  const step = stepFor(layout);
  const width = Math.floor((layout.width - 1) / step) + 1;
  const height = Math.floor((layout.height - 1) / step) + 1;
  const Samples = bits === 16 ? Uint16Array : Uint8Array;
  const samples = new Samples(width * height * channels);
  const rowOf = (y: number): Uint8Array | Uint16Array => {
    const area = { x: 0, y: Math.min(y, layout.height - 1), width: layout.width, height: 1 };
    const { bytes, offset, stride } = reader.view({ ...area, rowStep: 1 });
    return new Samples(bytes.slice(offset, offset + stride).buffer);
  };
  for (let y = 0, at = 0; y < height; y += 1) {
    const upper = rowOf(y * step);
    const lower = rowOf(y * step + (step >> 1));
    for (let x = 0; x < width; x += 1) {
      const left = x * step * channels;
      const right = Math.min(x * step + (step >> 1), layout.width - 1) * channels;
      for (let channel = 0; channel < channels; channel += 1, at += 1) {
        const above = (upper[left + channel] as number) + (upper[right + channel] as number);
        const below = (lower[left + channel] as number) + (lower[right + channel] as number);
        samples[at] = (above + below + 2) >> 2;
      }
    }
  }
  return { width, height, channels, samples };
}

/** From pixel to pixel that are shown. The same for a picture wherever it lies, so that its preview is. */
function stepFor({ width, height }: PixelLayout): number {
  const share = (width * height) / SHOWN_PIXELS_MAX;
  return share <= 1 ? 1 : 2 * Math.ceil(Math.sqrt(share) / 2);
}

/** Ours: 15 MB of RGB, and more than most screens have. */
const SHOWN_PIXELS_MAX = 5_000_000;
