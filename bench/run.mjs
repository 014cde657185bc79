#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const HELP = `usage: npm run bench [-- NAME [options]]

  micro        frames, gaps and the two machines, without sockets
  seal         what sealing and handshakes cost, by each AEAD
  simulated    the grid of links in virtual time; the same figures on every machine
  loopback     datagrams a second beside plain node:dgram
  codec        coded pictures against PNG, WebP and JPEG XL: needs --images
  jpeg         JPEG files in pieces of their own bytes: needs --images
  memory       the most memory that each side holds for large files and pictures: Linux
  picture      how soon a picture is usable over a link that loses: made as for link, or by a relay
  link         Lacuna and others over links with faults: needs root, and netem or LINK_EMULATOR
  many         64 senders at once to one receiver, over a link that loses
  neighbour    what Lacuna leaves to others on a link: the same needs

Without a name: all of them but codec and jpeg, the last two only where LINK_EMULATOR is set. NAME --help tells the options of each.`;

const NAMES = [
  "micro",
  "seal",
  "simulated",
  "loopback",
  "memory",
  "picture",
  "many",
  "link",
  "neighbour",
];
const ON_LINKS = ["link", "neighbour"];
/** Those that code pictures want to be told which. */
const ON_DEMAND = ["codec", "jpeg"];

const [name, ...args] = process.argv.slice(2);
if (name === "--help") console.log(HELP);
else if (name === undefined) process.exitCode = all();
else if ([...NAMES, ...ON_DEMAND].includes(name)) process.exitCode = bench(name, args);
else {
  console.error(HELP);
  process.exitCode = 2;
}

/** The status of the first that fails. */
function all() {
  const names = process.env.LINK_EMULATOR ? NAMES : NAMES.filter((one) => !ON_LINKS.includes(one));
  for (const one of names) {
    console.log(`\n## ${one}\n`);
    const status = bench(one, []);
    if (status !== 0) return status;
  }
  if (names.length < NAMES.length) {
    console.error("\nlink and neighbour are left out: LINK_EMULATOR is not set");
  }
  return 0;
}

function bench(one, flags) {
  const file = fileURLToPath(new URL(`${one}.mjs`, import.meta.url));
  // micro tells what holes take in memory, after a collection.
  return (
    spawnSync(process.execPath, ["--expose-gc", file, ...flags], { stdio: "inherit" }).status ?? 1
  );
}
