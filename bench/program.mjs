import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const running = new Set();

// Whatever ends the bench ends what it has started.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => process.exit(130));
}

/** A program that runs beside the bench and is heard line by line. */
export class Program {
  /** Resolves with the exit code; null after a signal. */
  ended;
  #child;
  #lines = [];
  #errors = "";
  #waiting = [];
  #over = false;

  constructor([command, ...args], env = {}) {
    const stdio = ["ignore", "pipe", "pipe"];
    this.#child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
    running.add(this.#child);
    this.#child.stderr.on("data", (chunk) => {
      this.#errors = (this.#errors + chunk).slice(-2_000);
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#errors += error.message;
        resolve(null);
      });
      this.#child.once("close", resolve);
    });
    this.ended.then(() => {
      running.delete(this.#child);
      this.#over = true;
      this.#look();
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get errors() {
    return this.#errors.trim();
  }

  /** The first thing other than undefined that `read` makes of a line of standard output. */
  first(read) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ read, resolve, reject, from: 0 });
      this.#look();
    });
  }

  async stop() {
    this.#child.kill("SIGTERM");
    const hard = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.ended;
    clearTimeout(hard);
  }

  #look() {
    this.#waiting = this.#waiting.filter((waiter) => {
      while (waiter.from < this.#lines.length) {
        const found = waiter.read(this.#lines[waiter.from]);
        waiter.from += 1;
        if (found === undefined) continue;
        waiter.resolve(found);
        return false;
      }
      if (this.#over) waiter.reject(new Error(this.errors || "a program ended without a word"));
      return !this.#over;
    });
  }
}

/** Reads the event of that name from lines of JSON. */
export const eventNamed = (name) => (line) => {
  const event = JSON.parse(line);
  return event.event === name ? event : undefined;
};

/** What the promise gives, or undefined after so many seconds. */
export async function within(seconds, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1_000, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
