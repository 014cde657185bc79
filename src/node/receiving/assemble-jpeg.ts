import { JpegPicture } from "../../jpeg/picture.js";
import type { Band } from "../../picture/raster.js";
import { type JpegContent, previewPiecesOf } from "../../wire/manifest.js";
import type { PixelLayout } from "../pictures/image-file.js";
import type { AssembledRaster, FilledBand } from "./assemble.js";
import { JpegPieces } from "./jpeg-pieces.js";
import { type CauseOf, missingMaskOf, sharedCause } from "./lacking.js";
import type { PieceStore } from "./piece-store.js";
import type { Lacking } from "./report.js";

/** The pixels that the pieces of a JPEG file show, as libjpeg would; those of which not all has come are zero. */
export class JpegRaster implements AssembledRaster {
  readonly isSmall: boolean;
  readonly layout: PixelLayout;
  private readonly pieces: JpegPieces;

  private constructor(
    private readonly store: PieceStore,
    private readonly content: JpegContent,
    private readonly picture: JpegPicture,
    bytesMax: number,
  ) {
    const { width, height } = content;
    const { channels } = picture;
    this.layout = { width, height, channels, bits: 8, colour: channels === 1 ? "gray" : "rgb" };
    this.pieces = new JpegPieces(content);
    this.isSmall = width * height * channels <= bytesMax;
  }

  /** Draws what is held; undefined when that would take more than `bytesMax` bytes of memory. */
  static async of(
    store: PieceStore,
    content: JpegContent,
    bytesMax: number,
  ): Promise<JpegRaster | undefined> {
    const picture = JpegPicture.of(content.tables, { bytesMax });
    if (picture === undefined) return undefined;
    const raster = new JpegRaster(store, content, picture, bytesMax);
    for await (const { pieces } of store.runs(previewPiecesOf(content))) {
      for (const piece of pieces) raster.pieces.add(piece, picture.place(piece));
      await new Promise(setImmediate);
    }
    return raster;
  }

  async *bands(): AsyncIterable<FilledBand> {
    const { width, height, channels } = this.layout;
    const lineBytes = width * channels;
    const rows = this.isSmall ? height : Math.max(1, Math.floor(BAND_BYTES / lineBytes));
    const buffer = new Uint8Array(Math.min(height, rows) * lineBytes);
    for (let y = 0; y < height; y += rows) {
      const band = { y, endY: Math.min(height, y + rows) };
      const bytes = buffer.subarray(0, (band.endY - y) * lineBytes);
      this.picture.render({ x: 0, y, width, height: band.endY - y }, bytes);
      this.missingIn(band).forEach((missing, pixel) => {
        if (missing !== 0) bytes.fill(0, pixel * channels, (pixel + 1) * channels);
      });
      yield { ...band, bytes };
      await new Promise(setImmediate);
    }
  }

  missingIn(band: Band): Uint8Array {
    return missingMaskOf(this.pieces.exact, band);
  }

  async lacking(causeOf: CauseOf): Promise<Lacking> {
    const { held, pieceCount } = this.store;
    await this.pieces.preview?.addAll(this.store.runs(0, previewPiecesOf(this.content)));
    return this.pieces.lacking(sharedCause(held, pieceCount, causeOf));
  }
}

/** Ours: a few milliseconds of drawing at a time. */
const BAND_BYTES = 2 ** 20;
