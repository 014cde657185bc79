import { spawnSync } from "node:child_process";
import { queueBytes } from "./grid.mjs";
import { Program } from "./program.mjs";

const names = new Set();
process.on("exit", () => {
  for (const name of names) spawnSync("ip", ["netns", "del", name]);
});

let opened = 0;

const NETWORK = "10.77.0.0/24";

/**
 * Two network namespaces with the emulated link between them, of their own for each measurement, so that the kernel
 * remembers nothing of an earlier one. 10.77.0.1 is end a, 10.77.0.2 end b.
 */
export class Rig {
  address = { a: "10.77.0.1", b: "10.77.0.2" };
  #namespace;
  #emulator;

  constructor(namespace) {
    this.#namespace = namespace;
  }

  static async open(emulator, row, seed) {
    opened += 1;
    const rig = new Rig({
      a: `lacuna${process.pid}a${opened}`,
      b: `lacuna${process.pid}b${opened}`,
    });
    try {
      await rig.#start(emulator, row, seed);
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
    for (const namespace of Object.values(this.#namespace)) {
      const route = run(["ip", "-n", namespace, "route", "show", NETWORK]).trim().split(/\s+/);
      run(["ip", "-n", namespace, "route", "replace", ...route, "congctl", name]);
    }
  }

  async close() {
    await this.#emulator?.stop();
    for (const name of Object.values(this.#namespace)) {
      spawnSync("ip", ["netns", "del", name]);
      names.delete(name);
    }
  }

  async #start(emulator, row, seed) {
    const { a, b } = this.#namespace;
    for (const name of [a, b]) {
      names.add(name);
      run(["ip", "netns", "add", name]);
    }
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

/** What the command prints. */
function run([command, ...args]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
}
