import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PathMemory, stateFolder } from "../../src/node/socket/path-memory.js";
import { testFolder } from "./pictures.js";

const path = { bytesPerSecond: 12_000_000, minRttUs: 40_000 };
const HOUR_MS = 3_600_000;

describe("the memory of paths", () => {
  test("gives back what it was told of a receiver, and nothing of another", async () => {
    const memory = new PathMemory(join(testFolder(), "state"));
    await memory.save("192.0.2.7", path, 1_000);
    expect(await memory.recall("192.0.2.7", 2_000)).toEqual(path);
    expect(await memory.recall("192.0.2.8", 2_000)).toBeUndefined();
  });

  test("keeps the size of datagrams, if it is one", async () => {
    const memory = new PathMemory(testFolder());
    await memory.save("192.0.2.7", { ...path, datagramBytes: 8_972 }, 1_000);
    expect(await memory.recall("192.0.2.7", 2_000)).toEqual({ ...path, datagramBytes: 8_972 });
    for (const datagramBytes of [1_200, 70_000, 1_472.5]) {
      await memory.save("192.0.2.7", { ...path, datagramBytes }, 1_000);
      expect(await memory.recall("192.0.2.7", 2_000)).toEqual(path);
    }
  });

  test("forgets after a day, and trusts no clock that ran backwards", async () => {
    const memory = new PathMemory(testFolder());
    await memory.save("192.0.2.7", path, 100 * HOUR_MS);
    expect(await memory.recall("192.0.2.7", 124 * HOUR_MS)).toEqual(path);
    expect(await memory.recall("192.0.2.7", 124 * HOUR_MS + 1)).toBeUndefined();
    expect(await memory.recall("192.0.2.7", 99 * HOUR_MS)).toBeUndefined();
  });

  test("keeps the 64 newest", async () => {
    const memory = new PathMemory(testFolder());
    for (let i = 0; i < 66; i += 1) await memory.save(`192.0.2.${i}`, path, 1_000 + i);
    await memory.save("192.0.2.2", path, 2_000);
    expect(await memory.recall("192.0.2.1", 3_000)).toBeUndefined();
    expect(await memory.recall("192.0.2.2", 3_000)).toEqual(path);
    expect(await memory.recall("192.0.2.65", 3_000)).toEqual(path);
  });

  test("takes nothing from a file that is damaged or holds nonsense, and mends it", async () => {
    const folder = testFolder();
    const memory = new PathMemory(folder);
    const file = join(folder, "paths.json");
    const nonsense = { version: 1, paths: { "192.0.2.7": { bytesPerSecond: -1, minRttUs: "x" } } };
    for (const text of ["", "{", "null", '{"version":2}', JSON.stringify(nonsense)]) {
      writeFileSync(file, text);
      expect(await memory.recall("192.0.2.7", 2_000)).toBeUndefined();
      await memory.save("192.0.2.7", path, 1_000);
      expect(await memory.recall("192.0.2.7", 2_000)).toEqual(path);
    }
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ version: 1 });
  });

  test("does no harm where it cannot write", async () => {
    const memory = new PathMemory(join(testFolder(), "no\0folder"));
    await memory.save("192.0.2.7", path, 1_000);
    expect(await memory.recall("192.0.2.7", 2_000)).toBeUndefined();
  });

  test("lies where the user's environment says", () => {
    expect(stateFolder({ LACUNA_STATE_DIR: "/a", XDG_STATE_HOME: "/b" })).toBe("/a");
    expect(stateFolder({ XDG_STATE_HOME: "/b" })).toBe(join("/b", "lacuna"));
    expect(stateFolder({})).toBe(join(homedir(), ".local", "state", "lacuna"));
  });
});
