import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed when the bench ends. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
