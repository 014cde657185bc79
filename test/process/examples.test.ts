import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  expectSamePixels,
  folder,
  type Process,
  ROOT,
  sender,
  start,
  writePicture,
} from "./lacuna.js";

let picture: string;
let out: string;

beforeEach(async () => {
  out = folder();
  picture = join(folder(), "cup.png");
  await writePicture(picture, 200, 120);
});

test("every example is run here", () => {
  const tried = ["both-in-one.mjs", "receive-and-watch.mjs", "send-with-abort.mjs", "snapshot.mjs"];
  expect(readdirSync(join(ROOT, "examples")).sort()).toEqual(tried);
});

function example(name: string, ...argv: string[]): Process {
  return start(join("examples", name), argv, folder());
}

test("receive-and-watch tells each event of a picture that arrives", async () => {
  const watcher = example("receive-and-watch.mjs", out, "127.0.0.1:0");
  const sent = sender(picture, await watcher.line(/^send to (.*)$/m));
  expect([await sent.exit, await watcher.exit], watcher.stderr).toEqual([0, 0]);
  const [, offered, ...rest] = watcher.lines;
  expect(offered).toMatch(/^cup\.png comes from 127\.0\.0\.1:\d+, in \d+ pieces$/);
  expect(rest.slice(0, -2).every((line) => /^\d+ pixels missing/.test(line))).toBe(true);
  expect(rest.at(-2)).toBe(
    `cup.png is exact: ${join(out, "cup.png")}, sha256 ${sent.all("complete")[0]?.sha256}`,
  );
  expect(rest.at(-1)).toBe("1 received");
  await expectSamePixels(join(out, "cup.png"), picture);
});

test("send-with-abort stops in time, and goes on where it stopped", async () => {
  const first = example("receive-and-watch.mjs", out, "127.0.0.1:0");
  // 600 kB at 1 Mbit/s take nearly five seconds.
  const file = join(folder(), "cup.bin");
  writeFileSync(file, new Random(6).bytes(600_000));
  const stopped = example("send-with-abort.mjs", await first.line(/^send to (.*)$/m), "2", file);
  expect(await stopped.exit, stopped.stderr).toBe(0);
  expect(stopped.lines.at(-1)).toBe("stopped before the end");
  await first.exit;
  expect(first.lines.at(-2)).toBe(`cup.bin is kept in part: ${join(out, "cup.report.json")}`);

  const second = example("receive-and-watch.mjs", out, "127.0.0.1:0");
  const ended = example("send-with-abort.mjs", await second.line(/^send to (.*)$/m), "20", file);
  expect([await ended.exit, await second.exit], ended.stderr).toEqual([0, 0]);
  expect(ended.lines).toEqual(["cup.bin is verified there"]);
  expect(readFileSync(join(out, "cup.bin")).equals(readFileSync(file))).toBe(true);
}, 60_000);

test("send-with-abort says by its code why it could not begin", async () => {
  const sent = example("send-with-abort.mjs", "127.0.0.1:9", "20", join(out, "none.png"));
  expect(await sent.exit).toBe(1);
  expect(sent.stderr).toMatch(/^LACUNA_NO_SUCH_FILE: .*none\.png/);
});

test("snapshot draws the holes while they last", async () => {
  const watcher = example("snapshot.mjs", out, "127.0.0.1:0");
  const sent = sender(picture, await watcher.line(/^send to (.*)$/m), "--rate", "0.8");
  expect([await sent.exit, await watcher.exit], watcher.stderr).toEqual([0, 0]);
  const drawn = watcher.lines.filter((line) => /^[#+.]{40}$/.test(line));
  expect(drawn.length).toBeGreaterThanOrEqual(30);
  expect(drawn.length % 10).toBe(0);
  // It begins with holes, and each drawing has at least as much as the one before.
  expect(drawn.slice(0, 10).join("")).toContain(".");
  const whole = drawn.map((line) => line.replaceAll(/[^#]/g, "").length);
  const sums = Array.from({ length: drawn.length / 10 }, (_, i) =>
    whole.slice(i * 10, i * 10 + 10).reduce((sum, count) => sum + count, 0),
  );
  expect(sums).toEqual([...sums].sort((a, b) => a - b));
  expect(watcher.lines.at(-1)).toBe(`whole: ${join(out, "cup.png")}`);
});

test("both-in-one proves that what was left out was mended", async () => {
  const both = example("both-in-one.mjs", picture, out);
  expect(await both.exit, both.stderr).toBe(0);
  const [mended, missing, verdict] = both.lines;
  expect(Number(mended?.split(" ")[0])).toBeGreaterThanOrEqual(15);
  expect(missing).toBe("0 pixels missing");
  expect(verdict).toBe(`exact: ${join(out, "cup.png")}`);
  await expectSamePixels(join(out, "cup.png"), picture);
});
