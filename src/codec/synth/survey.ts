import { assert } from "../../base/assert.js";
import type { PixelFormat, PixelView } from "../types.js";
import { chunkRows } from "./kernel.js";
import { SynthMachine } from "./machine.js";
import type { Totals } from "./primer.js";
import type { Lessons } from "./tables.js";

/** The views that are looked at, by number, and as what pieces. */
export interface Look {
  readonly views: readonly number[];
  readonly pieceBytes: number;
  readonly stripWidth: number;
}

/** Is told where things were seen in a view: of each its number, what it cost there in 1 / `COST_BIT` bits, its x and y, in turn. */
export type Take = (sights: Uint32Array, view: number) => void;

/** Codes views of a sample as if in pieces, but writes nothing, and tells what was dear. */
export class Surveyor {
  private readonly machine: SynthMachine;

  constructor(
    format: PixelFormat,
    private readonly views: readonly PixelView[],
  ) {
    this.machine = new SynthMachine(format, true);
  }

  /** Teaches lessons, which are chosen to fit in tables. Returns the tables. */
  teach(lessons: Lessons): Uint8Array {
    const tables = this.machine.teach(lessons, TABLES_BYTES_MAX);
    assert(tables !== undefined, "lessons are chosen to fit in tables");
    return tables;
  }

  /**
   * Begins to add up. Things are dear pixels with their surroundings, of which every sight is told; or colours that no candidate was,
   * of which only the first sight is.
   */
  begin(things: "pixels" | "colours"): void {
    this.machine.kernel.beginSurvey(things === "pixels" ? 1 : 0);
  }

  /** Looks at views, and tells what is seen. Returns the bits that all pixels since `begin` cost. */
  look({ views, pieceBytes, stripWidth }: Look, take?: Take): number {
    const { kernel } = this.machine;
    for (const index of views) {
      const view = this.views[index] as PixelView;
      const first = kernel.eventCount();
      for (let x = 0; x < view.width; x += stripWidth) {
        this.strip(view, x, Math.min(stripWidth, view.width - x), pieceBytes);
      }
      const { buffer } = kernel.memory;
      const sights = new Uint32Array(buffer, kernel.EVENTS.value, 4 * kernel.eventCount());
      take?.(sights.subarray(4 * first), index);
    }
    return kernel.surveyCost() / COST_BIT;
  }

  /** How often things were seen since `begin`, and what that cost in all, by their numbers; good until the next look. */
  totals(): Totals {
    const { kernel } = this.machine;
    const room = 2 ** kernel.NOTE_BITS.value;
    const notes = new Uint32Array(kernel.memory.buffer, kernel.NOTES.value, 4 * room);
    return {
      room,
      times: (id) => notes[4 * id + 2] as number,
      bits: (id) => (notes[4 * id + 3] as number) / NOTE_BIT,
    };
  }

  /** Of how many things `look` can tell. */
  get sightsMax(): number {
    return this.machine.kernel.EVENTS_MAX.value;
  }

  private strip(view: PixelView, x: number, width: number, pieceBytes: number): void {
    const { kernel, pixelBytes } = this.machine;
    const rowBytes = width * pixelBytes;
    const chunk = chunkRows(rowBytes);
    const pixels = kernel.prepare(width, chunk, 0);
    assert(pixels !== 0, "there is memory for a strip");
    const memory = new Uint8Array(kernel.memory.buffer);
    kernel.beginStrip();
    for (let y = 0; y < view.height; y += chunk) {
      const rows = Math.min(chunk, view.height - y);
      for (let row = 0; row < rows; row += 1) {
        const at = view.offset + (y + row) * view.stride + x * pixelBytes;
        memory.set(view.bytes.subarray(at, at + rowBytes), pixels + row * rowBytes);
      }
      kernel.surveyRows(rows, x, y, pieceBytes * 8 * COST_BIT);
    }
  }
}

/** Costs are in 1/65536 bit. */
export const COST_BIT = 65536;
/** Those of notes are in 1/256 bit. */
const NOTE_BIT = 256;
/** What a section of tables holds. */
const TABLES_BYTES_MAX = 65_535;
