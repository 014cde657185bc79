import { bitsFor } from "./bits.js";
import { type CutPart, partHead } from "./piece-head.js";
import { RUN_UNITS_MAX } from "./runs.js";
import type { JpegTables } from "./tables.js";
import { foundationsOf } from "./waiting.js";

/** Parts that share a piece. */
interface Group {
  readonly parts: CutPart[];
  /** The scan of the first. */
  readonly scan: number;
  bytes: number;
  units: number;
}

/**
 * Joins short parts of a file, which come in the order of sending, to pieces of at most `pieceBytes`, and tells how many bits a part's
 * length takes then; none where no two are joined.
 *
 * Each scan's last run is short, and scans of a small file are nothing else. A part joins one before it, unless what it refines would
 * come later: in the order of sending no piece waits for another.
 */
export function joinParts(
  tables: Pick<JpegTables, "fileBytes" | "scans" | "widths">,
  parts: readonly CutPart[],
  pieceBytes: number,
): { pieces: CutPart[][]; lengthBits: number } {
  const lengthBits = bitsFor(pieceBytes);
  const asPart = { ...tables, widths: { ...tables.widths, part: lengthBits } };
  const lengthOf = (part: CutPart): number =>
    partHead(asPart, part, false).length + part.end - part.start;
  const foundations = foundationsOf(tables.scans);
  const groups: Group[] = [];
  const open: Group[] = [];
  for (const part of parts) {
    const isShort = part.end - part.start <= SHORT_SHARE * pieceBytes;
    const bytes = isShort ? lengthOf(part) : pieceBytes;
    const [scan, units] = "scan" in part ? [part.scan, part.count] : [tables.scans.length, 0];
    const group = open.find(
      (one) =>
        one.bytes + bytes <= pieceBytes &&
        one.units + units <= RUN_UNITS_MAX &&
        (foundations[scan] ?? []).every((other) => other < one.scan),
    );
    if (group !== undefined) {
      group.parts.push(part);
      group.bytes += bytes;
      group.units += units;
      continue;
    }
    const alone = { parts: [part], scan, bytes, units };
    groups.push(alone);
    if (isShort) open.push(alone);
  }
  const joined = groups.length < parts.length;
  return { pieces: groups.map(({ parts: some }) => some), lengthBits: joined ? lengthBits : 0 };
}

/** Ours: a longer part leaves too little room for another. */
const SHORT_SHARE = 0.85;
