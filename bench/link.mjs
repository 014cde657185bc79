#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments, seconds, someOf, whole } from "./arguments.mjs";
import { boundSeconds, chosenRows, FILE_BYTES, nameOf } from "./grid.mjs";
import { byOther, missingOf, OTHERS } from "./others.mjs";
import { byLacuna, byTcp, congestionControls } from "./peers.mjs";
import { load, machineFacts, median, printTable, record, rounded } from "./record.mjs";
import { needRig, Rig } from "./rig.mjs";
import { scratchFolder } from "./scratch.mjs";

const HELP = `usage: LINK_EMULATOR=PROGRAM node bench/link.mjs [options]

Sends 10 MB of random bytes over links with given faults, by Lacuna and by others, and prints a table: seconds taken over the
bound bytes * 8 / (rate * (1 - loss)) + RTT. It makes its own network namespaces and removes them; that needs root and ip.

  --rows 0,2       only these rows of the table, counted from 0
  --runs N         runs of each cell; the median is told (default 3)
  --peers LIST     of lacuna, bbr, cubic (TCP with that congestion control), uftp, srt, curl-bbr, curl-cubic
                   (default: all but those with curl)
  --give-up S      a transfer is given up after so many seconds, and not tried again in its row (default 60)
  --json FILE      write every run down, with the machine

Links are made by the kernel's netem and tbf where it has them. Else LINK_EMULATOR names a program that connects two namespaces by
a link. It is called with --ns-a NAME --ns-b NAME --rate MBIT --delay MS (one way) --loss SHARE --burst N
--queue KB --seed N, gives the ends 10.77.0.1 and 10.77.0.2, prints "ready", and ends at SIGTERM.`;

/** Of the table, for each peer: what stands above a column, and what stands in it. */
const COLUMNS = {
  lacuna: [
    ["Lacuna, cold", "seconds"],
    ["whole process", "wholeSeconds"],
    ["path remembered", "rememberedSeconds"],
    ["whole process", "rememberedWholeSeconds"],
  ],
  bbr: [["TCP BBR", "seconds"]],
  cubic: [["TCP CUBIC", "seconds"]],
  uftp: [["uftp, whole process", "wholeSeconds"]],
  srt: [["SRT file, whole process", "wholeSeconds"]],
  "curl-bbr": [["curl over BBR, whole process", "wholeSeconds"]],
  "curl-cubic": [["curl over CUBIC, whole process", "wholeSeconds"]],
};
const PEERS = Object.keys(COLUMNS);
const PEERS_UNLESS_TOLD = PEERS.filter((peer) => !peer.startsWith("curl"));

const options = readArguments(HELP, {
  rows: chosenRows,
  runs: whole(3),
  peers: readPeers,
  "give-up": seconds(60),
});
const giveUpSeconds = options["give-up"];
const link = needRig(HELP);
const folder = scratchFolder();
const file = join(folder, "noise.bin");
writeFileSync(file, randomBytes(FILE_BYTES));

const loadBefore = load();
const cells = [];
for (const row of options.rows) {
  for (const peer of options.peers) cells.push(await measure(row, peer));
}
print();
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
const asked = { runs: options.runs, giveUpSeconds };
record(options.json, { bench: "link", machine, fileBytes: FILE_BYTES, ...asked, cells });
process.exit(0);

/** All runs of one peer over one link. */
async function measure(row, peer) {
  const runs = [];
  while (runs.length < options.runs && !runs.some(({ gaveUp }) => gaveUp)) {
    runs.push(await measureOnce(row, peer, runs.length + 1));
  }
  const link = nameOf(row);
  const bound = boundSeconds(row);
  const middle = (key) => rounded(median(runs.map((run) => run[key])) / bound);
  const told = Object.keys(runs[0]).filter((key) => /seconds$/i.test(key));
  const ratios = runs.some(({ gaveUp }) => gaveUp)
    ? { moreThan: rounded(giveUpSeconds / bound) }
    : Object.fromEntries(told.map((key) => [key, middle(key)]));
  console.error(`${link}: ${peer} ${JSON.stringify(ratios)}`);
  return { link, peer, boundSeconds: rounded(bound, 4), ratios, runs };
}

async function measureOnce(row, peer, seed) {
  const rig = await Rig.open(link, row, seed);
  try {
    const ends = { from: rig.at("a"), to: rig.at("b"), address: rig.address.b };
    const way = { ...ends, file, giveUpSeconds };
    if (peer === "lacuna") return { seed, ...(await lacunaTwice(way)) };
    // curl-bbr is curl over TCP with BBR.
    const [name, control = name] = peer.split("-");
    if (!(name in OTHERS) || control !== name) rig.congestionControl(control);
    const place = { rig, file, rateMbit: row.rateMbit, giveUpSeconds };
    const run = name in OTHERS ? await byOther(name, place) : await byTcp(way);
    return { seed, ...(run ?? { gaveUp: true }) };
  } finally {
    await rig.close();
  }
}

/** A cold start, and then once more over the same link with what the sender remembers of it. */
async function lacunaTwice(way) {
  const state = mkdtempSync(join(folder, "state-"));
  const cold = await byLacuna({ ...way, state });
  const warm = cold && (await byLacuna({ ...way, state }));
  if (warm === undefined) return { gaveUp: true };
  const { seconds: rememberedSeconds, wholeSeconds: rememberedWholeSeconds, ...counts } = warm;
  return { ...cold, rememberedSeconds, rememberedWholeSeconds, remembered: counts };
}

function print() {
  const columns = options.peers.flatMap((peer) => COLUMNS[peer].map((column) => [peer, ...column]));
  const rows = options.rows.map((row) => [
    nameOf(row),
    `${boundSeconds(row).toFixed(3)} s`,
    ...columns.map(([peer, , key]) => {
      const { ratios } = cells.find((cell) => cell.link === nameOf(row) && cell.peer === peer);
      return key in ratios ? ratios[key].toFixed(2) : `> ${ratios.moreThan.toFixed(0)}`;
    }),
  ]);
  printTable(["link", "bound", ...columns.map(([, head]) => head)], rows);
}

/** The peers asked for, without those that this machine does not have. */
function readPeers(text, flag) {
  const names = text === undefined ? PEERS_UNLESS_TOLD : someOf(PEERS)(text, flag);
  const controls = congestionControls();
  return names.filter((peer) => {
    const [name, control = name] = peer.split("-");
    const program = name in OTHERS ? missingOf(name) : undefined;
    const unknown = peer !== "lacuna" && !(control in OTHERS) && !controls.includes(control);
    if (program === undefined && !unknown) return true;
    const why =
      program === undefined ? `this kernel has no ${control}` : `${program} is not installed`;
    console.error(`${peer} is left out: ${why}`);
    return false;
  });
}
