import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DiskShare } from "../../src/node/receiving/disk-share.js";
import { fileLimits, refuseTooLarge } from "../../src/node/receiving/limits.js";
import { PieceStore, STORE_FOLDER } from "../../src/node/receiving/piece-store.js";
import { takenBytes } from "../../src/node/receiving/session-room.js";
import type { CodedContent, Content, Manifest } from "../../src/wire/manifest.js";
import { testFolder } from "./pictures.js";

const CODED: CodedContent = {
  ...{ mode: "coded", width: 1_000, height: 500, channels: 3, bits: 16, colour: "rgb" },
  ...{ fields: 1, format: "png", metadata: [], tables: new Uint8Array(0) },
};
const JPEG: Content = {
  ...{ mode: "jpeg", bytes: 9_000, width: 1_000, height: 500, channels: 3, bits: 8 },
  tables: new Uint8Array(0),
};
const FILE: Content = { mode: "file", bytes: 9_000 };

const manifestOf = (content: Content): Manifest => ({
  ...{ name: "it", digest: new Uint8Array(32), pieceCount: 10, pieceBytes: 1_000, content },
});

describe("what a manifest claims is held against", () => {
  test.each([
    ["bytes of pixels", CODED, { maxBytes: 2_999_999 }, { maxBytes: 3_000_000 }],
    ["bytes of a JPEG file", JPEG, { maxBytes: 8_999 }, { maxBytes: 9_000 }],
    ["bytes of a file", FILE, { maxBytes: 8_999 }, { maxBytes: 9_000 }],
    ["pixels", CODED, { maxPixels: 499_999 }, { maxPixels: 500_000 }],
    ["pixels of a JPEG file", JPEG, { maxPixels: 499_999 }, { maxPixels: 500_000 }],
    [
      "pixels of a preview",
      { ...FILE, picture: { width: 2, height: 2 }, preview: { ...JPEG, pieces: 1 } } as Content,
      { maxPixels: 499_999 },
      { maxPixels: 500_000 },
    ],
  ])("the limit of %s", (_, content, less, enough) => {
    const manifest = manifestOf(content);
    expect(() => refuseTooLarge(manifest, fileLimits(enough))).not.toThrow();
    expect(() => refuseTooLarge(manifest, fileLimits(less))).toThrow(/^it has \d+ .*; at most/);
  });

  test("what can be stored at all, unless told otherwise", () => {
    const claims = (side: number): Manifest => manifestOf({ ...CODED, width: side, height: side });
    expect(() => refuseTooLarge(claims(26_000), fileLimits({}))).not.toThrow();
    expect(() => refuseTooLarge(claims(65_535), fileLimits({}))).toThrow(/at most 1400000000 are/);
    expect(() => refuseTooLarge(claims(30_000), fileLimits({}))).toThrow(
      /bytes of pixels; at most/,
    );
  });
});

describe("the disk", () => {
  async function freeBytes(folder: string): Promise<number> {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  }

  test("is not promised twice", async () => {
    const folder = testFolder();
    const half = Math.floor((await freeBytes(folder)) * 0.6);
    const share = new DiskShare(folder, 0);
    const [one, other] = await Promise.allSettled([share.claim("a", half), share.claim("b", half)]);
    // Those who ask at the same time may both be turned away, but never both be let in.
    expect([one.status, other.status]).toContain("rejected");
    if (one.status === "fulfilled") one.value.release();
    if (other.status === "fulfilled") other.value.release();
    const claim = await share.claim("c", half);
    await expect(share.claim("d", half)).rejects.toMatchObject({ code: "LACUNA_DISK_FULL" });
    claim.release();
    (await share.claim("d", half)).release();
  });

  test("keeps a reserve", async () => {
    const folder = testFolder();
    const free = await freeBytes(folder);
    const half = Math.floor(free / 2);
    const share = new DiskShare(folder, half);
    await expect(share.claim("a", Math.floor(free * 0.6))).rejects.toThrow(/^a needs \d+ bytes; /);
    (await share.claim("b", Math.floor(free * 0.1))).release();
  });

  test("is not filled by what says that it is short", async () => {
    const folder = testFolder();
    const claim = await new DiskShare(folder, 0).claim("a", 1_000);
    const full = new DiskShare(folder, Number.MAX_SAFE_INTEGER);
    claim.note(1_000);
    await full.check("a", claim);
    claim.note(1);
    await expect(full.check("a", claim)).rejects.toMatchObject({ code: "LACUNA_DISK_FULL" });
    await new DiskShare(folder, 0).check("a", claim);
  });

  test("is charged by blocks for short pieces in long slots", () => {
    const long = { ...manifestOf(CODED), pieceBytes: 60_000 };
    expect(takenBytes(long, 1)).toBe(4_097);
    expect(takenBytes(manifestOf(CODED), 1)).toBe(1_000);
  });
});

test.each([
  ["the folder of all resume folders", []],
  ["an image's resume folder", [STORE_FOLDER]],
])("a link in the place of %s is not followed", async (_, above) => {
  const [out, elsewhere] = [testFolder(), testFolder()];
  const manifest = manifestOf(FILE);
  const folder = PieceStore.folderFor(out, manifest);
  mkdirSync(join(out, ...above), { recursive: true });
  symlinkSync(elsewhere, above.length === 0 ? join(out, STORE_FOLDER) : folder);
  await expect(PieceStore.open(folder, manifest)).rejects.toMatchObject({
    code: "LACUNA_DISK_ERROR",
  });
  const made =
    above.length === 0
      ? readdirSync(elsewhere).flatMap((name) => readdirSync(join(elsewhere, name)))
      : readdirSync(elsewhere);
  expect(made).toEqual([]);
  expect(existsSync(join(elsewhere, "pieces"))).toBe(false);
});
