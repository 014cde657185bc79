import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll } from "vitest";

/** Drawn inputs can be repeated: a fixed seed, unless LACUNA_SEED names another, as CI does from the commit. */
fc.configureGlobal({ seed: Number(process.env.LACUNA_SEED ?? 7_316) | 0 });

/** Whatever sends or receives within a test has keys and tickets of its own, and leaves those of the user alone. */
const state = mkdtempSync(join(tmpdir(), "lacuna-test-state-"));
process.env.LACUNA_STATE_DIR = state;
afterAll(() => rmSync(state, { recursive: true, force: true }));
