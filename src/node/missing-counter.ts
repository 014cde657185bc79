import { missingPixels } from "../picture/hole-map.js";
import { Partition } from "../picture/partition.js";
import type { GapTracker } from "../protocol/gaps.js";
import type { RuledManifest } from "../wire/manifest.js";

/** Counts what an image lacks, exactly: pixels, or bytes of a plain file. */
export class MissingCounter {
  private readonly partition: Partition | undefined;

  constructor(private readonly manifest: RuledManifest) {
    const { content } = manifest;
    this.partition = content.mode === "pixels" ? Partition.of(content) : undefined;
  }

  count(tracker: GapTracker): number {
    if (this.partition !== undefined) {
      const has = (piece: number): boolean => !tracker.held.has(piece);
      return missingPixels(this.partition, { size: tracker.missingCount, has });
    }
    const { content, pieceBytes, pieceCount } = this.manifest;
    if (content.mode !== "file" || tracker.isComplete) return 0;
    // All pieces are full but the last.
    const spare = pieceCount * pieceBytes - content.bytes;
    const lacksLast = !tracker.held.has(pieceCount - 1);
    return tracker.missingCount * pieceBytes - (lacksLast ? spare : 0);
  }
}
