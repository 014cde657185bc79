import { type ByteReader, type ByteWriter, varintBytes } from "../bytes.js";
import { FrameType, frameBytes, varintsBytes, writeFrameHead } from "./type.js";

/** MANIFEST: bytes [offset, offset + bytes.length) of an image's manifest. */
export interface ManifestFrame {
  readonly kind: "manifest";
  readonly image: number;
  readonly totalBytes: number;
  readonly offset: number;
  /** A view into the datagram. */
  readonly bytes: Uint8Array;
}

/** PIECE: one piece, whole. The count lets a receiver without the manifest know what it lacks. */
export interface PieceFrame {
  readonly kind: "piece";
  readonly image: number;
  readonly piece: number;
  /** Undefined while the sender does not know it. */
  readonly pieceCount: number | undefined;
  /** A view into the datagram. */
  readonly bytes: Uint8Array;
}

/** DONE: the first pass is over: every piece of the image has been sent once, or withheld. */
export interface DoneFrame {
  readonly kind: "done";
  readonly image: number;
  readonly pieceCount: number;
}

/**
 * Pieces of one image: at 1,150 bytes each, 77 GB. The bound keeps what a
 * forged count can make a receiver reserve small.
 */
export const PIECES_MAX = 2 ** 26;

/** The same of a picture, whose pieces both sides keep tables of: at 1,150 bytes each, 2.4 GB of pixels. */
export const PICTURE_PIECES_MAX = 2 ** 21;

/** In place of a piece count that the sender does not know yet; only pictures may have none. */
export const UNCOUNTED = 0;

/** Images in one connection, numbered from 0. */
export const IMAGES_MAX = 2 ** 16;

/** A manifest with its colour profile and notes; more is refused. */
export const MANIFEST_BYTES_MAX = 2 * 1024 * 1024;

export function manifestFrameOverhead(image: number, totalBytes: number, offset: number): number {
  // The length field of a full frame takes two bytes.
  return frameBytes(varintsBytes(image, totalBytes, offset)) + 1;
}

export function writeManifestFrame(writer: ByteWriter, frame: Omit<ManifestFrame, "kind">): void {
  const { image, totalBytes, offset, bytes } = frame;
  const length = varintsBytes(image, totalBytes, offset) + bytes.length;
  writeFrameHead(writer, FrameType.manifest, length);
  writer.varint(image);
  writer.varint(totalBytes);
  writer.varint(offset);
  writer.bytes(bytes);
}

export function readManifestFrame(body: ByteReader): ManifestFrame | undefined {
  const image = body.varint();
  const totalBytes = body.varint();
  const offset = body.varint();
  const bytes = body.view(body.remaining);
  if (body.failed || image >= IMAGES_MAX || totalBytes > MANIFEST_BYTES_MAX) return undefined;
  if (bytes.length === 0 || offset + bytes.length > totalBytes) return undefined;
  return { kind: "manifest", image, totalBytes, offset, bytes };
}

/** Bytes that a PIECE frame takes in all. */
export function pieceFrameBytes(
  image: number,
  piece: number,
  pieceCount: number | undefined,
  bytes: number,
): number {
  return frameBytes(pieceHeadBytes(image, piece, pieceCount) + bytes);
}

/** Writes a PIECE frame up to its bytes; returns where the `bytes` bytes of the piece go. */
export function writePieceHead(
  writer: ByteWriter,
  image: number,
  piece: number,
  pieceCount: number | undefined,
  bytes: number,
): number {
  writeFrameHead(writer, FrameType.piece, pieceHeadBytes(image, piece, pieceCount) + bytes);
  writer.varint(image);
  writer.varint(piece);
  writer.varint(pieceCount ?? UNCOUNTED);
  return writer.reserve(bytes);
}

/** A sum for itself: this is asked several times for every datagram. */
const pieceHeadBytes = (image: number, piece: number, pieceCount = UNCOUNTED): number =>
  varintBytes(image) + varintBytes(piece) + varintBytes(pieceCount);

export function readPiece(body: ByteReader): PieceFrame | undefined {
  const image = body.varint();
  const piece = body.varint();
  const count = body.varint();
  const bytes = body.view(body.remaining);
  if (body.failed || image >= IMAGES_MAX || bytes.length === 0) return undefined;
  const pieceCount = count === UNCOUNTED ? undefined : count;
  if (count > PIECES_MAX || piece >= (pieceCount ?? PICTURE_PIECES_MAX)) return undefined;
  return { kind: "piece", image, piece, pieceCount, bytes };
}

export function writeDone(writer: ByteWriter, frame: Omit<DoneFrame, "kind">): void {
  writeFrameHead(writer, FrameType.done, varintsBytes(frame.image, frame.pieceCount));
  writer.varint(frame.image);
  writer.varint(frame.pieceCount);
}

export function readDone(body: ByteReader): DoneFrame | undefined {
  const image = body.varint();
  const pieceCount = body.varint();
  if (body.failed || image >= IMAGES_MAX) return undefined;
  if (pieceCount === 0 || pieceCount > PIECES_MAX) return undefined;
  return { kind: "done", image, pieceCount };
}
