import { PieceDecoder } from "../codec/picture-coder.js";
import type { PixelView } from "../codec/types.js";
import { Partition, type PieceRect } from "../picture/partition.js";
import type { ReducedView } from "../picture/reduced-view.js";
import type { CodedContent, PixelContent } from "../wire/manifest.js";
import { bytesPerPixel } from "./memory.js";

/** Reads the exact pieces of one picture. */
export interface PieceReader {
  /** Puts a piece's pixels where they are wanted, and tells which they are; undefined when the piece is refused. */
  read(piece: number, bytes: Uint8Array): PieceRect | undefined;
}

/** Pieces that are plain pixels, cut by rule. */
export class RawReader implements PieceReader {
  private readonly partition: Partition;
  private readonly pixelBytes: number;

  constructor(
    content: PixelContent,
    private readonly view: ReducedView | undefined,
  ) {
    this.partition = Partition.of(content);
    this.pixelBytes = bytesPerPixel(content);
  }

  read(piece: number, bytes: Uint8Array): PieceRect | undefined {
    if (piece >= this.partition.pieceCount) return undefined;
    const area = this.partition.rectOf(piece);
    if (bytes.length !== area.width * area.height * this.pixelBytes) return undefined;
    this.view?.placeExact(area, bytes);
    return area;
  }
}

/** Coded pieces, decoded into the raster, or into memory for one piece where there is none. */
export class CodedReader implements PieceReader {
  private readonly pixelBytes: number;
  private spare = new Uint8Array(0);

  private constructor(
    private readonly content: CodedContent,
    private readonly decoder: PieceDecoder,
    private readonly raster: Uint8Array | undefined,
    private readonly view: ReducedView | undefined,
  ) {
    this.pixelBytes = bytesPerPixel(content);
  }

  /** Undefined when the picture's tables are none that are known here. */
  static of(
    content: CodedContent,
    raster: Uint8Array | undefined,
    view: ReducedView | undefined,
  ): CodedReader | undefined {
    const decoder = PieceDecoder.of(content, content.tables);
    return decoder && new CodedReader(content, decoder, raster, view);
  }

  read(_piece: number, bytes: Uint8Array): PieceRect | undefined {
    const place = this.placeFor(bytes);
    if (place === undefined) return undefined;
    const { view, x, y } = place;
    const area = this.decoder.decode(bytes, view, x, y);
    if (area === undefined) return undefined;
    const offset = (area.y - y) * view.stride + (area.x - x) * this.pixelBytes;
    this.view?.placeExact(area, view.bytes, offset, view.stride * area.rowStep);
    return area;
  }

  /** Where a piece is decoded to: pixels, and which of the picture's is the first of them. */
  private placeFor(piece: Uint8Array): { view: PixelView; x: number; y: number } | undefined {
    const { width, height } = this.content;
    if (this.raster !== undefined) {
      const view = {
        bytes: this.raster,
        offset: 0,
        stride: width * this.pixelBytes,
        width,
        height,
      };
      return { view, x: 0, y: 0 };
    }
    const area = this.decoder.areaOf(piece);
    if (area === undefined) return undefined;
    const rows = (area.height - 1) * area.rowStep + 1;
    const stride = area.width * this.pixelBytes;
    if (this.spare.length < rows * stride) this.spare = new Uint8Array(rows * stride);
    const view = { bytes: this.spare, offset: 0, stride, width: area.width, height: rows };
    return { view, x: area.x, y: area.y };
  }
}
