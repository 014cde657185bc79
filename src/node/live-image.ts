import { Coverage } from "../picture/coverage.js";
import { ReducedView, VIEW_SIDE_MAX } from "../picture/reduced-view.js";
import type { Content } from "../wire/manifest.js";
import type { LiveChange, OpenMessage } from "./live-messages.js";
import { viewSourceOf } from "./live-picture.js";
import { CodedReader, type PieceReader, RawReader } from "./live-readers.js";

/**
 * One picture as it is decoded while it comes: its pixels in a raster, a reduced view of it, and what of it is exact,
 * approximate and missing. Knows nothing of threads. No bytes of a piece make it throw.
 */
export class LiveImage {
  private readonly reader: PieceReader | undefined;
  private readonly view: ReducedView | undefined;
  private readonly exact: Coverage | undefined;
  private readonly hasRaster: boolean;
  private refused = 0;

  constructor({ content, raster, view }: Omit<OpenMessage, "kind" | "image">) {
    this.hasRaster = raster !== undefined;
    const source = viewSourceOf(content);
    if (source === undefined) return;
    this.exact = new Coverage(source.width, source.height);
    if (view !== undefined) this.view = new ReducedView(source, VIEW_SIDE_MAX, view);
    this.reader = readerOf(content, raster, this.view);
  }

  /** Shows a piece. It may be any bytes. */
  take(piece: number, bytes: Uint8Array): void {
    const area = this.reader?.read(piece, bytes);
    if (area === undefined) this.refused += 1;
    else this.exact?.add(area);
  }

  /** How things stand, and the blocks that changed since this was last asked. */
  change(): LiveChange {
    return {
      blocks: this.view?.blocks.takeChanged() ?? [],
      exactPixels: this.exact?.covered ?? 0,
      approximatePixels: 0,
      isComplete: this.hasRaster && this.exact?.isComplete === true,
      refused: this.refused,
    };
  }
}

function readerOf(
  content: Content,
  raster: SharedArrayBuffer | undefined,
  view: ReducedView | undefined,
): PieceReader | undefined {
  if (content.mode === "pixels") return new RawReader(content, view);
  if (content.mode !== "coded") return undefined;
  return CodedReader.of(content, raster && new Uint8Array(raster), view);
}
