import type { PieceSet } from "../../base/piece-set.js";
import type { Coverage } from "../../picture/coverage.js";
import { missingPixels, missingRegions } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import type { Band } from "../../picture/raster.js";
import { type Region, RegionSweep } from "../../picture/regions.js";
import type { GapTracker } from "../../protocol/gaps.js";
import {
  type CodedContent,
  type FileContent,
  type Manifest,
  type PixelContent,
  previewPiecesOf,
} from "../../wire/manifest.js";
import { bytesPerPixel } from "../memory.js";
import type { PreviewAreas } from "./preview-areas.js";
import type { Hole, Lacking } from "./report.js";

/** Why a piece is missing. */
export type CauseOf = (piece: number) => string;

/** Of plain pixels the number of a piece tells its place. */
export function lackingOfPixels(content: PixelContent, held: PieceSet, causeOf: CauseOf): Lacking {
  const partition = Partition.of(content);
  const { pieceCount } = partition;
  const has = (piece: number): boolean => !held.has(piece);
  const lacks = missingPixels(partition, { size: pieceCount - held.countIn(0, pieceCount), has });
  return {
    missingPixels: lacks,
    approximatePixels: 0,
    missingBytes: bytesOf(content, lacks),
    regions: missingRegions(partition, held.gaps(0, pieceCount), causeOf),
  };
}

/** Of a plain file, bytes; a preview has none of them. */
export function lackingOfFile(
  manifest: Manifest,
  content: FileContent,
  held: PieceSet,
  causeOf: CauseOf,
): Lacking {
  const holes = holesOf(manifest, content, held, causeOf);
  const missing = holes.reduce((sum, hole) => sum + hole.end - hole.start, 0);
  return {
    missingPixels: missing,
    approximatePixels: 0,
    missingBytes: missing,
    regions: [],
    holes,
  };
}

/**
 * Of pieces that say themselves which pixels they are of: what none has covered is missing, whatever it would have
 * been part of, and all of it has one cause.
 */
export function lackingOfCoverage(
  exact: Coverage,
  approximatePixels: number,
  missingBytes: number,
  cause: string,
): Lacking {
  return {
    missingPixels: exact.width * exact.height - exact.covered,
    approximatePixels,
    missingBytes,
    regions: regionsOf(exact, cause),
  };
}

/** The same of coded pixels. */
export function lackingOfCoded(
  content: CodedContent,
  exact: Coverage,
  preview: PreviewAreas | undefined,
  cause: string,
): Lacking {
  const missing = exact.width * exact.height - exact.covered;
  const approximate = preview?.countBeside(exact) ?? 0;
  return lackingOfCoverage(exact, approximate, bytesOf(content, missing), cause);
}

/** A byte for each pixel of a band: 255 where it is not covered, else 0. */
export function missingMaskOf(exact: Coverage, { y, endY }: Band): Uint8Array {
  const { width } = exact;
  const mask = new Uint8Array((endY - y) * width);
  for (let row = y; row < endY; row += 1) {
    const line = (row - y) * width;
    for (const { start, end } of exact.gapsIn(row)) mask.fill(255, line + start, line + end);
  }
  return mask;
}

/** Why a piece is missing, as far as its receiver can know. */
export function causeIn(tracker: GapTracker | undefined, piece: number): string {
  if (tracker === undefined || !tracker.isExpected(piece)) return "not-seen";
  return tracker.wasRequested(piece) ? "requested" : "lost";
}

/** The cause that all missing pieces have; "missing" when they have several, or none is known to be missing. */
export function sharedCause(
  held: PieceSet,
  pieceCount: number | undefined,
  causeOf: CauseOf,
): string {
  let shared: string | undefined;
  for (const { start, end } of held.gaps(0, pieceCount ?? 0)) {
    for (let piece = start; piece < end; piece += 1) {
      const cause = causeOf(piece);
      if (shared !== undefined && shared !== cause) return UNKNOWN_CAUSE;
      shared = cause;
    }
  }
  return shared ?? UNKNOWN_CAUSE;
}

function regionsOf(exact: Coverage, cause: string): Region[] {
  const sweep = new RegionSweep();
  for (let y = 0; y < exact.height; y += 1) {
    const gaps = [...exact.gapsIn(y)];
    sweep.add(
      y,
      1,
      gaps.map(({ start, end }) => ({ x: start, endX: end, cause })),
    );
  }
  return sweep.end();
}

/** Missing bytes, joined where neighbours have one cause. */
function holesOf(
  { pieceBytes }: Manifest,
  content: FileContent,
  held: PieceSet,
  causeOf: CauseOf,
): Hole[] {
  const holes: Hole[] = [];
  const first = previewPiecesOf(content);
  const pieces = Math.ceil(content.bytes / pieceBytes);
  for (const range of held.gaps(first, first + pieces)) {
    for (let piece = range.start; piece < range.end; piece += 1) {
      const start = (piece - first) * pieceBytes;
      const end = Math.min(content.bytes, start + pieceBytes);
      const cause = causeOf(piece);
      const last = holes[holes.length - 1];
      const joins = last !== undefined && last.end === start && last.cause === cause;
      if (joins) holes[holes.length - 1] = { start: last.start, end, cause };
      else holes.push({ start, end, cause });
    }
  }
  return holes;
}

const bytesOf = (content: PixelContent | CodedContent, pixels: number): number =>
  pixels * bytesPerPixel(content);

/** Why pixels are missing when it cannot be told. */
export const UNKNOWN_CAUSE = "missing";
