import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { type Range, RangeSet } from "../../src/base/range-set.js";
import { digestOfFile, FollowingDigest } from "../../src/node/digest.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

async function emptyFile() {
  const folder = mkdtempSync(join(tmpdir(), "lacuna-test-"));
  const file = await open(join(folder, "file"), "wx+");
  onTestFinished(async () => {
    await file.close();
    rmSync(folder, { recursive: true });
  });
  return file;
}

const LENGTHS = [0, 1, 1_150, 2 ** 20, 2 ** 20 + 1, 3_000_000];
const AT_HAND = { all: 1, "none of them": 0, "every other part": 2 };
const cases = LENGTHS.flatMap((length) =>
  Object.entries(AT_HAND).map(([name, every]) => ({ length, name, every })),
);

test.each(cases)(
  "a file of $length bytes has the same digest when it is followed, and $name at hand",
  async ({ length, every }) => {
    const bytes = randomBytes(length);
    const file = await emptyFile();
    const following = new FollowingDigest(file);
    for (let end = 0; end < length; ) {
      const next = Math.min(length, end + 100_000);
      await file.write(bytes, end, next - end, end);
      const isAtHand = every > 0 && (end / 100_000) % every === 0;
      following.follow(next, end, isAtHand ? bytes.subarray(end, next) : undefined);
      end = next;
    }
    const wanted = sha256(bytes);
    expect(hex(await digestOfFile(file))).toBe(wanted);
    expect(hex(await following.finish())).toBe(wanted);
    expect(hex(await following.finish())).toBe(wanted);
  },
);

test("what is written behind a hole is not taken for what comes next", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new Random(seed);
    const bytes = Buffer.from(random.bytes(60_000));
    const file = await emptyFile();
    const following = new FollowingDigest(file);
    const missing = new RangeSet();
    missing.add(0, 60);
    while (missing.size > 0) {
      // Now what is next, now something behind, as when repairs come: some thousands of bytes in a row.
      const ranges = [...missing.ranges()];
      const { start, end } = ranges[random.chance(0.5) ? 0 : ranges.length - 1] as Range;
      const from = random.chance(0.5) ? start : random.between(start, end - 1);
      const to = Math.min(end, from + random.between(1, 3));
      await file.write(bytes, from * 1_000, (to - from) * 1_000, from * 1_000);
      missing.delete(from, to);
      const whole = (missing.first ?? 60) * 1_000;
      following.follow(whole, from * 1_000, bytes.subarray(from * 1_000, to * 1_000));
    }
    expect(hex(await following.finish())).toBe(sha256(bytes));
  }
});

test("a file that is shorter than was told has no digest", async () => {
  const file = await emptyFile();
  await file.write(randomBytes(500_000));
  const following = new FollowingDigest(file);
  following.follow(600_000);
  await expect(following.finish()).rejects.toThrow("has become shorter");
});
