import type { Rect } from "../base/geometry.js";
import { RangeSet } from "../base/range-set.js";
import { JpegAssembler } from "../jpeg/assembler.js";
import { Coverage } from "../picture/coverage.js";
import type { JpegContent } from "../wire/manifest.js";
import { lackingOfCoverage } from "./lacking.js";
import type { Lacking } from "./report.js";

/** What the pieces of a JPEG file that are held cover: pixels, and bytes of the file. */
export class JpegPieces {
  readonly exact: Coverage;
  private readonly bytes = new RangeSet();
  private readonly assembler: JpegAssembler | undefined;

  constructor(private readonly content: JpegContent) {
    this.exact = new Coverage(content.width, content.height);
    this.assembler = JpegAssembler.of(content.tables);
    for (const part of this.assembler?.parts ?? []) this.cover(part);
  }

  /** @param areas the pixels of which all data have come with this piece; undefined when it is refused */
  add(piece: Uint8Array, areas: readonly Rect[] | undefined): void {
    if (areas === undefined) return;
    for (const area of areas) this.exact.add({ ...area, rowStep: 1 });
    const part = this.assembler?.partOf(piece);
    if (part !== undefined) this.cover(part);
  }

  lacking(cause: string): Lacking {
    return lackingOfCoverage(this.exact, this.content.bytes - this.bytes.size, cause);
  }

  private cover({ offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array }): void {
    if (bytes.length > 0) this.bytes.add(offset, offset + bytes.length);
  }
}
