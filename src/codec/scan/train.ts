import { fitModel } from "../entropy/fit.js";
import { COST_UNIT, costsOf, type EntropyModel, Histograms } from "../entropy/model.js";
import { fromSigned, TOKEN_ROOM, tokenOf } from "../entropy/tokens.js";
import type { PixelFormat, PixelView } from "../types.js";
import { candidates, walk } from "./fit.js";
import { ScanModel } from "./model.js";
import { writeScanTables } from "./tables.js";

/**
 * Makes the tables with which scan pieces of a picture take the fewest bytes, by samples of it. `scale`: how many times
 * the samples' pixels the picture has.
 */
export function trainScan(
  format: PixelFormat,
  views: readonly PixelView[],
  scale: number,
): Uint8Array {
  const pixels = views.reduce((sum, { width, height }) => sum + width * height, 0);
  const step = Math.ceil(pixels / TRAINED_PIXELS_MAX);
  const samples = views.filter((_, index) => index % step === 0);
  let best: { tables: Uint8Array; bytes: number } | undefined;
  for (const parameters of candidates(format, samples)) {
    const model = new ScanModel(format, parameters);
    const histograms = new Histograms(model.contexts);
    for (const sample of samples) {
      walk(model, sample, (context, residual) => {
        histograms.add(context, tokenOf(fromSigned(residual)));
      });
    }
    for (const tablesMax of TABLES_TRIED) {
      const entropy = fitModel(histograms, tablesMax);
      const tables = writeScanTables({ parameters, entropy });
      const bytes = tables.length + step * scale * bytesOf(histograms, entropy);
      if (best === undefined || bytes < best.bytes) best = { tables, bytes };
    }
  }
  return best?.tables ?? new Uint8Array();
}

/** What the tokens cost that histograms count. */
function bytesOf({ counts, contexts }: Histograms, entropy: EntropyModel): number {
  const costs = costsOf(entropy);
  let sum = 0;
  for (let context = 0; context < contexts; context += 1) {
    const table = (entropy.map[context] as number) * TOKEN_ROOM;
    for (let token = 0; token < TOKEN_ROOM; token += 1) {
      const count = counts[context * TOKEN_ROOM + token] as number;
      if (count > 0) sum += count * (costs[table + token] as number);
    }
  }
  return sum / COST_UNIT / 8;
}

/** Ours: a picture's statistics show in so many pixels, and training delays its first piece. */
const TRAINED_PIXELS_MAX = 1 << 16;

/** Ours: more tables fit more closely, and take room in the manifest. */
const TABLES_TRIED = [4, 10, 20];
