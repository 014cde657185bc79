#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import sharp from "sharp";
import { readArguments, text, whole } from "./arguments.mjs";
import { machineFacts, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/codec.mjs --images PATH[,PATH...] [options]

The bytes of coded pieces (heads and the manifest's tables included) against the best PNG that sharp makes (level 9, with
and without filters, and the file itself), lossless WebP (effort 6) and, where cjxl is installed, lossless JPEG XL; and how
fast one thread codes and decodes, by processor time. Fill is the bytes of all pieces, heads included, by what as many of the
longest would hold. Every piece is decoded alone, and the picture must come out exactly.

  --images LIST   files, or folders of PNG, TIFF and WebP files
  --bytes N       the longest piece (default 1150)
  --rounds N      how often each is coded; the shortest time counts (default 3)
  --json FILE     write the figures down, with the machine`;

/** Ours: the fill of pictures with more tells of how they are cut. */
const FEW_PIECES = 5;

const options = readArguments(HELP, { images: text(""), bytes: whole(1_150), rounds: whole(3) });
needBuild();
const { codePicture, readPicture } = await import("./coded.mjs");
const files = options.images.split(",").filter(Boolean).flatMap(picturesAt);
if (files.length === 0) {
  console.error(HELP);
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const figures = [];
for (const file of files) {
  const picture = await readPicture(file);
  const { width, height, channels, bits } = picture.shape;
  const coded = codePicture(picture, options.bytes, options.rounds);
  const others = await othersOf(file, picture);
  figures.push({
    image: basename(file),
    width,
    height,
    channels,
    bits,
    ...others,
    ...coded,
    fill: rounded(coded.fill),
    seconds: Object.fromEntries(
      Object.entries(coded.seconds).map(([name, value]) => [name, rounded(value, 4)]),
    ),
  });
  console.error(
    `${basename(file)}: ${coded.bytes} bytes, ${rounded(coded.bytes / others.png)} of PNG`,
  );
}
print();
record(options.json, {
  bench: "codec",
  machine: machineFacts(),
  pieceBytes: options.bytes,
  figures,
});

function picturesAt(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.(png|tiff?|webp)$/i.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** What others make of the same pixels, in bytes. */
async function othersOf(file, { shape, bytes, fileBytes }) {
  const { width, height, channels, bits } = shape;
  const samples = bits === 16 ? new Uint16Array(new Uint8Array(bytes).buffer) : bytes;
  const pixels = sharp(samples, { raw: { width, height, channels }, limitInputPixels: false });
  const space = channels < 3 ? (bits === 16 ? "grey16" : "b-w") : bits === 16 ? "rgb16" : "srgb";
  const exact = pixels.toColourspace(space);
  const sizes = [fileBytes ?? Number.POSITIVE_INFINITY];
  for (const adaptiveFiltering of [true, false]) {
    const made = await exact.clone().png({ compressionLevel: 9, adaptiveFiltering }).toBuffer();
    sizes.push(made.length);
  }
  const png = Math.min(...sizes);
  return { png, webp: await webpOf(exact, shape), jxl: await jxlOf(file, exact) };
}

/** WebP has 8 bits and at most 16,383 pixels a side; of gray it keeps the three colours that are alike. */
async function webpOf(exact, { width, height, bits }) {
  if (bits === 16 || Math.max(width, height) > 16_383) return undefined;
  const lossless = { lossless: true, effort: 6, quality: 100, exact: true };
  return (await exact.clone().webp(lossless).toBuffer()).length;
}

async function jxlOf(file, exact) {
  const source = join(scratch, "in.png");
  const target = join(scratch, "out.jxl");
  await exact.clone().png({ compressionLevel: 1 }).toFile(source);
  const { status } = spawnSync("cjxl", [source, target, "-d", "0", "-e", "7"]);
  if (status === 0) return statSync(target).size;
  if (status !== null) console.error(`cjxl fails for ${file}`);
  return undefined;
}

function print() {
  const speed = ({ width, height }, seconds) => rounded((width * height) / seconds / 1e6, 1);
  const against = (figure, other) =>
    figure[other] === undefined ? "–" : rounded(figure.bytes / figure[other]);
  printTable(
    ["image", "bytes", "of PNG", "of WebP", "of JXL", "fill", "encode", "decode", "by"],
    figures.map((figure) => [
      figure.image,
      figure.bytes,
      ...["png", "webp", "jxl"].map((other) => against(figure, other)),
      figure.fill,
      speed(figure, figure.seconds.encode),
      speed(figure, figure.seconds.decode),
      figure.note,
    ]),
  );
  for (const other of ["png", "webp", "jxl"]) {
    const known = figures.filter((figure) => figure[other] !== undefined);
    const logs = known.map((figure) => Math.log(figure.bytes / figure[other]));
    const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    console.log(`geometric mean of ${known.length} against ${other}: ${rounded(mean, 4)}`);
  }
  printFill();
}

/** Pictures of few pieces cannot fill them: a single one is as full as the picture is large. */
function printFill() {
  const sum = (some, of) => some.reduce((total, figure) => total + of(figure), 0);
  const mean = (some) => rounded(sum(some, ({ fill }) => fill) / some.length);
  const many = figures.filter(({ pieces }) => pieces > FEW_PIECES);
  const together =
    sum(figures, ({ bytes, tables }) => bytes - tables) / sum(figures, ({ pieces }) => pieces);
  console.log(
    `pieces are filled to ${mean(figures)} on the average of ${figures.length} pictures,`,
  );
  console.log(`${mean(many)} of the ${many.length} with more than ${FEW_PIECES} pieces,`);
  console.log(`${rounded(together / options.bytes)} of all pieces together`);
}
