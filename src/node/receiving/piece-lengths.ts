import { createHash } from "node:crypto";
import { Partition } from "../../picture/partition.js";
import type { PieceLengths } from "../../protocol/piece-lengths.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import { encodeManifest } from "../../wire/manifest-bytes.js";
import { bytesPerPixel } from "../memory.js";

/** Names the folder in which an image's pieces are kept: 32 hex digits. */
export function storeKey(manifest: Manifest): string {
  return createHash("sha256").update(encodeManifest(manifest)).digest("hex").slice(0, 32);
}

/** What is known of the lengths of all pieces. */
export function pieceLengths(manifest: Manifest): PieceLengths {
  const max = manifest.pieceBytes;
  const preview = previewPiecesOf(manifest.content);
  const exact = exactLengths(manifest);
  if (exact === undefined) return { max };
  return { max, lengthOf: (piece) => (piece < preview ? undefined : exact(piece - preview)) };
}

/** The length of each exact piece, counted from 0, where a rule gives it. */
export function exactLengths({
  content,
  pieceBytes,
}: Manifest): ((exact: number) => number) | undefined {
  switch (content.mode) {
    case "file":
      return (exact) => Math.min(pieceBytes, content.bytes - exact * pieceBytes);
    case "pixels": {
      const partition = Partition.of(content);
      const pixelBytes = bytesPerPixel(content);
      return (exact) => partition.pixelsOf(exact) * pixelBytes;
    }
    default:
      return undefined;
  }
}
