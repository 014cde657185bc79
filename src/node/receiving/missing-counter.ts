import { assert } from "../../base/assert.js";
import type { PieceSet } from "../../base/piece-set.js";
import { PieceDecoder } from "../../codec/picture-coder.js";
import { JpegCoverage } from "../../jpeg/coverage.js";
import { readTables } from "../../jpeg/tables.js";
import { Coverage } from "../../picture/coverage.js";
import { missingPixels } from "../../picture/hole-map.js";
import { Partition } from "../../picture/partition.js";
import {
  type CodedContent,
  type FileContent,
  type JpegContent,
  type Manifest,
  type PixelContent,
  previewPiecesOf,
} from "../../wire/manifest.js";
import { JpegPieces } from "./jpeg-pieces.js";
import type { PieceStore } from "./piece-store.js";
import { PreviewAreas } from "./preview-areas.js";

/** Counts what an image lacks, exactly: pixels, or bytes of a plain file. */
export interface MissingCounter {
  /** Whether it asks for the bytes of all pieces that are held; if not, their numbers say all. */
  readonly readsPieces: boolean;
  /** Takes a piece that is held now. It may be any bytes. */
  add(piece: number, bytes: Uint8Array): void;
  /** @param held the pieces that are */
  count(held: PieceSet): number;
  /** Bytes of all pieces that are held, where nothing else tells them. */
  readonly bytes?: number;
  /** Nothing is held any more. */
  clear(): void;
}

/** Undefined when the manifest's tables are none that are known here. */
export function missingCounter(manifest: Manifest): MissingCounter | undefined {
  const { content } = manifest;
  switch (content.mode) {
    case "pixels":
      return new RawCounter(content);
    case "file":
      return new ByteCounter(manifest, content);
    case "coded":
      return CodedCounter.of(content);
    case "jpeg":
      return JpegCounter.of(content);
  }
}

/** Tells a counter what is held from an earlier time, as far as it asks for that. Throws LACUNA_DISK_ERROR. */
export async function countHeld(counter: MissingCounter, store: PieceStore): Promise<void> {
  if (!counter.readsPieces) return;
  for await (const { first, pieces } of store.runs()) {
    pieces.forEach((bytes, index) => {
      counter.add(first + index, bytes);
    });
  }
}

class RawCounter implements MissingCounter {
  readonly readsPieces = false;
  private readonly partition: Partition;

  constructor(content: PixelContent) {
    this.partition = Partition.of(content);
  }

  add(): void {}

  clear(): void {}

  count(held: PieceSet): number {
    const has = (piece: number): boolean => !held.has(piece);
    const size = this.partition.pieceCount - held.countIn(0, this.partition.pieceCount);
    return missingPixels(this.partition, { size, has });
  }
}

class ByteCounter implements MissingCounter {
  readonly readsPieces = false;

  constructor(
    private readonly manifest: Manifest,
    private readonly content: FileContent,
  ) {}

  add(): void {}

  clear(): void {}

  count(held: PieceSet): number {
    const { bytes } = this.content;
    const { pieceBytes } = this.manifest;
    const first = previewPiecesOf(this.content);
    const count = Math.ceil(bytes / pieceBytes);
    const missing = count - held.countIn(first, first + count);
    // All pieces are full but the last.
    const spare = count * pieceBytes - bytes;
    return missing * pieceBytes - (held.has(first + count - 1) ? 0 : spare);
  }
}

/** By what the pieces say of themselves: which pixels they are of is known of no other. */
export class CodedCounter implements MissingCounter {
  readonly readsPieces = true;
  exact: Coverage;
  bytes = 0;
  readonly preview: PreviewAreas | undefined;

  private constructor(
    private readonly content: CodedContent,
    private readonly decoder: PieceDecoder,
  ) {
    this.exact = new Coverage(content.width, content.height);
    this.preview = PreviewAreas.of(content);
  }

  static of(content: CodedContent): CodedCounter | undefined {
    const decoder = PieceDecoder.of(content, content.tables);
    return decoder && new CodedCounter(content, decoder);
  }

  add(piece: number, bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (piece < previewPiecesOf(this.content)) return this.preview?.add(bytes);
    for (const area of this.decoder.areasOf(bytes) ?? []) this.exact.add(area);
  }

  clear(): void {
    this.bytes = 0;
    this.preview?.clear();
    this.exact = new Coverage(this.content.width, this.content.height);
  }

  count(): number {
    return this.content.width * this.content.height - this.exact.covered;
  }
}

/** By the heads of the pieces of a JPEG file. */
export class JpegCounter implements MissingCounter {
  readonly readsPieces = true;
  pieces: JpegPieces;

  private constructor(
    private readonly content: JpegContent,
    private coverage: JpegCoverage,
  ) {
    this.pieces = new JpegPieces(content);
  }

  static of(content: JpegContent): JpegCounter | undefined {
    const { tables, bytes, width, height } = content;
    const { fileBytes, frame } = readTables(tables) ?? {};
    const isOfFile = fileBytes === bytes && frame?.width === width && frame.height === height;
    const coverage = isOfFile ? JpegCoverage.of(tables, COVERAGE_BYTES_MAX) : undefined;
    return coverage && new JpegCounter(content, coverage);
  }

  add(piece: number, bytes: Uint8Array): void {
    if (piece < previewPiecesOf(this.content)) return this.pieces.preview?.add(bytes);
    const exact = this.coverage.add(bytes);
    this.pieces.add(bytes, exact && { exact });
  }

  clear(): void {
    const coverage = JpegCoverage.of(this.content.tables, COVERAGE_BYTES_MAX);
    assert(coverage !== undefined, "there was one before");
    this.coverage = coverage;
    this.pieces = new JpegPieces(this.content);
  }

  count(): number {
    return this.content.width * this.content.height - this.pieces.exact.covered;
  }
}

/** Ours: enough for half a billion pixels in the smallest MCUs. */
const COVERAGE_BYTES_MAX = 2 ** 24;
