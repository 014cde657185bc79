import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ensureKeyPair, findKeyPair } from "../../../src/node/secure/keys.js";
import { nextHandshakeTime } from "../../../src/node/secure/sender-clock.js";
import { withStateLock } from "../../../src/node/secure/state-lock.js";
import { stateFolder } from "./state.js";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("a key pair", () => {
  test("is made once, for its user alone, and is the same ever after", async () => {
    const folder = stateFolder();
    expect(findKeyPair(folder, "receiver")).toBeUndefined();
    const made = await ensureKeyPair(folder, "receiver");
    expect(modeOf(folder)).toBe(0o700);
    expect(modeOf(join(folder, "receiver.key"))).toBe(0o600);
    expect(await ensureKeyPair(folder, "receiver")).toEqual(made);
    expect(findKeyPair(folder, "receiver")).toEqual(made);
    expect(readdirSync(folder)).toEqual(["receiver.key"]);
  });

  test("of a sender is another than that of a receiver", async () => {
    const folder = stateFolder();
    const [receiver, sender] = [
      await ensureKeyPair(folder, "receiver"),
      await ensureKeyPair(folder, "sender"),
    ];
    expect(sender.seed).not.toEqual(receiver.seed);
  });

  test("is one, though many ask for it at the same time", async () => {
    const folder = stateFolder();
    const made = await Promise.all(
      Array.from({ length: 8 }, () => ensureKeyPair(folder, "sender")),
    );
    for (const one of made) expect(one).toEqual(made[0]);
  });

  test.each([
    ["empty", ""],
    ["cut short", "lacuna receiver key 1 abc\n"],
    ["a sender's", undefined],
  ])("that is %s is an error, and stays as it is", async (_, text) => {
    const folder = stateFolder();
    await ensureKeyPair(folder, "sender");
    const path = join(folder, "receiver.key");
    const bad = text ?? readFileSync(join(folder, "sender.key"), "utf8");
    writeFileSync(path, bad, { mode: 0o600 });
    await expect(ensureKeyPair(folder, "receiver")).rejects.toMatchObject({
      code: "LACUNA_STATE_DAMAGED",
    });
    expect(readFileSync(path, "utf8")).toBe(bad);
  });

  test("with one letter changed is an error", async () => {
    const folder = stateFolder();
    await ensureKeyPair(folder, "receiver");
    const path = join(folder, "receiver.key");
    const good = readFileSync(path, "utf8");
    for (let at = 0; at < good.length - 1; at += 1) {
      const other = good[at] === "A" ? "B" : "A";
      writeFileSync(path, good.slice(0, at) + other + good.slice(at + 1));
      expect(() => findKeyPair(folder, "receiver"), `letter ${at}`).toThrow(/is damaged/);
    }
  });

  test("that others may read is an error", async () => {
    const folder = stateFolder();
    await ensureKeyPair(folder, "receiver");
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(join(folder, "receiver.key"), mode);
      await expect(ensureKeyPair(folder, "receiver")).rejects.toMatchObject({
        code: "LACUNA_STATE_EXPOSED",
      });
    }
  });

  test("is not made in a folder that others may write", async () => {
    const folder = stateFolder();
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    await expect(ensureKeyPair(folder, "receiver")).rejects.toMatchObject({
      code: "LACUNA_STATE_EXPOSED",
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("the time of a handshake", () => {
  test("rises, also when the clock is set back", async () => {
    const folder = stateFolder();
    const nowMs = Date.UTC(2026, 1, 3);
    const times = [
      await nextHandshakeTime(folder, nowMs),
      await nextHandshakeTime(folder, nowMs),
      await nextHandshakeTime(folder, nowMs - 86_400_000),
      await nextHandshakeTime(folder, nowMs + 1),
    ];
    expect(times).toEqual([0, 1, 2, 1_000].map((us) => nowMs * 1_000 + us));
    expect(modeOf(join(folder, "sender.time"))).toBe(0o600);
  });

  test("is another for each of many at once", async () => {
    const folder = stateFolder();
    const asked = Array.from({ length: 20 }, () => nextHandshakeTime(folder, 1_000));
    expect(new Set(await Promise.all(asked)).size).toBe(20);
  });

  test.each(["", "soon\n", "12", "99999999999999999\n"])(
    "is not guessed when the file says %j",
    async (text) => {
      const folder = stateFolder();
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(join(folder, "sender.time"), text, { mode: 0o600 });
      await expect(nextHandshakeTime(folder, 1_000)).rejects.toMatchObject({
        code: "LACUNA_STATE_DAMAGED",
      });
    },
  );
});

describe("the lock of the state folder", () => {
  test("lets one work at a time, and goes with it", async () => {
    const folder = stateFolder();
    let working = 0;
    const works = Array.from({ length: 10 }, () =>
      withStateLock(folder, async () => {
        working += 1;
        expect(working).toBe(1);
        await new Promise(setImmediate);
        working -= 1;
      }),
    );
    await Promise.all(works);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is let go when the work fails", async () => {
    const folder = stateFolder();
    const failed = withStateLock(folder, () => Promise.reject(new Error("it failed")));
    await expect(failed).rejects.toThrow("it failed");
    expect(await withStateLock(folder, () => Promise.resolve(7))).toBe(7);
  });

  test("of a process that runs no more is passed over", async () => {
    const folder = stateFolder();
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, "lock"), "999999999 12345");
    expect(await withStateLock(folder, () => Promise.resolve(7))).toBe(7);
  });
});
