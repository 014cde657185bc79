import type { BytesPerSecond } from "../../base/units.js";
import type { SendOptions } from "../api-types.js";
import type { CoderPool } from "./coder-pool.js";
import { OutgoingFile } from "./outgoing-file.js";
import { openSource } from "./source.js";
import { SourceWatch } from "./source-watch.js";

/** Opens a file to be sent as its sender was told to. Throws what `openSource` throws. */
export async function openOutgoing(
  path: string,
  id: string,
  options: Pick<SendOptions, "drop" | "mode" | "memoryMb" | "cacheFolder" | "pieceBytes">,
  pool: CoderPool,
  pathRate: BytesPerSecond | undefined,
): Promise<OutgoingFile> {
  const { drop, mode = "auto", memoryMb, cacheFolder, pieceBytes } = options;
  const watch = new SourceWatch(path);
  const source = await openSource(path, {
    mode,
    fields: drop === "odd-rows" ? 2 : 1,
    memoryMb,
    cacheFolder,
    pieceBytes,
    coding: "coded",
    pool,
    pathRate,
  });
  return new OutgoingFile(source, watch, id, drop);
}
