import { spawnSync } from "node:child_process";
import { queueBytes } from "./grid.mjs";
import { ADDRESS, netemCommands } from "./netem.mjs";
import { Program } from "./program.mjs";
import { needBuild, usageError } from "./record.mjs";

const names = new Set();
process.on("exit", () => {
  for (const name of names) spawnSync("ip", ["netns", "del", name]);
});

let opened = 0;

/**
 * What makes the links: `{ netem: true }` where the kernel has it, else `{ emulator }`, the program that LINK_EMULATOR
 * names. Ends with status 2 and says what is missing when this machine cannot be used.
 */
export function needRig(help) {
  needBuild();
  const { link, lack } = lookForRig();
  return link ?? usageError(`${lack}\n\n${help}`);
}

/** The same, but undefined when this machine cannot be used. */
export function findRig() {
  return lookForRig().link;
}

function lookForRig() {
  if (process.getuid?.() !== 0) return { lack: "making network namespaces needs root" };
  if (spawnSync("ip", ["netns", "list"]).status !== 0) {
    return { lack: "`ip netns` does not work here: install iproute2" };
  }
  if (hasNetem()) return { link: { netem: true } };
  const emulator = process.env.LINK_EMULATOR;
  if (emulator) return { link: { emulator } };
  const lack = "this kernel has no netem, and LINK_EMULATOR is not set";
  return { lack: `${lack}: it names the program that makes the link` };
}

/**
 * Network namespaces with a link between them, of their own for each measurement, so that the kernel
 * remembers nothing of an earlier one. Ends a and b; netem takes two routers between them.
 */
export class Rig {
  address = { a: "10.77.0.1", b: "10.77.0.2" };
  #namespace;
  #emulator;

  constructor(namespace) {
    this.#namespace = namespace;
  }

  /** @param link what `needRig` gives */
  static async open(link, row, seed) {
    opened += 1;
    const ends = link.netem ? ["a", "b", "m", "n"] : ["a", "b"];
    const named = ends.map((end) => [end, `lacuna${process.pid}${end}${opened}`]);
    const rig = new Rig(Object.fromEntries(named));
    try {
      for (const [, name] of named) addNamespace(name);
      if (link.netem) rig.#shape(row);
      else await rig.#emulate(link.emulator, row, seed);
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  /** The beginning of a command line that runs at one end. */
  at(end) {
    return ["ip", "netns", "exec", this.#namespace[end]];
  }

  /**
   * By the route, for the kernel allows a namespace's own setting only to algorithms that the whole machine allows to
   * everybody.
   */
  congestionControl(name) {
    for (const end of ["a", "b"]) {
      const at = ["ip", "-n", this.#namespace[end], "route"];
      for (const line of run([...at, "show"])
        .trim()
        .split("\n")) {
        run([...at, "replace", ...line.trim().split(/\s+/), "congctl", name]);
      }
    }
  }

  async close() {
    await this.#emulator?.stop();
    for (const name of Object.values(this.#namespace)) removeNamespace(name);
  }

  #shape(row) {
    this.address = ADDRESS;
    for (const command of netemCommands(this.#namespace, row)) run(command);
  }

  async #emulate(emulator, row, seed) {
    const { a, b } = this.#namespace;
    const options = {
      "--ns-a": a,
      "--ns-b": b,
      "--rate": row.rateMbit,
      "--delay": row.rttMs / 2,
      "--loss": row.loss,
      "--burst": row.burst,
      "--queue": Math.round(queueBytes(row) / 1_024),
      "--seed": seed,
    };
    this.#emulator = new Program([emulator, ...Object.entries(options).flat().map(String)]);
    await this.#emulator.first((line) => line === "ready" || undefined);
  }
}

/** Tried, for nothing else tells: a module may be there, missing, or built in. */
function hasNetem() {
  const name = `lacuna${process.pid}try`;
  try {
    addNamespace(name);
    run([
      "tc",
      "-n",
      name,
      "qdisc",
      "add",
      "dev",
      "lo",
      "root",
      "handle",
      "1:",
      "netem",
      "delay",
      "1ms",
    ]);
    run(["tc", "-n", name, "qdisc", "add", "dev", "lo", "parent", "1:1", ...SMALL_BUCKET]);
    return true;
  } catch {
    return false;
  } finally {
    removeNamespace(name);
  }
}

const SMALL_BUCKET = "tbf rate 1mbit burst 3000 limit 3000".split(" ");

function addNamespace(name) {
  names.add(name);
  run(["ip", "netns", "add", name]);
}

function removeNamespace(name) {
  spawnSync("ip", ["netns", "del", name]);
  names.delete(name);
}

/** What the command prints. */
function run([command, ...args]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
}
