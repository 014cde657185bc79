#!/usr/bin/env node
import { crc32c } from "@node-rs/crc32";
import { readArguments, whole } from "./arguments.mjs";
import { boundSeconds, chosenRows, FILE_BYTES, nameOf, queueBytes } from "./grid.mjs";
import { dist, machineFacts, median, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/simulated.mjs [options]

The links of bench/link.mjs in the simulator, in virtual time: 10 MB, seconds to the receiver's word over the bound.
The same seeds give the same figures on every machine.

  --rows 0,2      only these rows, counted from 0
  --seeds N       runs of each cell, from seed 1 on (default 10)
  --json FILE     write every run down`;

const options = readArguments(HELP, { rows: chosenRows, seeds: whole(10) });
needBuild();
const [{ simulate }, { ChecksumSealing }, { Bbr }, { NewReno }] = await Promise.all(
  ["sim/scenario.js", "sim/checksum-sealing.js", "protocol/bbr.js", "protocol/new-reno.js"].map(
    dist,
  ),
);
const sealing = new ChecksumSealing((bytes) => crc32c(bytes));
const CONTROLS = { BBR: () => new Bbr(), NewReno: () => new NewReno() };
/** What `lacuna send --mode file` puts in one datagram. */
const PIECE_BYTES = 1_150;

const cells = [];
for (const row of options.rows) {
  for (const control of Object.keys(CONTROLS)) cells.push(measure(row, control));
}
print();
record(options.json, { bench: "simulated", machine: machineFacts(), fileBytes: FILE_BYTES, cells });

/** All seeds of one congestion control over one link. */
function measure(row, control) {
  const runs = Array.from({ length: options.seeds }, (_, i) => run(row, control, i + 1));
  console.error(`${nameOf(row)}: ${control} ${runs.map(({ ratio }) => ratio).join(" ")}`);
  return { link: nameOf(row), control, runs };
}

function run(row, control, seed) {
  const link = {
    lossShare: row.loss,
    burstMean: row.burst,
    delayUs: row.rttMs * 500,
    rateBytesPerSecond: row.rateMbit * 125_000,
    queueBytes: queueBytes(row),
  };
  const outcome = simulate({
    seed,
    sealing,
    images: [{ pieceCount: Math.ceil(FILE_BYTES / PIECE_BYTES), pieceBytes: PIECE_BYTES }],
    // Two directions never share their luck.
    forward: { ...link, seed: 2 * seed },
    backward: { ...link, seed: 2 * seed + 1 },
    congestion: CONTROLS[control],
  });
  if (!outcome.exact) throw new Error(`${nameOf(row)}, ${control}, seed ${seed}: not exact`);
  return {
    seed,
    ratio: rounded(outcome.completeSeconds / boundSeconds(row)),
    needlessShare: rounded(outcome.needless / outcome.pieces, 5),
    parityShare: rounded(outcome.parity / outcome.datagrams, 4),
    recovered: outcome.recovered,
    queueDropped: outcome.forward.queueDropped,
    datagrams: outcome.datagrams,
  };
}

function print() {
  const head = [
    "link",
    "control",
    "least",
    "median",
    "most",
    "needless, most",
    "parity",
    "queue drops",
  ];
  const rows = cells.map(({ link, control, runs }) => {
    const all = (key) => runs.map((one) => one[key]);
    const ratios = all("ratio");
    return [
      link,
      control,
      Math.min(...ratios).toFixed(2),
      median(ratios).toFixed(2),
      Math.max(...ratios).toFixed(2),
      `${(Math.max(...all("needlessShare")) * 100).toFixed(2)} %`,
      `${(median(all("parityShare")) * 100).toFixed(1)} %`,
      median(all("queueDropped")),
    ];
  });
  printTable(head, rows);
}
