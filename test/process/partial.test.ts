import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PartialReport } from "../../src/node/receiving/report.js";
import { badLink, folder, pixelsOf, ran, receiver, sender, writePicture } from "./lacuna.js";

/** Reads what a receiver kept of `picture` and checks that its three files tell one story, pixel by pixel. */
async function keptOf(picture: string, out: string): Promise<PartialReport> {
  const report = JSON.parse(readFileSync(join(out, "cup.report.json"), "utf8")) as PartialReport;
  const original = await pixelsOf(picture);
  const partial = await pixelsOf(join(out, "cup.partial.png"));
  const mask = await pixelsOf(join(out, "cup.missing.png"));
  const { width, height, channels } = original;
  expect(report).toMatchObject({
    name: "cup.png",
    mode: "pixels",
    width,
    height,
    channels,
    bits: 8,
  });
  expect(report.pixels).toBe(width * height);
  const inRegions = coverage(report);
  let missing = 0;
  let wrong = 0;
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const isMissing = mask.data[pixel * mask.channels] === 255;
    missing += isMissing ? 1 : 0;
    if (inRegions[pixel] !== (isMissing ? 1 : 0)) wrong += 1;
    const shown = partial.data.subarray(pixel * partial.channels, (pixel + 1) * partial.channels);
    const own = original.data.subarray(pixel * channels, (pixel + 1) * channels);
    if (!isShownAs(shown, own, isMissing)) wrong += 1;
  }
  expect(wrong, "pixels that the three files tell differently").toBe(0);
  expect(report.missingPixels).toBe(missing);
  // What a preview stands for is missing all the same.
  expect(report.approximatePixels).toBeLessThanOrEqual(missing);
  return report;
}

/** How many regions cover each pixel. */
function coverage({ width, height, regions }: PartialReport): Uint8Array {
  const covered = new Uint8Array(width * height);
  for (const region of regions) {
    for (let y = region.y; y < region.y + region.height; y += 1) {
      const from = y * width + region.x;
      for (let at = from; at < from + region.width; at += 1) covered[at] = (covered[at] ?? 0) + 1;
    }
  }
  return covered;
}

/** A missing pixel is fully transparent; any other is exact, and opaque unless it has its own alpha. */
function isShownAs(shown: Uint8Array, own: Uint8Array, isMissing: boolean): boolean {
  const alpha = shown[shown.length - 1];
  if (isMissing) return alpha === 0;
  return alpha === (own[3] ?? 255) && [0, 1, 2].every((i) => shown[i] === own[i]);
}

describe("without repair, withheld odd rows are reported exactly", () => {
  test.each([
    [272, 170, 4],
    [101, 77, 3],
    [640, 3, 3],
    [1, 64, 4],
  ] as const)("of %d by %d pixels in %d channels", async (width, height, channels) => {
    const [from, out] = [folder(), folder()];
    const picture = join(from, "cup.png");
    await writePicture(picture, width, height, channels);
    const { received, ticket } = await receiver(out, "--once", "--no-repair");
    const sent = sender(picture, ticket, "--drop", "odd-rows");
    expect([await sent.exit, await received.exit], sent.stderr).toEqual([3, 3]);
    const wanted = width * Math.floor(height / 2);
    const report = await keptOf(picture, out);
    expect(report.missingPixels).toBe(wanted);
    expect(received.all("partial")).toEqual([
      expect.objectContaining({
        name: "cup.png",
        missingPixels: wanted,
        missingPieces: report.missingPieces,
        reason: "no-repair",
        report: join(out, "cup.report.json"),
      }),
    ]);
    expect(sent.all("partial")[0]).toMatchObject({ missingPixels: wanted });
    const odd = report.regions.every((region) => region.y % 2 === 1 && region.height === 1);
    expect(odd, "every hole is one odd row").toBe(true);
  });

  test("of one row nothing is missing, and the picture is whole", async () => {
    const [from, out] = [folder(), folder()];
    const picture = join(from, "cup.png");
    await writePicture(picture, 200, 1);
    const { received, ticket } = await receiver(out, "--once", "--no-repair");
    const sent = sender(picture, ticket, "--drop", "odd-rows");
    expect([await sent.exit, await received.exit], sent.stderr).toEqual([0, 0]);
    expect(received.all("complete")[0]?.missingPixels).toBe(0);
  });
});

test("without repair, what a bad link loses is reported exactly, and inspect tells the same", async () => {
  const [from, out] = [folder(), folder()];
  const picture = join(from, "cup.png");
  await writePicture(picture, 300, 200);
  const { received, ticket } = await receiver(out, "--once", "--no-repair");
  const to = await badLink(ticket, "--loss", "0.1", "--reorder", "0.1", "--dup", "0.1");
  const sent = sender(picture, to, "--drop", "0.2");
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([3, 3]);
  const report = await keptOf(picture, out);
  expect(report.missingPieces).toBeGreaterThan(report.pieces / 10);
  expect(report.missingPieces).toBeLessThan(report.pieces / 2);

  const { missingPixels, missingPieces, pieces, pixels } = report;
  const counts = { missingPixels, missingPieces, pieces, pixels };
  for (const path of ["cup.report.json", "cup.partial.png", "cup.missing.png", ".lacuna", "."]) {
    const inspected = await ran("inspect", join(out, path), "--json");
    expect(inspected.exit, inspected.stderr).toBe(0);
    expect(inspected.events).toEqual([expect.objectContaining(counts)]);
  }
});

test("a deadline keeps what has come by then, on both sides", async () => {
  const [from, out] = [folder(), folder()];
  const picture = join(from, "cup.png");
  await writePicture(picture, 300, 200);
  const { received, ticket } = await receiver(out, "--once", "--deadline", "5");
  // Some 90 kB at 0.1 Mbit/s would take seven seconds.
  const sent = sender(picture, ticket, "--rate", "0.1");
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([3, 3]);
  const report = await keptOf(picture, out);
  expect(report.missingPieces).toBeGreaterThan(0);
  expect(report.missingPieces).toBeLessThan(report.pieces);
  expect(received.all("partial")[0]?.reason).toBe("deadline");
  expect(sent.all("partial")[0]?.missingPieces).toBe(report.missingPieces);
});

test("without repair, missing bytes of a plain file are reported as ranges", async () => {
  const [from, out] = [folder(), folder()];
  const picture = join(from, "cup.jpg");
  await writePicture(picture, 600, 400);
  const { received, ticket } = await receiver(out, "--once", "--no-repair");
  const sent = sender(picture, ticket, "--mode", "file", "--drop", "0.5");
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([3, 3]);
  const report = JSON.parse(readFileSync(join(out, "cup.report.json"), "utf8")) as PartialReport;
  const holes = report.holes ?? [];
  expect(holes.length).toBeGreaterThan(0);
  expect(holes.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(report.missingBytes);
  expect(report).toMatchObject({ mode: "file", width: 0, pixels: 0, regions: [] });
  expect(report.bytes).toBe(readFileSync(picture).length);
});
