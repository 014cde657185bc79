import { stat } from "node:fs/promises";
import { encodeManifest } from "../../wire/manifest-bytes.js";
import type { Plan, PlanOptions } from "../api-types.js";
import { openSource } from "./source.js";

/** What `send` would send, without a network. Throws as `openSource` does. */
export async function plan(path: string, options: PlanOptions = {}): Promise<Plan> {
  const { onProgress = () => undefined, ...how } = options;
  const source = await openSource(path, { mode: "auto", ...how, coding: "coded" });
  try {
    const { manifest, notes, why } = source;
    source.onGrowth(() => onProgress(Math.min(1, source.supply.available / source.facts.pieces)));
    await source.complete;
    const { name, mode, width, height, channels, bits, pieces } = source.facts;
    const { exactBytes: payloadBytes, previewBytes } = source.supply;
    const shape = { name, mode, width, height, channels, bits, pieces };
    const manifestBytes = encodeManifest(manifest).length;
    const fileBytes = (await stat(path)).size;
    return { ...shape, payloadBytes, manifestBytes, previewBytes, fileBytes, notes, why };
  } finally {
    source.close();
  }
}
