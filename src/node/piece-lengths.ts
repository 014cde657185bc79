import { createHash } from "node:crypto";
import { Partition } from "../picture/partition.js";
import type { Manifest, RuledManifest } from "../wire/manifest.js";
import { encodeManifest } from "../wire/manifest-bytes.js";
import { bytesPerPixel } from "./memory.js";

/** Names the folder in which an image's pieces are kept: 32 hex digits. */
export function storeKey(manifest: Manifest): string {
  return createHash("sha256").update(encodeManifest(manifest)).digest("hex").slice(0, 32);
}

/** Gives the length of each piece, in bytes. */
export function pieceLengths(manifest: RuledManifest): (piece: number) => number {
  const { content, pieceBytes } = manifest;
  if (content.mode === "file") {
    return (piece) => Math.min(pieceBytes, content.bytes - piece * pieceBytes);
  }
  const partition = Partition.of(content);
  const pixelBytes = bytesPerPixel(content);
  return (piece) => partition.pixelsOf(piece) * pixelBytes;
}
