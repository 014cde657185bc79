import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ReplayFile } from "../../../src/node/secure/replay-file.js";
import { stateFolder } from "./state.js";

const key = (number: number): Uint8Array => new Uint8Array(32).fill(number);

test("handshakes that were taken are taken by no later receiver", async () => {
  const folder = stateFolder();
  const file = new ReplayFile(folder);
  for (const time of [5_000, 7_000, 6_000]) file.table.note(key(1), time);
  file.table.note(key(2), 1_795_421_156_364_000);
  await file.save();
  expect(statSync(join(folder, "senders.times")).mode & 0o777).toBe(0o600);
  const { table } = new ReplayFile(folder);
  expect(table.entries()).toEqual(file.table.entries());
  for (const time of [5_000, 6_000, 7_000]) expect(table.isNew(key(1), time)).toBe(false);
  expect(table.isNew(key(1), 6_500)).toBe(true);
  expect(table.isNew(key(3), 1)).toBe(true);
});

test("many savings at once end with the newest state", async () => {
  const folder = stateFolder();
  const file = new ReplayFile(folder);
  const savings = Array.from({ length: 10 }, (_, number) => {
    file.table.note(key(number), 1_000);
    return file.save();
  });
  await Promise.all(savings);
  expect(new ReplayFile(folder).table.entries()).toHaveLength(10);
});

test("nothing is written when nothing is new", async () => {
  const folder = stateFolder();
  const file = new ReplayFile(folder);
  file.table.note(key(1), 1_000);
  await file.save();
  writeFileSync(join(folder, "senders.times"), "", { mode: 0o600 });
  await file.save();
  expect(readFileSync(join(folder, "senders.times"), "utf8")).toBe("");
});

test.each([
  "nonsense\n",
  `${"a".repeat(64)} soon\n`,
  `${"a".repeat(63)} 1 2\n`,
  `${"a".repeat(64)}\n`,
])("a file that says %j is an error", async (text) => {
  const folder = stateFolder();
  const file = new ReplayFile(folder);
  file.table.note(key(1), 1_000);
  await file.save();
  writeFileSync(join(folder, "senders.times"), text);
  expect(() => new ReplayFile(folder)).toThrow(/is damaged/);
});
