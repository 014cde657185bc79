import type { Rect } from "../../base/geometry.js";
import { RangeSet } from "../../base/range-set.js";
import { JpegAssembler } from "../../jpeg/assembler.js";
import { Coverage } from "../../picture/coverage.js";
import type { JpegContent } from "../../wire/manifest.js";
import { lackingOfCoverage } from "./lacking.js";
import { PreviewAreas } from "./preview-areas.js";
import type { Lacking } from "./report.js";

/** What a piece of a JPEG file tells. */
export interface JpegAreas {
  /** Pixels of which all data have come with it. */
  readonly exact: readonly Rect[];
  /** Pixels that it shows or adds to, where that is known. */
  readonly shown?: readonly Rect[];
}

/** What the pieces of a JPEG file that are held cover: pixels, and bytes of the file. */
export class JpegPieces {
  readonly exact: Coverage;
  readonly preview: PreviewAreas | undefined;
  private readonly shown: Coverage;
  private readonly bytes = new RangeSet();
  private readonly assembler: JpegAssembler | undefined;

  constructor(private readonly content: JpegContent) {
    this.exact = new Coverage(content.width, content.height);
    this.shown = new Coverage(content.width, content.height);
    this.preview = PreviewAreas.of(content);
    this.assembler = JpegAssembler.of(content.tables);
    for (const part of this.assembler?.parts ?? []) this.cover(part);
  }

  /** @param areas undefined when the piece is refused */
  add(piece: Uint8Array, areas: JpegAreas | undefined): void {
    if (areas === undefined) return;
    for (const area of areas.exact) this.exact.add({ ...area, rowStep: 1 });
    for (const area of areas.shown ?? areas.exact) this.shown.add({ ...area, rowStep: 1 });
    for (const part of this.assembler?.partsOf(piece) ?? []) this.cover(part);
  }

  lacking(cause: string): Lacking {
    const { exact, shown, preview } = this;
    const approximate = shown.covered - exact.covered + (preview?.countBeside(shown) ?? 0);
    return lackingOfCoverage(exact, approximate, this.content.bytes - this.bytes.size, cause);
  }

  private cover({ offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array }): void {
    if (bytes.length > 0) this.bytes.add(offset, offset + bytes.length);
  }
}
