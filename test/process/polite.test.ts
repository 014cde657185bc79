import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { badLink, folder, receiver, start } from "./lacuna.js";

/** Sends a file over a link of 40 Mbit/s and tells what the sender then remembers of paths. */
async function remembered(file: string, state: string, ...flags: string[]): Promise<string> {
  const out = folder();
  const { received, ticket } = await receiver(out, "--once");
  const via = await badLink(ticket, "--rate", "40", "--delay", "10");
  const argv = ["send", file, "--mode", "file", "--to", ticket, "--via", via, "--json", ...flags];
  const sent = start("bin/lacuna", argv, folder(), { LACUNA_STATE_DIR: state });
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([0, 0]);
  expect(readFileSync(join(out, "noise.bin")).equals(readFileSync(file))).toBe(true);
  const paths = join(state, "paths.json");
  return existsSync(paths) ? readFileSync(paths, "utf8") : "";
}

test("who is polite keeps nothing of the path, for he has not found out what it carries", async () => {
  const file = join(folder(), "noise.bin");
  writeFileSync(
    file,
    Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >>> 7),
  );
  const state = folder();
  expect(await remembered(file, state, "--polite")).toBe("");
  expect(await remembered(file, state, "--polite", "--rate", "30")).toBe("");
  const kept = await remembered(file, state);
  expect(kept).toMatch(/127\.0\.0\.1/);
  expect(await remembered(file, state, "--polite")).toBe(kept);
}, 60_000);
