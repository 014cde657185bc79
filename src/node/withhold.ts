import { randomBytes } from "node:crypto";
import { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import { LacunaError } from "./errors.js";
import type { PieceSource } from "./source.js";

/** What to leave out of the first pass: every odd row, or a share (0..1) of the pieces at random. */
export type Drop = "odd-rows" | number;

/** The pieces that `drop` names. Throws LACUNA_BAD_OPTION for odd rows of what is not sent as pixels. */
export function withheldPieces(
  { manifest, oddRowsFrom }: Pick<PieceSource, "manifest" | "oddRowsFrom">,
  drop: Drop | undefined,
): Range[] {
  const { name, pieceCount, content } = manifest;
  if (drop === undefined) return [];
  if (typeof drop === "number") return randomPieces(pieceCount, drop);
  if (content.mode !== "pixels" && content.mode !== "coded") {
    const message = `--drop odd-rows needs a picture sent as pixels; ${name} is sent as a file`;
    throw new LacunaError("LACUNA_BAD_OPTION", message, { name });
  }
  // A picture of one row has no odd ones.
  return oddRowsFrom === undefined ? [] : [{ start: oddRowsFrom, end: pieceCount }];
}

function randomPieces(pieceCount: number, share: number): Range[] {
  const random = new Random(randomBytes(4).readUInt32LE());
  const ranges: Range[] = [];
  for (let piece = 0; piece < pieceCount; piece += 1) {
    if (!random.chance(share)) continue;
    const last = ranges[ranges.length - 1];
    if (last?.end === piece) ranges[ranges.length - 1] = { start: last.start, end: piece + 1 };
    else ranges.push({ start: piece, end: piece + 1 });
  }
  return ranges;
}
