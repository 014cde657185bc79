import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
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

test.each([0, 1, 1_150, 2 ** 20, 2 ** 20 + 1, 3_000_000])(
  "a file of %i bytes has the same digest, whether it is read at the end or followed",
  async (length) => {
    const bytes = randomBytes(length);
    const file = await emptyFile();
    const following = new FollowingDigest(file);
    for (let end = 0; end < length; ) {
      const next = Math.min(length, end + 100_000);
      await file.write(bytes, end, next - end, end);
      end = next;
      following.follow(end);
    }
    const wanted = sha256(bytes);
    expect(hex(await digestOfFile(file))).toBe(wanted);
    expect(hex(await following.finish())).toBe(wanted);
    expect(hex(await following.finish())).toBe(wanted);
  },
);

test("a file that is shorter than was told has no digest", async () => {
  const file = await emptyFile();
  await file.write(randomBytes(500_000));
  const following = new FollowingDigest(file);
  following.follow(600_000);
  await expect(following.finish()).rejects.toThrow("has become shorter");
});
