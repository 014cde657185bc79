import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Band } from "../../picture/raster.js";
import { bytesPerPixel } from "../memory.js";
import type { PixelLayout } from "./image-file.js";

/**
 * A raster that the image library has unpacked to the disk, in its own plain
 * format: 64 bytes of header, then the interleaved samples in the machine's byte order. libvips, "VIPS file format".
 */
export class RasterFile {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly lineBytes: number,
    private readonly height: number,
  ) {}

  /** `undefined` when the file's samples lie in another way than the layout says. */
  static async open(path: string, layout: PixelLayout): Promise<RasterFile | undefined> {
    const file = await open(path, "r");
    const head = new DataView(new ArrayBuffer(HEADER_BYTES));
    const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0);
    const { width, height, channels, bits } = layout;
    const wanted = [MAGIC, width, height, channels, bits, bits === 16 ? USHORT : UCHAR, UNCODED];
    const lineBytes = width * bytesPerPixel(layout);
    const { size } = await file.stat();
    const fits =
      bytesRead === HEADER_BYTES &&
      size >= HEADER_BYTES + height * lineBytes &&
      wanted.every((value, index) => head.getUint32(4 * index, true) === value);
    if (fits) return new RasterFile(path, file, lineBytes, height);
    await file.close();
    return undefined;
  }

  /** For reading it elsewhere; good until it is removed. */
  get descriptor(): number {
    return this.file.fd;
  }

  /** Position of the first sample. */
  get start(): number {
    return HEADER_BYTES;
  }

  /** The bytes of a band; they are good until the next call with the same buffer. */
  async read(band: Band, buffer: Uint8Array): Promise<Uint8Array> {
    const bytes = buffer.subarray(0, (band.endY - band.y) * this.lineBytes);
    const start = HEADER_BYTES + band.y * this.lineBytes;
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.file.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error("the unpacked picture has become shorter");
      done += bytesRead;
    }
    return bytes;
  }

  /** SHA-256 of the samples. */
  async digest(): Promise<Uint8Array> {
    const hash = createHash("sha256");
    const rows = Math.max(1, Math.floor(BLOCK_BYTES / this.lineBytes));
    const buffer = new Uint8Array(rows * this.lineBytes);
    for (let y = 0; y < this.height; y += rows) {
      hash.update(await this.read({ y, endY: Math.min(this.height, y + rows) }, buffer));
    }
    return hash.digest();
  }

  /** Closes it and takes it from the disk. */
  async remove(): Promise<void> {
    await this.file.close();
    await rm(this.path, { force: true });
  }
}

/** What the library calls the format, by the file's ending. */
export const RASTER_ENDING = ".v";
const HEADER_BYTES = 64;
const BLOCK_BYTES = 2 ** 20;
/** On a little-endian machine, which is the order of the samples, too. */
const MAGIC = 0x08f2_a6b6;
const UCHAR = 0;
const USHORT = 2;
const UNCODED = 0;
