import { assert } from "../../base/assert.js";
import type { PixelFormat, PixelView } from "../types.js";
import type { Escape } from "./palette-choice.js";
import type { PatchGrid } from "./patch-grid.js";
import type { Event } from "./primer.js";
import { CostMeter } from "./range-coder.js";
import type { RowModel, Watcher } from "./row-model.js";
import { type Lessons, writeTables } from "./tables.js";

export interface Sample {
  readonly grid: PatchGrid;
  readonly pieceBytes: number;
  readonly stripWidth: number;
}

/** What coding a sample showed. Costs are in 1/65536 bit. */
export interface Survey {
  readonly tables: Uint8Array;
  readonly cost: number;
  readonly events: readonly Event[];
  readonly escapes: Iterable<Escape>;
}

/** Codes a sample as if in pieces, but writes nothing, and tells what was dear. */
export function survey(format: PixelFormat, lessons: Lessons, sample: Sample): Survey {
  const written = writeTables(format, lessons, TABLES_BYTES_MAX);
  assert(written !== undefined, "lessons are chosen to fit in tables");
  const surveyor = new Surveyor(written.model, sample);
  sample.grid.views.forEach((view, index) => {
    for (let x = 0; x < view.width; x += sample.stripWidth) {
      surveyor.strip(view, index, x);
    }
  });
  const { events, cost } = surveyor;
  return { tables: written.tables, cost, events, escapes: surveyor.escapes.values() };
}

class Surveyor implements Watcher {
  readonly events: Event[] = [];
  readonly escapes = new Map<number, Escape>();
  private readonly meter = new CostMeter();
  private readonly ids = new Map<number, number>();
  private costBefore = 0;
  private costAtEscape: number | undefined;
  /** Where the row under work lies. */
  private view = 0;
  private x = 0;
  private y = 0;

  constructor(
    private readonly model: RowModel,
    private readonly sample: Sample,
  ) {
    model.watcher = this;
  }

  get cost(): number {
    return this.meter.cost;
  }

  /** Codes the strip of a view that begins at column `x`. */
  strip(view: PixelView, index: number, x: number): void {
    const { model, meter, sample } = this;
    const { pixelBytes } = model.colours;
    const capacity = sample.pieceBytes * 8 * BIT;
    const row = new Int32Array(Math.min(sample.stripWidth, view.width - x));
    let full = Number.NEGATIVE_INFINITY;
    this.view = index;
    this.x = x;
    for (this.y = 0; this.y < view.height; this.y += 1) {
      if (meter.cost > full) {
        full = meter.cost + capacity;
        model.begin(row.length);
      }
      let at = view.offset + this.y * view.stride + x * pixelBytes;
      for (let column = 0; column < row.length; column += 1, at += pixelBytes) {
        row[column] = model.colours.read(view.bytes, at);
      }
      this.costBefore = meter.cost;
      model.codeRow(meter, row);
    }
  }

  escape(): void {
    this.costAtEscape = this.meter.cost;
  }

  pixel(column: number, context: number, key: number): void {
    const { cost } = this.meter;
    if (this.costAtEscape !== undefined) {
      this.noteEscape(key, cost - this.costAtEscape);
      this.costAtEscape = undefined;
    }
    const ownCost = cost - this.costBefore;
    this.costBefore = cost;
    if (ownCost > EVENT_COST_MIN) this.noteEvent(column, context, key, ownCost);
  }

  private noteEscape(key: number, cost: number): void {
    const known = this.escapes.get(key);
    if (known === undefined) {
      const { colours } = this.model;
      const pixel = new Uint8Array(colours.pixelBytes);
      colours.write(key, pixel, 0);
      this.escapes.set(key, { times: 1, cost, pixel });
    } else {
      known.times += 1;
      known.cost += cost;
    }
  }

  private noteEvent(column: number, context: number, key: number, cost: number): void {
    // Exact integers end at 2^53.
    const name = (context >>> 11) * 2 ** 32 + (key >>> 0);
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(name, id);
    }
    const { grid } = this.sample;
    const x = this.x + column;
    const inside = (x < 2 || x % grid.side >= 2) && (this.y < 2 || this.y % grid.side >= 2);
    this.events.push({ id, patch: grid.patchAt(this.view, x, this.y), inside, cost });
  }
}

const BIT = 65536;
/** Ours: cheaper pixels are not worth teaching. */
const EVENT_COST_MIN = 1.5 * BIT;
/** What a section of tables holds. */
const TABLES_BYTES_MAX = 65_535;
