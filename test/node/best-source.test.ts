import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { bytesPerSecond } from "../../src/base/units.js";
import { JpegAssembler } from "../../src/jpeg/assembler.js";
import { JpegPicture } from "../../src/jpeg/picture.js";
import { type CodingOptions, openSource, type Source } from "../../src/node/sending/source.js";
import { type Content, type Manifest, previewOf } from "../../src/wire/manifest.js";
import { expectSame, imageOf, noise, testFolder } from "./pictures.js";

async function open(
  bytes: Uint8Array,
  options: Partial<CodingOptions> = {},
): Promise<Source<Manifest>> {
  const path = join(testFolder(), "picture");
  writeFileSync(path, bytes);
  const source = await openSource(path, { mode: "auto", coding: "coded", ...options });
  onTestFinished(() => source.close());
  await source.complete;
  return source;
}

/** A photograph, nearly: slopes under some noise. */
function scene(width: number, height: number, channels: 1 | 3 = 3) {
  const samples = noise({ width, height, channels, bits: 8 });
  samples.raster.forEach((value, at) => {
    const x = Math.floor(at / channels) % width;
    samples.raster[at] = ((x * 180) / width + (value & 31)) & 255;
  });
  return imageOf(samples);
}

function contentOf<Kind extends Content["mode"]>(
  source: Source<Manifest>,
  mode: Kind,
): Content & { readonly mode: Kind } {
  const { content } = source.manifest;
  if (content.mode !== mode) throw new Error(`sent as ${content.mode}: ${source.why}`);
  return content as Content & { readonly mode: Kind };
}

function piecesOf(source: Source<Manifest>): Uint8Array[] {
  return Array.from({ length: source.manifest.pieceCount ?? 0 }, (_, piece) => {
    const bytes = new Uint8Array(source.pieceLength(piece));
    expect(source.readPiece(piece, bytes, 0)).toBe(bytes.length);
    expect(bytes.length).toBeLessThanOrEqual(source.manifest.pieceBytes);
    return bytes;
  });
}

/** Each piece of the preview must show something. */
function expectPreview(source: Source<Manifest>): number {
  const preview = previewOf(source.manifest.content);
  const shown = JpegPicture.of(preview?.tables ?? new Uint8Array(), { bytesMax: 10_000_000 });
  if (preview === undefined || shown === undefined) throw new Error("there is no preview");
  const pieces = piecesOf(source).slice(0, preview.pieces);
  for (const piece of pieces) expect(shown.place(piece)?.shown).not.toHaveLength(0);
  expect(Buffer.concat(pieces).length).toBe(source.supply.previewBytes);
  return preview.pieces;
}

const JPEGS = {
  "4:2:0": () => scene(400, 300).jpeg(),
  "4:4:4": () => scene(400, 300).jpeg({ chromaSubsampling: "4:4:4" }),
  gray: () => scene(500, 400, 1).jpeg({ quality: 95 }),
  CMYK: () => scene(300, 200).toColourspace("cmyk").jpeg({ quality: 95 }),
};

test.each(Object.entries(JPEGS))(
  "a JPEG file (%s) goes as one, and its pieces are the file again",
  async (_, make) => {
    const file = await make().withIccProfile("p3").toBuffer();
    const source = await open(file);
    const content = contentOf(source, "jpeg");
    const ahead = expectPreview(source);
    expect(source.facts).toMatchObject({ mode: "jpeg", bytes: file.length });
    expect(Buffer.from(source.manifest.digest)).toEqual(createHash("sha256").update(file).digest());
    const assembler = JpegAssembler.of(content.tables);
    if (assembler === undefined) throw new Error("the tables are refused");
    const copy = new Uint8Array(assembler.fileBytes);
    const exact = piecesOf(source).slice(ahead);
    for (const part of assembler.parts) copy.set(part.bytes, part.offset);
    for (const piece of exact) {
      for (const { bytes, offset } of assembler.partsOf(piece) ?? []) copy.set(bytes, offset);
    }
    expectSame(copy, file);
    expect(source.supply.exactBytes).toBe(Buffer.concat(exact).length);
  },
);

test("a JPEG file that is damaged goes as a plain file and says why; what is no JPEG is refused as one", async () => {
  const file = await scene(400, 300).jpeg().toBuffer();
  const damaged = file.subarray(0, file.length / 2);
  for (const mode of ["auto", "jpeg"] as const) {
    const source = await open(damaged, { mode });
    expect(source.facts).toMatchObject({ mode: "file", bytes: damaged.length });
    expect(source.notes[0]).toMatch(/^sent as a plain file: a JPEG file with /);
  }
  const png = await scene(40, 30).png().toBuffer();
  await expect(open(png, { mode: "jpeg" })).rejects.toMatchObject({ code: "LACUNA_NOT_AN_IMAGE" });
});

test("a JPEG file that does not fit into memory goes as a plain file", async () => {
  const source = await open(await scene(400, 300).jpeg().toBuffer(), { memoryMb: 110 });
  expect(source.facts.mode).toBe("file");
  expect(source.notes[0]).toContain("does not fit into memory");
});

test("who withholds odd rows gets pixels, of a JPEG file too", async () => {
  const source = await open(await scene(400, 300).jpeg().toBuffer(), { fields: 2 });
  expect(contentOf(source, "coded").fields).toBe(2);
});

test("a picture whose file takes fewer bytes than its pixels goes as that, behind a preview", async () => {
  // Noise that JPEG's heirs keep only in part.
  const samples = noise({ width: 300, height: 200, channels: 3, bits: 8 });
  const file = await imageOf(samples).webp({ quality: 50 }).toBuffer();
  const source = await open(file);
  const content = contentOf(source, "file");
  expect(content).toMatchObject({ bytes: file.length, picture: { width: 300, height: 200 } });
  expect(source.why).toMatch(/its \d+ bytes are fewer than the \d+ that its pixels take/);
  const ahead = expectPreview(source);
  const exact = Buffer.concat(piecesOf(source).slice(ahead));
  expectSame(exact, file);
  expect(source.supply.exactBytes).toBe(file.length);
});

test("a file that goes as it was asked for has a preview if it holds a picture, and none otherwise", async () => {
  const picture = await open(await scene(200, 150).png().toBuffer(), { mode: "file" });
  expectPreview(picture);
  const data = await open(new Random(3).bytes(50_000), { mode: "file" });
  expect(contentOf(data, "file")).toEqual({ mode: "file", bytes: 50_000 });
  for (const { notes } of [picture, data]) expect(notes).toEqual([]);
});

test("a PNG goes as coded pixels, and what is no picture as a plain file", async () => {
  contentOf(await open(await scene(200, 150).png({ compressionLevel: 0 }).toBuffer()), "coded");
  const text = await open(Buffer.from("not a picture"));
  expect(contentOf(text, "file")).toEqual({ mode: "file", bytes: 13 });
  expect(text.notes[0]).toMatch(/plain file.*not a picture/);
});

test("where the path carries pixels faster than they can be coded, they go as they are", async () => {
  const png = await scene(200, 150).png({ compressionLevel: 0 }).toBuffer();
  const fast = await open(png, { pathRate: bytesPerSecond(1_000_000_000) });
  contentOf(fast, "pixels");
  expect(fast.why).toContain("the path carried 8000 Mbit/s");
  contentOf(await open(png, { pathRate: bytesPerSecond(1_000_000) }), "coded");
});
