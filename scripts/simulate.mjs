#!/usr/bin/env node
/*
 * Replays one run of the simulation suite and prints what happened:
 *
 *   npm run simulate -- --seed 17            every datagram, event and timer by virtual time
 *   npm run simulate -- --seed 17 --quiet    the plan and the outcome only
 *   npm run simulate -- --seed 17 --runs 500 the outcomes of 500 seeds; ends at the first that fails
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";

const dist = new URL("../dist/", import.meta.url);
const needed = ["sim/draw.js", "sim/scenario.js", "sim/checksum-sealing.js"];
const missing = needed.filter((file) => !existsSync(new URL(file, dist)));
if (missing.length > 0) {
  console.error(`dist/${missing[0]} is not there: run \`npm run build\` first`);
  process.exit(2);
}
const [{ drawScenario }, { simulate }, { ChecksumSealing }] = await Promise.all(
  needed.map((file) => import(new URL(file, dist).href)),
);

const { crc32c } = await import("@node-rs/crc32");
const sealing = new ChecksumSealing((bytes) => crc32c(bytes));

const { seed, runs, quiet } = readArguments();
for (let n = seed; n < seed + runs; n += 1) {
  if (!replay(n)) process.exit(1);
}

/** Runs one seed; true when it ended exact. */
function replay(n) {
  const drawn = drawScenario(n, sealing);
  if (runs === 1) printPlan(drawn);
  const trace = runs > 1 || quiet ? {} : { trace: (line) => console.log(line) };
  const outcome = simulate({ ...drawn, ...trace });
  const exact = outcome.exact && outcome.end.how === "finished";
  if (runs === 1) console.log("outcome", outcome);
  else {
    const { seconds, pieces, repaired, needless, datagrams } = outcome;
    const verdict = exact ? "exact" : "NOT EXACT";
    const counts = `${pieces} pieces, ${repaired} repaired, ${needless} needless`;
    console.log(
      `seed ${n}: ${verdict} in ${seconds.toFixed(3)} s, ${counts}, ${datagrams} datagrams`,
    );
  }
  return exact;
}

function printPlan({ seed: drawnSeed, congestion, images, forward, backward, host, rateCap }) {
  console.log(`seed ${drawnSeed}, congestion control ${congestion().name}`);
  for (const image of images) console.log("image   ", JSON.stringify(image));
  console.log("forward ", JSON.stringify(forward));
  console.log("backward", JSON.stringify(backward));
  console.log("host    ", JSON.stringify(host), rateCap === undefined ? "" : `cap ${rateCap} B/s`);
}

function readArguments() {
  const options = {
    seed: { type: "string" },
    runs: { type: "string", default: "1" },
    quiet: { type: "boolean", default: false },
  };
  try {
    const { values } = parseArgs({ options });
    const numbers = { seed: Number(values.seed), runs: Number(values.runs) };
    const whole = Object.values(numbers).every((n) => Number.isSafeInteger(n) && n >= 0);
    if (values.seed === undefined || !whole) throw new Error("--seed takes a whole number");
    return { ...numbers, quiet: values.quiet };
  } catch (error) {
    console.error(`${error.message}\nusage: npm run simulate -- --seed N [--quiet] [--runs COUNT]`);
    process.exit(2);
  }
}
