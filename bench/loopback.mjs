#!/usr/bin/env node
import { randomFillSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments, whole } from "./arguments.mjs";
import { byLacuna } from "./peers.mjs";
import { Program } from "./program.mjs";
import { load, machineFacts, median, needBuild, printTable, record, rounded } from "./record.mjs";
import { scratchFolder } from "./scratch.mjs";

const HELP = `usage: node bench/loopback.mjs [options]

Datagrams a second over loopback: those that plain node:dgram sends, 1,400 bytes each and unheeded, and those that
Lacuna brings over, acknowledged, stored and verified. By turns, so that both meet the same machine.

  --rounds N     rounds; the median is told (default 3)
  --mb N         size of Lacuna's file in megabytes (default 400)
  --seconds N    length of a blast (default 3)
  --json FILE    write every round down, with the machine`;

const BLAST = fileURLToPath(new URL("blast.mjs", import.meta.url));
const GIVE_UP_SECONDS = 120;
/** With the rest of the datagram nearly the 1,400 bytes of the blast; 50 bytes are kept free beside a piece. */
const PIECE_BYTES = 1_350;

const options = readArguments(HELP, { rounds: whole(3), mb: whole(400), seconds: whole(3) });
needBuild();
const folder = scratchFolder();
const file = join(folder, "noise.bin");
writeFileSync(file, randomFillSync(Buffer.alloc(options.mb * 1_000_000)));

const loadBefore = load();
const rounds = [];
for (let number = 1; number <= options.rounds; number += 1) {
  const round = { ...(await blast()), ...(await lacuna(number)) };
  const ratioToSent = rounded(round.lacunaPerSecond / round.blastSentPerSecond);
  const ratioToReceived = rounded(round.lacunaPerSecond / round.blastReceivedPerSecond);
  rounds.push({ ...round, ratioToSent, ratioToReceived });
  console.error(`round ${number}: ${JSON.stringify(rounds.at(-1))}`);
}
print();
const machine = { ...machineFacts(), loadBefore, loadAfter: load() };
record(options.json, { bench: "loopback", machine, fileBytes: options.mb * 1_000_000, rounds });
process.exit(0);

async function blast() {
  const node = (...args) => new Program([process.execPath, BLAST, ...args]);
  const receiver = node("receive");
  const port = await receiver.first(Number);
  const sender = node("send", String(port), String(options.seconds));
  const { sent, seconds } = await sender.first(JSON.parse);
  let lines = 0;
  const received = await receiver.first((line) => {
    lines += 1;
    return lines === 2 ? Number(line) : undefined;
  });
  return {
    blastSentPerSecond: Math.round(sent / seconds),
    blastReceivedPerSecond: Math.round(received / seconds),
  };
}

/** One piece travels in one datagram; those sent again count as well, acknowledgements do not. */
async function lacuna(number) {
  const sendFlags = ["--piece-bytes", String(PIECE_BYTES)];
  const ends = { from: [], to: [], address: "127.0.0.1", sendFlags };
  const way = { ...ends, file, giveUpSeconds: GIVE_UP_SECONDS };
  const run = await byLacuna({ ...way, state: join(folder, `state-${number}`) });
  if (run === undefined) throw new Error(`Lacuna took longer than ${GIVE_UP_SECONDS} s`);
  const { seconds, wholeSeconds, pieces, repairedPieces } = run;
  const lacunaPerSecond = Math.round((pieces + repairedPieces) / seconds);
  return { lacunaPerSecond, seconds, wholeSeconds, pieces, repairedPieces };
}

function print() {
  const middle = (key) => median(rounds.map((round) => round[key]));
  const count = (key) => middle(key).toLocaleString("en-US");
  const mbit = (options.mb * 8) / middle("seconds");
  printTable(
    ["", "datagrams a second"],
    [
      ["plain node:dgram, sent", count("blastSentPerSecond")],
      ["plain node:dgram, received", count("blastReceivedPerSecond")],
      [`Lacuna (${Math.round(mbit)} Mbit/s of the file's bytes)`, count("lacunaPerSecond")],
      ["Lacuna over the blast's sent", middle("ratioToSent").toFixed(2)],
      ["Lacuna over the blast's received", middle("ratioToReceived").toFixed(2)],
    ],
  );
}
