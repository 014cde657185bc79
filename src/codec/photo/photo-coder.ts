import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { PhotoKernel } from "./kernel.js";
import { pieceRowsMax, RowSearch } from "./row-search.js";
import { decodePhotoTables, type PhotoTables } from "./tables.js";

/** Codes photographic pieces; `trainPhoto` makes the tables. */
export class PhotoCoder implements StripCoder {
  private readonly kernel: PhotoKernel;

  private constructor(
    format: PixelFormat,
    private readonly tables: PhotoTables,
  ) {
    this.kernel = new PhotoKernel(format, tables);
  }

  /** Undefined when the bytes are no tables of the format. */
  static of(format: PixelFormat, bytes: Uint8Array): PhotoCoder | undefined {
    const tables = decodePhotoTables(bytes, format);
    return tables === undefined ? undefined : new PhotoCoder(format, tables);
  }

  /** Takes the rows that fit by what they cost, found in a few tries; an even number, unless all. */
  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const search = new RowSearch(view, capacity, this.tables.pixelBits);
    let taken: CodedRows = { rows: 0, bytes: 0 };
    while (search.rows > 0) {
      const { rows } = search;
      const costs = this.kernel.look({ ...view, height: rows }, capacity);
      const bytes = search.mayFit(costs) ? this.kernel.finish(target, offset, capacity) : undefined;
      if (bytes !== undefined) taken = { rows, bytes };
      search.next(costs, bytes !== undefined);
    }
    return taken;
  }
}

/** The reverse. */
export class PhotoDecoder implements StripDecoder {
  private readonly kernel: PhotoKernel;

  private constructor(format: PixelFormat, tables: PhotoTables) {
    this.kernel = new PhotoKernel(format, tables);
  }

  /** Undefined when the bytes are no tables of the format. */
  static of(format: PixelFormat, bytes: Uint8Array): PhotoDecoder | undefined {
    const tables = decodePhotoTables(bytes, format);
    return tables === undefined ? undefined : new PhotoDecoder(format, tables);
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    return view.height <= pieceRowsMax(view.width) && this.kernel.decode(payload, view);
  }
}
