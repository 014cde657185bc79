import { Coverage } from "../../picture/coverage.js";
import { ReducedView, VIEW_SIDE_MAX } from "../../picture/reduced-view.js";
import { previewOf, previewPiecesOf } from "../../wire/manifest.js";
import type { LiveChange, OpenMessage } from "./messages.js";
import { viewSourceOf } from "./picture.js";
import { CodedReader, JpegReader, type PieceReader, PreviewReader, RawReader } from "./readers.js";

/**
 * One picture as it is decoded while it comes: its pixels in a raster, a reduced view of it, and what of it is exact,
 * approximate and missing. Knows nothing of threads. No bytes of a piece make it throw.
 */
export class LiveImage {
  private readonly previewPieces: number;
  private readonly preview: PieceReader | undefined;
  private readonly reader: PieceReader | undefined;
  private readonly view: ReducedView | undefined;
  private readonly exact: Coverage;
  /** Pixels that are exact or approximate. */
  private readonly known: Coverage;
  private readonly hasRaster: boolean;
  private refused = 0;
  private ready: number[] = [];

  constructor(setup: Omit<OpenMessage, "kind" | "image">) {
    const { content, raster, view, viewSide = VIEW_SIDE_MAX } = setup;
    const source = viewSourceOf(content);
    const { width, height } = source ?? { width: 0, height: 0 };
    this.hasRaster = raster !== undefined;
    this.exact = new Coverage(width, height);
    this.known = new Coverage(width, height);
    this.previewPieces = previewPiecesOf(content);
    if (source === undefined) return;
    if (view !== undefined) this.view = new ReducedView(source, viewSide, view);
    const preview = previewOf(content);
    this.preview = preview && PreviewReader.of(preview, source, this.view);
    this.reader = readerOf(setup, this.view);
  }

  /** Shows a piece. It may be any bytes. */
  take(piece: number, bytes: Uint8Array): void {
    const reader = piece < this.previewPieces ? this.preview : this.reader;
    const read = reader?.read(piece, bytes);
    if (read === undefined) {
      this.refused += 1;
      return;
    }
    for (const number of read.ready ?? []) this.ready.push(number);
    for (const area of read.approximate) this.known.add(area);
    for (const area of read.exact) {
      this.known.add(area);
      this.exact.add(area);
    }
  }

  /** How things stand, and the blocks that changed since this was last asked. */
  change(): LiveChange {
    const ready = this.ready;
    this.ready = [];
    return {
      ready,
      blocks: this.view?.blocks.takeChanged() ?? [],
      exactPixels: this.exact.covered,
      approximatePixels: this.known.covered - this.exact.covered,
      isComplete: this.hasRaster && this.exact.isComplete,
      refused: this.refused,
    };
  }
}

function readerOf(
  { content, raster, memoryBytes }: Omit<OpenMessage, "kind" | "image">,
  view: ReducedView | undefined,
): PieceReader | undefined {
  switch (content.mode) {
    case "pixels":
      return new RawReader(content, view);
    case "coded":
      return CodedReader.of(content, raster && new Uint8Array(raster), view);
    case "jpeg":
      return JpegReader.of(content, memoryBytes, view);
    case "file":
      // Its bytes are no pixels that are known here.
      return undefined;
  }
}
