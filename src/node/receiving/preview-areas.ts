import { JpegCoverage } from "../../jpeg/coverage.js";
import { footprintOf } from "../../picture/approximation.js";
import type { Coverage } from "../../picture/coverage.js";
import type { PieceRect } from "../../picture/partition.js";
import { type Content, type PreviewContent, previewOf, type Size } from "../../wire/manifest.js";
import type { SlotRun } from "./slot-file.js";

/** Which pixels of a picture the pieces of its preview stand for. */
export class PreviewAreas {
  private coverage: JpegCoverage | undefined;
  private areas: PieceRect[] = [];

  private constructor(
    private readonly preview: PreviewContent,
    private readonly picture: Size,
  ) {
    this.clear();
  }

  /** Undefined for an image without one. */
  static of(content: Content): PreviewAreas | undefined {
    const preview = previewOf(content);
    const picture = content.mode === "file" ? content.picture : content;
    return preview && picture && new PreviewAreas(preview, picture);
  }

  /** Takes a piece. It may be any bytes. */
  add(piece: Uint8Array): void {
    for (const rect of this.coverage?.add(piece) ?? []) {
      if (rect.x + rect.width > this.preview.width) continue;
      if (rect.y + rect.height > this.preview.height) continue;
      const area = footprintOf(rect, this.preview, this.picture);
      if (area.width > 0 && area.height > 0) this.areas.push(area);
    }
  }

  async addAll(runs: AsyncIterable<SlotRun>): Promise<void> {
    for await (const { pieces } of runs) for (const piece of pieces) this.add(piece);
  }

  /** How many pixels it stands for that are not exact. */
  countBeside(exact: Coverage): number {
    const known = exact.copy();
    for (const area of this.areas) known.add(area);
    return known.covered - exact.covered;
  }

  clear(): void {
    this.coverage = JpegCoverage.of(this.preview.tables, COVERAGE_BYTES_MAX);
    this.areas = [];
  }
}

/** Ours: a preview is small. */
const COVERAGE_BYTES_MAX = 2 ** 22;
