#!/usr/bin/env node
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { readArguments, text, whole } from "./arguments.mjs";
import { dist, machineFacts, median, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/jpeg.mjs --images PATH[,PATH...] [options]

JPEG files in pieces of their own bytes: what pieces and tables take beyond the file, how full pieces are, how fast one
thread cuts and decodes, by processor time. What is put together must be the file, and what is shown must be what libjpeg
shows, each sample within 1. Files of rare kinds are counted with the reason.

  --images LIST   files, or folders whose JPEG files are taken, at any depth
  --bytes N       the longest piece (default 1150)
  --rounds N      how often each is cut; the shortest time counts (default 3)
  --json FILE     write the figures down, with the machine`;

const options = readArguments(HELP, { images: text(""), bytes: whole(1_150), rounds: whole(3) });
needBuild();
const { openJpeg } = await dist("jpeg/cut.js");
const { JpegAssembler } = await dist("jpeg/assembler.js");
const { JpegPicture } = await dist("jpeg/picture.js");
const files = options.images.split(",").filter(Boolean).flatMap(jpegsAt);
if (files.length === 0) {
  console.error(HELP);
  process.exit(2);
}

const figures = [];
const unusual = {};
for (const file of files) {
  const bytes = new Uint8Array(readFileSync(file));
  const seconds = [];
  let cut;
  for (let round = 0; round < options.rounds; round += 1) {
    const start = process.cpuUsage();
    cut = openJpeg(bytes, options.bytes);
    seconds.push(secondsSince(start));
  }
  if (cut.unusual !== undefined) unusual[cut.unusual] = (unusual[cut.unusual] ?? 0) + 1;
  else figures.push(await figuresOf(file, bytes, cut, Math.min(...seconds)));
}
print();
record(options.json, {
  bench: "jpeg",
  machine: machineFacts(),
  pieceBytes: options.bytes,
  unusual,
  figures,
});
process.exitCode = figures.every(({ exact, worst }) => exact && worst <= 1) ? 0 : 1;

async function figuresOf(file, bytes, cut, cutSeconds) {
  const pieces = Array.from({ length: cut.pieceCount }, (_, number) => cut.piece(number));
  const sent = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { picture, seconds } = shown(cut, pieces);
  return {
    file,
    bytes: bytes.length,
    pixels: cut.width * cut.height,
    progressive: cut.progressive,
    pieces: pieces.length,
    overhead: rounded((sent + cut.tables.length) / bytes.length - 1, 5),
    fill: rounded(sent / pieces.length / options.bytes),
    cutMBytes: rounded(bytes.length / cutSeconds / 1e6, 1),
    decodeMpixels: rounded((cut.width * cut.height) / seconds / 1e6, 1),
    exact: Buffer.compare(assembled(cut, pieces), bytes) === 0,
    worst: await worstDifference(bytes, cut, picture),
  };
}

function assembled(cut, pieces) {
  const assembler = JpegAssembler.of(cut.tables);
  const file = new Uint8Array(assembler.fileBytes);
  const parts = [...assembler.parts, ...pieces.flatMap((piece) => assembler.partsOf(piece))];
  for (const { offset, bytes } of parts) file.set(bytes, offset);
  return file;
}

function shown(cut, pieces) {
  const picture = JpegPicture.of(cut.tables, { bytesMax: Number.POSITIVE_INFINITY });
  const start = process.cpuUsage();
  pieces.forEach((piece, number) => {
    if (picture.place(piece, number) === undefined) throw new Error(`piece ${number} is refused`);
  });
  const { width, height, channels } = picture;
  const pixels = new Uint8Array(width * height * channels);
  picture.render({ x: 0, y: 0, width, height }, pixels);
  return { picture: pixels, seconds: secondsSince(start) };
}

/** Of any sample from libjpeg's; inks are compared as the colours that they give. */
async function worstDifference(bytes, cut, pixels) {
  const image = sharp(bytes, { ignoreIcc: true, limitInputPixels: false });
  if (cut.channels === 4) image.pipelineColourspace("cmyk");
  const space = { 1: "b-w", 3: "srgb", 4: "cmyk" }[cut.channels];
  const expected = await image.toColourspace(space).raw().toBuffer();
  let worst = 0;
  for (let i = 0; i < pixels.length; i += 1) {
    const pixel = 4 * Math.floor(i / 3);
    const wanted =
      cut.channels < 4
        ? expected[i]
        : Math.round(((255 - expected[pixel + (i % 3)]) * (255 - expected[pixel + 3])) / 255);
    worst = Math.max(worst, Math.abs(pixels[i] - wanted));
  }
  return worst;
}

function print() {
  const kinds = [figures.filter((f) => !f.progressive), figures.filter((f) => f.progressive)];
  const rows = kinds.map((some, i) => {
    const overheads = some.map(({ overhead }) => 100 * overhead);
    const mean = overheads.reduce((sum, share) => sum + share, 0) / some.length;
    return [
      ["sequential", "progressive"][i],
      some.length,
      some.filter(({ exact, worst }) => exact && worst <= 1).length,
      rounded(mean, 2),
      rounded(Math.max(...overheads), 2),
      rounded(median(some.map(({ fill }) => fill)), 3),
      median(some.map(({ cutMBytes }) => cutMBytes)),
      median(some.map(({ decodeMpixels }) => decodeMpixels)),
    ];
  });
  const head = [
    "files",
    "count",
    "exact",
    "overhead %",
    "most",
    "fill",
    "cut MB/s",
    "decode Mpx/s",
  ];
  printTable(
    head,
    rows.filter(([, count]) => count > 0),
  );
  for (const [reason, count] of Object.entries(unusual)) console.log(`${count} with ${reason}`);
}

function jpegsAt(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => join(path, name));
}

function secondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
