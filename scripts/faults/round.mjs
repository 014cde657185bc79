import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { Random } from "../../dist/base/random.js";
import { Process } from "./process.mjs";

const LINK =
  "--loss 5% --burst 3 --delay 8 --jitter 2 --reorder 0.03 --dup 0.02 --corrupt 0.01".split(" ");
const ROUND_MS = 120_000;

/**
 * One transfer over a bad link, with one to three kills on either side at random moments, each followed by a restart.
 *
 * @returns what happened; `problem` only when a promise was broken
 */
export async function runRound(seed) {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), "lacuna-faults-"));
  const round = new Round(random, folder);
  const limit = new AbortController();
  try {
    await round.begin();
    const late = sleep(ROUND_MS, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`it has not ended after ${ROUND_MS / 1_000} s`);
    });
    await Promise.race([round.run(), late]);
    return { seed, ...round.facts };
  } catch (error) {
    return { seed, ...round.facts, problem: error.message };
  } finally {
    limit.abort();
    await round.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Round {
  #random;
  #folder;
  #out;
  #kind;
  #path = "";
  #listen = "127.0.0.1:0";
  #to = "";
  #link;
  #receiver;
  #sender;
  #counts = [];
  /** Of each receiver: pieces that it had already when they came. */
  #duplicates = [];
  #share = 0;
  #isDone = false;
  #isOver = false;
  #pieces = 0;
  #plan = [];
  #faults = [];
  #startMs = performance.now();

  constructor(random, folder) {
    this.#random = random;
    this.#folder = folder;
    this.#out = join(folder, "out");
    mkdirSync(this.#out);
    this.#kind = ["file", "picture", "jpeg"][random.between(0, 2)];
    const faults = random.between(1, 3);
    for (let i = 0; i < faults; i += 1) {
      const who = random.chance(0.5) ? "receiver" : "sender";
      // The end is where most is at stake.
      const at = random.chance(0.25) ? 0.97 : random.between(0, 95) / 100;
      this.#plan.push({ who, at, waitMs: random.between(0, 100), downMs: random.between(0, 700) });
    }
    this.#plan.sort((a, b) => a.at - b.at);
  }

  get facts() {
    const taken = this.#counts.reduce((sum, file) => sum + countIn(file), 0);
    const duplicates = this.#duplicates.reduce((sum, count) => sum + count, 0);
    const seconds = Math.round(performance.now() - this.#startMs) / 1_000;
    const again = Math.max(0, taken - this.#pieces);
    const faults = this.#faults.map(({ who, at }) => `${who} at ${Math.round(at * 100)} %`);
    return { kind: this.#kind, pieces: this.#pieces, faults, again, duplicates, seconds };
  }

  async begin() {
    this.#path = await this.#makeFile();
    await this.#startReceiver();
    const rate = String(this.#random.between(6, 16));
    const argv = ["--listen", "127.0.0.1:0", "--to", this.#listen, ...LINK, "--rate", rate];
    const seed = ["--seed", String(this.#random.between(1, 1_000_000))];
    this.#link = this.#start("bin/lacuna", "link", ...argv, ...seed, "--json");
    this.#to = (await this.#link.event("listening")).address;
    this.#startSender();
  }

  async run() {
    for (const fault of this.#plan) {
      await this.#until(() => this.#isDone || this.#share >= fault.at);
      await sleep(fault.waitMs);
      if (this.#isDone) break;
      await this.#strike(fault);
    }
    await this.#until(() => this.#isDone);
    const exit = await this.#receiver.kill("SIGTERM");
    if (exit !== 0) throw new Error(`the receiver ended with ${exit}: ${this.#receiver.stderr}`);
    await this.#check();
  }

  async end() {
    this.#isOver = true;
    const all = [this.#sender, this.#receiver, this.#link];
    await Promise.all(all.map((one) => one?.kill()));
  }

  async #strike({ who, at, downMs }) {
    this.#faults.push({ who, at });
    if (who === "receiver") {
      await this.#receiver.kill();
      await sleep(downMs);
      return this.#startReceiver();
    }
    const sender = this.#sender;
    this.#sender = undefined;
    await sender.kill();
    await sleep(downMs);
    // It may have had its last word just before.
    if (!this.#isDone) this.#startSender();
  }

  async #startReceiver() {
    const countFile = join(this.#folder, `count-${this.#counts.length}`);
    const index = this.#counts.push(countFile) - 1;
    this.#duplicates.push(0);
    const argv = ["scripts/faults/receiver.mjs", this.#listen, this.#out, countFile];
    const receiver = this.#start(...argv).onEvent((event) => {
      if (event.event !== "progress") return;
      this.#duplicates[index] = event.duplicates;
      this.#share = 1 - event.missingPieces / Math.max(1, this.#pieces);
    });
    receiver.onEvent((event) => {
      if (event.event === "offer") this.#pieces = Math.max(this.#pieces, event.pieces);
    });
    this.#receiver = receiver;
    this.#listen = (await receiver.event("listening")).address;
  }

  #startSender() {
    const how = ["--json", "--give-up-after", "60"];
    const sender = this.#start("bin/lacuna", "send", this.#path, "--to", this.#to, ...how);
    this.#sender = sender;
    sender.onEvent((event) => {
      if (event.event === "complete") this.#isDone = true;
      // While it is coded, the count is a guess; now it is not.
      if (event.event === "progress") this.#pieces = event.pieces;
    });
    sender.ended.then((exit) => {
      if (this.#isOver || this.#sender !== sender || exit === 0) return;
      this.#failure = new Error(`the sender ended with ${exit}: ${sender.stderr}`);
    });
  }

  #failure;

  #start(...argv) {
    return new Process(argv, join(this.#folder, "state"));
  }

  async #until(holds) {
    while (!holds()) {
      if (this.#failure !== undefined) throw this.#failure;
      await sleep(10);
    }
  }

  async #makeFile() {
    const path = join(
      this.#folder,
      { file: "bytes.bin", picture: "cup.png", jpeg: "cup.jpg" }[this.#kind],
    );
    if (this.#kind === "file") {
      writeFileSync(path, this.#random.bytes(this.#random.between(600_000, 3_000_000)));
      return path;
    }
    const demo = new URL("../../assets/demo.png", import.meta.url);
    const picture = sharp(readFileSync(demo)).resize(this.#random.between(700, 1_400), 900, {
      fit: "fill",
    });
    await (this.#kind === "jpeg" ? picture.jpeg({ quality: 95 }) : picture).toFile(path);
    return path;
  }

  /** Exactly the file, under its name, and nothing else. */
  async #check() {
    const name = basename(this.#path);
    // A note that a file was placed outlives a receiver that is killed after its last word.
    const isNote = (path) => path === ".lacuna" || path.endsWith(".placed");
    const there = readdirSync(this.#out, { recursive: true }).filter((path) => !isNote(path));
    if (there.join() !== name) throw new Error(`in the folder there are: ${there.join(", ")}`);
    const [sent, received] = await Promise.all(
      [this.#path, join(this.#out, name)].map(this.#digest),
    );
    if (sent !== received) throw new Error("what was received is not what was sent");
  }

  #digest = async (path) => {
    const bytes =
      this.#kind === "picture" ? await sharp(path).raw().toBuffer() : readFileSync(path);
    return createHash("sha256").update(bytes).digest("hex");
  };
}

/** What a receiver had counted when it ended, however that was. */
function countIn(file) {
  try {
    const bytes = readFileSync(file);
    return bytes.length === 4 ? bytes.readUInt32LE(0) : 0;
  } catch {
    return 0;
  }
}
