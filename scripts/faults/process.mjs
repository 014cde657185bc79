import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A program of this clone that tells events, a JSON object a line. */
export class Process {
  stderr = "";
  /** The exit code, or the signal that ended it. */
  ended;
  hasEnded = false;
  #child;
  #listeners = [];

  /** @param stateFolder shared by both sides, as by two programs of one user */
  constructor(argv, stateFolder) {
    this.#child = spawn(process.execPath, argv, {
      cwd: ROOT,
      env: { ...process.env, LACUNA_STATE_DIR: stateFolder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      // A line may be cut off by a kill.
      const event = line.endsWith("}") ? JSON.parse(line) : undefined;
      if (event !== undefined) for (const listener of this.#listeners) listener(event);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        this.hasEnded = true;
        resolve(code ?? signal);
      });
    });
  }

  onEvent(listener) {
    this.#listeners.push(listener);
    return this;
  }

  /** The first event of a name; rejects when the program ends without it. */
  event(name) {
    return new Promise((resolve, reject) => {
      this.onEvent((event) => event.event === name && resolve(event));
      this.ended.then(() => reject(new Error(`it ended without ${name}: ${this.stderr}`)));
    });
  }

  kill(signal = "SIGKILL") {
    this.#child.kill(signal);
    return this.ended;
  }
}
