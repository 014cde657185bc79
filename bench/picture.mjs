#!/usr/bin/env node
import { mkdtempSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { readArguments, seconds, text, whole } from "./arguments.mjs";
import { nameOf } from "./grid.mjs";
import { byTcp, congestionControls } from "./peers.mjs";
import { plot } from "./plot.mjs";
import { eventNamed, Program, within } from "./program.mjs";
import {
  LACUNA,
  load,
  machineFacts,
  median,
  needBuild,
  printTable,
  record,
  rounded,
} from "./record.mjs";
import { findRig, Rig } from "./rig.mjs";
import { scratchFolder } from "./scratch.mjs";
import { MARKS_DB, readLog, shownOverTime, timesTo } from "./shown.mjs";

const HELP = `usage: node bench/picture.mjs [options]

Sends pictures over 100 Mbit/s with an RTT of 40 ms and 5 % loss, and tells how good the picture is that the receiver can
show, against the time since the sender's first datagram: PSNR of exact pixels, preview and concealment, against the original.
All of it is worked out from the receiver's event log.

The link is the one of \`link\` where it can be made (LINK_EMULATOR, see there); else datagrams go through \`lacuna link\`.

  --files LIST     pictures, with commas between them (default: the demo's)
  --runs N         runs of each; the median is told (default 3)
  --step MS        between two looks at the picture (default 20)
  --give-up S      a transfer is given up after so many seconds (default 60)
  --svg FILE       draw the quality over time
  --json FILE      write every run down, with the machine`;

const DEMO = fileURLToPath(new URL("../assets/demo.png", import.meta.url));
const LINK = { rateMbit: 100, rttMs: 40, loss: 0.05, burst: 1 };
const PORT = 7316;

const options = readArguments(HELP, {
  files: (given) => given?.split(",") ?? [DEMO],
  runs: whole(3),
  step: whole(20),
  "give-up": seconds(60),
  svg: text(undefined),
});
needBuild();
const link = findRig();
const folder = scratchFolder();
const loadBefore = load();
const cells = [];
for (const file of options.files) cells.push(await measure(file));
print();
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
const how = { link: nameOf(LINK), relay: link === undefined, runs: options.runs };
// The plot has the points.
const figures = cells.map(({ points: _, ...cell }) => cell);
record(options.json, { bench: "picture", machine, ...how, stepMs: options.step, cells: figures });
if (options.svg !== undefined) {
  writeFileSync(options.svg, plot(cells.map((cell) => ({ ...cell, name: cell.file }))));
}
process.exit(0);

async function measure(file) {
  const original = await sharp(file).removeAlpha().toColourspace("srgb").raw().toBuffer();
  const runs = [];
  for (let seed = 1; seed <= options.runs; seed += 1) {
    const run = await onLink(seed, (ends) => transfer(file, ends));
    const { log, startMs, ...facts } = run;
    const shown = await shownOverTime(log, original, startMs, options.step);
    runs.push({ seed, ...facts, ...shown, seconds: timesTo(shown.points) });
    console.error(`${basename(file)}: ${MARKS_DB} dB at ${runs.at(-1).seconds} s`);
  }
  // What never was is later than everything.
  const middle = (read) => {
    const value = median(runs.map((run) => read(run) ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(value) ? value : undefined;
  };
  const times = MARKS_DB.map((_, i) => middle((run) => run.seconds[i]));
  const typical = runs.find((run) => run.seconds.at(-1) === times.at(-1)) ?? runs[0];
  const tcp = link && (await onLink(1, (ends) => tcpSeconds(file, ends)));
  return {
    file: basename(file),
    seconds: Object.fromEntries(MARKS_DB.map((mark, i) => [`${mark} dB`, times[i]])),
    exactSeconds: middle((run) => run.exactSeconds),
    verifiedSeconds: middle((run) => run.verifiedSeconds),
    ...(tcp && { tcpBbrSeconds: tcp }),
    runs: runs.map(({ points: _, seconds: marks, ...run }) => ({ ...run, marks: marks.join(" ") })),
    points: typical.points,
  };
}

/** Does the work over a link of its own: two ends with an address each. */
async function onLink(seed, work) {
  if (link === undefined) return overRelay(seed, work);
  const rig = await Rig.open(link, LINK, seed);
  try {
    const address = `${rig.address.b}:${PORT}`;
    return await work({ rig, from: rig.at("a"), to: rig.at("b"), listen: address, goal: address });
  } finally {
    await rig.close();
  }
}

async function overRelay(seed, work) {
  const [listen, goal] = ["127.0.0.1:7316", "127.0.0.1:7317"];
  const { rateMbit, rttMs, loss } = LINK;
  const faults = { "--rate": rateMbit, "--delay": rttMs / 2, "--loss": loss, "--seed": seed };
  const flags = ["--listen", goal, "--to", listen, ...Object.entries(faults).flat().map(String)];
  const relay = new Program([process.execPath, LACUNA, "link", ...flags, "--json"]);
  try {
    await relay.first(eventNamed("listening"));
    return await work({ from: [], to: [], listen, goal });
  } finally {
    await relay.stop();
  }
}

/** Sends a picture; returns the receiver's event log, and when the sender's first datagram left. */
async function transfer(file, { from, to, listen, goal }) {
  const place = mkdtempSync(join(folder, "run-"));
  const log = join(place, "events.jsonl");
  const lacuna = (at, ...args) =>
    new Program([...at, process.execPath, LACUNA, ...args, "--json"], { LACUNA_STATE_DIR: place });
  const flags = ["--listen", listen, "--out", place, "--once", "--no-view", "--event-log", log];
  const receiver = lacuna(to, "receive", ...flags);
  let sender;
  try {
    await receiver.first(eventNamed("listening"));
    sender = lacuna(from, "send", file, "--to", goal);
    const done = sender.first((line) => {
      const complete = eventNamed("complete")(line);
      return complete && { ...complete, heardMs: performance.timeOrigin + performance.now() };
    });
    const complete = await within(options["give-up"], done);
    if (complete === undefined) throw new Error(`given up after ${options["give-up"]} s`);
    await receiver.ended;
    const lines = readLog(log);
    const { startedMs } = lines[0];
    const offer = lines.find(({ event }) => event === "offer");
    // Two ways to tell; each can only be late, by a lost datagram or by a slow pipe.
    const cameMs = startedMs + (offer.t - offer.seconds) * 1_000 - LINK.rttMs / 2;
    const startMs = Math.min(cameMs, complete.heardMs - complete.seconds * 1_000);
    const { seconds: verifiedSeconds, wireBytes, payloadBytes } = complete;
    return { log: lines, startMs, mode: offer.mode, verifiedSeconds, wireBytes, payloadBytes };
  } finally {
    await Promise.all([receiver.stop(), sender?.stop()]);
  }
}

/** Of the whole file by TCP with BBR; undefined when this kernel has none. */
async function tcpSeconds(file, { rig, from, to }) {
  if (!congestionControls().includes("bbr")) return undefined;
  rig.congestionControl("bbr");
  const address = rig.address.b;
  const run = await byTcp({ from, to, address, file, giveUpSeconds: options["give-up"] });
  return run && rounded(run.seconds);
}

function print() {
  const time = (value) => (Number.isFinite(value) ? `${value.toFixed(2)} s` : "–");
  const head = [
    "picture",
    ...MARKS_DB.map((mark) => `${mark} dB`),
    "exact",
    "verified",
    "TCP BBR, whole file",
  ];
  const rows = cells.map((cell) => [
    cell.file,
    ...Object.values(cell.seconds).map(time),
    time(cell.exactSeconds),
    time(cell.verifiedSeconds),
    time(cell.tcpBbrSeconds),
  ]);
  printTable(head, rows);
}
