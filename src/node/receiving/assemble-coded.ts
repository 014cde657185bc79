import { Coverage } from "../../picture/coverage.js";
import type { Band } from "../../picture/raster.js";
import { type CodedContent, previewPiecesOf } from "../../wire/manifest.js";
import { diskError } from "../disk.js";
import type { LiveRaster } from "../live/raster.js";
import { bytesPerPixel, rasterBytes } from "../memory.js";
import type { AssembledRaster, FilledBand } from "./assemble.js";
import { BandDecoder } from "./band-decoder.js";
import { bandEdges, planBands } from "./band-plan.js";
import { decodeBands } from "./band-threads.js";
import { type CauseOf, lackingOfCoded, missingMaskOf, sharedCause } from "./lacking.js";
import type { PieceStore } from "./piece-store.js";
import { PreviewAreas } from "./preview-areas.js";
import type { Lacking } from "./report.js";

/** Of coded pieces. One that is refused covers nothing, and changes no pixel. */
export class CodedRaster implements AssembledRaster {
  /** What has been decoded so far. */
  private readonly exact: Coverage;
  private whole: Uint8Array | undefined;
  private readonly decoder: BandDecoder;
  private readonly lineBytes: number;

  /** @param live is taken instead of decoding, when it is complete */
  constructor(
    private readonly store: PieceStore,
    private readonly content: CodedContent,
    readonly isSmall: boolean,
    private readonly live?: LiveRaster,
  ) {
    this.decoder = new BandDecoder(content);
    this.exact = new Coverage(content.width, content.height);
    this.lineBytes = content.width * bytesPerPixel(content);
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
    let done = 0;
    for await (const { pieces } of this.exactRuns()) {
      for (const piece of pieces) {
        for (const area of this.decoder.place(piece, raster, whole) ?? []) this.exact.add(area);
        done += 1;
        if (done % PIECES_AT_ONCE === 0) await new Promise(setImmediate);
      }
    }
    return raster;
  }

  /** A piece on the edge of two bands is decoded for both. */
  private async *assembleBands(): AsyncIterable<FilledBand> {
    const { store, content } = this;
    const { folder, manifest } = store;
    try {
      const edges = bandEdges(content, this.lineBytes, BAND_BYTES);
      const bands = await planBands(edges, content.height, this.decoder, this.exactRuns());
      const setup = { folder, manifest, content };
      for await (const { areas, ...band } of decodeBands(setup, bands, this.lineBytes)) {
        for (const area of areas) this.exact.add(area);
        yield band;
      }
    } catch (error) {
      throw diskError(error, folder);
    }
  }

  private exactRuns() {
    return this.store.runs(previewPiecesOf(this.content));
  }
}

/** Ours: a row of units of most pictures. */
const BAND_BYTES = 32 * 2 ** 20;
/** Ours: about a hundred microseconds each. */
const PIECES_AT_ONCE = 64;
