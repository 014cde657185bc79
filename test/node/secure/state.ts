import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A state folder that is not there yet, and is removed with the test. */
export function stateFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "lacuna-state-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "lacuna");
}
