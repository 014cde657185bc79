import { randomBytes } from "node:crypto";
import { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import { Partition } from "../picture/partition.js";
import type { RuledManifest } from "../wire/manifest.js";
import { LacunaError } from "./errors.js";

/** What to leave out of the first pass: every odd row, or a share (0..1) of the pieces at random. */
export type Drop = "odd-rows" | number;

/** The pieces that `drop` names. Throws LACUNA_BAD_OPTION for odd rows of what is no picture. */
export function withheldPieces(manifest: RuledManifest, drop: Drop | undefined): Range[] {
  if (drop === undefined) return [];
  if (typeof drop === "number") return randomPieces(manifest.pieceCount, drop);
  if (manifest.content.mode !== "pixels") {
    const message = `--drop odd-rows needs a picture sent as pixels; ${manifest.name} is sent as a file`;
    throw new LacunaError("LACUNA_BAD_OPTION", message, { name: manifest.name });
  }
  // Of two fields, the second holds the odd rows, and its pieces come last.
  if (manifest.content.height === 1) return [];
  return [{ start: Partition.of(manifest.content).pieceAt(0, 1), end: manifest.pieceCount }];
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
