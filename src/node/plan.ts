import { stat } from "node:fs/promises";
import { encodeManifest } from "../wire/manifest-bytes.js";
import type { Plan, PlanOptions } from "./api-types.js";
import { openSource } from "./source.js";

/** What `send` would send, without a network. Throws as `openSource` does. */
export async function plan(path: string, options: PlanOptions = {}): Promise<Plan> {
  const source = await openSource(path, { mode: "auto", ...options });
  try {
    const { name, mode, width, height, channels, bits, pieces, bytes } = source.facts;
    const shape = { name, mode, width, height, channels, bits, pieces };
    const manifestBytes = encodeManifest(source.manifest).length;
    const fileBytes = (await stat(path)).size;
    const costs = { payloadBytes: bytes, manifestBytes, previewBytes: 0, fileBytes };
    return { ...shape, ...costs, notes: source.notes };
  } finally {
    source.close();
  }
}
