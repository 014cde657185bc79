import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  analyse,
  type PictureShape,
  sampleAreas,
  UnitEncoder,
  UnitGrid,
} from "../../src/codec/picture-coder.js";
import type { PieceArea, PixelView } from "../../src/codec/types.js";
import { cutPreview, openJpeg } from "../../src/jpeg/cut.js";
import { PieceStore } from "../../src/node/receiving/piece-store.js";
import type { Content, Manifest } from "../../src/wire/manifest.js";
import type { Samples } from "./pictures.js";

/** An image as a sender has it, all of it in memory. */
export interface MadeImage {
  readonly manifest: Manifest;
  readonly pieces: readonly Uint8Array[];
  /** What the digest is of. */
  readonly original: Uint8Array;
}

const PIECE_BYTES = 300;

export interface CodedOptions {
  readonly fields?: 1 | 2;
  /** The sender does not know yet how many pieces there are. */
  readonly isOpen?: boolean;
  readonly pieceBytes?: number;
}

/** Coded pixels. */
export function codedImage(
  samples: Samples,
  { fields = 1, isOpen = false, pieceBytes = PIECE_BYTES }: CodedOptions = {},
): MadeImage {
  const { width, height, channels, bits, raster } = samples;
  const colour = channels < 3 ? "gray" : "rgb";
  const shape: PictureShape = { width, height, channels, bits, colour, fields };
  const viewOf = (area: PieceArea): PixelView => {
    const stride = (width * channels * bits) / 8;
    const offset = area.y * stride + (area.x * channels * bits) / 8;
    const { rowStep } = area;
    return { bytes: raster, offset, stride: stride * rowStep, ...sizeOf(area) };
  };
  const { tables } = analyse(shape, sampleAreas(shape).map(viewOf));
  const encoder = new UnitEncoder(shape, tables, pieceBytes);
  const pieces: Uint8Array[] = [];
  for (const unit of UnitGrid.of(shape, tables)?.all() ?? []) {
    encoder.encode(viewOf(unit), unit, (piece) => pieces.push(piece));
  }
  const content: Content = { mode: "coded", ...shape, format: "png", metadata: [], tables };
  const image = imageOf("picture.png", content, pieces, raster, isOpen);
  return { ...image, manifest: { ...image.manifest, pieceBytes } };
}

/** The bytes of a JPEG file. */
export function jpegImage(file: Uint8Array): MadeImage {
  const cut = openJpeg(file, PIECE_BYTES);
  if ("unusual" in cut) throw new Error(cut.unusual);
  const { width, height, channels, tables } = cut;
  const pieces = Array.from({ length: cut.pieceCount }, (_, piece) => cut.piece(piece));
  const bytes = file.length;
  const content: Content = { mode: "jpeg", bytes, width, height, channels, bits: 8, tables };
  return imageOf("photo.jpg", content, pieces, file, false);
}

/** A file of any kind that holds a picture of that size. */
export function fileImage(
  bytes: Uint8Array,
  picture: { readonly width: number; readonly height: number },
): MadeImage {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  const pieces = Array.from({ length: count }, (_, piece) =>
    bytes.slice(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES),
  );
  const content: Content = { mode: "file", bytes: bytes.length, picture };
  return imageOf("file.bin", content, pieces, bytes, false);
}

/** The image behind a preview, which is any small JPEG. */
export function behindPreview(image: MadeImage, small: Uint8Array): MadeImage {
  const cut = cutPreview(small, PIECE_BYTES);
  if ("unusual" in cut) throw new Error(cut.unusual);
  const { manifest } = image;
  const { content, pieceCount } = manifest;
  if (content.mode === "pixels") throw new Error("plain pixels have no preview");
  const ahead = Array.from({ length: cut.pieceCount }, (_, piece) => cut.piece(piece));
  const { width, height, tables } = cut;
  const preview = { pieces: ahead.length, width, height, tables };
  const count = pieceCount && { pieceCount: pieceCount + ahead.length };
  return {
    ...image,
    manifest: { ...manifest, ...count, content: { ...content, preview } },
    pieces: [...ahead, ...image.pieces],
  };
}

function imageOf(
  name: string,
  content: Content,
  pieces: readonly Uint8Array[],
  original: Uint8Array,
  isOpen: boolean,
): MadeImage {
  const digest = createHash("sha256").update(original).digest();
  const count = isOpen
    ? { pieceCount: undefined, pieceEstimate: pieces.length + 5 }
    : { pieceCount: pieces.length };
  return {
    manifest: { name, digest, ...count, pieceBytes: PIECE_BYTES, content },
    pieces,
    original,
  };
}

/** The store of an image in a folder for received files. */
export async function openStore(out: string, { manifest }: MadeImage): Promise<PieceStore> {
  const store = await PieceStore.open(PieceStore.folderFor(out, manifest), manifest);
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** Writes pieces in a shuffled order. */
export function fill(
  store: PieceStore,
  { pieces }: MadeImage,
  lacks: (piece: number) => boolean = () => false,
): void {
  const random = new Random(7);
  const order = pieces.map((_, piece) => ({ piece, key: random.unit() }));
  for (const { piece } of order.sort((a, b) => a.key - b.key)) {
    if (!lacks(piece)) store.write(piece, pieces[piece] as Uint8Array);
  }
}

const sizeOf = ({ width, height }: PieceArea) => ({ width, height });
