#!/usr/bin/env node
import { fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments, text, whole } from "./arguments.mjs";
import { dist, load, machineFacts, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/many.mjs [options]

Many senders at once to one receiver, over a link that loses datagrams: whether all end exact, and how evenly they share. Receiver,
link and senders are three processes; all senders begin together, with files of one length. Fair: no sender's rate is more than
twice another's; the status tells.

  --senders N    (default 64)
  --bytes N      of each file (default 6000000)
  --loss SHARE   of datagrams, each way (default 0.05)
  --delay MS     each way (default 5)
  --rate MBIT    of each sender's link (default: as fast as it goes)
  --json FILE    write the figures down, with the machine`;

const ROLES = { receiver: playReceiver, link: playLink, senders: playSenders };

const role = process.argv[2];
if (process.send !== undefined && role in ROLES) {
  process.once("message", (task) => ROLES[role](task));
} else {
  process.exitCode = await main();
}

async function main() {
  const options = readArguments(HELP, {
    senders: whole(64),
    bytes: whole(6_000_000),
    loss: text("0.05"),
    delay: text("5"),
    rate: text("0"),
  });
  needBuild();
  const { senders, bytes } = options;
  const [loss, delayMs, rateMbit] = [options.loss, options.delay, options.rate].map(Number);
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
    const result = summary(seconds, { senders, bytes, cpuSeconds, exact: only ? exact.length : 0 });
    report(result);
    record(options.json, { machine: machineFacts(), load: load(), loss, delayMs, ...result });
    return result.exact === senders && result.ratio <= 2 ? 0 : 1;
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

function summary(unsorted, { senders, bytes, cpuSeconds, exact }) {
  const seconds = [...unsorted].sort((a, b) => a - b);
  const [fastest, slowest] = [seconds[0], seconds.at(-1)];
  const together = rounded((senders * bytes * 8) / slowest / 1e6);
  const times = { fastest: rounded(fastest), slowest: rounded(slowest) };
  const ratio = rounded(slowest / fastest);
  return { senders, bytes, exact, togetherMbit: together, ...times, ratio, cpuSeconds };
}

function report({ senders, exact, togetherMbit, fastest, slowest, ratio, cpuSeconds }) {
  printTable(
    [
      "senders",
      "exact",
      "together, Mbit/s",
      "fastest, s",
      "slowest, s",
      "ratio",
      "senders' CPU, s",
    ],
    [[senders, exact, togetherMbit, fastest, slowest, ratio, rounded(cpuSeconds)]],
  );
}

function digest(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
