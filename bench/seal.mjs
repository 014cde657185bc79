#!/usr/bin/env node
import { readArguments, whole } from "./arguments.mjs";
import { dist, machineFacts, median, needBuild, printTable, record, rounded } from "./record.mjs";

const HELP = `usage: node bench/seal.mjs [options]

What sealing and handshakes cost: a datagram sealed and opened by each AEAD that there is, in turns; a whole
handshake of each side; and a HELLO of somebody who has no ticket. Figures are of processor time.

  --rounds N     rounds of each; the median is told (default 9)
  --json FILE    write every round down, with the machine`;

const DATAGRAM_BYTES = 1_200;
/** As far as the frames of a sealed datagram begin in earnest. */
const HEADER_BYTES = 13;
const DATAGRAMS = 10_000;
const HANDSHAKES = 300;

const options = readArguments(HELP, { rounds: whole(9) });
needBuild();
const [{ cipherSuite }, { nodeAead }, { loadSodiumAead }, sealing, senders, receivers, tickets] =
  await Promise.all(
    [
      "node/secure/suite.js",
      "node/secure/node-aead.js",
      "node/secure/sodium-aead.js",
      "secure/connection-seal.js",
      "secure/sender.js",
      "secure/receiver.js",
      "secure/ticket-keys.js",
    ].map(dist),
  );
const suite = cipherSuite();
const sodium = loadSodiumAead();
const aeads = { OpenSSL: nodeAead, ...(sodium === undefined ? {} : { libsodium: sodium }) };

const rounds = [];
for (let number = 1; number <= options.rounds; number += 1) {
  const round = {};
  for (const [name, aead] of Object.entries(aeads)) Object.assign(round, datagrams(name, aead));
  rounds.push({ ...round, ...handshakes() });
  console.error(`round ${number}: ${JSON.stringify(rounds.at(-1))}`);
}
printTable(
  ["", "us"],
  Object.keys(rounds[0]).map((name) => [name, median(rounds.map((round) => round[name]))]),
);
record(options.json, { bench: "seal", machine: machineFacts(), rounds });

function datagrams(name, aead) {
  const secrets = [suite.random(32), suite.random(32)];
  const [sender, receiver] = ["sender", "receiver"].map((role) => {
    const made = { role, earlySecret: secrets[0] };
    const seal = new sealing.PhasedSeal({ ...suite, aead }, made);
    seal.establish(secrets);
    return seal;
  });
  const memory = Array.from({ length: DATAGRAMS }, () => new Uint8Array(DATAGRAM_BYTES));
  const end = DATAGRAM_BYTES - sender.tagBytes;
  const sealed = microseconds(DATAGRAMS, (number) => {
    sender.seal(memory[number], HEADER_BYTES, end, number);
  });
  const opened = microseconds(DATAGRAMS, (number) => {
    if (!receiver.open(memory[number], HEADER_BYTES, end, number)) throw new Error("not opened");
  });
  return { [`datagram sealed by ${name}`]: sealed, [`datagram opened by ${name}`]: opened };
}

function handshakes() {
  const [privateKey, secret] = [suite.random(32), suite.random(16)];
  const psk = tickets.ticketPskOf(suite, secret);
  const book = { find: () => ({ psk }), admit: () => "admitted", noteUse() {} };
  const load = { free: HANDSHAKES + 1, perHost: 0, total: HANDSHAKES + 1 };
  const made = { privateKey, tickets: book, load };
  const receiver = new receivers.ReceiverHandshakes(suite, made);
  const ticket = { receiverKey: suite.keyPair(privateKey).publicKey, secret };
  const identity = suite.keyPair(suite.random(32));
  const [openings, answers] = [[], []];
  const asking = microseconds(HANDSHAKES, (number) => {
    const connectionId = suite.random(8);
    const sender = { identity, ticket, connectionId, timestampUs: number };
    const security = new senders.SenderHandshake(suite, sender);
    const datagram = new Uint8Array(DATAGRAM_BYTES);
    security.writeHello(datagram, 10);
    openings.push({ security, datagram, header: { connectionId, handshakeAt: 10 } });
  });
  const admitting = microseconds(HANDSHAKES, (number) => {
    const { datagram, header } = openings[number];
    answers.push(receiver.admit(datagram, header, "192.0.2.1:1", false, 0).answer);
  });
  const taking = microseconds(HANDSHAKES, (number) => {
    if (!openings[number].security.takeAnswer(answers[number])) throw new Error("not taken");
  });
  const { header } = openings[0];
  const noise = suite.random(DATAGRAM_BYTES);
  const strangers = microseconds(DATAGRAMS, () => {
    receiver.admit(noise, header, "192.0.2.1:1", false, 0);
  });
  return {
    "handshake, sender": rounded(asking + taking, 1),
    "handshake, receiver": admitting,
    "HELLO of a stranger, receiver": strangers,
  };
}

function microseconds(count, work) {
  const begun = process.cpuUsage();
  for (let number = 0; number < count; number += 1) work(number);
  const { user, system } = process.cpuUsage(begun);
  return rounded((user + system) / count, 2);
}
