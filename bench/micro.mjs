#!/usr/bin/env node
import { crc32c } from "@node-rs/crc32";
import { oneOf, readArguments, whole } from "./arguments.mjs";
import { inMemory } from "./machines.mjs";
import { dist, machineFacts, median, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node --expose-gc bench/micro.mjs [options]

What the parts cost without sockets and files: frames coded and parsed, gaps kept of ten million pieces, and a whole
transfer between a sender's and a receiver's machine in memory. Figures are of processor time.

  --rounds N     rounds of each; the median is told (default 5)
  --only NAME    frames, gaps or machines
  --json FILE    write every round down, with the machine`;

const PIECE_BYTES = 1_150;
const FRAMES = 200_000;
const TRACKED_PIECES = 10_000_000;
/** One in so many is lost at first: as many holes as a tracker is asked to keep in earnest. */
const LOST_EVERY = 20;
const MACHINE_PIECES = 100_000;

const options = readArguments(HELP, {
  rounds: whole(5),
  only: oneOf(["frames", "gaps", "machines"]),
});
needBuild();
const [{ ChecksumSealing }, datagrams, ack, image, frame, { GapTracker }] = await Promise.all(
  [
    "sim/checksum-sealing.js",
    "wire/datagram.js",
    "wire/frames/ack.js",
    "wire/frames/image.js",
    "wire/frames/frame.js",
    "protocol/gaps.js",
  ].map(dist),
);
const { seal } = new ChecksumSealing((bytes) => crc32c(bytes));

const MEASURES = {
  frames: () => ({ ...pieces(), ...acknowledgements() }),
  gaps,
  machines,
};
const rounds = [];
for (let number = 1; number <= options.rounds; number += 1) {
  const chosen = options.only === undefined ? Object.keys(MEASURES) : [options.only];
  rounds.push(Object.assign({}, ...chosen.map((name) => MEASURES[name]())));
  console.error(`round ${number}: ${JSON.stringify(rounds.at(-1))}`);
}
print();
record(options.json, { bench: "micro", machine: machineFacts(), rounds });

/** Datagrams of one piece, as a sender writes and a receiver reads them: header, frame, tag. */
function pieces() {
  const content = new Uint8Array(PIECE_BYTES).fill(7);
  const connectionId = new Uint8Array(8).fill(3);
  const target = new Uint8Array(datagrams.BASE_DATAGRAM_BYTES);
  let datagram = target;
  const coded = perSecond(FRAMES, (number) => {
    const header = { from: "sender", connectionId, packetNumber: number };
    const outgoing = new datagrams.OutgoingDatagram(target, header, seal);
    const { writer } = outgoing;
    const at = image.writePieceHead(writer, 0, number, FRAMES, PIECE_BYTES);
    target.set(content, at);
    datagram = outgoing.finish();
  });
  return { pieceCoded: coded, pieceParsed: parsed(datagram) };
}

/** Datagrams of an acknowledgement with 64 ranges. */
function acknowledgements() {
  const ranges = Array.from({ length: 64 }, (_, i) => ({
    start: 9_000 - 9 * i,
    end: 9_005 - 9 * i,
  }));
  const connectionId = new Uint8Array(8).fill(3);
  const target = new Uint8Array(datagrams.BASE_DATAGRAM_BYTES);
  let datagram = target;
  const coded = perSecond(FRAMES, (number) => {
    const header = { from: "receiver", connectionId, packetNumber: number };
    const outgoing = new datagrams.OutgoingDatagram(target, header, seal);
    const { writer } = outgoing;
    ack.writeAck(writer, {
      kind: "ack",
      delayUs: 100,
      arrivedUs: 5_000_000,
      windowBytes: 8_000_000,
      ranges,
    });
    datagram = outgoing.finish();
  });
  return { ackCoded: coded, ackParsed: parsed(datagram) };
}

function parsed(datagram) {
  return perSecond(FRAMES, () => {
    const reader = datagrams.openDatagram(datagram, datagrams.readHeader(datagram), seal);
    const frames = frame.readFrames(reader, datagram);
    if (frames?.length !== 1) throw new Error("a datagram of ours is not read back");
  });
}

/** All pieces once but for the lost ones, then these; what the holes took in memory when they were the most. */
function gaps() {
  globalThis.gc?.();
  const before = memoryBytes();
  const tracker = new GapTracker(TRACKED_PIECES);
  const isLost = (piece) => piece % LOST_EVERY === LOST_EVERY / 2;
  const first = perSecond(TRACKED_PIECES, (piece) => {
    if (!isLost(piece)) tracker.add(piece);
  });
  globalThis.gc?.();
  const gapMegabytes = rounded((memoryBytes() - before) / 1e6, 1);
  const holes = tracker.holes;
  const repaired = perSecond(holes, (number) => tracker.add(number * LOST_EVERY + LOST_EVERY / 2));
  if (!tracker.isComplete) throw new Error("the tracker lacks pieces that it was given");
  return { gapsFirstPass: first, gapsRepaired: repaired, gapHoles: holes, gapMegabytes };
}

function machines() {
  const clean = inMemory({ pieces: MACHINE_PIECES, pieceBytes: PIECE_BYTES, lossEvery: 0 });
  const lossy = inMemory({ pieces: MACHINE_PIECES, pieceBytes: PIECE_BYTES, lossEvery: 100 });
  return { machinesClean: clean, machinesLossy: lossy };
}

/** How often `act` can be done in a second of processor time. */
function perSecond(count, act) {
  const startedUs = cpuUs();
  for (let number = 0; number < count; number += 1) act(number);
  return Math.round((count * 1_000_000) / Math.max(1, cpuUs() - startedUs));
}

function memoryBytes() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function print() {
  const middle = (key) => median(rounds.map((round) => round[key]));
  const lines = {
    pieceCoded: `datagrams of a piece coded (${PIECE_BYTES} bytes)`,
    pieceParsed: "… parsed",
    ackCoded: "datagrams of an acknowledgement coded (64 ranges)",
    ackParsed: "… parsed",
    gapsFirstPass: `pieces of ${TRACKED_PIECES.toLocaleString("en-US")} noted, one in ${LOST_EVERY} lost`,
    gapsRepaired: "… lost ones noted afterwards",
    machinesClean: "datagrams through a sender's and a receiver's machine",
    machinesLossy: "… with 1 % lost",
  };
  const shown = Object.entries(lines).filter(([key]) => middle(key) !== undefined);
  const cells = shown.map(([key, text]) => [text, middle(key).toLocaleString("en-US")]);
  printTable(["", "a second of processor time"], cells);
  if (middle("gapMegabytes") === undefined || globalThis.gc === undefined) return;
  console.log(
    `\n${middle("gapHoles").toLocaleString("en-US")} holes take ${middle("gapMegabytes")} MB.`,
  );
}
