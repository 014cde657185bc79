import { costsOf } from "../entropy/model.js";
import { RansDecoder, RansEncoder } from "../entropy/rans.js";
import { fromSigned, TOKEN_ROOM, tokenOf, toSigned } from "../entropy/tokens.js";
import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { joinPlanes, type PlaneSet, planeSetOf, splitPlanes } from "./colours.js";
import { pieceRowsMax, RowSearch } from "./row-search.js";
import { decodePhotoTables, type PhotoTables } from "./tables.js";
import { Walk } from "./walk.js";

/** Codes photographic pieces: the plain reference of the kernel. */
export class ReferenceCoder implements StripCoder {
  private readonly set: PlaneSet;
  private readonly walk: Walk;
  private readonly costs: Uint32Array;
  private readonly rans: RansEncoder;

  private constructor(
    format: PixelFormat,
    private readonly tables: PhotoTables,
  ) {
    this.set = planeSetOf(format);
    this.walk = new Walk(this.set, tables);
    this.costs = costsOf(tables.model);
    this.rans = new RansEncoder(tables.model);
  }

  /** Undefined when the bytes are no tables of the format. */
  static of(format: PixelFormat, bytes: Uint8Array): ReferenceCoder | undefined {
    const tables = decodePhotoTables(bytes, format);
    return tables === undefined ? undefined : new ReferenceCoder(format, tables);
  }

  /** Takes the rows that fit by what they cost, found in a few tries; an even number, unless all. */
  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const search = new RowSearch(view, capacity, this.tables.pixelBits);
    let taken: CodedRows = { rows: 0, bytes: 0 };
    while (search.rows > 0) {
      const { rows } = search;
      const costs = this.look({ ...view, height: rows });
      const bytes = search.mayFit(costs) ? this.rans.finish(target, offset, capacity) : undefined;
      if (bytes !== undefined) taken = { rows, bytes };
      search.next(costs, bytes !== undefined);
    }
    return taken;
  }

  /** Puts the values of all samples of a view into the entropy coder; what each row costs, in 1 / `COST_UNIT` bits. */
  private look(view: PixelView): Float64Array {
    const { model } = this.tables;
    const planes = splitPlanes(view, this.set);
    const costs = new Float64Array(view.height);
    this.rans.reset();
    this.walk.run(planes, view.width, view.height, ({ plane, at, context, predicted, flip }) => {
      const residual = (planes[plane]?.[at] ?? 0) - predicted;
      const value = fromSigned(flip ? -residual : residual);
      this.rans.put(context, value);
      const table = model.map[context] ?? 0;
      const row = Math.floor(at / view.width);
      costs[row] = (costs[row] ?? 0) + (this.costs[table * TOKEN_ROOM + tokenOf(value)] ?? 0);
      return residual;
    });
    return costs;
  }
}

/** The reverse, as plainly. */
export class ReferenceDecoder implements StripDecoder {
  private readonly set: PlaneSet;
  private readonly walk: Walk;
  private readonly rans: RansDecoder;

  private constructor(format: PixelFormat, tables: PhotoTables) {
    this.set = planeSetOf(format);
    this.walk = new Walk(this.set, tables);
    this.rans = new RansDecoder(tables.model);
  }

  /** Undefined when the bytes are no tables of the format. */
  static of(format: PixelFormat, bytes: Uint8Array): ReferenceDecoder | undefined {
    const tables = decodePhotoTables(bytes, format);
    return tables === undefined ? undefined : new ReferenceDecoder(format, tables);
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    const { width, height } = view;
    if (height > pieceRowsMax(width)) return false;
    const planes = Array.from({ length: this.set.count }, () => new Int32Array(width * height));
    this.rans.start(payload);
    const inside = this.walk.run(planes, width, height, ({ context, flip }) => {
      const coded = toSigned(this.rans.take(context));
      return flip ? -coded : coded;
    });
    return inside && this.rans.ended() && joinPlanes(planes, this.set, view);
  }
}
