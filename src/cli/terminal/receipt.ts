import type { Receipt } from "../../node/events.js";
import {
  formatBytes,
  formatCount,
  formatPart,
  formatShare,
  formatTaken,
  shortDigest,
} from "./format.js";
import { flow, type Item, type Look } from "./look.js";
import { cleaned } from "./text.js";

export interface ExactReceipt {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** The receiver's, so that both ends say the same. */
  readonly receipt: Receipt;
}

export interface PartReceipt {
  readonly name: string;
  readonly pieces: number;
  readonly missingPieces: number;
  readonly missing: number;
  readonly unit: "pixels" | "bytes";
  /** Where the report is, or who has it. */
  readonly report: string;
}

/** The last word on an image that arrived whole; the same at both ends. */
export function exactReceipt(exact: ExactReceipt, look: Look): string[] {
  return flow(
    [
      { text: "EXACT", tone: "good" },
      { text: cleaned(exact.name), tone: "strong" },
      { text: formatBytes(exact.bytes) },
      { text: `sha256 ${shortDigest(exact.sha256, look.glyphs.ellipsis)}` },
      { text: formatTaken(exact.receipt.seconds) },
      { text: `loss ${formatShare(exact.receipt.lossShare)}` },
    ],
    look,
  );
}

/** The last word on an image that was kept in part. */
export function partReceipt(receipt: PartReceipt, look: Look): string[] {
  const items: Item[] = [
    { text: "PART ", tone: "warn" },
    { text: cleaned(receipt.name), tone: "strong" },
  ];
  if (receipt.pieces > 0) {
    const present = receipt.pieces - receipt.missingPieces;
    items.push({ text: formatPart(present, receipt.pieces) });
  }
  items.push({ text: `${formatCount(receipt.missing)} ${receipt.unit} missing` });
  items.push({ text: cleaned(receipt.report) });
  return flow(items, look);
}
