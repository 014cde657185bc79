import type { PieceSet } from "../base/piece-set.js";
import type { Range } from "../base/range-set.js";
import { missingPixels, missingRegions, type Region } from "../picture/hole-map.js";
import { Partition } from "../picture/partition.js";
import type { RuledManifest } from "../wire/manifest.js";
import type { Mode } from "./events.js";
import { factsOf } from "./image-facts.js";

/** What NAME.report.json says of an image that stopped early. */
export interface PartialReport {
  readonly name: string;
  readonly mode: Mode;
  /** 0 in file mode; so are height, channels, bits and pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  readonly pixels: number;
  /** Exact. In file mode there are no pixels: bytes. */
  readonly missingPixels: number;
  /** Pixels that are shown but were not received exactly. */
  readonly approximatePixels: number;
  readonly missingPieces: number;
  readonly pieces: number;
  readonly bytes: number;
  readonly missingBytes: number;
  /** SHA-256 of the whole image, hex: what it would be when complete. */
  readonly sha256: string;
  /** Rectangles that cover the missing pixels exactly and never overlap; empty in file mode. */
  readonly regions: readonly Region[];
  /** File mode only: missing bytes from `start` up to, not including, `end`. */
  readonly holes?: readonly Hole[];
  /** Why it stopped. */
  readonly reason?: string;
  readonly seconds?: number;
  /** The folder in which the pieces wait for the rest. */
  readonly resume?: string;
}

export interface Hole extends Range {
  readonly cause: string;
}

export type ReportExtras = Pick<PartialReport, "reason" | "seconds" | "resume">;

/** `missing` are pieces; `causeOf` says why each is missing. */
export function partialReport(
  manifest: RuledManifest,
  missing: PieceSet,
  causeOf: (piece: number) => string,
  extras: ReportExtras = {},
): PartialReport {
  const { content } = manifest;
  const facts = factsOf(manifest);
  const common = {
    ...facts,
    pixels: facts.width * facts.height,
    approximatePixels: 0,
    missingPieces: missing.size,
    sha256: Buffer.from(manifest.digest).toString("hex"),
    ...extras,
  };
  if (content.mode === "file") {
    const holes = holesOf(manifest.pieceBytes, content.bytes, missing, causeOf);
    const missingBytes = holes.reduce((sum, hole) => sum + hole.end - hole.start, 0);
    return { ...common, missingPixels: missingBytes, missingBytes, regions: [], holes };
  }
  const partition = Partition.of(content);
  const lacks = missingPixels(partition, missing);
  return {
    ...common,
    missingPixels: lacks,
    missingBytes: lacks * (facts.channels * (facts.bits / 8)),
    regions: missingRegions(partition, missing.ranges(), causeOf),
  };
}

/** The report as JSON, a region or hole on a line; in parts, for there may be very many. */
export function* reportText({ regions, holes, ...facts }: PartialReport): Iterable<Uint8Array> {
  const head = JSON.stringify(facts, undefined, 1);
  yield Buffer.from(head.slice(0, head.lastIndexOf("\n}")));
  yield* listText("regions", regions);
  if (holes !== undefined) yield* listText("holes", holes);
  yield Buffer.from("\n}\n");
}

function* listText(name: string, items: readonly object[]): Iterable<Uint8Array> {
  yield Buffer.from(`,\n "${name}": [`);
  for (let from = 0; from < items.length; from += LINES_AT_ONCE) {
    const lines = items.slice(from, from + LINES_AT_ONCE).map((item) => JSON.stringify(item));
    yield Buffer.from(`${from === 0 ? "" : ","}\n  ${lines.join(",\n  ")}`);
  }
  yield Buffer.from("]");
}

/** Missing bytes, joined where neighbours have one cause. */
function holesOf(
  pieceBytes: number,
  bytes: number,
  missing: PieceSet,
  causeOf: (piece: number) => string,
): Hole[] {
  const holes: Hole[] = [];
  for (const range of missing.ranges()) {
    for (let piece = range.start; piece < range.end; piece += 1) {
      const start = piece * pieceBytes;
      const end = Math.min(bytes, start + pieceBytes);
      const cause = causeOf(piece);
      const last = holes[holes.length - 1];
      const joins = last !== undefined && last.end === start && last.cause === cause;
      if (joins) holes[holes.length - 1] = { start: last.start, end, cause };
      else holes.push({ start, end, cause });
    }
  }
  return holes;
}

const LINES_AT_ONCE = 1_000;
