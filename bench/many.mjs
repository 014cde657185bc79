#!/usr/bin/env node
/*
 * Many senders at once to one receiver, over a link that loses datagrams: whether all end exact, and how evenly they share.
 *
 *   node bench/many.mjs [--senders 64] [--loss 0.05] [--delay 5] [--bytes 3000000] [--rate MBIT of each link]
 *
 * Receiver, link and senders are three processes; all senders begin together, with files of one length. Fair: no sender's rate is
 * more than twice another's.
 */
import { fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { dist, needBuild, printTable } from "./record.mjs";

const ROLES = { receiver: playReceiver, link: playLink, senders: playSenders };

const role = process.argv[2];
if (process.send !== undefined && role in ROLES) {
  process.once("message", (task) => ROLES[role](task));
} else {
  needBuild();
  process.exitCode = await main();
}

async function main() {
  const { values } = parseArgs({
    options: {
      senders: { type: "string", default: "64" },
      loss: { type: "string", default: "0.05" },
      delay: { type: "string", default: "5" },
      bytes: { type: "string", default: "3000000" },
      rate: { type: "string", default: "0" },
    },
  });
  const names = ["senders", "loss", "delay", "bytes", "rate"];
  const [senders, loss, delayMs, bytes, rateMbit] = names.map((name) => Number(values[name]));
  const folder = mkdtempSync(join(tmpdir(), "lacuna-many-"));
  const out = join(folder, "out");
  const paths = Array.from({ length: senders }, (_, index) => join(folder, `${index}.bin`));
  for (const path of paths) writeFileSync(path, randomBytes(bytes));
  const children = [];
  try {
    const receiver = await play(children, "receiver", { out });
    const link = await play(children, "link", { to: receiver.address, loss, delayMs, rateMbit });
    const { seconds, cpuSeconds } = await play(children, "senders", { paths, to: link.address });
    const exact = paths.filter((path, index) => digest(path) === digest(join(out, `${index}.bin`)));
    const only = readdirSync(out).filter((name) => name.endsWith(".bin")).length === senders;
    return report(seconds, { senders, bytes, cpuSeconds, exact: only ? exact.length : 0 });
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a part; gives what it says first. */
function play(children, name, task) {
  const env = { ...process.env, LACUNA_STATE_DIR: join(tmpdir(), "lacuna-many-state") };
  const child = fork(fileURLToPath(import.meta.url), [name], { env });
  children.push(child);
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the ${name} ended with ${code}`)));
  });
}

async function playReceiver({ out }) {
  const { receive } = await dist("node/index.js");
  for await (const event of receive({ listen: "127.0.0.1:0", out })) {
    if (event.event === "listening") process.send({ address: event.address });
    if (event.event === "error") console.error(event);
  }
}

async function playLink({ to, loss, delayMs, rateMbit }) {
  const { startRelay } = await dist("node/socket/relay.js");
  const rate = rateMbit > 0 ? { rateBytesPerSecond: rateMbit * 125_000 } : {};
  const way = { seed: 7, lossShare: loss, delayUs: delayMs * 1_000, ...rate };
  const relay = await startRelay({ listen: "127.0.0.1:0", to, forward: way, backward: way });
  process.send({ address: relay.address });
}

/** Tells how long each file took. */
async function playSenders({ paths, to }) {
  const { send } = await dist("node/index.js");
  const sent = await Promise.all(paths.map((path) => send(path, { to, mode: "file" })));
  const { user, system } = process.cpuUsage();
  const seconds = sent.map(({ files: [file] }) => file.seconds);
  process.send({ seconds, cpuSeconds: (user + system) / 1e6 });
}

function report(unsorted, { senders, bytes, cpuSeconds, exact }) {
  const seconds = [...unsorted].sort((a, b) => a - b);
  const [fastest, slowest] = [seconds[0], seconds.at(-1)];
  const mbit = (senders * bytes * 8) / slowest / 1e6;
  printTable(
    ["senders", "exact", "all together", "fastest", "slowest", "ratio", "senders' CPU"],
    [
      [
        senders,
        exact,
        `${mbit.toFixed(1)} Mbit/s`,
        `${fastest.toFixed(2)} s`,
        `${slowest.toFixed(2)} s`,
        (slowest / fastest).toFixed(2),
        `${cpuSeconds.toFixed(1)} s`,
      ],
    ],
  );
  return exact === senders && slowest <= 2 * fastest ? 0 : 1;
}

function digest(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
