import { assert } from "../base/assert.js";
import { PieceDecoder } from "../codec/picture-coder.js";
import type { PieceArea, PixelView } from "../codec/types.js";
import { Coverage } from "../picture/coverage.js";
import type { Band } from "../picture/raster.js";
import { type CodedContent, previewPiecesOf } from "../wire/manifest.js";
import type { AssembledRaster, FilledBand } from "./assemble.js";
import { type CauseOf, lackingOfCoded, missingMaskOf, sharedCause } from "./lacking.js";
import type { LiveRaster } from "./live-raster.js";
import { bytesPerPixel, rasterBytes } from "./memory.js";
import type { PieceStore } from "./piece-store.js";
import { PreviewAreas } from "./preview-areas.js";
import type { Lacking } from "./report.js";

/** Of coded pieces. One that is refused covers nothing, and changes no pixel. */
export class CodedRaster implements AssembledRaster {
  /** What has been decoded so far. */
  private readonly exact: Coverage;
  private whole: Uint8Array | undefined;
  private readonly decoder: PieceDecoder;
  private readonly lineBytes: number;
  private readonly pixelBytes: number;
  /** A piece's pixels, until it is known that there are some. */
  private spare = new Uint8Array(0);

  /** @param live is taken instead of decoding, when it is complete */
  constructor(
    private readonly store: PieceStore,
    private readonly content: CodedContent,
    readonly isSmall: boolean,
    private readonly live?: LiveRaster,
  ) {
    const decoder = PieceDecoder.of(content, content.tables);
    assert(decoder !== undefined, "an image with other tables is refused when it is offered");
    this.decoder = decoder;
    this.exact = new Coverage(content.width, content.height);
    this.pixelBytes = bytesPerPixel(content);
    this.lineBytes = content.width * this.pixelBytes;
  }

  async *bands(): AsyncIterable<FilledBand> {
    if (this.isSmall) {
      this.whole ??= await this.assemble();
      yield { y: 0, endY: this.content.height, bytes: this.whole };
    } else yield* this.assembleBands();
  }

  missingIn(band: Band): Uint8Array {
    return missingMaskOf(this.exact, band);
  }

  async lacking(causeOf: CauseOf): Promise<Lacking> {
    const { held, pieceCount } = this.store;
    const cause = sharedCause(held, pieceCount, causeOf);
    const preview = PreviewAreas.of(this.content);
    await preview?.addAll(this.store.runs(0, previewPiecesOf(this.content)));
    return lackingOfCoded(this.content, this.exact, preview, cause);
  }

  private async assemble(): Promise<Uint8Array> {
    const { width, height } = this.content;
    if (this.live?.isComplete === true) {
      this.exact.add({ x: 0, y: 0, width, height, rowStep: 1 });
      return this.live.raster;
    }
    const raster = new Uint8Array(rasterBytes(this.content));
    const whole = { y: 0, endY: height };
    const pause = pauser(PIECES_AT_ONCE);
    for await (const { pieces } of this.exactRuns()) {
      for (const piece of pieces) {
        this.place(piece, raster, whole);
        await pause();
      }
    }
    return raster;
  }

  /** A piece on the edge of two bands is decoded for both. */
  private async *assembleBands(): AsyncIterable<FilledBand> {
    const { height } = this.content;
    const rows = Math.max(1, Math.min(height, Math.floor(BAND_BYTES / this.lineBytes)));
    const pieces = await this.piecesByBand(rows);
    const buffer = new Uint8Array(rows * this.lineBytes);
    const piece = new Uint8Array(this.store.manifest.pieceBytes);
    const pause = pauser(PIECES_AT_ONCE);
    for (let y = 0; y < height; y += rows) {
      const band = { y, endY: Math.min(height, y + rows) };
      const bytes = buffer.subarray(0, (band.endY - y) * this.lineBytes).fill(0);
      for (const number of pieces.in(y / rows)) {
        const length = this.store.readPiece(number, piece, 0);
        this.place(piece.subarray(0, length), bytes, band);
        await pause();
      }
      yield { ...band, bytes };
    }
  }

  private exactRuns() {
    return this.store.runs(previewPiecesOf(this.content));
  }

  /** Puts what a band holds of a piece where it belongs. */
  private place(piece: Uint8Array, band: Uint8Array, { y, endY }: Band): void {
    const area = this.decoder.areaOf(piece);
    if (area === undefined) return;
    const view = this.spareView(area);
    if (this.decoder.decode(piece, view, area.x, area.y) === undefined) return;
    this.exact.add(area);
    for (let row = 0; row < area.height; row += 1) {
      const to = area.y + row * area.rowStep;
      if (to < y || to >= endY) continue;
      const from = row * area.rowStep * view.stride;
      const pixels = view.bytes.subarray(from, from + view.stride);
      band.set(pixels, (to - y) * this.lineBytes + area.x * this.pixelBytes);
    }
  }

  private spareView({ width, height, rowStep }: PieceArea): PixelView {
    const stride = width * this.pixelBytes;
    const rows = (height - 1) * rowStep + 1;
    if (this.spare.length < rows * stride) this.spare = new Uint8Array(rows * stride);
    return { bytes: this.spare, offset: 0, stride, width, height: rows };
  }

  private async piecesByBand(rows: number): Promise<Lists> {
    const lists = new Lists(Math.ceil(this.content.height / rows));
    for await (const { first, pieces } of this.exactRuns()) {
      pieces.forEach((piece, index) => {
        const area = this.decoder.areaOf(piece);
        if (area === undefined) return;
        const last = area.y + (area.height - 1) * area.rowStep;
        const end = Math.floor(last / rows);
        for (let band = Math.floor(area.y / rows); band <= end; band += 1) {
          lists.add(band, first + index);
        }
      });
    }
    return lists;
  }
}

/** Lists of piece numbers: four to eight bytes for each. */
class Lists {
  private readonly lists: Uint32Array[];
  private readonly lengths: Uint32Array;

  constructor(count: number) {
    this.lists = Array.from({ length: count }, () => new Uint32Array(0));
    this.lengths = new Uint32Array(count);
  }

  add(list: number, piece: number): void {
    const length = this.lengths[list] as number;
    let pieces = this.lists[list] as Uint32Array;
    if (length === pieces.length) {
      const longer = new Uint32Array(Math.max(16, 2 * length));
      longer.set(pieces);
      this.lists[list] = pieces = longer;
    }
    pieces[length] = piece;
    this.lengths[list] = length + 1;
  }

  in(list: number): Uint32Array {
    return (this.lists[list] as Uint32Array).subarray(0, this.lengths[list]);
  }
}

/** Lets other work through once in so many calls. */
function pauser(calls: number): () => Promise<void> | undefined {
  let count = 0;
  return () => {
    count += 1;
    return count % calls === 0 ? new Promise(setImmediate) : undefined;
  };
}

/** Ours: so high, even of wide pictures, that few pieces lie on an edge. */
const BAND_BYTES = 16 * 2 ** 20;
/** Ours: about a hundred microseconds each. */
const PIECES_AT_ONCE = 64;
