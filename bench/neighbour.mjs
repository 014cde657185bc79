#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments, seconds, someOf } from "./arguments.mjs";
import { lacunaFlow, pause, tcpFlow } from "./flows.mjs";
import { Program } from "./program.mjs";
import { load, machineFacts, printTable, record, rounded } from "./record.mjs";
import { needRig, Rig } from "./rig.mjs";
import { scratchFolder } from "./scratch.mjs";

const HELP = `usage: LINK_EMULATOR=PROGRAM node bench/neighbour.mjs [options]

What Lacuna leaves to others on a link of 50 Mbit/s with a round trip of 40 ms and no random loss: beside a TCP CUBIC flow, beside
another of its own, to a ping, and with --polite. It makes its own network namespaces and removes them; that needs root and
ip, and netem or LINK_EMULATOR as bench/link.mjs does.

  --only LIST     of cubic, pair, ping, polite (default all)
  --seconds S     length of each measurement (default 30)
  --json FILE     write the figures down, with the machine`;

const LINK = { rateMbit: 50, rttMs: 40, loss: 0, burst: 1, products: 1 };
const [PORT, OTHER_PORT] = [7316, 7317];
/** What the link carries meanwhile, and as much again. */
const FILE_SHARE = 2;

const MEASURES = { cubic: besideCubic, pair: besideItself, ping: besideAPing, polite: politely };

const options = readArguments(HELP, { only: someOf(Object.keys(MEASURES)), seconds: seconds(30) });
const link = needRig(HELP);
const folder = scratchFolder();
const file = join(folder, "long.bin");
writeFileSync(file, "");
truncateSync(file, Math.ceil((FILE_SHARE * options.seconds * LINK.rateMbit * 1e6) / 8));

const loadBefore = load();
const results = {};
for (const name of options.only) {
  results[name] = await MEASURES[name]();
  console.error(`${name}: ${JSON.stringify(results[name])}`);
}
print();
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
record(options.json, {
  bench: "neighbour",
  machine,
  link: LINK,
  seconds: options.seconds,
  results,
});
process.exit(0);

async function besideCubic() {
  const [lacuna, cubic] = await together(LINK, [lacunaAt(PORT), (rig) => tcpFlow(rig, OTHER_PORT)]);
  return { lacuna, cubic };
}

async function besideItself() {
  const [first, second] = await together(LINK, [lacunaAt(PORT), lacunaAt(OTHER_PORT)]);
  const index = (first + second) ** 2 / (2 * (first ** 2 + second ** 2));
  return { first, second, jain: rounded(index, 4) };
}

async function politely() {
  const cubic = (rig) => tcpFlow(rig, OTHER_PORT);
  const [alone] = await together(LINK, [cubic]);
  const [beside, polite] = await together(LINK, [cubic, lacunaAt(PORT, ["--polite"])]);
  return { cubicAlone: alone, cubicBeside: beside, polite, left: rounded(beside / alone) };
}

/** Round trips of a ping through a queue of two products, idle and while Lacuna sends. */
async function besideAPing() {
  if (spawnSync("ping", ["-V"]).status !== 0) return { missing: "ping" };
  const row = { ...LINK, products: 2 };
  return onRig(row, async (rig) => {
    const idle = await pings(rig, Math.min(5, options.seconds));
    const flow = await lacunaAt(PORT)(rig);
    try {
      await flow.moves();
      const busy = await pings(rig, options.seconds);
      const [idleMs, busyMs] = [quantile(idle, 0.5), quantile(busy, 0.95)];
      return { idleMs, p95Ms: busyMs, ratio: rounded(busyMs / idleMs), pings: busy.length };
    } finally {
      await flow.stop();
    }
  });
}

/** Starts Lacuna on a rig. */
function lacunaAt(port, flags = []) {
  return (rig) => lacunaFlow(rig, port, { file, folder, flags });
}

/** What each of several flows brings over one link while all of them send, as a share of its rate. */
function together(row, starts) {
  return onRig(row, async (rig) => {
    rig.congestionControl("cubic");
    const flows = await Promise.all(starts.map((start) => start(rig)));
    try {
      await Promise.all(flows.map((flow) => flow.moves()));
      const startMs = performance.now();
      await pause(options.seconds * 1_000);
      const endMs = performance.now();
      const wholeBytes = ((endMs - startMs) * row.rateMbit * 1_000) / 8;
      return flows.map((flow) =>
        rounded((flow.bytesAt(endMs) - flow.bytesAt(startMs)) / wholeBytes),
      );
    } finally {
      await Promise.all(flows.map((flow) => flow.stop()));
    }
  });
}

async function onRig(row, measure) {
  const rig = await Rig.open(link, row, 1);
  try {
    return await measure(rig);
  } finally {
    await rig.close();
    for (const port of [PORT, OTHER_PORT]) {
      rmSync(join(folder, `out-${port}`), { recursive: true, force: true });
    }
  }
}

/** Round-trip times of five pings a second, in milliseconds. */
async function pings(rig, forSeconds) {
  const flags = ["-n", "-i", "0.2", "-w", String(Math.ceil(forSeconds)), rig.address.b];
  const program = new Program([...rig.at("a"), "ping", ...flags]);
  const times = [];
  const note = (line) => {
    const [, ms] = /time=([\d.]+) ms/.exec(line) ?? [];
    if (ms !== undefined) times.push(Number(ms));
    return undefined;
  };
  program.first(note).catch(() => undefined);
  await program.ended;
  if (times.length === 0) throw new Error(`no ping came back: ${program.errors}`);
  return times;
}

function quantile(values, share) {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function print() {
  const percent = (share) => `${(share * 100).toFixed(1)} %`;
  const rows = {
    cubic: ({ lacuna, cubic }) => [
      "Lacuna and one TCP CUBIC",
      `${percent(lacuna)} and ${percent(cubic)} of the link`,
      "each at least 25 %",
    ],
    pair: ({ first, second, jain }) => [
      "two of Lacuna",
      `${percent(first)} and ${percent(second)}: Jain's index ${jain.toFixed(3)}`,
      "at least 0.95",
    ],
    ping: ({ missing, idleMs, p95Ms, ratio }) => [
      "a ping beside Lacuna, queue of two products",
      missing ? "ping is not installed" : `p95 ${p95Ms} ms, idle ${idleMs} ms: ${ratio.toFixed(2)}`,
      "at most 1.6",
    ],
    polite: ({ cubicAlone, cubicBeside, polite, left }) => [
      "TCP CUBIC beside --polite",
      `${percent(cubicBeside)} (alone ${percent(cubicAlone)}, polite ${percent(polite)}): ${percent(left)}`,
      "at least 90 %",
    ],
  };
  const told = Object.entries(results).map(([name, result]) => rows[name](result));
  printTable(["beside each other", "measured", "goal"], told);
}
