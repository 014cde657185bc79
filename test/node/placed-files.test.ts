import { linkSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PlacedFiles } from "../../src/node/receiving/placed-files.js";
import { folder } from "../process/lacuna.js";

async function noted(): Promise<{ out: string; path: string }> {
  const out = folder();
  const passing = join(out, "passing");
  writeFileSync(passing, "a picture");
  await new PlacedFiles(out).note("key", passing);
  const path = join(out, "cup (2).png");
  linkSync(passing, path);
  rmSync(passing);
  return { out, path };
}

test("a file that was noted is found by a later receiver, whatever name it got", async () => {
  const { out, path } = await noted();
  expect(await new PlacedFiles(out).find("key")).toBe(path);
  expect(await new PlacedFiles(out).find("other")).toBeUndefined();
});

test("a file that was changed since, or taken away, does not count", async () => {
  const { out, path } = await noted();
  utimesSync(path, 1, 1);
  expect(await new PlacedFiles(out).find("key")).toBeUndefined();
  rmSync(path);
  expect(await new PlacedFiles(out).find("key")).toBeUndefined();
});

test("a later receiver takes away what is left of its pieces", async () => {
  const { out } = await noted();
  for (const key of ["key", "other"]) {
    mkdirSync(join(out, ".lacuna", key));
    writeFileSync(join(out, ".lacuna", key, "pieces"), "pieces");
  }
  await new PlacedFiles(out).sweep();
  expect(readdirSync(join(out, ".lacuna")).sort()).toEqual(["key.placed", "other"]);
});

test("once the sender knows, nothing is left of the note", async () => {
  const { out } = await noted();
  const placed = new PlacedFiles(out);
  await placed.find("key");
  await placed.forget("key");
  expect(await placed.find("key")).toBeUndefined();
  expect(readdirSync(out)).toEqual(["cup (2).png"]);
});
