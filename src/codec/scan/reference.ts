import { COST_UNIT, costsOf, type EntropyModel } from "../entropy/model.js";
import { RansDecoder, RansEncoder, STATE_BYTES } from "../entropy/rans.js";
import { fromSigned, TOKEN_ROOM, tokenOf, toSigned } from "../entropy/tokens.js";
import type { CodedRows, PixelFormat, PixelView, StripCoder, StripDecoder } from "../types.js";
import { MARGIN, ScanModel, VALUES_MAX } from "./model.js";
import type { ScanTables } from "./tables.js";

/**
 * Codes rectangles row by row: what the model's predictions leave, in the contexts that it tells. Plain TypeScript, as the
 * tests hold the kernel against it.
 */
export class ScanReferenceCoder implements StripCoder {
  private readonly rans: RansEncoder;
  private readonly model: ScanModel;
  private readonly entropy: EntropyModel;
  private readonly costs: Uint32Array;
  private contexts = new Uint8Array(1 << 12);
  private values = new Int32Array(1 << 12);
  private count = 0;

  constructor(format: PixelFormat, { parameters, entropy }: ScanTables) {
    this.model = new ScanModel(format, parameters);
    this.entropy = entropy;
    this.rans = new RansEncoder(entropy);
    this.costs = costsOf(entropy);
  }

  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows {
    const limit = (capacity - STATE_BYTES) * 8 * COST_UNIT;
    // How many values there are up to the end of each row that may fit.
    const ends: number[] = [];
    this.count = 0;
    this.model.begin(view.width);
    const lines = this.model.planes.newLines(view.width);
    for (let row = 0, cost = 0; row < view.height; row += 1) {
      this.model.planes.readRow(view, row, lines, 0);
      cost += this.codeRow(lines, view.width);
      if (cost > limit || this.count > VALUES_MAX) break;
      ends.push(this.count);
    }
    let rows = ends.length === view.height ? view.height : ends.length - (ends.length % 2);
    while (rows > 0) {
      const bytes = this.write(ends[rows - 1] as number, target, offset, capacity);
      if (bytes !== undefined) return { rows, bytes };
      rows -= rows % 2 === 0 ? 2 : 1;
    }
    return { rows: 0, bytes: 0 };
  }

  /** Keeps the residuals of a row; returns what they cost, in parts of a bit. */
  private codeRow(lines: readonly Int32Array[], width: number): number {
    const { model, costs, entropy } = this;
    const planes = lines.length;
    this.reserve(width * planes);
    let cost = 0;
    model.beginRow();
    for (let plane = 0; plane < planes; plane += 1) {
      for (let x = 0; x < width; x += 1) {
        model.predict(plane, x);
        const residual = ((lines[plane] as Int32Array)[x] as number) - model.prediction;
        const value = fromSigned(residual);
        const table = entropy.map[model.context] as number;
        cost += costs[table * TOKEN_ROOM + tokenOf(value)] as number;
        this.contexts[this.count] = model.context;
        this.values[this.count++] = value;
        model.learn(plane, x, residual);
      }
    }
    model.endRow(width);
    return cost;
  }

  private write(
    count: number,
    target: Uint8Array,
    offset: number,
    capacity: number,
  ): number | undefined {
    this.rans.reset();
    for (let i = 0; i < count; i += 1) {
      this.rans.put(this.contexts[i] as number, this.values[i] as number);
    }
    return this.rans.finish(target, offset, capacity);
  }

  private reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.values.length) return;
    const { contexts, values } = this;
    this.contexts = new Uint8Array(2 * needed);
    this.contexts.set(contexts);
    this.values = new Int32Array(2 * needed);
    this.values.set(values);
  }
}

/** The reverse. */
export class ScanReferenceDecoder implements StripDecoder {
  private readonly rans: RansDecoder;

  private readonly model: ScanModel;

  constructor(format: PixelFormat, { parameters, entropy }: ScanTables) {
    this.model = new ScanModel(format, parameters);
    this.rans = new RansDecoder(entropy);
  }

  decode(payload: Uint8Array, view: PixelView): boolean {
    const { model, rans } = this;
    const { planes } = model;
    rans.start(payload);
    model.begin(view.width);
    for (let row = 0; row < view.height; row += 1) {
      model.beginRow();
      for (let plane = 0; plane < planes.count; plane += 1) {
        for (let x = 0; x < view.width; x += 1) {
          model.predict(plane, x);
          model.learn(plane, x, toSigned(rans.take(model.context)));
        }
      }
      planes.writeRow(view, row, model.rows, MARGIN);
      model.endRow(view.width);
    }
    return rans.ended();
  }
}
