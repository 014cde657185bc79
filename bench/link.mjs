#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { boundSeconds, chosenRows, FILE_BYTES, nameOf } from "./grid.mjs";
import { byLacuna, byTcp } from "./peers.mjs";
import {
  load,
  machineFacts,
  median,
  needBuild,
  printTable,
  record,
  rounded,
  usageError,
} from "./record.mjs";
import { Rig } from "./rig.mjs";

const HELP = `usage: LINK_EMULATOR=PROGRAM node bench/link.mjs [options]

Sends 10 MB of random bytes over emulated links, by Lacuna and by TCP, and prints a table: seconds taken over the bound
bytes * 8 / (rate * (1 - loss)) + RTT. It makes its own network namespaces and removes them; that needs root and ip.

  --rows 0,2       only these rows of the table, counted from 0
  --runs N         runs of each cell; the median is told (default 3)
  --peers LIST     of lacuna, bbr, cubic (default all)
  --give-up S      a transfer is given up after so many seconds, and not tried again in its row (default 60)
  --json FILE      write every run down, with the machine

LINK_EMULATOR names a program that connects two namespaces by a link. It is called with --ns-a NAME --ns-b NAME
--rate MBIT --delay MS (one way) --loss SHARE --burst N --queue KB --seed N, gives the ends 10.77.0.1 and
10.77.0.2, prints "ready", and ends at SIGTERM.`;

const PEERS = { lacuna: "Lacuna", bbr: "TCP BBR", cubic: "TCP CUBIC" };
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
};

const options = readArguments();
const emulator = needRig();
const folder = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "noise.bin");
writeFileSync(file, randomBytes(FILE_BYTES));

const loadBefore = load();
const cells = [];
for (const row of options.rows) {
  for (const peer of options.peers) cells.push(await measure(row, peer));
}
print();
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
const asked = { runs: options.runs, giveUpSeconds: options.giveUp };
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
    ? { moreThan: rounded(options.giveUp / bound) }
    : Object.fromEntries(told.map((key) => [key, middle(key)]));
  console.error(`${link}: ${PEERS[peer]} ${JSON.stringify(ratios)}`);
  return { link, peer, boundSeconds: rounded(bound, 4), ratios, runs };
}

async function measureOnce(row, peer, seed) {
  const rig = await Rig.open(emulator, row, seed);
  try {
    const ends = { from: rig.at("a"), to: rig.at("b"), address: rig.address.b };
    const way = { ...ends, file, giveUpSeconds: options.giveUp };
    if (peer === "lacuna") return { seed, ...(await lacunaTwice(way)) };
    rig.congestionControl(peer);
    return { seed, ...((await byTcp(way)) ?? { gaveUp: true }) };
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

/** The emulator; ends with status 2 and says what is missing when this machine cannot be used. */
function needRig() {
  needBuild();
  const program = process.env.LINK_EMULATOR;
  if (!program)
    usageError(`LINK_EMULATOR is not set: it names the program that makes the link\n\n${HELP}`);
  if (process.getuid?.() !== 0) usageError("making network namespaces needs root");
  if (spawnSync("ip", ["netns", "list"]).status !== 0) {
    usageError("`ip netns` does not work here: install iproute2");
  }
  return program;
}

/** The peers asked for, without those whose congestion control this kernel does not have. */
function readPeers(text) {
  const names = text.split(",");
  for (const name of names) {
    if (!(name in PEERS)) throw new Error(`--peers takes ${Object.keys(PEERS).join(", ")}`);
  }
  let known = "";
  try {
    known = readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8");
  } catch {
    // Not Linux: TCP's congestion control cannot be chosen.
  }
  return names.filter((name) => {
    const there = name === "lacuna" || known.trim().split(" ").includes(name);
    if (!there) console.error(`${PEERS[name]} is left out: this kernel does not have it`);
    return there;
  });
}

function readArguments() {
  const types = {
    rows: { type: "string" },
    runs: { type: "string", default: "3" },
    peers: { type: "string", default: "lacuna,bbr,cubic" },
    "give-up": { type: "string", default: "60" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  };
  try {
    const { values } = parseArgs({ options: types });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const [runs, giveUp] = [Number(values.runs), Number(values["give-up"])];
    if (!(Number.isSafeInteger(runs) && runs > 0)) throw new Error("--runs takes a whole number");
    if (!(giveUp > 0)) throw new Error("--give-up takes a number of seconds");
    const rows = chosenRows(values.rows);
    return { rows, runs, giveUp, peers: readPeers(values.peers), json: values.json };
  } catch (error) {
    return usageError(`${error.message}\n\n${HELP}`);
  }
}
