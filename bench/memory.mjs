#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { oneOf, readArguments, text } from "./arguments.mjs";
import { eventNamed, Program, within } from "./program.mjs";
import { LACUNA, load, machineFacts, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/memory.mjs [options]

The most memory (VmHWM of proc(5)) that each side has held while something large goes over loopback, and that \`plan\`
has held for it. Needs Linux, some minutes, and room for 9 GB in the folder.

  --only NAME    one case: file, png, tiff16, jpeg, webp or partial
  --folder DIR   where pictures are made and received (default .)
  --json FILE    write the figures down, with the machine`;

const WIDE = { width: 20_000, height: 10_000, bits: 8 };
const CASES = {
  file: { ending: "bin", what: "4 GiB file", make: (path) => sparse(path, 4 * 1024 ** 3) },
  png: { ending: "png", what: "200 Mpixel PNG", make: (path) => picture(path, WIDE, "png") },
  tiff16: {
    ending: "tiff",
    what: "100 Mpixel TIFF of 16 bits",
    make: (path) => plainTiff(path, { width: 10_000, height: 10_000, bits: 16 }),
  },
  jpeg: { ending: "jpeg", what: "200 Mpixel JPEG", make: (path) => picture(path, WIDE, "jpeg") },
  webp: {
    ending: "webp",
    what: "16 Mpixel lossless WebP",
    make: (path) => picture(path, { width: 4_000, height: 4_000, bits: 8 }, "webp"),
  },
  partial: {
    ending: "png",
    what: "200 Mpixel PNG of which a tenth never comes",
    make: (path) => picture(path, WIDE, "png"),
    sendFlags: ["--drop", "0.1"],
    receiveFlags: ["--no-repair"],
  },
};
const ENCODINGS = {
  png: { compressionLevel: 1 },
  jpeg: { quality: 85 },
  webp: { lossless: true, effort: 0 },
};
const GIVE_UP_SECONDS = 900;
const POLL_MS = 50;

const options = readArguments(HELP, { only: oneOf(Object.keys(CASES)), folder: text(".") });
needBuild();
const { writeTiff } = await import("../dist/node/pictures/tiff-file.js");
const folder = mkdtempSync(join(resolve(options.folder), "lacuna-memory-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
// What the bench itself holds does not count, but need not be much.
sharp.cache(false);

const loadBefore = load();
const figures = [];
for (const [name, one] of Object.entries(CASES)) {
  if (options.only !== undefined && options.only !== name) continue;
  const path = join(folder, `large.${one.ending}`);
  await one.make(path);
  const figure = { name, what: one.what, ...(await plan(path)), ...(await transfer(path, one)) };
  figures.push(figure);
  console.error(JSON.stringify(figure));
  rmSync(path);
}
printTable(
  ["", "pieces", "sender, MB", "receiver, MB", "plan, MB", "whole seconds"],
  figures.map((f) => [f.what, f.pieces, f.senderMb, f.receiverMb, f.planMb, f.wholeSeconds]),
);
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
record(options.json, { bench: "memory", machine, figures });
process.exit(0);

async function plan(path) {
  const peak = watched([process.execPath, LACUNA, "plan", path, "--json"]);
  const { mode, pieces, payloadBytes } = await peak.program.first(JSON.parse);
  await peak.program.ended;
  return { mode, pieces, payloadBytes, planMb: peak.mb() };
}

async function transfer(path, { sendFlags = [], receiveFlags = [] }) {
  const out = join(folder, "out");
  mkdirSync(out);
  const lacuna = (...args) => watched([process.execPath, LACUNA, ...args, "--json"]);
  const listen = ["--listen", "127.0.0.1:0", "--out", out, "--once", "--no-view"];
  const receiver = lacuna("receive", ...listen, ...receiveFlags);
  const { ticket } = await receiver.program.first(eventNamed("listening"));
  const startMs = performance.now();
  const sender = lacuna("send", path, "--to", ticket, "--no-path-memory", ...sendFlags);
  const ended = Promise.all([sender.program.ended, receiver.program.ended]);
  const codes = await within(GIVE_UP_SECONDS, ended);
  const wholeSeconds = rounded((performance.now() - startMs) / 1_000, 1);
  const wanted = receiveFlags.length > 0 ? 3 : 0;
  if (codes?.some((code) => code !== wanted) !== false) {
    throw new Error(`ended with ${codes}: ${sender.program.errors} ${receiver.program.errors}`);
  }
  rmSync(out, { recursive: true });
  return { senderMb: sender.mb(), receiverMb: receiver.mb(), wholeSeconds };
}

/** A program, and the most memory it was seen to have held so far. */
function watched(command) {
  const program = new Program(command);
  let kb = 0;
  const timer = setInterval(() => {
    kb = Math.max(kb, peakKb(program.pid));
  }, POLL_MS);
  program.ended.then(() => clearInterval(timer));
  return { program, mb: () => Math.round((kb * 1_024) / 1_000_000) };
}

/** 0 once it has ended. */
function peakKb(pid) {
  try {
    return Number(
      /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}

function sparse(path, bytes) {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

async function picture(path, shape, format) {
  const plain = `${path}.tif`;
  await plainTiff(plain, shape);
  await sharp(plain, { limitInputPixels: false, sequentialRead: true })
    .toFormat(format, ENCODINGS[format])
    .toFile(path);
  rmSync(plain);
}

async function plainTiff(path, shape) {
  const layout = { ...shape, channels: 3, colour: "rgb" };
  await writeTiff(path, layout, rows(shape), { compress: false, metadata: [] });
}

/** Slopes under a little noise, which compress about as a photograph does. */
async function* rows({ width, height, bits }) {
  const noise = randomBytes(2 ** 20);
  const samples = width * 3;
  const line = bits === 16 ? new Uint16Array(samples) : new Uint8Array(samples);
  for (let y = 0; y < height; y += 1) {
    const from = (y * 7_919) % (noise.length - samples);
    for (let i = 0; i < samples; i += 1) {
      line[i] = ((i + y) >> 4) * (bits === 16 ? 37 : 1) + (noise[from + i] & 7);
    }
    yield new Uint8Array(line.buffer);
  }
}
