import type { Range } from "../../base/range-set.js";
import type { Region } from "../../picture/regions.js";
import type { Manifest } from "../../wire/manifest.js";
import type { Mode } from "../events.js";
import { factsOf } from "../sending/image-facts.js";

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
  /** Those of the missing pixels that are shown, for a preview stands for them or part of their data has come. */
  readonly approximatePixels: number;
  readonly missingPieces: number;
  readonly pieces: number;
  /** Nobody knows yet how many pieces there are; the two numbers above are an estimate. */
  readonly piecesEstimated?: true;
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

/** What of an image has not come. */
export type Lacking = Pick<
  PartialReport,
  "missingPixels" | "approximatePixels" | "missingBytes" | "regions" | "holes"
>;

/** @param held how many pieces are held */
export function partialReport(
  manifest: Manifest,
  pieceCount: number | undefined,
  held: number,
  lacking: Lacking,
  extras: ReportExtras = {},
): PartialReport {
  const facts = factsOf(manifest);
  const pieces = pieceCount ?? Math.max(facts.pieces, held);
  const { missingPixels, approximatePixels, missingBytes, regions, holes } = lacking;
  return {
    ...facts,
    pieces,
    pixels: facts.width * facts.height,
    missingPixels,
    approximatePixels,
    missingPieces: pieces - held,
    ...(pieceCount === undefined ? { piecesEstimated: true } : {}),
    missingBytes,
    sha256: Buffer.from(manifest.digest).toString("hex"),
    ...extras,
    regions,
    ...(holes === undefined ? {} : { holes }),
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

const LINES_AT_ONCE = 1_000;
