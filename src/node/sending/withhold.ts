import { randomBytes } from "node:crypto";
import { Random } from "../../base/random.js";
import type { Range } from "../../base/range-set.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import { LacunaError } from "../errors.js";
import type { Supply } from "./source.js";

/** What to leave out of the first pass: every odd row, or a share (0..1) of the pieces at random. */
export type Drop = "odd-rows" | number;

/** Names the pieces of one image that `drop` withholds, as they become ready. The preview always goes. */
export class Withholding {
  private readonly random = new Random(randomBytes(4).readUInt32LE());
  /** Pieces below this have been asked for. */
  private seen: number;

  /** Throws LACUNA_BAD_OPTION for odd rows of what is not sent as pixels. */
  constructor(
    { name, content }: Manifest,
    private readonly drop: Drop | undefined,
  ) {
    this.seen = previewPiecesOf(content);
    if (drop !== "odd-rows" || content.mode === "pixels" || content.mode === "coded") return;
    const message = `--drop odd-rows needs a picture sent as pixels; ${name} is sent as a file`;
    throw new LacunaError("LACUNA_BAD_OPTION", message, { name });
  }

  /** What is withheld of the pieces that have become ready since the last call. */
  next({ available, oddRowsFrom = available }: Supply): Range[] {
    const start = this.seen;
    this.seen = Math.max(start, available);
    if (this.drop === undefined || start >= available) return [];
    if (this.drop !== "odd-rows") return this.randomPieces(start, available, this.drop);
    const from = Math.max(start, oddRowsFrom);
    return from < available ? [{ start: from, end: available }] : [];
  }

  private randomPieces(first: number, end: number, share: number): Range[] {
    const ranges: Range[] = [];
    for (let piece = first; piece < end; piece += 1) {
      if (!this.random.chance(share)) continue;
      const last = ranges[ranges.length - 1];
      if (last?.end === piece) ranges[ranges.length - 1] = { start: last.start, end: piece + 1 };
      else ranges.push({ start: piece, end: piece + 1 });
    }
    return ranges;
  }
}
