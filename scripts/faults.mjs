#!/usr/bin/env node
/*
 * Kills real senders and receivers at random moments of transfers over a bad link, starts them again, and looks whether all that
 * is promised holds: what was sent is there, exact, under its name, once, and hardly a piece crossed twice.
 *
 *   npm run faults -- --rounds 200 --seed 17
 *   npm run faults -- --seed 23                one round again
 *   npm run faults -- --rounds 200 --jobs 2    two at a time
 *   npm run faults -- --rounds 200 --bound     fails too when more than the bound crossed twice
 */
import { parseArgs } from "node:util";
import { needBuild, usageError } from "../bench/record.mjs";

const USAGE = "usage: npm run faults -- [--rounds COUNT] [--seed N] [--jobs COUNT] [--bound]";

/** Pieces: 15 ms at 16 Mbit/s. */
const ON_THE_WAY = 24;

needBuild();
const { rounds, seed, jobs, bound } = readArguments();
const { runRound } = await import("./faults/round.mjs");

const results = [];
let next = seed;
await Promise.all(
  Array.from({ length: jobs }, async () => {
    while (next < seed + rounds) {
      const result = await runRound(next++);
      results.push(result);
      console.log(sentence(result));
    }
  }),
);
process.exitCode = summary() ? 0 : 1;

function sentence({ seed: n, kind, pieces, faults, again, duplicates, seconds, problem }) {
  const counts = `${pieces} pieces, ${again} taken again, ${duplicates} came twice`;
  const what = `seed ${n}: ${kind}, ${counts}, ${seconds.toFixed(1)} s; ${faults.join(", ") || "no kill"}`;
  return problem === undefined ? what : `${what}; BROKEN: ${problem}`;
}

/** Tells how all of it went; true when nothing was broken. */
function summary() {
  const broken = results.filter(({ problem }) => problem !== undefined);
  const kills = results.reduce((sum, { faults }) => sum + faults.length, 0);
  console.log(`${results.length} rounds, ${kills} kills, ${broken.length} broken`);
  const shares = results.flatMap(({ pieces, again, duplicates, faults }) =>
    pieces === 0 || faults.length === 0 ? [] : [(again + duplicates) / pieces / faults.length],
  );
  shares.sort((a, b) => a - b);
  const at = (share) =>
    `${(100 * (shares[Math.floor(share * (shares.length - 1))] ?? 0)).toFixed(2)} %`;
  console.log(
    `pieces that crossed again, for each kill: median ${at(0.5)}, 90 in 100 ${at(0.9)}, most ${at(1)}`,
  );
  const over = results.filter(isOverBound);
  console.log(`${over.length} rounds over the bound: ${seedsOf(over)}`);
  for (const { seed: n } of broken) console.log(`again: npm run faults -- --seed ${n}`);
  return broken.length === 0 && !(bound && over.length > 0);
}

/** For each kill 2 in 100 of the pieces, or as many as are on their way in a moment. */
function isOverBound({ pieces, again, duplicates, faults }) {
  return again + duplicates > Math.max(1, faults.length) * Math.max(0.02 * pieces, ON_THE_WAY);
}

function seedsOf(list) {
  return list.map(({ seed: n }) => n).join(" ") || "none";
}

function readArguments() {
  const options = {
    rounds: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    bound: { type: "boolean", default: false },
  };
  try {
    const { bound: isBound, ...values } = parseArgs({ options }).values;
    const numbers = Object.entries(values).map(([name, text]) => [name, Number(text)]);
    const isWhole = numbers.every(
      ([name, n]) => Number.isSafeInteger(n) && n >= (name === "seed" ? 0 : 1),
    );
    if (!isWhole) throw new Error("each takes a whole number");
    return { ...Object.fromEntries(numbers), bound: isBound };
  } catch (error) {
    return usageError(`${error.message}\n${USAGE}`);
  }
}
