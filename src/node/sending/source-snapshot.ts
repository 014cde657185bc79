import type { PieceSet } from "../../base/piece-set.js";
import { PieceDecoder } from "../../codec/picture-coder.js";
import type { PieceArea } from "../../codec/types.js";
import { JpegPicture } from "../../jpeg/picture.js";
import { Partition } from "../../picture/partition.js";
import { placePiece } from "../../picture/raster.js";
import {
  type CodedContent,
  type JpegContent,
  type Manifest,
  type PixelContent,
  previewPiecesOf,
} from "../../wire/manifest.js";
import type { Snapshot } from "../api-types.js";
import { bytesPerPixel, rasterBytes } from "../memory.js";
import { snapshotOf } from "../receiving/snapshot.js";
import type { Source } from "./source.js";

/**
 * The picture as a sender knows that its receiver has it, exact pixels only; undefined for what is no picture. Of a JPEG file,
 * the pixels are what it is decoded to.
 */
export function snapshotOfSource(
  id: string,
  source: Source<Manifest>,
  held: PieceSet,
): Snapshot | undefined {
  const { content, name } = source.manifest;
  const pieces = heldPieces(source, held);
  switch (content.mode) {
    case "file":
      return undefined;
    case "pixels":
      return snapshotOf(id, name, content, held, rawPixels(content, pieces));
    case "coded":
      return { id, name, ...codedPicture(content, pieces) };
    case "jpeg": {
      const picture = jpegPicture(content, pieces);
      return picture && { id, name, ...picture };
    }
  }
}

type Pieces = Iterable<readonly [piece: number, bytes: Uint8Array]>;

/** Each exact piece that is held. */
function* heldPieces(source: Source<Manifest>, held: PieceSet): Pieces {
  const { pieceBytes, content } = source.manifest;
  const bytes = new Uint8Array(pieceBytes);
  const first = previewPiecesOf(content);
  for (const { start, end } of held.ranges()) {
    for (let piece = Math.max(first, start); piece < end; piece += 1) {
      yield [piece, bytes.subarray(0, source.readPiece(piece, bytes, 0))];
    }
  }
}

function rawPixels(content: PixelContent, pieces: Pieces): Uint8Array {
  const partition = Partition.of(content);
  const pixels = new Uint8Array(rasterBytes(content));
  for (const [piece, bytes] of pieces) {
    placePiece(pixels, partition, bytesPerPixel(content), piece, bytes);
  }
  return pixels;
}

function codedPicture(content: CodedContent, pieces: Pieces): Omit<Snapshot, "id" | "name"> {
  const { width, height, channels, bits } = content;
  const decoder = PieceDecoder.of(content, content.tables);
  const pixels = new Uint8Array(rasterBytes(content));
  const mask = new Uint8Array(width * height);
  const stride = width * bytesPerPixel(content);
  for (const [, bytes] of pieces) {
    const raster = { bytes: pixels, offset: 0, stride, width, height };
    for (const area of decoder?.decode(bytes, raster, 0, 0) ?? []) mark(mask, width, area);
  }
  return { width, height, channels, bits, pixels, mask };
}

function jpegPicture(
  { width, height, tables }: JpegContent,
  pieces: Pieces,
): Omit<Snapshot, "id" | "name"> | undefined {
  const picture = JpegPicture.of(tables, { bytesMax: Number.POSITIVE_INFINITY });
  if (picture === undefined) return undefined;
  const { channels } = picture;
  const mask = new Uint8Array(width * height);
  for (const [, bytes] of pieces) {
    for (const rect of picture.place(bytes)?.exact ?? [])
      mark(mask, width, { ...rect, rowStep: 1 });
  }
  const pixels = new Uint8Array(width * height * channels);
  picture.render({ x: 0, y: 0, width, height }, pixels);
  // Where nothing has come, what was rendered means nothing.
  for (let i = 0; i < pixels.length; i += 1) {
    if (mask[Math.floor(i / channels)] === 0) pixels[i] = 0;
  }
  return { width, height, channels, bits: 8, pixels, mask };
}

function mark(mask: Uint8Array, width: number, area: PieceArea): void {
  for (let row = 0; row < area.height; row += 1) {
    const from = (area.y + row * area.rowStep) * width + area.x;
    mask.fill(255, from, from + area.width);
  }
}
