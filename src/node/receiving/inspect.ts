import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Inspection, MissingRegion } from "../api-types.js";
import { LacunaError } from "../errors.js";
import { lackingOfCoded, lackingOfFile, lackingOfPixels, UNKNOWN_CAUSE } from "./lacking.js";
import { CodedCounter, JpegCounter, type MissingCounter } from "./missing-counter.js";
import { PieceFiles } from "./piece-files.js";
import { PieceStore, STORE_FOLDER, type StoreContents } from "./piece-store.js";
import { type Lacking, type PartialReport, partialReport } from "./report.js";

/**
 * Tells what is missing of an image: from its NAME.report.json, the pictures
 * NAME.partial.png or NAME.missing.png beside it, or the folder in which an interrupted transfer
 * waits (or the folder above it, when only one waits there).
 *
 * Throws LACUNA_NO_SUCH_FILE or LACUNA_NOTHING_TO_INSPECT.
 */
export async function inspect(path: string): Promise<Inspection> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) {
    throw new LacunaError("LACUNA_NO_SUCH_FILE", `no such file: ${path}`, { path });
  }
  const found = facts.isDirectory() ? await fromFolder(path) : await fromReport(path);
  if (found !== undefined) return found;
  const message = `${path} is neither a partial result nor a folder that waits for the rest`;
  throw new LacunaError("LACUNA_NOTHING_TO_INSPECT", message, { path });
}

async function fromReport(path: string): Promise<Inspection | undefined> {
  const stem = basename(path).replace(/\.(partial\.png|missing\.png|report\.json)$/, "");
  const text = await readFile(join(dirname(path), `${stem}.report.json`), "utf8").catch(() => "");
  const report = parseReport(text);
  return report === undefined ? undefined : inspectionOf(report);
}

/** The report, when the text is one: a file of that name may hold anything. */
function parseReport(text: string): PartialReport | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) return undefined;
    const report = json as Partial<PartialReport>;
    const numbers = [report.pieces, report.missingPieces, report.missingPixels, report.width];
    const whole = typeof report.name === "string" && Array.isArray(report.regions);
    return whole && numbers.every(Number.isFinite) ? (report as PartialReport) : undefined;
  } catch {
    return undefined;
  }
}

async function fromFolder(path: string): Promise<Inspection | undefined> {
  const contents = await PieceStore.inspect(path);
  if (contents !== undefined) {
    const { manifest, held, pieceCount } = contents;
    const lacking = await lackingIn(path, contents);
    return lacking && inspectionOf(partialReport(manifest, pieceCount, held.size, lacking));
  }
  const waiting = basename(path) === STORE_FOLDER ? path : join(path, STORE_FOLDER);
  const entries = await readdir(waiting, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const [only, ...others] = folders;
  if (only === undefined) return undefined;
  if (others.length === 0) return fromFolder(join(waiting, only));
  const message = `${folders.length} images wait in ${waiting}; name one of its folders`;
  throw new LacunaError("LACUNA_NOTHING_TO_INSPECT", message, { path, count: folders.length });
}

/** What a folder that waits lacks; undefined when its pieces cannot be read. */
async function lackingIn(folder: string, contents: StoreContents): Promise<Lacking | undefined> {
  const { manifest, held } = contents;
  const { content } = manifest;
  const causeOf = (): string => UNKNOWN_CAUSE;
  switch (content.mode) {
    case "file":
      return lackingOfFile(manifest, content, held, causeOf);
    case "pixels":
      return lackingOfPixels(content, held, causeOf);
    case "coded": {
      const counter = CodedCounter.of(content);
      if (counter === undefined || !(await addAll(folder, contents, counter))) return undefined;
      return lackingOfCoded(content, counter.exact, counter.preview, UNKNOWN_CAUSE);
    }
    case "jpeg": {
      const counter = JpegCounter.of(content);
      if (counter === undefined || !(await addAll(folder, contents, counter))) return undefined;
      return counter.pieces.lacking(UNKNOWN_CAUSE);
    }
  }
}

/** False when the pieces cannot be read. */
async function addAll(
  folder: string,
  { manifest, held }: StoreContents,
  counter: MissingCounter,
): Promise<boolean> {
  const files = await PieceFiles.open(folder, manifest, "read").catch(() => undefined);
  if (files === undefined) return false;
  try {
    for await (const { first, pieces } of files.runs(held.ranges())) {
      pieces.forEach((bytes, index) => {
        counter.add(first + index, bytes);
      });
    }
    return true;
  } catch {
    return false;
  } finally {
    await files.close();
  }
}

function inspectionOf(report: PartialReport): Inspection {
  const { name, mode, width, height, channels, bits, pixels, pieces } = report;
  const { missingPixels, approximatePixels = 0, missingPieces } = report;
  const shape = { name, mode, width, height, channels, bits, pixels, pieces };
  const regions: readonly MissingRegion[] =
    report.holes?.map(({ start, end, cause }) => {
      return { x: start, y: 0, width: end - start, height: 1, cause };
    }) ?? report.regions;
  return { ...shape, missingPixels, approximatePixels, missingPieces, regions };
}
